import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatcher } from '#main/ipc/dispatch.ts';
import { createHandlers } from '#main/ipc/handlers.ts';
import type { Cipher } from '#main/settings/secret-store.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import { type Simulator, startSimulator } from '#main/stripe-simulator/simulator.ts';
import { contract } from '#shared/ipc/contract.ts';
import type { ConsoleEvent } from '#shared/ipc/events.ts';
import { createTestConsole, type TestConsole } from '#test/support/test-console.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

/** What a key is recognised by wherever it may turn up: what follows its prefix. */
const MARK = 'Kj83hTz51QwLm09XyVb27RfNc64DgSpA';
const SECRET_MARK = 'Zp40vBn17KeUa95MtGx28HsWr63JqYdL';
const KEYS = {
  good: `sk_test_${MARK}`,
  revoked: `sk_test_revoked${MARK}`,
  live: `sk_live_${MARK}`,
  hidden: `sk_test_${MARK}****`,
  publishable: `pk_test_${MARK}`,
};
const SECRET = `whsec_${SECRET_MARK}`;
const window = { id: 1, trusted: true };

/** A key store that hides, as a real one does. */
const cipher: Cipher = {
  name: 'Test key store',
  encrypt: async (text) => Buffer.from(text.split('').reverse().join(''), 'utf8'),
  decrypt: async (encrypted) => encrypted.toString('utf8').split('').reverse().join(''),
};

let stripe: Simulator;
let database: TestDatabase;
let test: TestConsole;
const replies: unknown[] = [];
const events: ConsoleEvent[] = [];
let call: (name: string, input: unknown) => Promise<{ ok: boolean }>;

beforeAll(async () => {
  database = await createTestDatabase();
  stripe = await startSimulator();
  test = await createTestConsole({
    url: database.urlFor('test_admin'),
    environment: 'staging',
    cipher,
    createStripeGateway: ({ key, log }) =>
      createStripeGateway({ key, base: { host: '127.0.0.1', port: stripe.port }, log }),
  });
  const { console } = test;
  console.events.on((event) => events.push(event));
  const dispatcher = createDispatcher({
    contract,
    handlers: createHandlers(console),
    log: console.log,
    newTraceId: randomUUID,
  });
  call = async (name, input) => {
    const reply = await dispatcher.call(window, name, input, randomUUID());
    replies.push(reply);
    return reply;
  };
  await console.start();
});
afterAll(async () => {
  await test.dispose();
  await stripe.close();
  await database.drop();
});

/** Everything that was written down or told to the window. */
async function everythingToldAndWritten(): Promise<string> {
  const files: string[] = [];
  for (const entry of await readdir(test.dataFolder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.push(await readFile(join(entry.parentPath, entry.name), 'utf8'));
  }
  const { rows } = await database.pool.query('SELECT * FROM credits_billing.stripe_settings');
  return JSON.stringify([replies, events, test.logLines, files, rows]);
}

describe('a key of Stripe', () => {
  it('is in no reply, no event, no log, no plain file and not in the database, whatever becomes of it', async () => {
    const connect = (key: string, more = {}) =>
      call('stripe.connect', { key, rebind: false, confirmedProduction: false, ...more });
    expect(await connect(KEYS.revoked)).toMatchObject({ error: { code: 'stripe_key_invalid' } });
    expect(await connect(KEYS.live)).toMatchObject({ error: { code: 'stripe_live_disabled' } });
    expect(await connect(KEYS.hidden)).toMatchObject({ error: { code: 'stripe_key_invalid' } });
    expect(await connect(KEYS.publishable)).toMatchObject({ ok: false });
    expect(await connect(KEYS.good.repeat(20))).toMatchObject({ ok: false });
    expect(await connect(KEYS.good, { other: KEYS.good })).toMatchObject({ ok: false });
    stripe.faults.add({ kind: '500', path: '/v1/account' });
    expect(await connect(KEYS.good)).toMatchObject({ error: { code: 'stripe_unavailable' } });
    stripe.faults.clear();
    expect(await connect(KEYS.good)).toMatchObject({
      ok: true,
      value: { mode: 'test', key: { kind: 'secret', place: 'key_store' } },
    });
    expect(await call('stripe.status', {})).toMatchObject({ ok: true });
    expect(await call('stripe.setWebhookSecret', { secret: `${SECRET}!` })).toMatchObject({
      ok: false,
    });
    expect(await call('stripe.setWebhookSecret', { secret: SECRET })).toMatchObject({
      ok: true,
      value: { webhook: { secret: 'key_store' } },
    });
    expect(await call('stripe.status', {})).toMatchObject({ ok: true });
    expect(await call('settings.session', {})).toMatchObject({ ok: true });
    expect(await call('connections.list', {})).toMatchObject({ ok: true });
    test.console.log.info('Anything', { key: KEYS.good, note: `with ${SECRET} in it` });

    expect(await test.console.secrets.get('stripe:team')).toBe(KEYS.good);
    const told = await everythingToldAndWritten();
    expect(told).not.toContain(MARK);
    expect(told).not.toContain(SECRET_MARK);
    // Half a key helps whoever guesses the other half.
    expect(told).not.toContain(MARK.slice(0, 12));
  });

  it('is not left in the key store when it is forgotten', async () => {
    expect(await call('stripe.disconnect', {})).toMatchObject({ ok: true, value: { key: null } });
    expect(await test.console.secrets.place('stripe:team')).toBe('missing');
    expect(await test.console.secrets.place('stripe-webhook:team')).toBe('missing');
    const stored = await readFile(join(test.dataFolder, 'secrets.json'), 'utf8');
    expect(stored).not.toContain('stripe');
  });
});
