import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '#main/cli.ts';
import { refundCharge } from '#main/stripe-simulator/control.ts';
import { AppError } from '#shared/errors.ts';
import { createWorkbench, type Workbench } from '#test/support/stripe-workbench.ts';
import { createTestDatabase } from '#test/support/test-database.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const SECRET = 'whsec_served_0123456789';
const KEY = 'sk_test_served';

let bench: Workbench;

beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.dispose());

type Served = {
  /** What was printed so far. */
  output: () => string;
  log: () => string;
  url: () => Promise<string>;
  stop: () => Promise<number>;
  ended: Promise<number>;
};

/** The command in this process, until it is stopped. */
function serve(words: string[] = [], environment: Record<string, string> = {}): Served {
  let output = '';
  let log = '';
  const stop = new AbortController();
  const ended = runCli({
    arguments: ['serve', '--port', '0', '--stripe-base', bench.simulator.url, ...words],
    environment: {
      CREDIT_CONSOLE_DATABASE_URL: bench.database.urlFor('test_admin'),
      STRIPE_API_KEY: KEY,
      STRIPE_WEBHOOK_SECRET: SECRET,
      ...environment,
    },
    writeOutput: async (text) => {
      output += text;
    },
    writeError: (text) => {
      log += text;
    },
    showsProgress: false,
    signal: stop.signal,
  });
  return {
    output: () => output,
    log: () => log,
    ended,
    async url() {
      await expect
        .poll(() => /Listening on (http:\S+)\n/.exec(output)?.[1], {
          interval: 20,
          timeout: 10_000,
        })
        .toBeTruthy();
      return /Listening on (http:\S+)\n/.exec(output)?.[1] ?? '';
    },
    stop() {
      stop.abort(new AppError('cancelled', 'Cancelled.'));
      return ended;
    },
  };
}

function signed(payload: string): RequestInit {
  return {
    method: 'POST',
    body: payload,
    headers: {
      'content-type': 'application/json',
      'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret: SECRET }),
    },
  };
}

const event = (id: string, type: string, objectId: string) =>
  JSON.stringify({
    id,
    object: 'event',
    type,
    api_version: '2026-10-28.endive',
    created: Math.floor(Date.now() / 1_000),
    livemode: false,
    data: { object: { id: objectId, object: 'x' } },
  });

describe('serve', () => {
  it('receives, polls and handles, says where it listens in one line, and ends well', async () => {
    await bench.customer('polled');
    await bench.buy({ customerId: 'polled', credits: 3, amountMinor: 100 });
    const served = serve();
    const url = await served.url();
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ ok: true });
    // Beside the events, product back ends are answered; each with a body parser of its own.
    expect((await fetch(`${url}/v1/customers/polled/balance`)).status).toBe(401);
    expect(Object.keys((await (await fetch(`${url}/openapi.json`)).json()).paths)).toContain(
      '/stripe/webhook',
    );
    await expect.poll(() => bench.balance('polled'), { interval: 20, timeout: 5_000 }).toBe(3);
    await bench.customer('pushed');
    const { sessionId } = await bench.buy({ customerId: 'pushed', credits: 4, amountMinor: 100 });
    const answer = await fetch(
      `${url}/stripe/webhook`,
      signed(event('evt_pushed', 'checkout.session.completed', sessionId)),
    );
    expect(answer.status).toBe(200);
    await expect.poll(() => bench.balance('pushed'), { interval: 20, timeout: 5_000 }).toBe(4);
    expect(await served.stop()).toBe(0);
    expect(served.output()).toBe(`Listening on ${url}\n`);
    for (const line of served.log().trimEnd().split('\n')) {
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z (info|warn|error) /);
    }
    expect(served.log()).toContain('Ready.');
    expect(served.log()).toContain('Stopped.');
    for (const secret of [KEY, SECRET])
      expect(served.log() + served.output()).not.toContain(secret);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it('binds a workspace that belongs to nobody, and refuses one of another account', async () => {
    await bench.rows(
      'UPDATE credits_billing.stripe_settings SET account_id = NULL, livemode = NULL, simulated = NULL, bound_at = NULL',
    );
    const served = serve();
    await served.url();
    expect(await served.stop()).toBe(0);
    const bound = await bench.rows(
      'SELECT account_id, livemode, bound_by FROM credits_billing.stripe_settings',
    );
    expect(bound).toEqual([
      { account_id: bench.target.accountId, livemode: false, bound_by: 'stripe events' },
    ]);
    await bench.rows("UPDATE credits_billing.stripe_settings SET account_id = 'acct_other'");
    const refused = serve();
    expect(await refused.ended).toBe(3);
    expect(refused.log()).toContain('stripe_other_account: ');
    expect(refused.output()).toBe('');
    await bench.rows('UPDATE credits_billing.stripe_settings SET account_id = $1', [
      bench.target.accountId,
    ]);
  });

  it('goes on without a list of events, and says so once', async () => {
    bench.simulator.faults.add({ kind: '403', path: '/v1/events' });
    const served = serve();
    const url = await served.url();
    await expect
      .poll(() => served.log(), { interval: 20, timeout: 5_000 })
      .toContain('Stripe’s events could not be read');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await served.stop()).toBe(0);
    bench.simulator.faults.clear();
  });

  it.each([
    [
      'JSON',
      '{"error":{"type":"invalid_request_error","message":"Unrecognized request URL"}}',
      /^\/v1\/(account|events|disputes|customers)/,
    ],
    ['plain text', 'Not Found', /^\/v1\/(account|events)/],
  ])(
    'works with a server that has neither account nor events, and says so in %s',
    async (_, text, missing) => {
      const partial = createServer((request, response) => {
        if (missing.test(request.url ?? '')) {
          response.writeHead(404, { 'content-type': 'text/plain' }).end(text);
          return;
        }
        const { method, url = '/', headers } = request;
        const { port } = bench.simulator;
        request.pipe(
          httpRequest(
            {
              host: '127.0.0.1',
              port,
              method,
              path: url,
              headers: { ...headers, host: `127.0.0.1:${port}` },
            },
            (answer) => {
              response.writeHead(answer.statusCode ?? 500, answer.headers);
              answer.pipe(response);
            },
          ),
        );
      }).listen(0, '127.0.0.1');
      await once(partial, 'listening');
      const { port } = partial.address() as AddressInfo;
      const other = await createTestDatabase();
      await other.pool.query("SELECT credits.ensure_customer('fake')");
      const served = serve(['--stripe-base', `http://127.0.0.1:${port}`], {
        CREDIT_CONSOLE_DATABASE_URL: other.urlFor('test_admin'),
      });
      const url = await served.url();
      const bought = await bench.buy({ customerId: 'fake', credits: 10, amountMinor: 100 });
      await fetch(
        `${url}/stripe/webhook`,
        signed(event('evt_1', 'checkout.session.completed', bought.sessionId)),
      );
      refundCharge(bench.simulator.world, bought.chargeId, { amount: 50 });
      await fetch(
        `${url}/stripe/webhook`,
        signed(event('evt_2', 'charge.refunded', bought.chargeId)),
      );
      const balance = async () =>
        (await other.pool.query("SELECT credits.get_credit_balance('fake') AS balance")).rows[0]
          .balance;
      await expect.poll(balance, { interval: 20, timeout: 5_000 }).toBe(5);
      const { rows } = await other.pool.query(
        'SELECT account_id, simulated FROM credits_billing.stripe_settings',
      );
      expect(rows).toEqual([
        { account_id: expect.stringMatching(/^key:[0-9a-f]{16}$/), simulated: true },
      ]);
      expect(await served.stop()).toBe(0);
      partial.close();
      partial.closeAllConnections();
      await other.drop();
    },
  );

  it('finishes a refund that was asked for before a crash', async () => {
    await bench.customer('refunded');
    const bought = await bench.buy({ customerId: 'refunded', credits: 100, amountMinor: 1_000 });
    const first = serve();
    await first.url();
    await expect.poll(() => bench.balance('refunded'), { interval: 20, timeout: 5_000 }).toBe(100);
    await first.stop();
    await bench.rows(
      "SELECT credits.request_refund('refunded', gen_random_uuid(), $1, 300, 'remaining', 'asked for')",
      [bought.paymentIntentId],
    );
    const second = serve();
    const state = async () =>
      (await bench.rows<{ state: string }>('SELECT state FROM credits_billing.refund_requests'))[0]
        ?.state;
    await expect.poll(state, { interval: 20, timeout: 5_000 }).toBe('refunded');
    expect(await bench.balance('refunded')).toBe(70);
    expect(await second.stop()).toBe(0);
    const { data } = await bench.stripe.refunds.list({ payment_intent: bought.paymentIntentId });
    expect(data.map(({ amount }) => amount)).toEqual([300]);
  });

  it('sends metered usage', async () => {
    const { id } = await bench.stripe.customers.create({ name: 'metered' });
    await bench.stripe.billing.meters.create({
      event_name: 'served_calls',
      display_name: 'Calls',
      default_aggregation: { formula: 'count' },
    });
    await bench.rows(
      "INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ('served_calls', 'Calls', 'count')",
    );
    await bench.customer('metered');
    await bench.rows("SELECT credits.link_stripe_customer('metered', $1)", [id]);
    await bench.rows("SELECT credits.report_usage('metered', 'served_calls', 1, 'first call')");
    const served = serve();
    const counted = () =>
      bench.simulator.world.meterEvents.filter(({ customer }) => customer === id).length;
    await expect.poll(counted, { interval: 20, timeout: 5_000 }).toBe(1);
    expect(await served.stop()).toBe(0);
  });

  it.each([
    ['a secret without a key', [], { STRIPE_API_KEY: '' }, 'STRIPE_API_KEY is missing'],
    [
      'a key without a secret',
      [],
      { STRIPE_WEBHOOK_SECRET: '' },
      'STRIPE_WEBHOOK_SECRET is missing',
    ],
    [
      'a Stripe to speak to with neither',
      [],
      { STRIPE_API_KEY: '', STRIPE_WEBHOOK_SECRET: ' ' },
      'STRIPE_API_KEY is missing',
    ],
    ['what is no key', [], { STRIPE_API_KEY: 'pk_test_x' }, 'publishable key'],
    [
      'a live key and a base',
      ['--live'],
      { STRIPE_API_KEY: 'sk_live_served' },
      'never used with a live key',
    ],
    ['a base elsewhere', ['--stripe-base', 'http://example.com:80'], {}, '--stripe-base must be'],
    ['a base with TLS', ['--stripe-base', 'https://127.0.0.1:1'], {}, '--stripe-base must be'],
    ['a base with a path', ['--stripe-base', 'http://127.0.0.1:1/v1'], {}, '--stripe-base must be'],
    ['a base without a port', ['--stripe-base', 'http://127.0.0.1'], {}, '--stripe-base must be'],
    ['a port that is none', ['--port', '65536'], {}, '--port'],
    ['words', ['now'], {}, 'Usage: serve'],
  ])('refuses %s as usage, before anything is asked', async (_, words, environment, why) => {
    const asked = bench.simulator.world.collection('events').count();
    const served = serve(words, environment);
    expect(await served.ended).toBe(2);
    expect(served.log()).toContain(why);
    expect(served.log()).toMatch(/^usage: /);
    for (const [name, value] of Object.entries(environment)) {
      if (name === 'STRIPE_API_KEY' && value !== '') expect(served.log()).not.toContain(value);
    }
    expect(bench.simulator.world.collection('events').count()).toBe(asked);
  });

  it('refuses a live key without --live', async () => {
    const output: string[] = [];
    const exitCode = await runCli({
      arguments: ['serve'],
      environment: {
        CREDIT_CONSOLE_DATABASE_URL: bench.database.urlFor('test_admin'),
        STRIPE_API_KEY: `sk_live_${'a'.repeat(30)}`,
        STRIPE_WEBHOOK_SECRET: SECRET,
      },
      writeOutput: async () => undefined,
      writeError: (text) => void output.push(text),
      showsProgress: false,
      signal: new AbortController().signal,
    });
    expect(exitCode).toBe(2);
    expect(output.join('')).toContain('Add --live');
  });

  it('refuses a database role that handles no events, and a port that is taken', async () => {
    const reader = serve([], { CREDIT_CONSOLE_DATABASE_URL: bench.database.urlFor('test_reader') });
    expect(await reader.ended).toBe(1);
    expect(reader.log()).toContain('not_permitted: ');
    const first = serve();
    const port = new URL(await first.url()).port;
    const second = serve(['--port', port]);
    expect(await second.ended).toBe(2);
    expect(second.log()).toContain(`Port ${port}`);
    expect(await first.stop()).toBe(0);
  });

  it('ends in time though Stripe does not answer, and the next start goes on', async () => {
    await bench.customer('slow');
    const { sessionId } = await bench.buy({ customerId: 'slow', credits: 6, amountMinor: 100 });
    const served = startProcess();
    const url = await served.url();
    bench.simulator.faults.add({ kind: 'slow', path: '/v1/checkout', milliseconds: 60_000 });
    await fetch(
      `${url}/stripe/webhook`,
      signed(event('evt_slow', 'checkout.session.completed', sessionId)),
    );
    await expect
      .poll(
        () => bench.rows('SELECT FROM credits_billing.stripe_events WHERE claimed_by IS NOT NULL'),
        { interval: 20, timeout: 5_000 },
      )
      .not.toEqual([]);
    expect(await served.terminate()).toMatchObject({ exitCode: 0, inTime: true });
    bench.simulator.faults.clear();
    await bench.rows('UPDATE credits_billing.stripe_events SET claimed_until = clock_timestamp()');
    const next = serve();
    await expect.poll(() => bench.balance('slow'), { interval: 20, timeout: 5_000 }).toBe(6);
    expect(await next.stop()).toBe(0);
  });

  it('as a process of its own ends within seconds on SIGTERM, with exit code 0', async () => {
    const served = startProcess();
    await served.url();
    expect(await served.terminate()).toEqual({ exitCode: 0, inTime: true });
  });
});

function startProcess() {
  const child = spawn(
    process.execPath,
    ['src-main/cli.ts', 'serve', '--port', '0', '--stripe-base', bench.simulator.url],
    {
      cwd: ROOT,
      env: {
        ...process.env,
        CREDIT_CONSOLE_DATABASE_URL: bench.database.urlFor('test_admin'),
        STRIPE_API_KEY: KEY,
        STRIPE_WEBHOOK_SECRET: SECRET,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const ended = once(child, 'exit');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return {
    async url() {
      await expect
        .poll(() => output + (child.exitCode === null ? '' : errors), {
          interval: 50,
          timeout: 30_000,
        })
        .toMatch(/^Listening on http:\/\/127\.0\.0\.1:\d+\n$/);
      return output.slice('Listening on '.length).trim();
    },
    async terminate() {
      const stoppedAt = Date.now();
      child.kill('SIGTERM');
      const [exitCode] = await ended;
      return { exitCode, inTime: Date.now() - stoppedAt < 10_000 };
    },
  };
}
