import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTcpProxy, type TcpProxy } from '#test/support/tcp-proxy.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

/*
 * Rule 9: every acknowledged call is there, and nothing is there that nobody asked for. No sum over the ledger can show
 * it, so the clients here keep their own list: what they attempted, what was acknowledged. A proxy lets calls commit
 * and swallows the answers.
 */

let database: TestDatabase;
let proxy: TcpProxy;

beforeAll(async () => {
  database = await createTestDatabase();
  const url = new URL(database.ownerUrl);
  proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
});
afterAll(async () => {
  await proxy.close();
  await database.drop();
});

type Attempt = { label: string; acknowledged: boolean };

/**
 * Spends `count` times one credit through a proxy that loses every third answer after its commit, and repeats what
 * it got no answer to: with the same key, or, as a careless client would, with a new one. Returns the client's list.
 */
async function spendThroughLosses(
  customerId: string,
  count: number,
  keys: 'stable' | 'new each try',
) {
  const attempts: Attempt[] = [];
  let tries = 0;
  let client: pg.Client | undefined;
  for (let number = 0; number < count; number += 1) {
    const attempt: Attempt = { label: `call-${number}`, acknowledged: false };
    attempts.push(attempt);
    while (!attempt.acknowledged) {
      tries += 1;
      client ??= await connectThroughProxy();
      const lost = tries % 3 === 0 ? proxy.connections.at(-1)?.loseAnswer() : undefined;
      try {
        await client.query('SELECT * FROM credits.deduct_credits($1, 1, $2, null, $3)', [
          customerId,
          attempt.label,
          keys === 'stable' ? attempt.label : `${attempt.label}-try-${tries}`,
        ]);
        attempt.acknowledged = true;
      } catch (error) {
        if (!lost) throw error;
        await lost;
        client = undefined;
      }
    }
  }
  await client?.end();
  return { attempts, tries };
}

async function connectThroughProxy(): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: proxy.urlThrough(database.ownerUrl),
    ssl: false,
  });
  // The cut connection reports itself here; the query that waited on it is what the test looks at.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Holds the client's own list against the ledger: acknowledged but missing, and there more often than asked for. */
async function audit(customerId: string, attempts: Attempt[]) {
  const { rows } = await database.pool.query(
    `SELECT t.description AS label, count(*) AS times FROM credits.credit_transactions t
     WHERE t.customer_id = $1 AND t.transaction_type = 'usage' GROUP BY t.description`,
    [customerId],
  );
  const times = new Map<string, number>(rows.map((row) => [row.label, row.times]));
  const attempted = new Set(attempts.map((attempt) => attempt.label));
  return {
    lost: attempts.filter((each) => each.acknowledged && !times.has(each.label)).length,
    duplicates: rows.filter((row) => row.times > 1).length,
    uninvited: rows.filter((row) => !attempted.has(row.label)).length,
  };
}

async function customerWith(id: string, credits: number) {
  await database.pool.query('SELECT * FROM credits.ensure_customer($1)', [id]);
  await database.pool.query("SELECT * FROM credits.add_credits($1, $2, 'bonus', 'start')", [
    id,
    credits,
  ]);
}

describe('answers lost after the commit', () => {
  it('leave no loss and no duplicate when each call is repeated under its own key', async () => {
    await customerWith('careful', 1000);
    const { attempts, tries } = await spendThroughLosses('careful', 60, 'stable');
    expect(tries).toBeGreaterThan(80);
    expect(await audit('careful', attempts)).toEqual({ lost: 0, duplicates: 0, uninvited: 0 });
    const { rows } = await database.pool.query("SELECT * FROM credits.get_balance('careful')");
    expect(rows[0].balance).toBe(940);
  });

  it('do leave duplicates when a new key is made for each try: the audit sees them', async () => {
    await customerWith('careless', 1000);
    const { attempts } = await spendThroughLosses('careless', 60, 'new each try');
    const { duplicates } = await audit('careless', attempts);
    expect(duplicates).toBeGreaterThan(10);
    // And no sum shows it: the ledger's other rules hold.
    const { rows } = await database.pool.query("SELECT * FROM credits.check_integrity('careless')");
    expect(rows).toEqual([]);
  });

  it('leave every function’s first row to its repeat', async () => {
    await customerWith('each', 1000);
    for (const sql of [
      "SELECT * FROM credits.add_credits('each', 5, 'bonus', 'gift', idempotency_key => 'add')",
      "SELECT * FROM credits.adjust_credits('each', -5, 'fix', 'adjust')",
      "SELECT * FROM credits.use_feature('each', 'basic_search', 2, 'use')",
      "SELECT * FROM credits.hold_credits('each', 5, 'job', null, 'hold')",
      "SELECT * FROM credits.reverse_transaction('each', (SELECT min(id) FROM credits.credit_transactions WHERE customer_id = 'each'), 'x', 5, 'reverse')",
    ]) {
      const client = await connectThroughProxy();
      const lost = proxy.connections.at(-1)?.loseAnswer();
      await expect(client.query(sql), sql).rejects.toThrow();
      await lost;
      const before = await counts();
      expect((await database.pool.query(sql)).rows, sql).toHaveLength(1);
      expect(await counts(), sql).toEqual(before);
    }
    const { rows } = await database.pool.query("SELECT * FROM credits.check_integrity('each')");
    expect(rows).toEqual([]);
  });
});

async function counts() {
  const { rows } = await database.pool.query(
    `SELECT (SELECT count(*) FROM credits.credit_transactions) AS transactions,
       (SELECT count(*) FROM credits.credit_holds) AS holds`,
  );
  return rows[0];
}
