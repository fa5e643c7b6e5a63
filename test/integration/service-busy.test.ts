import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestService, type TestService } from '#test/support/service.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let service: TestService;

beforeAll(async () => {
  database = await createTestDatabase();
  // Fewer than what one customer asks at once in the tests below.
  service = await startTestService(database, { connections: 6 });
  for (const id of ['ann', 'bob']) {
    await database.pool.query('SELECT credits.ensure_customer($1)', [id]);
    await database.pool.query("SELECT credits.add_credits($1, 100, 'bonus', 'Start')", [id]);
  }
});
afterAll(async () => {
  await service.close();
  await database.drop();
});

async function ask(path: string, options: { key?: string; body?: unknown } = {}) {
  const { key = service.key, body } = options;
  const response = await fetch(service.url + path, {
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return response.status;
}

it('a customer whose account is locked holds up nobody else, and is served when it is free', async () => {
  const locker = await database.connect();
  await locker.query('BEGIN');
  await locker.query("SELECT FROM credits.accounts WHERE customer_id = 'ann' FOR UPDATE");
  const waiting = async () => {
    const { rows } = await database.pool.query(
      "SELECT count(*) AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    );
    return rows[0].count;
  };
  const uses = Array.from({ length: 12 }, (_, number) =>
    ask('/v1/customers/ann/usage', {
      body: { feature: 'basic_search', idempotency_key: `locked ${number}` },
    }),
  );
  await expect.poll(waiting).toBeGreaterThan(3);
  const others = await Promise.all([
    ask('/v1/customers/bob/balance'),
    ask('/v1/customers/bob/usage', { body: { feature: 'basic_search', idempotency_key: 'free' } }),
    ask('/readyz'),
  ]);
  expect(others).toEqual([200, 200, 200]);
  await locker.query('ROLLBACK');
  expect(await Promise.all(uses)).toEqual(uses.map(() => 200));
});

it('of more requests at once than a key may make, as many as it may are answered', async () => {
  // A new key: the requests wait together for the answer about it, and then go on together.
  const { key } = await service.makeKey({ requestsPerSecond: 5 });
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => ask('/v1/customers/ann/balance', { key })),
  );
  expect(answers.filter((status) => status === 200).length).toBeGreaterThanOrEqual(5);
  expect(answers.filter((status) => status === 429).length).toBeGreaterThanOrEqual(2);
});
