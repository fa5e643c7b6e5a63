import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export type ReceivedWebhook = {
  id: string;
  /** Whether the signature is the secret's, over these very bytes, and not older than five minutes. */
  isGenuine: boolean;
  body: Record<string, unknown>;
  headers: IncomingHttpHeaders;
};

export type WebhookSink = {
  url: string;
  received: ReceivedWebhook[];
  /** What it answers: a status, a redirect, or nothing for ever. */
  answer: (how: { status: number; location?: string } | 'nothing') => void;
  close: () => Promise<void>;
};

/** A receiver of webhooks that checks signatures by the text of the Standard Webhooks specification. */
export async function startWebhookSink(secret: string): Promise<WebhookSink> {
  const received: ReceivedWebhook[] = [];
  let answer: { status: number; location?: string } | 'nothing' = { status: 204 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const content = Buffer.concat(chunks);
      received.push({
        id: String(request.headers['webhook-id']),
        isGenuine: isGenuine(secret, request.headers, content),
        body: JSON.parse(content.toString()),
        headers: request.headers,
      });
      if (answer === 'nothing') return;
      response.writeHead(answer.status, answer.location ? { location: answer.location } : {});
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    received,
    answer: (how) => {
      answer = how;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isGenuine(secret: string, headers: IncomingHttpHeaders, content: Buffer): boolean {
  const id = String(headers['webhook-id']);
  const timestamp = String(headers['webhook-timestamp']);
  if (Math.abs(Date.now() / 1_000 - Number(timestamp)) > 300) return false;
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const expected = createHmac('sha256', key)
    .update(Buffer.concat([Buffer.from(`${id}.${timestamp}.`), content]))
    .digest();
  return String(headers['webhook-signature'])
    .split(' ')
    .some((signature) => {
      const [version, base64 = ''] = signature.split(',');
      const given = Buffer.from(base64, 'base64');
      return (
        version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
      );
    });
}
