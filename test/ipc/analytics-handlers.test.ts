import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayOf } from '#shared/time.ts';
import { type ConsoleDoor, openConsoleDoor } from '#test/support/console-door.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let door: ConsoleDoor;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query(`SELECT credits.ensure_customer('c1', name => 'One')`);
  await database.pool.query(`SELECT credits.add_credits('c1', 100, 'bonus', 'Welcome')`);
  await database.pool.query(`SELECT credits.deduct_credits('c1', 3, 'Search', 'search')`);
  door = await openConsoleDoor({ url: database.urlFor('test_reader') });
});
afterAll(async () => {
  await door.close();
  await database.drop();
});

async function days(timeZone: string) {
  const { rows } = await database.pool.query(
    `SELECT created_at FROM credits.credit_transactions WHERE transaction_type = 'usage'`,
  );
  const day = dayOf(rows[0].created_at, timeZone);
  return { from: day, to: day, timeZone };
}

describe('usage through the window’s door', () => {
  it.each(['UTC', 'Asia/Kathmandu'])('fits its contract in %s', async (timeZone) => {
    const range = await days(timeZone);
    expect(await door.call('analytics.usage', range)).toEqual({
      byDay: [{ day: range.from, feature: 'search', used: 3 }],
      byFeature: [{ feature: 'search', used: 3, transactions: 1 }],
      byType: [
        { type: 'bonus', creditsIn: 100, creditsOut: 0, transactions: 1 },
        { type: 'usage', creditsIn: 0, creditsOut: 3, transactions: 1 },
      ].sort((a, b) => b.creditsOut - a.creditsOut),
    });
    const top = await door.call('analytics.topCustomers', { ...range, limit: 5 });
    expect(top.rows).toEqual([
      { customerId: 'c1', name: 'One', email: null, used: 3, transactions: 1 },
    ]);
    expect(Date.parse(top.computedAt)).toBeGreaterThan(0);
  });

  it('refuses zones and days that do not exist, and ranges that end before they begin', async () => {
    const good = { from: '2026-01-01', to: '2026-01-31', timeZone: 'UTC' };
    for (const bad of [
      { timeZone: 'Mars/Olympus_Mons' },
      { timeZone: '+05:30' },
      { timeZone: `UTC'; DROP TABLE credits.accounts; --` },
      { from: '2026-02-30' },
      { from: '2026-02-01' },
      { to: '2025-12-31' },
    ]) {
      await expect(door.call('analytics.usage', { ...good, ...bad })).rejects.toMatchObject({
        code: 'invalid_argument',
      });
      await expect(
        door.call('analytics.topCustomers', { ...good, ...bad, limit: 5 }),
      ).rejects.toMatchObject({ code: 'invalid_argument' });
    }
  });
});
