import { afterEach, describe, expect, it } from 'vitest';
import { createPool } from '#main/database/pool.ts';
import { type SeedOptions, seedDemo } from '#main/seed/seed-demo.ts';
import { ledgerCallsOn } from '#test/support/ledger-calls.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { readHistories, replay } from './seed-replay.ts';

const NOW = new Date('2026-11-20T10:00:00Z');
const SMALL = { customers: 40, transactions: 3000, seed: 7, now: NOW };

const databases: TestDatabase[] = [];

async function emptyLedger(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  databases.push(database);
  return database;
}

async function seeded(options: SeedOptions): Promise<TestDatabase> {
  const database = await emptyLedger();
  await seedDemo(database.pool, options);
  return database;
}

async function rows<T extends object>(database: TestDatabase, text: string): Promise<T[]> {
  return (await database.pool.query<T>(text)).rows;
}

async function one<T extends object>(database: TestDatabase, text: string): Promise<T> {
  const [row] = await rows<T>(database, text);
  if (!row) throw new Error(`No row from: ${text}`);
  return row;
}

/** One text per table that changes with any of its rows. Database transaction numbers are nobody's choice, so they stay out. */
async function digests(database: TestDatabase): Promise<Record<string, string>> {
  const tables = [
    'customers',
    'accounts',
    'credit_transactions',
    'credit_grants',
    'credit_consumptions',
    'credit_holds',
    'credit_grant_changes',
    'customer_notes',
    'stripe_payments',
    'feature_costs',
    'workspace_facts',
  ];
  const found: Record<string, string> = {};
  for (const table of tables) {
    const { digest } = await one<{ digest: string }>(
      database,
      `SELECT md5(string_agg(r.row::text, E'\\n' ORDER BY r.row::text)) AS digest
       FROM (SELECT to_jsonb(t) - 'recorded_in' AS row FROM credits.${table} t) r`,
    );
    found[table] = digest;
  }
  return found;
}

afterEach(async () => {
  await Promise.all(databases.splice(0).map((database) => database.drop()));
});

describe('seed-demo', () => {
  it('makes as many customers and transactions as asked, and every rule of the ledger holds', async () => {
    for (const size of [
      { customers: 300, transactions: 12_000 },
      { customers: 1000, transactions: 5000 },
      { customers: 40, transactions: 12 },
      { customers: 3, transactions: 0 },
    ]) {
      const database = await seeded({ ...size, seed: 11, now: NOW });
      expect(
        await one(
          database,
          `SELECT (SELECT count(*) FROM credits.customers) AS customers,
             (SELECT count(*) FROM credits.credit_transactions) AS transactions`,
        ),
      ).toEqual(size);
      expect(await rows(database, 'SELECT * FROM credits.check_integrity()')).toEqual([]);
    }
  });

  it('holds the rules with a single customer too, and tells how many transactions it made', async () => {
    const database = await emptyLedger();
    const made = await seedDemo(database.pool, {
      customers: 1,
      transactions: 3000,
      seed: 11,
      now: NOW,
    });
    expect(await one(database, 'SELECT count(*) FROM credits.credit_transactions')).toEqual({
      count: made.transactions,
    });
    // Where nobody holds credits at the end, the last few are missing.
    expect(made.transactions).toBeGreaterThan(2900);
    expect(made.transactions).toBeLessThanOrEqual(3000);
    expect(await rows(database, 'SELECT * FROM credits.check_integrity()')).toEqual([]);
  });

  it('takes from grants in burn order at every moment, as a replay of each customer shows', async () => {
    for (const seed of [7, 8, 9]) {
      const database = await seeded({ customers: 60, transactions: 6000, seed, now: NOW });
      const histories = await readHistories(database.pool);
      expect(histories).toHaveLength(60);
      for (const history of histories) expect(replay(history, NOW)).toEqual([]);
    }
  });

  it('gives the same rows for the same seed and time, and others for another seed', async () => {
    const first = await digests(await seeded(SMALL));
    const again = await digests(await seeded(SMALL));
    const other = await digests(await seeded({ ...SMALL, seed: 8 }));
    expect(again).toEqual(first);
    for (const table of ['customers', 'credit_transactions', 'credit_grants', 'accounts']) {
      expect(other[table]).not.toBe(first[table]);
    }
  });

  it('shows everything that the screens have to show', async () => {
    const database = await seeded({ customers: 500, transactions: 20_000, seed: 1, now: NOW });
    const seen = await one<Record<string, number>>(
      database,
      `SELECT (SELECT count(DISTINCT transaction_type) FROM credits.credit_transactions) AS types,
         (SELECT count(DISTINCT feature) FROM credits.credit_transactions WHERE transaction_type = 'usage') AS features,
         (SELECT count(*) FROM credits.accounts WHERE credits_balance < 0) AS negative,
         (SELECT count(*) FROM credits.accounts WHERE credits_balance = 0) AS zero,
         (SELECT count(*) FROM credits.accounts a JOIN credits.customers c ON c.id = a.customer_id
           WHERE a.credits_balance > 0 AND a.credits_balance < c.low_balance_threshold) AS low,
         (SELECT count(*) FROM credits.credit_holds WHERE state = 'open' AND expires_at > '2026-11-20T10:00:00Z') AS holds,
         (SELECT count(*) FROM credits.credit_grants WHERE is_open AND expires_at < '2026-11-27T10:00:00Z') AS due_7,
         (SELECT count(*) FROM credits.credit_grants WHERE is_open AND expires_at BETWEEN '2026-11-27' AND '2026-12-20') AS due_30,
         (SELECT count(*) FROM credits.credit_grants WHERE is_open AND expires_at BETWEEN '2026-12-21' AND '2027-02-18') AS due_90,
         (SELECT count(*) FROM credits.credit_transactions r JOIN credits.credit_transactions o
           ON o.customer_id = r.customer_id AND o.id = r.reverses_id WHERE -r.amount = o.amount) AS whole_reversals,
         (SELECT count(*) FROM credits.credit_transactions r JOIN credits.credit_transactions o
           ON o.customer_id = r.customer_id AND o.id = r.reverses_id WHERE abs(r.amount) < abs(o.amount)) AS partial_reversals,
         (SELECT count(*) FROM credits.credit_transactions WHERE metadata ->> 'case_link' IS NOT NULL) AS cases,
         (SELECT count(*) FROM credits.credit_transactions WHERE transaction_type = 'clawback'
           AND (metadata ->> 'unrecovered')::bigint > 0) AS unrecovered,
         (SELECT count(*) FROM credits.credit_grant_changes) AS extensions,
         (SELECT count(*) FROM credits.customer_notes) AS notes,
         (SELECT count(DISTINCT plan_tier) FROM credits.customers) AS plans`,
    );
    expect(seen).toMatchObject({ types: 9, features: 6 });
    for (const [name, count] of Object.entries(seen)) expect(count, name).toBeGreaterThan(0);
  });

  it('dates nothing after its end, and every person says why', async () => {
    const database = await seeded({ customers: 300, transactions: 9000, seed: 3, now: NOW });
    expect(
      await rows(
        database,
        `SELECT 'transaction' AS what, created_at FROM credits.credit_transactions WHERE created_at > '2026-11-20T10:00:00Z'
         UNION ALL SELECT 'grant', created_at FROM credits.credit_grants WHERE created_at > '2026-11-20T10:00:00Z'
         UNION ALL SELECT 'hold', created_at FROM credits.credit_holds WHERE created_at > '2026-11-20T10:00:00Z'
         UNION ALL SELECT 'change', created_at FROM credits.credit_grant_changes WHERE created_at > '2026-11-20T10:00:00Z'
         UNION ALL SELECT 'note', created_at FROM credits.customer_notes WHERE created_at > '2026-11-20T10:00:00Z'
         UNION ALL SELECT 'customer', created_at FROM credits.customers WHERE created_at > '2026-11-20T10:00:00Z'
         UNION ALL SELECT 'before its customer', t.created_at FROM credits.credit_transactions t
           JOIN credits.customers c ON c.id = t.customer_id WHERE t.created_at < c.created_at`,
      ),
    ).toEqual([]);
    expect(
      await rows(
        database,
        `SELECT * FROM credits.credit_transactions
         WHERE transaction_type IN ('bonus', 'refund', 'adjustment', 'reversal')
           AND (description = '' OR metadata ->> 'reason_code' IS NULL)`,
      ),
    ).toEqual([]);
    expect(
      await rows(
        database,
        `SELECT * FROM credits.credit_grant_changes WHERE created_at >= expires_at_before OR expires_at_before >= expires_at_after`,
      ),
    ).toEqual([]);
    expect(
      await rows(
        database,
        `SELECT t.feature FROM credits.credit_transactions t WHERE t.transaction_type = 'usage'
           AND NOT EXISTS (SELECT FROM credits.feature_costs f WHERE f.feature = t.feature
             AND f.cost * (t.metadata ->> 'quantity')::bigint = -t.amount)`,
      ),
    ).toEqual([]);
  });

  it('leaves a ledger that goes on: roll-ups are folded, ids count up, due grants expire', async () => {
    const database = await seeded(SMALL);
    expect(
      await rows(
        database,
        `SELECT transaction_type, feature, sum(credits_in - credits_out) AS amount, sum(transactions) AS transactions
         FROM credits.rollup_days GROUP BY 1, 2
         EXCEPT
         SELECT transaction_type, coalesce(feature, ''), sum(amount), count(*) FROM credits.credit_transactions GROUP BY 1, 2`,
      ),
    ).toEqual([]);
    const { id, last } = await one<{ id: string; last: number }>(
      database,
      `SELECT customer_id AS id, (SELECT max(id) FROM credits.credit_transactions) AS last FROM credits.accounts
       WHERE credits_balance > credits_held + 10 ORDER BY credits_balance DESC LIMIT 1`,
    );
    const bonus = await database.pool.query<{ id: number }>(
      `SELECT id FROM credits.add_credits($1, 50, 'bonus', 'Thank you')`,
      [id],
    );
    expect(bonus.rows[0]?.id).toBe(last + 1);
    await database.pool.query(`SELECT * FROM credits.deduct_credits($1, 7, 'Search')`, [id]);
    const expired = await one<{ count: number }>(
      database,
      `SELECT credits.expire_credits('2027-12-31', 100000) AS count`,
    );
    expect(expired.count).toBeGreaterThan(0);
    expect(await rows(database, 'SELECT * FROM credits.check_integrity()')).toEqual([]);
  });

  it('tells of the latest balances that fell, and leaves the watch with what comes after', async () => {
    const database = await seeded({
      ...{ customers: 200, transactions: 9000, seed: 5, now: NOW },
      batchTransactions: 3000,
    });
    const { untilSettled, one: call } = ledgerCallsOn(database.pool);
    const looked = async () => {
      await untilSettled();
      return call('watch_balances() AS raised');
    };
    expect(await looked()).toEqual({ raised: 0 });
    const log = await rows<{
      id: number;
      customer_id: string;
      amount: number;
      after: number;
      threshold: number;
    }>(
      database,
      `SELECT t.id, t.customer_id, t.amount, t.balance_after AS after, coalesce(c.low_balance_threshold, 10) AS threshold
       FROM credits.credit_transactions t JOIN credits.customers c ON c.id = t.customer_id ORDER BY t.created_at, t.id`,
    );
    const levelOf = (balance: number, threshold: number) =>
      balance <= 0 ? 'empty' : balance < threshold ? 'low' : 'enough';
    // By customer, the last fall: what comes later in the log goes last.
    const falls = new Map<string, object>();
    for (const { id, customer_id: customer, amount, after, threshold } of log) {
      const [before, kind] = [levelOf(after - amount, threshold), levelOf(after, threshold)];
      if (amount >= 0 || kind === 'enough' || before === 'empty' || kind === before) continue;
      falls.delete(customer);
      falls.set(customer, { customer_id: customer, kind, balance: after, threshold, id });
    }
    expect(falls.size).toBeGreaterThan(8);
    expect(
      await rows(
        database,
        'SELECT customer_id, kind, balance, threshold, transaction_id AS id FROM credits_billing.notifications ORDER BY notifications.id',
      ),
    ).toEqual([...falls.values()].slice(-8));
    expect(await rows(database, 'SELECT FROM credits_billing.notification_deliveries')).toEqual([]);

    await call("ensure_customer('later')");
    await call("add_credits('later', 50, 'bonus', 'start')");
    await call("deduct_credits('later', 50, 'All of it')");
    expect(await looked()).toEqual({ raised: 1 });
  });

  it('refuses a ledger that has customers, and changes nothing', async () => {
    const database = await emptyLedger();
    await database.pool.query(`SELECT * FROM credits.ensure_customer('somebody')`);
    const before = await digests(database);
    await expect(seedDemo(database.pool, SMALL)).rejects.toMatchObject({
      code: 'already_processed',
    });
    expect(await digests(database)).toEqual(before);
  });

  it('refuses to run twice', async () => {
    const database = await seeded(SMALL);
    const before = await digests(database);
    await expect(seedDemo(database.pool, SMALL)).rejects.toMatchObject({
      code: 'already_processed',
    });
    expect(await digests(database)).toEqual(before);
  });

  it('goes on where it was stopped, to the same end as in one go', async () => {
    const options = { ...SMALL, batchTransactions: 500 };
    const whole = await emptyLedger();
    const progress: number[] = [];
    const made = await seedDemo(whole.pool, {
      ...options,
      onProgress: ({ transactions }) => progress.push(transactions),
    });
    expect(made).toEqual({ customers: SMALL.customers, transactions: SMALL.transactions });
    expect(progress).toEqual([500, 1000, 1500, 2000, 2500, 3000]);
    const inOneGo = await digests(whole);

    const database = await emptyLedger();
    const stop = new AbortController();
    await expect(
      seedDemo(database.pool, {
        ...options,
        signal: stop.signal,
        onProgress: () => stop.abort(),
      }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    const { count } = await one<{ count: number }>(
      database,
      'SELECT count(*) FROM credits.credit_transactions',
    );
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(SMALL.transactions);
    expect(await rows(database, 'SELECT * FROM credits.check_integrity()')).toEqual([]);

    await expect(seedDemo(database.pool, { ...options, transactions: 3500 })).rejects.toMatchObject(
      { code: 'already_processed' },
    );
    // A later time of the second call does not matter: it goes on with the first one's.
    await seedDemo(database.pool, { ...options, now: new Date('2026-11-21T00:00:00Z') });
    expect(await digests(database)).toEqual(inOneGo);
  });

  it('needs the ledger’s owner', async () => {
    const database = await emptyLedger();
    const pool = createPool({ url: `${database.urlFor('test_admin')}?sslmode=disable`, max: 2 });
    try {
      await expect(seedDemo(pool, SMALL)).rejects.toMatchObject({ code: 'not_permitted' });
    } finally {
      await pool.end();
    }
    expect(await one(database, 'SELECT count(*) FROM credits.customers')).toEqual({ count: 0 });
  });

  it('refuses sizes that are no whole numbers', async () => {
    const database = await emptyLedger();
    for (const wrong of [
      { customers: 0 },
      { customers: 1.5 },
      { transactions: -1 },
      { seed: 0.1 },
    ]) {
      await expect(seedDemo(database.pool, { ...SMALL, ...wrong })).rejects.toMatchObject({
        code: 'invalid_argument',
      });
    }
  });
});
