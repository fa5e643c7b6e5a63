import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Answer, type ApiCaller, handleApiCall } from './api-call.ts';
import { handlePage } from './serve-page.ts';

/** What the server needs once it listens. */
export type ServerParts = ApiCaller & { readonly ownHosts: ReadonlySet<string> };

const largestBody = 5_000_000;

/** The HTTP server of a simulator; `parts` are asked for with each request, as they exist only once the port is known. */
export function createSimulatorServer(
  parts: () => ServerParts,
  log: (message: string) => void,
): Server {
  return createServer((incoming, response) => {
    answer(incoming, response, parts()).catch((error: unknown) => {
      log(`The simulator failed at ${incoming.method} ${incoming.url}: ${stackOf(error)}`);
      if (response.headersSent) response.destroy();
      else {
        write(response, {
          status: 500,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            error: { type: 'api_error', message: `The simulator failed: ${String(error)}` },
          }),
        });
      }
    });
  });
}

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  parts: ServerParts,
): Promise<void> {
  const { pathname, search } = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  const body = await readBody(incoming);
  // A website whose name was made to point at this machine still sends its own name.
  if (!parts.ownHosts.has(incoming.headers.host ?? '')) {
    write(response, plain(403, 'The simulator answers under its own address only.'));
    return;
  }
  if (body === undefined) {
    write(response, plain(413, 'The request is too large.'));
    return;
  }
  const request = {
    method: incoming.method ?? 'GET',
    path: pathname,
    query: search.slice(1),
    body,
    headers: incoming.headers,
  };
  if (pathname.startsWith('/v1/') || pathname.startsWith('/v2/')) {
    const answered = await handleApiCall(parts, request);
    if (answered === 'cut') incoming.socket.destroy();
    else write(response, answered);
  } else {
    write(response, await handlePage(parts, request));
  }
}

function write(response: ServerResponse, answered: Answer): void {
  response.writeHead(answered.status, answered.headers);
  response.end(answered.body);
}

function plain(status: number, text: string): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}

/** The body as text; undefined where it is too large. */
async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming) {
    size += part.length;
    if (size <= largestBody) parts.push(part);
  }
  return size > largestBody ? undefined : Buffer.concat(parts).toString('utf8');
}

const stackOf = (error: unknown) => (error instanceof Error ? error.stack : String(error));
