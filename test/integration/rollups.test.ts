import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readUsage } from '#main/analytics/read-usage.ts';
import { computeTopCustomers } from '#main/analytics/top-customers.ts';
import type { QueryTarget } from '#main/database/run-query.ts';
import { foldRollUps } from '#main/ledger/roll-ups.ts';
import { listFacets } from '#main/transactions/list-facets.ts';
import { type LoggedRow, writeLog } from '#test/support/brute-force-usage.ts';
import { queryTargetOn } from '#test/support/query-target.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let reader: QueryTarget;

beforeEach(async () => {
  database = await createTestDatabase();
  reader = queryTargetOn(database.urlFor('test_reader'));
});
afterEach(async () => {
  await reader.pool.end();
  await database.drop();
});

const JUNE = { from: '2026-06-01', to: '2026-06-30', timeZone: 'UTC' };

function used(amount: number, customerId = 'c1', feature: string | null = 'search'): LoggedRow {
  const createdAt = new Date('2026-06-15T10:20:30.456Z');
  return { customerId, type: 'usage', feature, amount: -amount, createdAt };
}

/** The same total by each way to it, which must agree. */
async function totalUsed(): Promise<number> {
  const utc = await readUsage(reader, JUNE);
  const zoned = await readUsage(reader, { ...JUNE, timeZone: 'Asia/Kathmandu' });
  const month = await computeTopCustomers(reader, { ...JUNE, limit: 100 });
  const part = await computeTopCustomers(reader, { ...JUNE, from: '2026-06-02', limit: 100 });
  const totals = [sum(utc.byDay), sum(utc.byFeature), sum(zoned.byDay), sum(month), sum(part)];
  expect(new Set(totals).size, `the ways disagree: ${totals}`).toBe(1);
  return totals[0] ?? Number.NaN;
}

function sum(rows: readonly { used: number }[]): number {
  return rows.reduce((total, row) => total + row.used, 0);
}

/** What the roll-ups alone hold, without the tail. */
async function rolledUp(): Promise<number> {
  const { rows } = await database.pool.query(
    `SELECT (SELECT coalesce(sum(credits_out), 0) FROM credits.rollup_days)::int AS days,
      (SELECT coalesce(sum(credits_out), 0) FROM credits.rollup_quarter_hours)::int AS quarter_hours,
      (SELECT coalesce(sum(used), 0) FROM credits.rollup_customer_months)::int AS months`,
  );
  const { days, quarter_hours, months } = rows[0];
  expect([days, quarter_hours]).toEqual([months, months]);
  return months;
}

/**
 * Folds until the roll-ups hold this much. A database transaction anywhere on the server that began earlier keeps newer
 * rows in the tail, and other tests run beside this one.
 */
async function foldUntil(total: number) {
  await expect
    .poll(async () => {
      await foldRollUps(reader);
      return rolledUp();
    })
    .toBe(total);
}

describe('a fold', () => {
  it('moves the log into the roll-ups without changing what is read', async () => {
    await writeLog(database.pool, [used(10), used(5, 'c2'), used(1, 'c1', null)]);
    expect(await totalUsed()).toBe(16);
    expect(await rolledUp()).toBe(0);
    await foldUntil(16);
    expect(await totalUsed()).toBe(16);
    expect(await foldRollUps(reader)).toBe(0);
    await writeLog(database.pool, [used(100)]);
    expect(await totalUsed()).toBe(116);
    await foldUntil(116);
    expect(await totalUsed()).toBe(116);
  });

  it('never loses a row that commits late, and shows it once when it has', async () => {
    const late = await database.connect();
    await late.query('BEGIN');
    await writeLog(late, [used(1000)]);
    // Later in time and id, but there first.
    await writeLog(database.pool, [used(1)]);
    await foldRollUps(reader);
    expect(await totalUsed()).toBe(1);
    await late.query('COMMIT');
    expect(await totalUsed()).toBe(1001);
    await foldUntil(1001);
    expect(await totalUsed()).toBe(1001);
  });

  it('never counts a row that was rolled back', async () => {
    const client = await database.connect();
    await client.query('BEGIN');
    await writeLog(client, [used(1000)]);
    await foldRollUps(reader);
    await client.query('ROLLBACK');
    await writeLog(database.pool, [used(1)]);
    await foldUntil(1);
    expect(await totalUsed()).toBe(1);
  });

  it('does nothing beside one that is running, and waits for nobody', async () => {
    await writeLog(database.pool, [used(7)]);
    const other = await database.connect();
    await other.query('BEGIN');
    await other.query('SELECT credits.fold_usage()');
    expect(await foldRollUps(reader)).toBe(0);
    expect(await totalUsed()).toBe(7);
    await other.query('COMMIT');
    await foldUntil(7);
    expect(await totalUsed()).toBe(7);
  });

  it('that fails leaves everything as it was', async () => {
    await writeLog(database.pool, [used(7)]);
    const other = await database.connect();
    await other.query('BEGIN');
    await other.query('SELECT credits.fold_usage()');
    await other.query('ROLLBACK');
    expect(await rolledUp()).toBe(0);
    expect(await totalUsed()).toBe(7);
    await foldUntil(7);
    expect(await totalUsed()).toBe(7);
  });

  it('never doubles or drops while several consoles fold and others post', async () => {
    const writers = [1, 2, 3].map(async (writer) => {
      for (let round = 0; round < 30; round += 1) {
        await writeLog(database.pool, [used(1, `c${writer}`), used(2, `c${round}`)]);
      }
    });
    const folders = [1, 2, 3, 4].map(async () => {
      for (let round = 0; round < 15; round += 1) await foldRollUps(reader);
    });
    const watcher = async () => {
      for (let round = 0; round < 10; round += 1) {
        // Sums of whole commits, never half of one.
        const { byFeature } = await readUsage(reader, JUNE);
        expect(sum(byFeature) % 3).toBe(0);
      }
    };
    await Promise.all([...writers, ...folders, watcher()]);
    expect(await totalUsed()).toBe(3 * 30 * 3);
    await foldUntil(3 * 30 * 3);
    expect(await totalUsed()).toBe(3 * 30 * 3);
  });

  it('runs by itself when a read finds a long tail', async () => {
    await writeLog(
      database.pool,
      Array.from({ length: 5_001 }, () => used(1)),
    );
    await expect
      .poll(async () => {
        expect(await totalUsed()).toBe(5_001);
        return rolledUp();
      })
      .toBe(5_001);
  });

  it('is nothing for a role without rights', async () => {
    const nobody = await database.connect('test_nobody');
    await expect(nobody.query('SELECT credits.fold_usage()')).rejects.toMatchObject({
      code: '42501',
    });
    const service = await database.connect('test_service');
    await expect(service.query('SELECT credits.fold_usage()')).resolves.toBeDefined();
  });
});

describe('a database restored on another server', () => {
  // There the numbers of database transactions begin anew, and rows carry numbers that are still to come.
  async function restoreElsewhere(state: string) {
    await database.pool.query(`UPDATE credits.rollup_state SET ${state}`);
  }

  async function writeFuture(ahead: number, amount: number) {
    await database.pool.query(
      `INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, actor, created_at, recorded_in)
       VALUES ('c1', $1, 0, 'usage', 'test', '2026-06-15', (pg_current_xact_id()::text::bigint + $2)::text::xid8)`,
      [-amount, ahead],
    );
  }

  async function spendNumbers(count: number) {
    await database.pool.query(
      `DO $$ BEGIN FOR n IN 1..${count} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$`,
    );
  }

  it.each([
    ['its horizon is ahead of the server', `horizon = '99999999999'`],
    ['it came from another server', 'server_identifier = 1'],
    ['both', `server_identifier = 1, horizon = '99999999999'`],
  ])('makes its roll-ups anew when %s', async (_, state) => {
    await writeLog(database.pool, [used(10), used(5, 'c2')]);
    await foldRollUps(reader);
    await writeLog(database.pool, [used(1)]);
    await writeFuture(30, 100);
    await writeFuture(90_000_000, 1_000);
    await restoreElsewhere(state);
    // What is read first makes them anew.
    expect(await totalUsed()).toBe(1_116);
    expect(await rolledUp()).toBe(1_116);
    expect((await listFacets(reader)).features).toEqual(['search']);
    await writeLog(database.pool, [used(20_000)]);
    expect(await totalUsed()).toBe(21_116);
    // The server's numbers pass those that some restored rows carry.
    await spendNumbers(60);
    expect(await totalUsed()).toBe(21_116);
    await foldUntil(21_116);
    expect(await totalUsed()).toBe(21_116);
  });

  it('makes them anew once, however many consoles ask at once', async () => {
    await writeLog(database.pool, [used(10), used(5, 'c2')]);
    await foldRollUps(reader);
    await restoreElsewhere('server_identifier = 1');
    const totals = await Promise.all(
      Array.from({ length: 6 }, async () => sum((await readUsage(reader, JUNE)).byFeature)),
    );
    expect(totals).toEqual([15, 15, 15, 15, 15, 15]);
    expect(await rolledUp()).toBe(15);
  });

  it('counts a posting that was under way while they were made anew', async () => {
    await writeLog(database.pool, [used(10)]);
    await foldRollUps(reader);
    await restoreElsewhere('server_identifier = 1');
    const posting = await database.connect();
    await posting.query('BEGIN');
    await writeLog(posting, [used(100)]);
    const folding = foldRollUps(reader);
    // The rebuild waits for the posting, which is not yet to be seen.
    await expect
      .poll(async () => {
        const { rows } = await database.pool.query(
          `SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted AND mode = 'ShareLock'
           AND relation = 'credits.credit_transactions'::regclass`,
        );
        return rows[0].waiting;
      })
      .toBe(1);
    await posting.query('COMMIT');
    await folding;
    expect(await rolledUp()).toBe(110);
    expect(await totalUsed()).toBe(110);
  });
});
