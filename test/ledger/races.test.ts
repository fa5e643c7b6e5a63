import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
const clients: pg.Client[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  for (let number = 0; number < 16; number += 1) clients.push(await database.connect());
});
afterAll(() => database.drop());

async function customerWith(id: string, credits: number, expiresAt: string | null = null) {
  await database.pool.query('SELECT * FROM credits.ensure_customer($1)', [id]);
  const { rows } = await database.pool.query(
    "SELECT * FROM credits.add_credits($1, $2, 'bonus', 'start', expires_at => $3)",
    [id, credits, expiresAt],
  );
  return rows[0];
}

/** Sends the calls at once, each on a connection of its own; answers each row or the error's message. */
async function race(calls: { sql: string; values: unknown[] }[]) {
  return Promise.all(
    calls.map(async ({ sql, values }, number) => {
      const client = clients[number];
      if (!client) throw new Error('more calls than connections');
      try {
        return { row: (await client.query(sql, values)).rows[0] };
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        if (!code?.startsWith('CR')) throw error;
        return { refused: message };
      }
    }),
  );
}

async function expectRulesHold(customerId: string) {
  const { rows } = await database.pool.query('SELECT * FROM credits.check_integrity($1)', [
    customerId,
  ]);
  expect(rows).toEqual([]);
}

async function balanceOf(customerId: string) {
  const { rows } = await database.pool.query('SELECT * FROM credits.get_balance($1)', [customerId]);
  return rows[0];
}

describe('clients at once', () => {
  it('spend one balance exactly as far as it goes', async () => {
    await customerWith('spent', 100);
    const outcomes = await race(
      clients.map(() => ({
        sql: 'SELECT * FROM credits.deduct_credits($1, 9, $2)',
        values: ['spent', 'work'],
      })),
    );
    expect(outcomes.filter((each) => each.row)).toHaveLength(11);
    expect(outcomes.filter((each) => each.refused === 'insufficient_credits')).toHaveLength(5);
    expect(await balanceOf('spent')).toMatchObject({ balance: 1, available: 1 });
    await expectRulesHold('spent');
  });

  it('hold one balance exactly as far as it goes', async () => {
    await customerWith('held', 100);
    const outcomes = await race(
      clients.map(() => ({
        sql: 'SELECT * FROM credits.hold_credits($1, 30, $2)',
        values: ['held', 'work'],
      })),
    );
    expect(outcomes.filter((each) => each.row)).toHaveLength(3);
    expect(await balanceOf('held')).toMatchObject({ balance: 100, held: 90, available: 10 });
    await expectRulesHold('held');
  });

  it.each([
    ['deduct_credits', "SELECT * FROM credits.deduct_credits($1, 10, 'work', null, 'one-key')"],
    ['add_credits', "SELECT * FROM credits.add_credits($1, 10, 'bonus', 'gift', null, 'one-key')"],
    ['adjust_credits', "SELECT * FROM credits.adjust_credits($1, -10, 'fix', 'one-key')"],
    ['use_feature', "SELECT * FROM credits.use_feature($1, 'export_report', 1, 'one-key')"],
    ['hold_credits', "SELECT * FROM credits.hold_credits($1, 10, 'job', null, 'one-key')"],
  ])('post one %s under one key, and all get the same row', async (name, sql) => {
    const customerId = `key-${name}`;
    await customerWith(customerId, 100);
    const outcomes = await race(clients.slice(0, 8).map(() => ({ sql, values: [customerId] })));
    const rows = outcomes.map((each) => each.row);
    expect(rows[0]).toBeDefined();
    for (const row of rows) expect(row).toEqual(rows[0]);
    const { rows: counted } = await database.pool.query(
      `SELECT (SELECT count(*) FROM credits.credit_transactions WHERE customer_id = $1)
         + (SELECT count(*) FROM credits.credit_holds WHERE customer_id = $1) AS rows`,
      [customerId],
    );
    expect(counted[0].rows).toBe(2);
    await expectRulesHold(customerId);
  });

  it('provision one Stripe payment once, also where they name different customers', async () => {
    for (const id of ['payer-1', 'payer-2']) await customerWith(id, 1);
    const outcomes = await race(
      clients.map((_, number) => ({
        sql: "SELECT * FROM credits.add_credits($1, 500, 'purchase', 'pack', 'pi_contested')",
        values: [number % 2 === 0 ? 'payer-1' : 'payer-2'],
      })),
    );
    const winners = outcomes.flatMap((each) => (each.row ? [each.row] : []));
    expect(winners).toHaveLength(1);
    expect(outcomes.filter((each) => each.refused === 'already_processed')).toHaveLength(15);
    const { rows } = await database.pool.query(
      "SELECT count(*) AS rows FROM credits.credit_transactions WHERE stripe_payment_id = 'pi_contested'",
    );
    expect(rows[0].rows).toBe(1);
    await expectRulesHold('payer-1');
    await expectRulesHold('payer-2');
  });

  it('end a hold once, by capture, release or expiry', async () => {
    for (let round = 0; round < 20; round += 1) {
      const customerId = `ended-${round}`;
      await customerWith(customerId, 100);
      const { rows } = await database.pool.query(
        "SELECT * FROM credits.hold_credits($1, 40, 'job', expires_in => '1 hour')",
        [customerId],
      );
      const holdId = rows[0].id;
      const outcomes = await race([
        { sql: 'SELECT * FROM credits.capture_hold($1, $2, 30)', values: [customerId, holdId] },
        { sql: 'SELECT * FROM credits.release_hold($1, $2)', values: [customerId, holdId] },
        { sql: 'SELECT * FROM credits.capture_hold($1, $2)', values: [customerId, holdId] },
        // Two hours on, the hold is due.
        { sql: "SELECT * FROM credits.expire_credits(now() + interval '2 hours')", values: [] },
        { sql: 'SELECT * FROM credits.release_hold($1, $2)', values: [customerId, holdId] },
      ]);
      const { rows: holds } = await database.pool.query(
        'SELECT state, transaction_id FROM credits.credit_holds WHERE customer_id = $1',
        [customerId],
      );
      const ended = [0, 1, 2, 4].filter((number) => outcomes[number]?.row);
      // Expiry answers a count either way; whoever else was late was told so.
      expect(ended).toHaveLength(holds[0].state === 'expired' ? 0 : 1);
      const taken = { captured: ended[0] === 0 ? 30 : 40, released: 0, expired: 0 }[
        holds[0].state as 'captured' | 'released' | 'expired'
      ];
      expect(await balanceOf(customerId)).toMatchObject({ balance: 100 - taken, held: 0 });
      await expectRulesHold(customerId);
    }
  });

  it('reverse one transaction at most whole', async () => {
    for (let round = 0; round < 10; round += 1) {
      const customerId = `reversed-${round}`;
      await customerWith(customerId, 100);
      const { rows } = await database.pool.query(
        "SELECT * FROM credits.deduct_credits($1, 60, 'work')",
        [customerId],
      );
      const reverse = (amount: number | null) => ({
        sql: "SELECT * FROM credits.reverse_transaction($1, $2, 'mistake', $3)",
        values: [customerId, rows[0].id, amount],
      });
      const outcomes = await race([
        reverse(null),
        reverse(null),
        reverse(35),
        reverse(35),
        reverse(25),
      ]);
      const returned = outcomes.reduce((total, each) => total + (each.row?.amount ?? 0), 0);
      expect(returned).toBeLessThanOrEqual(60);
      expect(outcomes.every((each) => each.row || each.refused === 'already_reversed')).toBe(true);
      expect(await balanceOf(customerId)).toMatchObject({ balance: 40 + returned });
      await expectRulesHold(customerId);
    }
  });

  it('extend a grant or let it expire, never both', async () => {
    for (let round = 0; round < 20; round += 1) {
      const customerId = `extended-${round}`;
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
      await customerWith(customerId, 100, expiresAt);
      const { rows } = await database.pool.query(
        'SELECT id FROM credits.credit_grants WHERE customer_id = $1',
        [customerId],
      );
      const [extended] = await race([
        {
          sql: "SELECT * FROM credits.extend_grant($1, $2, now() + interval '30 days', 'goodwill')",
          values: [customerId, rows[0].id],
        },
        { sql: "SELECT * FROM credits.expire_credits(now() + interval '1 day')", values: [] },
        { sql: "SELECT * FROM credits.expire_credits(now() + interval '1 day')", values: [] },
      ]);
      expect(await balanceOf(customerId)).toMatchObject({ balance: extended?.row ? 100 : 0 });
      if (!extended?.row) expect(extended?.refused).toBe('already_spent');
      await expectRulesHold(customerId);
    }
  });

  it('run the expiry job side by side and expire each grant once', async () => {
    for (let number = 0; number < 60; number += 1) {
      await customerWith(`due-${number}`, 10, new Date(Date.now() - 60_000).toISOString());
    }
    const outcomes = await race(
      clients
        .slice(0, 8)
        .map(() => ({ sql: 'SELECT credits.expire_credits() AS written', values: [] })),
    );
    expect(outcomes.reduce((total, each) => total + each.row.written, 0)).toBe(60);
    const { rows } = await database.pool.query(
      "SELECT count(*) AS rows FROM credits.credit_transactions WHERE customer_id LIKE 'due-%' AND transaction_type = 'expire'",
    );
    expect(rows[0].rows).toBe(60);
    const { rows: broken } = await database.pool.query('SELECT * FROM credits.check_integrity()');
    expect(broken).toEqual([]);
  });

  it('keep every rule under a mix of everything on few accounts', async () => {
    const ids = ['mixed-1', 'mixed-2', 'mixed-3'];
    for (const id of ids) {
      await customerWith(id, 200);
      await database.pool.query(
        "SELECT * FROM credits.add_credits($1, 300, 'purchase', 'pack', $2)",
        [id, `pi_${id}`],
      );
    }
    let unknown = 0;
    const work = async (client: pg.Client, seed: number) => {
      for (let step = 0; step < 40; step += 1) {
        const id = ids[(seed + step) % ids.length];
        const [sql, ...values] = [
          ["SELECT * FROM credits.deduct_credits($1, 7, 'work')"],
          [
            "SELECT * FROM credits.add_credits($1, 5, 'bonus', 'gift', expires_at => clock_timestamp() + interval '20 ms')",
          ],
          ["SELECT * FROM credits.hold_credits($1, 6, 'job', expires_in => '30 ms')"],
          [
            "SELECT * FROM credits.capture_hold($1, (SELECT min(id) FROM credits.credit_holds WHERE customer_id = $1 AND state = 'open'))",
          ],
          [
            "SELECT * FROM credits.reverse_transaction($1, (SELECT max(id) FROM credits.credit_transactions WHERE customer_id = $1 AND transaction_type = 'usage'), 'mistake', 3)",
          ],
          ["SELECT * FROM credits.claw_back($1, 'pi_' || $1, 2, 'debt', $2)", `${seed}-${step}`],
          ['SELECT credits.expire_credits(), $1::text'],
        ][(seed * 3 + step) % 7] as [string, ...unknown[]];
        await client.query(sql, [id, ...values]).catch((error: { code?: string }) => {
          if (!error.code?.startsWith('CR')) {
            unknown += 1;
            throw error;
          }
        });
      }
    };
    await Promise.all(clients.map((client, seed) => work(client, seed)));
    expect(unknown).toBe(0);
    const { rows } = await database.pool.query('SELECT * FROM credits.check_integrity()');
    expect(rows).toEqual([]);
  });
});
