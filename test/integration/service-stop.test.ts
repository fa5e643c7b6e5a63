import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '#main/cli.ts';
import { AppError } from '#shared/errors.ts';
import { startTestService } from '#test/support/service.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query("SELECT credits.ensure_customer('ann')");
  await database.pool.query("SELECT credits.add_credits('ann', 100, 'bonus', 'Start')");
});
afterAll(() => database.drop());

async function post(url: string, key: string, path: string, body: unknown, signal?: AbortSignal) {
  const response = await fetch(`${url}/v1/customers/ann/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  return { status: response.status, body: await response.json() };
}

/** Holds ann's account until it is let go, so that whoever spends waits. */
async function lockAccount() {
  const client = await database.connect();
  await client.query('BEGIN');
  await client.query("SELECT FROM credits.accounts WHERE customer_id = 'ann' FOR UPDATE");
  const waiting = async () => {
    const { rows } = await database.pool.query(
      "SELECT count(*) AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    );
    return rows[0].count;
  };
  return { waiting, letGo: () => client.query('ROLLBACK').then(() => client.end()) };
}

describe('a service that ends', () => {
  it('takes nothing more, and answers first what is under way', async () => {
    const service = await startTestService(database);
    await post(service.url, service.key, 'check', { cost: 1 });
    const account = await lockAccount();
    const use = { feature: 'basic_search', idempotency_key: 'under way' };
    const underWay = post(service.url, service.key, 'usage', use);
    await expect.poll(account.waiting).toBe(1);
    const closed = service.close();
    await expect
      .poll(() =>
        fetch(`${service.url}/healthz`).then(
          () => 'up',
          () => 'down',
        ),
      )
      .toBe('down');
    await account.letGo();
    expect(await underWay).toMatchObject({ status: 200, body: { cost: 1 } });
    const answeredAt = performance.now();
    await closed;
    // The connection of that answer is not kept for another request, which nobody would wait for.
    expect(performance.now() - answeredAt).toBeLessThan(3_000);
  });

  it('and a client that went away leaves nothing undone: the same key tells what happened', async () => {
    const service = await startTestService(database);
    const account = await lockAccount();
    const use = { feature: 'basic_search', idempotency_key: 'gone' };
    const going = new AbortController();
    const gone = post(service.url, service.key, 'usage', use, going.signal);
    await expect.poll(account.waiting).toBe(1);
    going.abort();
    await expect(gone).rejects.toThrow();
    await expect.poll(() => service.log.join('\n')).toContain('"status":499');
    await account.letGo();
    const repeated = await post(service.url, service.key, 'usage', use);
    const { rows } = await database.pool.query(
      "SELECT id::text FROM credits.credit_transactions WHERE idempotency_key = 'gone'",
    );
    expect(rows).toEqual([{ id: repeated.body.transaction_id }]);
    await service.close();
  });
});

type Served = {
  log: () => string;
  url: () => Promise<string>;
  stop: () => Promise<number>;
  ended: Promise<number>;
};

/** The command in this process, without Stripe, until it is stopped. */
function serve(words: string[] = [], environment: Record<string, string> = {}): Served {
  let output = '';
  let log = '';
  const stop = new AbortController();
  const ended = runCli({
    arguments: ['serve', '--port', '0', ...words],
    environment: { CREDIT_CONSOLE_DATABASE_URL: database.urlFor('test_admin'), ...environment },
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
    log: () => log,
    ended,
    async url() {
      const address = () => /Listening on (http:\S+)\n/.exec(output)?.[1];
      await expect.poll(() => address() ?? log, { interval: 20, timeout: 10_000 }).toMatch(/^http/);
      return address() ?? '';
    },
    stop() {
      stop.abort(new AppError('cancelled', 'Cancelled.'));
      return ended;
    },
  };
}

describe('serve without Stripe', () => {
  it('answers requests, runs the ledger’s jobs, and says what it leaves to others', async () => {
    await database.pool.query("SELECT credits.ensure_customer('due')");
    await database.pool.query(
      "SELECT credits.add_credits('due', 5, 'bonus', 'Start', expires_at => now() + interval '20 milliseconds')",
    );
    const { exitCode, key } = await newKey();
    expect(exitCode).toBe(0);
    const served = serve();
    const url = await served.url();
    expect(await post(url, key, 'check', { cost: 1 })).toMatchObject({ status: 200 });
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ ready: true });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('process_cpu_seconds_total');
    expect((await fetch(`${url}/stripe/webhook`, { method: 'POST' })).status).toBe(404);
    const expired = async () =>
      (
        await database.pool.query(
          "SELECT count(*) AS count FROM credits.credit_transactions WHERE customer_id = 'due' AND transaction_type = 'expire'",
        )
      ).rows[0].count;
    await expect.poll(expired, { timeout: 10_000 }).toBe(1);
    expect(await served.stop()).toBe(0);
    expect(served.log()).toContain('Stripe is left to others');
    expect(served.log()).toContain('"account":null');
    expect(served.log()).toContain('"jobs":true');
    expect(served.log()).toContain('Stopped.');
    expect(served.log()).not.toContain(key);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it('ends in good order where npm is told to end, and not the service itself', async () => {
    const npm = spawn('npm', ['run', 'cli', '--', 'serve', '--port', '0'], {
      cwd: path.join(import.meta.dirname, '../..'),
      env: { ...process.env, CREDIT_CONSOLE_DATABASE_URL: database.urlFor('test_service') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    npm.stdout.on('data', (text) => {
      log += text;
    });
    npm.stderr.on('data', (text) => {
      log += text;
    });
    // Not before the last process that writes there is gone.
    const closed = once(npm, 'close');
    await expect.poll(() => log, { timeout: 20_000 }).toContain('Listening on ');
    npm.kill('SIGTERM');
    await expect.poll(() => log, { timeout: 10_000 }).toContain('Stopped.');
    await closed;
  });

  it.each([
    ['--no-jobs is given', ['--no-jobs'], 'test_admin'],
    ['the login is a service’s', [], 'test_service'],
  ] as const)('runs no jobs where %s', async (_, words, role) => {
    const served = serve([...words], { CREDIT_CONSOLE_DATABASE_URL: database.urlFor(role) });
    expect((await fetch(`${await served.url()}/readyz`)).status).toBe(200);
    expect(await served.stop()).toBe(0);
    expect(served.log()).toContain('Jobs are left to others');
    expect(served.log()).toContain('"jobs":false');
  });

  it('refuses a login that may not act as credits_service', async () => {
    const served = serve([], { CREDIT_CONSOLE_DATABASE_URL: database.urlFor('test_support') });
    expect(await served.ended).toBe(1);
    expect(served.log()).toMatch(/^.*not_permitted: .*GRANT credits_service/s);
  });
});

/** A key, as the command line makes it. */
async function newKey(): Promise<{ exitCode: number; key: string }> {
  let output = '';
  const exitCode = await runCli({
    arguments: ['api-key', 'create', '--name', 'shop', '--json'],
    environment: { CREDIT_CONSOLE_DATABASE_URL: database.urlFor('test_admin') },
    writeOutput: async (text) => {
      output += text;
    },
    writeError: () => undefined,
    showsProgress: false,
    signal: new AbortController().signal,
  });
  return { exitCode, key: JSON.parse(output).key };
}
