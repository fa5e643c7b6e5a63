import { connect } from 'node:net';
import Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '#main/logging/log.ts';
import { startWebhookServer, type WebhookServer } from '#main/service/webhook-server.ts';
import { workInbox } from '#main/stripe/inbox/work-inbox.ts';
import { createWorkbench, type Workbench } from '#test/support/stripe-workbench.ts';

const SECRET = 'whsec_workbench_0123456789';
let bench: Workbench;
let server: WebhookServer;
let received = 0;
const logLines: string[] = [];

beforeAll(async () => {
  bench = await createWorkbench();
  server = await startWebhookServer({
    secret: SECRET,
    target: bench.target,
    host: '127.0.0.1',
    port: 0,
    log: createLog((line) => logLines.push(line)),
    onReceived: () => {
      received += 1;
    },
  });
});
afterAll(async () => {
  await server.close();
  await bench.dispose();
});
beforeEach(async () => {
  received = 0;
  await bench.rows('DELETE FROM credits_billing.stripe_event_effects');
  await bench.rows('DELETE FROM credits_billing.stripe_events');
});

let count = 0;
function body(changes: Record<string, unknown> = {}): string {
  count += 1;
  return JSON.stringify({
    id: `evt_${count}`,
    object: 'event',
    type: 'checkout.session.completed',
    api_version: '2026-10-28.endive',
    created: Math.floor(Date.now() / 1_000),
    livemode: false,
    data: { object: { id: 'cs_test_none', object: 'checkout.session' } },
    ...changes,
  });
}

function sign(payload: string, options: { secret?: string; at?: number } = {}): string {
  return Stripe.webhooks.generateTestHeaderString({
    payload,
    secret: options.secret ?? SECRET,
    timestamp: options.at ?? Math.floor(Date.now() / 1_000),
  });
}

async function send(
  payload: string | Buffer,
  signature: string | null = sign(String(payload)),
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${server.url}/stripe/webhook`, {
    method: 'POST',
    body: new Uint8Array(Buffer.from(payload)),
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(signature === null ? {} : { 'stripe-signature': signature }),
      ...headers,
    },
  });
  return { status: response.status, answer: await response.json() };
}

const stored = () =>
  bench.rows<{ state: string; error_code: string | null }>(
    'SELECT state, error_code FROM credits_billing.stripe_events',
  );

describe('a webhook', () => {
  it('is stored before it is answered, and once however often it comes', async () => {
    const payload = body();
    expect(await send(payload)).toEqual({ status: 200, answer: { received: true } });
    expect(await send(payload)).toEqual({ status: 200, answer: { received: true } });
    expect(
      await send(payload, sign(payload, { at: Math.floor(Date.now() / 1_000) - 200 })),
    ).toMatchObject({
      status: 200,
    });
    expect(await stored()).toEqual([{ state: 'received', error_code: null }]);
    expect(received).toBe(1);
  });

  it('of a type that is not known is stored and answered', async () => {
    expect(await send(body({ type: 'account.something.new' }))).toMatchObject({ status: 200 });
    expect(await stored()).toEqual([{ state: 'ignored', error_code: null }]);
  });

  it('may come under any content type, or none', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'nonsense', '']) {
      const payload = body();
      expect(await send(payload, sign(payload), { 'content-type': type })).toMatchObject({
        status: 200,
      });
    }
  });

  it.each([
    ['without a signature', () => null],
    ['signed with another secret', (payload: string) => sign(payload, { secret: 'whsec_other' })],
    ['signed for another body', () => sign(body())],
    [
      'signed more than five minutes ago',
      (payload: string) => sign(payload, { at: Math.floor(Date.now() / 1_000) - 301 }),
    ],
    ['with nonsense for a signature', () => 't=now,v1=zz'],
  ])('%s is answered with 400 and not stored', async (_, signature) => {
    const payload = body();
    expect(await send(payload, signature(payload))).toMatchObject({
      status: 400,
      answer: { error: { code: 'webhook_signature', message: expect.any(String) } },
    });
    expect(await stored()).toEqual([]);
  });

  it.each([
    ['no JSON', 'not json'],
    ['nothing', ''],
    ['no event', '{"object":"list"}'],
    [
      'an event without an id',
      JSON.stringify({ type: 'x', livemode: false, created: 1, data: { object: {} } }),
    ],
    ['a list', '[]'],
    ['bytes that are no text', '\ud800'],
  ])('that holds %s is answered with 400 and not stored', async (_, payload) => {
    const bytes = Buffer.from(payload);
    expect(await send(bytes, sign(bytes.toString()))).toMatchObject({
      status: 400,
      answer: { error: { code: 'invalid_argument' } },
    });
    expect(await stored()).toEqual([]);
  });

  it.each([
    ['of live mode', { livemode: true }, 'stripe_other_mode'],
    ['of another account', { account: 'acct_other' }, 'stripe_other_account'],
  ])('%s is answered with 400, kept as refused, and never granted', async (_, changes, code) => {
    const payload = body(changes);
    for (let time = 0; time < 2; time += 1) {
      expect(await send(payload)).toMatchObject({ status: 400, answer: { error: { code } } });
    }
    expect(await stored()).toEqual([{ state: 'refused', error_code: code }]);
    expect(received).toBe(0);
  });

  it('of more than a megabyte is answered with 413, however it is sent', async () => {
    const large = body({ padding: 'x'.repeat(10_000_000) });
    const answers = await Promise.allSettled([send(large), sendChunked(large)]);
    for (const answer of answers) {
      // The server may end the connection while the sender still writes.
      if (answer.status === 'fulfilled') expect(answer.value).toMatchObject({ status: 413 });
    }
    expect(answers.some(({ status }) => status === 'fulfilled')).toBe(true);
    const small = body({ padding: 'x'.repeat(1_000_000) });
    expect(await send(small)).toMatchObject({ status: 200 });
  });

  it('is a hint only: what it claims of its object grants nothing', async () => {
    await bench.customer('victim');
    const bought = await bench.checkout({ customerId: 'victim', credits: 5, amountMinor: 100 });
    const forged = {
      data: {
        object: {
          ...bought,
          status: 'complete',
          payment_status: 'paid',
          metadata: { user_id: 'victim', credits: '1000000', type: 'credit_purchase' },
        },
      },
    };
    expect(await send(body(forged))).toMatchObject({ status: 200 });
    await workInbox(bench.target, 'worker');
    expect(await bench.balance('victim')).toBe(0);
  });

  it('from the simulator’s own endpoint arrives, is granted, and answers each delivery', async () => {
    const endpoint = await bench.stripe.webhookEndpoints.create({
      url: `${server.url}/stripe/webhook`,
      enabled_events: ['*'],
    });
    const own = await startWebhookServer({
      secret: endpoint.secret ?? '',
      target: bench.target,
      host: '127.0.0.1',
      port: 0,
      log: bench.target.log,
      onReceived: () => undefined,
    });
    await bench.stripe.webhookEndpoints.update(endpoint.id, { url: `${own.url}/stripe/webhook` });
    await bench.customer('ann');
    await bench.buy({ customerId: 'ann', credits: 12, amountMinor: 100 });
    await bench.simulator.deliveriesDone();
    await workInbox(bench.target, 'worker');
    expect(await bench.balance('ann')).toBe(12);
    await bench.stripe.webhookEndpoints.del(endpoint.id);
    await own.close();
  });

  it('that cannot be stored is answered with 500, so that it is sent again', async () => {
    const broken = await startWebhookServer({
      secret: SECRET,
      target: {
        ...bench.target,
        database: {
          ...bench.target.database,
          pool: { query: () => Promise.reject(new Error('the database is gone')) } as never,
        },
      },
      host: '127.0.0.1',
      port: 0,
      log: createLog((line) => logLines.push(line)),
      onReceived: () => undefined,
    });
    const payload = body();
    const response = await fetch(`${broken.url}/stripe/webhook`, {
      method: 'POST',
      body: payload,
      headers: { 'stripe-signature': sign(payload) },
    });
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: { code: 'internal' } });
    await broken.close();
  });
});

describe('the server', () => {
  it('says that it runs, and 404 to everything else', async () => {
    const healthy = await fetch(`${server.url}/healthz`);
    expect({ status: healthy.status, answer: await healthy.json() }).toEqual({
      status: 200,
      answer: { ok: true },
    });
    for (const [method, path] of [
      ['GET', '/stripe/webhook'],
      ['POST', '/'],
      ['GET', '/../etc/passwd'],
      ['PUT', '/stripe/webhook'],
    ] as const) {
      const response = await fetch(`${server.url}${path}`, { method });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: 'not_found' } });
    }
  });

  it('never logs the secret or a body', () => {
    expect(logLines.length).toBeGreaterThan(0);
    expect(logLines.join('\n')).not.toContain(SECRET);
    expect(logLines.join('\n')).not.toContain('cs_test_none');
  });
});

/** As `send`, without saying how long it is. */
function sendChunked(payload: string): Promise<{ status: number }> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => {
      socket.write(
        `POST /stripe/webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nStripe-Signature: ${sign(payload)}\r\n\r\n`,
      );
      socket.write(`${Buffer.byteLength(payload).toString(16)}\r\n${payload}\r\n0\r\n\r\n`);
    });
    socket.once('data', (data) => {
      resolve({ status: Number(data.toString().split(' ')[1]) });
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
