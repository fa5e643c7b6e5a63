import { Agent, request } from 'node:http';

export type HttpAnswer = { status: number; body: Record<string, unknown> };

/** A client that keeps its connections, one for each lane; `close` ends them. */
export type HttpClient = {
  /** Rejects where no whole answer came. */
  post: (path: string, body: Record<string, unknown>) => Promise<HttpAnswer>;
  close: () => void;
};

/** Plain node:http: what the client costs is not to be counted against the server more than it must. */
export function httpClient(options: { url: string; key?: string; lanes: number }): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: options.lanes });
  const { hostname, port } = new URL(options.url);
  return {
    post: (path, body) =>
      new Promise((resolve, reject) => {
        const text = JSON.stringify(body);
        const sent = request(
          {
            agent,
            hostname,
            port,
            path,
            method: 'POST',
            headers: {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(text),
              ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
            },
          },
          (answer) => {
            const chunks: Buffer[] = [];
            answer.on('data', (chunk: Buffer) => chunks.push(chunk));
            answer.on('error', reject);
            answer.on('end', () => {
              try {
                const parsed = JSON.parse(Buffer.concat(chunks).toString('utf8'));
                resolve({ status: answer.statusCode ?? 0, body: parsed as HttpAnswer['body'] });
              } catch (error) {
                reject(error);
              }
            });
          },
        );
        sent.setTimeout(15_000, () => sent.destroy(new Error('No answer within 15 seconds.')));
        sent.on('error', reject);
        sent.end(text);
      }),
    close: () => agent.destroy(),
  };
}
