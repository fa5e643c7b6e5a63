import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse } from 'qs';
import { afterEach } from 'vitest';
import { createLog } from '#main/logging/log.ts';
import type { StripeGateway } from '#main/stripe/gateway/gateway.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';

/** What a test sees of one request. */
export type AskedOfStripe = {
  method: string;
  path: string;
  /** Query of a GET, body of a POST, as the form's names nest them. */
  parameters: Record<string, unknown>;
  headers: IncomingMessage['headers'];
};

/** What it answers: JSON (with a status, 200 without), any text, or a cut connection. */
export type ScriptedAnswer =
  | { status?: number; json: unknown; headers?: Record<string, string> }
  | { status?: number; text: string }
  | 'cut'
  | 'cut halfway';

export type ScriptedStripe = {
  base: { host: string; port: number };
  asked: AskedOfStripe[];
  close: () => Promise<void>;
};

/** A server that answers as a test says, for what the simulator would never say. */
export async function startScriptedStripe(
  answer: (request: AskedOfStripe, count: number) => ScriptedAnswer,
): Promise<ScriptedStripe> {
  const asked: AskedOfStripe[] = [];
  const server = createServer(async (incoming, response) => {
    let body = '';
    for await (const part of incoming) body += String(part);
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const request = {
      method: incoming.method ?? '',
      path: url.pathname,
      parameters: parse(incoming.method === 'POST' ? body : url.search.slice(1), { depth: 10 }),
      headers: incoming.headers,
    };
    asked.push(request);
    const answered = answer(request, asked.length);
    if (answered === 'cut') {
      incoming.socket.destroy();
    } else if (answered === 'cut halfway') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"id":"cus_1",', () => incoming.socket.destroy());
    } else {
      const text = 'json' in answered ? JSON.stringify(answered.json) : answered.text;
      const headers = 'json' in answered ? answered.headers : {};
      response.writeHead(answered.status ?? 200, {
        'content-type': 'application/json',
        'request-id': `req_${asked.length}`,
        ...headers,
      });
      response.end(text);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    base: { host: '127.0.0.1', port },
    asked,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

export const GATEWAY_KEY = 'sk_test_gatewayGatewayGateway123456';

/** An answer by which Stripe refuses. */
export const failing = (status: number, error: object, headers = {}): ScriptedAnswer => ({
  status,
  json: { error: { type: 'invalid_request_error', ...error } },
  headers,
});

/** Gateways to servers that answer as a test says, with what was logged and how long was waited. New for each test of a file. */
export function scriptedGatewayForEachTest() {
  const lines: string[] = [];
  const waits: number[] = [];
  const log = createLog((line) => lines.push(line));
  const sleep = async (milliseconds: number) => {
    waits.push(milliseconds);
  };
  let scripted: ScriptedStripe | undefined;
  afterEach(async () => {
    await scripted?.close();
    scripted = undefined;
    lines.length = 0;
    waits.length = 0;
  });
  async function gatewayTo(
    answer: (request: AskedOfStripe, count: number) => ScriptedAnswer,
  ): Promise<{ gateway: StripeGateway; asked: AskedOfStripe[]; stop: () => Promise<void> }> {
    scripted = await startScriptedStripe(answer);
    const { base, asked, close } = scripted;
    const gateway = createStripeGateway({ key: GATEWAY_KEY, base, log, sleep });
    return { gateway, asked, stop: close };
  }
  return { gatewayTo, lines, waits, log };
}
