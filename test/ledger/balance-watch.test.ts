import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ledgerCallsOn } from '#test/support/ledger-calls.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

type Notification = {
  customer_id: string;
  kind: string;
  balance: number;
  threshold: number;
  transaction_id: number;
};

let database: TestDatabase;
let client: pg.Client;
let rows: ReturnType<typeof ledgerCallsOn>['rows'];
let one: ReturnType<typeof ledgerCallsOn>['one'];
let broken: ReturnType<typeof ledgerCallsOn>['broken'];
let untilSettled: ReturnType<typeof ledgerCallsOn>['untilSettled'];
let made = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.connect();
  ({ rows, one, broken, untilSettled } = ledgerCallsOn(client));
});
afterAll(() => database.drop());

async function newCustomer(credits = 0, threshold: number | null = null): Promise<string> {
  made += 1;
  const id = `customer ${made}`;
  await one('ensure_customer($1)', [id]);
  await one('set_low_balance_threshold($1, $2)', [id, threshold]);
  if (credits > 0) await add(id, credits);
  return id;
}

const add = (id: string, credits: number, expires: string | null = null) =>
  one<{ id: number }>("add_credits($1, $2, 'bonus', 'more', expires_at => $3)", [
    ...[id, credits, expires],
  ]);
const spend = (id: string, credits: number) =>
  one<{ id: number; created_at: Date }>("deduct_credits($1, $2, 'work')", [id, credits]);

/** Has the watch look at all that is posted; answers how many it raised. */
async function watch() {
  await untilSettled();
  return (await one<{ raised: number }>('watch_balances() AS raised')).raised;
}

const told = (id: string) =>
  rows<Notification>(
    'SELECT * FROM credits_billing.notifications WHERE customer_id = $1 ORDER BY id',
    [id],
  );
const kinds = async (id: string) => (await told(id)).map(({ kind, balance }) => [kind, balance]);

describe('a balance', () => {
  it('that falls below its threshold, and then to nothing, is told of once each', async () => {
    const id = await newCustomer(100, 20);
    await spend(id, 80);
    expect(await watch(), 'at the threshold').toBe(0);
    const low = await spend(id, 1);
    expect(await watch()).toBe(1);
    await spend(id, 5);
    expect(await watch(), 'low already').toBe(0);
    const empty = await spend(id, 14);
    expect(await watch()).toBe(1);
    expect(await watch(), 'a second look').toBe(0);
    expect(await told(id)).toMatchObject([
      {
        ...{ kind: 'low', balance: 19, threshold: 20 },
        ...{ transaction_id: low.id, occurred_at: low.created_at },
      },
      { kind: 'empty', balance: 0, threshold: 20, transaction_id: empty.id },
    ]);
  });

  it('that recovers is told of again when it falls again', async () => {
    const id = await newCustomer(30, 20);
    await spend(id, 15);
    await add(id, 4);
    await spend(id, 1);
    expect(await watch(), 'not recovered').toBe(1);
    await add(id, 2);
    await spend(id, 1);
    expect(await watch(), 'recovered to the threshold, and below it').toBe(1);
    await spend(id, 19);
    await add(id, 1);
    await spend(id, 1);
    expect(await watch(), 'to nothing, to little, and to nothing').toBe(2);
    expect(await kinds(id)).toEqual([
      ['low', 15],
      ['low', 19],
      ['empty', 0],
      ['empty', 0],
    ]);
  });

  it('that falls to nothing at once is told of once, as empty', async () => {
    const id = await newCustomer(30, 20);
    await spend(id, 30);
    expect(await watch()).toBe(1);
    expect(await kinds(id)).toEqual([['empty', 0]]);
  });

  it('that only rises, or does not move, is not told of', async () => {
    const id = await newCustomer(5, 20);
    await add(id, 3);
    const held = await one<{ id: number }>("hold_credits($1, 2, 'job')", [id]);
    await one('release_hold($1, $2)', [id, held.id]);
    await one('set_low_balance_threshold($1, 50)', [id]);
    expect(await watch()).toBe(0);
  });

  it('that expires or is clawed back is told of too', async () => {
    const id = await newCustomer(0, 20);
    await add(id, 50, '2001-01-01');
    await one("add_credits($1, 10, 'purchase', 'pack', $2)", [id, `pi ${id}`]);
    await one('expire_credits() AS written');
    await one("claw_back($1, $2, 10, 'debt', 'clawback')", [id, `pi ${id}`]);
    expect(await watch()).toBe(2);
    expect(await kinds(id)).toEqual([
      ['low', 10],
      ['empty', 0],
    ]);
  });

  it('is told of by what a database transaction did to it as a whole', async () => {
    const [swept, refilled] = [await newCustomer(0, 20), await newCustomer(100, 20)];
    await add(swept, 50, '2001-01-01');
    await add(swept, 15);
    // The sweep leaves 15, the debit 0: one fall.
    const debit = await spend(swept, 15);
    await client.query('BEGIN');
    await spend(refilled, 100);
    await add(refilled, 60);
    await client.query('COMMIT');
    expect(await watch()).toBe(1);
    expect(await told(swept)).toMatchObject([
      { kind: 'empty', balance: 0, transaction_id: debit.id },
    ]);
    expect(await told(refilled)).toEqual([]);
  });

  it('of a posting that was undone is not told of', async () => {
    const id = await newCustomer(100, 20);
    await client.query('BEGIN');
    await spend(id, 90);
    await client.query('ROLLBACK');
    await expect(spend(id, 101)).rejects.toMatchObject({ code: 'CR402' });
    expect(await watch()).toBe(0);
  });
});

describe('the threshold', () => {
  it('is the customer’s, else the plan’s, else the workspace’s', async () => {
    await rows(
      "INSERT INTO credits_billing.plans (tier, name, monthly_credits, low_balance_threshold) VALUES ('watched', 'Watched', 5, 40)",
    );
    const own = await newCustomer(100, 70);
    const ofPlan = await newCustomer(100);
    const ofWorkspace = await newCustomer(100);
    const onAnother = await newCustomer(100);
    for (const id of [own, ofPlan]) await one("set_plan_tier($1, 'watched')", [id]);
    await one("set_plan_tier($1, 'pro')", [onAnother]);
    const steps: [left: number, below: string[]][] = [
      [70, []],
      [69, [own]],
      [40, [own]],
      [39, [own, ofPlan]],
      [10, [own, ofPlan]],
      [9, [own, ofPlan, ofWorkspace, onAnother]],
    ];
    const all = [own, ofPlan, ofWorkspace, onAnother];
    let left = 100;
    for (const [to, below] of steps) {
      for (const id of all) await spend(id, left - to);
      left = to;
      await watch();
      const found: string[] = [];
      for (const id of all) if ((await told(id)).length > 0) found.push(id);
      expect(found, `${to} left`).toEqual(below);
    }
    expect((await told(own))[0]).toMatchObject({ threshold: 70 });
    expect((await told(ofPlan))[0]).toMatchObject({ threshold: 40 });
    expect((await told(ofWorkspace))[0]).toMatchObject({ threshold: 10 });
  });

  it('of 0 says nothing before nothing is left', async () => {
    const id = await newCustomer(10, 0);
    await spend(id, 9);
    expect(await watch()).toBe(0);
    await spend(id, 1);
    expect(await watch()).toBe(1);
    expect(await kinds(id)).toEqual([['empty', 0]]);
  });

  it('is set by support, from zero up, and back to none', async () => {
    const id = await newCustomer();
    const support = ledgerCallsOn(await database.connect('test_support'));
    const set = (threshold: number | null) =>
      support.one('set_low_balance_threshold($1, $2)', [id, threshold]);
    for (const threshold of [0, 25, 2 ** 53 - 1, null]) {
      expect(await set(threshold)).toMatchObject({ id, low_balance_threshold: threshold });
    }
    for (const threshold of [-1, 2 ** 53]) {
      await expect(set(threshold)).rejects.toMatchObject({ code: 'CR422' });
    }
    await expect(support.one('set_low_balance_threshold($1, 1)', ['nobody'])).rejects.toMatchObject(
      { code: 'CR404' },
    );
    for (const role of ['test_reader', 'test_service'] as const) {
      const each = ledgerCallsOn(await database.connect(role));
      await expect(each.one('set_low_balance_threshold($1, 1)', [id]), role).rejects.toMatchObject({
        code: '42501',
      });
    }
    await expect(support.one('watch_balances()')).rejects.toMatchObject({ code: '42501' });
    const admin = ledgerCallsOn(await database.connect('test_admin'));
    expect(await admin.one('watch_balances() AS raised')).toEqual({ raised: 0 });
  });
});

describe('a notification', () => {
  it('has a delivery for each channel that is on', async () => {
    const deliveries = async (email: boolean, webhook: boolean) => {
      await rows(
        'UPDATE credits_billing.notification_settings SET email_enabled = $1, webhook_enabled = $2',
        [email, webhook],
      );
      const id = await newCustomer(20, 15);
      await spend(id, 10);
      expect(await watch()).toBe(1);
      return rows(
        `SELECT d.channel, d.state, d.attempts FROM credits_billing.notifications n
         JOIN credits_billing.notification_deliveries d ON d.notification_id = n.id WHERE n.customer_id = $1 ORDER BY 1`,
        [id],
      );
    };
    const queued = (channel: string) => ({ channel, state: 'queued', attempts: 0 });
    expect(await deliveries(true, true)).toEqual([queued('email'), queued('webhook')]);
    expect(await deliveries(true, false)).toEqual([queued('email')]);
    expect(await deliveries(false, true)).toEqual([queued('webhook')]);
    expect(await deliveries(false, false)).toEqual([]);
  });

  it('is not lost where an older database transaction is open for long', async () => {
    const [slow, quick, undone] = [
      await newCustomer(20, 15),
      await newCustomer(20, 15),
      await newCustomer(20, 15),
    ];
    await watch();
    const calls = ledgerCallsOn(await database.connect());
    const other = ledgerCallsOn(await database.connect());
    await calls.rows('BEGIN');
    await calls.one("deduct_credits($1, 10, 'slow')", [slow]);
    await other.rows('BEGIN');
    await other.one("deduct_credits($1, 10, 'undone')", [undone]);
    await spend(quick, 10);
    // Some looks while they are open, and some in between.
    const look = () => one('watch_balances() AS raised');
    await look();
    await look();
    await other.rows('ROLLBACK');
    await look();
    await calls.rows('COMMIT');
    await watch();
    expect(await kinds(slow)).toEqual([['low', 10]]);
    expect(await kinds(quick)).toEqual([['low', 10]]);
    expect(await kinds(undone)).toEqual([]);
  });

  it('is raised by another watch where the first is killed before it is done', async () => {
    const id = await newCustomer(20, 15);
    await watch();
    await spend(id, 10);
    await untilSettled();
    const victim = await database.connect();
    const found = await victim.query('SELECT pg_backend_pid() AS pid');
    await victim.query('BEGIN');
    const look = 'SELECT credits.watch_balances() AS raised';
    expect((await victim.query(look)).rows).toEqual([{ raised: 1 }]);
    expect(await rows(look), 'while the first is at it').toEqual([{ raised: 0 }]);
    await rows('SELECT pg_terminate_backend($1)', [found.rows[0].pid]);
    await expect.poll(() => rows(look)).toEqual([{ raised: 1 }]);
    expect(await rows(look)).toEqual([{ raised: 0 }]);
    expect(await kinds(id)).toEqual([['low', 10]]);
  });

  it('is looked for without writing anything where nothing was posted', async () => {
    await watch();
    const row = 'SELECT xmin::text, ctid::text FROM credits_billing.notification_watch';
    const before = await rows(row);
    expect(await watch()).toBe(0);
    expect(await rows(row)).toEqual(before);
  });
});

describe('on another server', () => {
  it('the watch begins anew, and tells nothing of what was restored', async () => {
    const before = await newCustomer(20, 15);
    await untilSettled();
    await spend(before, 10);
    // Rows as of a dump: their numbers are some that this server has yet to reach.
    const restored = await newCustomer(0, 15);
    await rows(
      `INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, actor, recorded_in)
       SELECT $1, x.amount, x.after, x.type, 'test', (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 3000)::text::xid8
       FROM (VALUES (20, 20, 'bonus')) x (amount, after, type)`,
      [restored],
    );
    await rows(
      `INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, actor, recorded_in)
       SELECT $1, -10, 10, 'usage', 'test', (t.recorded_in::text::bigint + 5)::text::xid8
       FROM credits.credit_transactions t WHERE t.customer_id = $1`,
      [restored],
    );
    await rows('UPDATE credits.accounts SET credits_balance = 10 WHERE customer_id = $1', [
      restored,
    ]);
    await rows(
      `INSERT INTO credits.credit_grants (customer_id, transaction_id, granted, remaining)
       SELECT $1, min(id), 20, 10 FROM credits.credit_transactions WHERE customer_id = $1`,
      [restored],
    );
    await rows(
      `INSERT INTO credits.credit_consumptions (customer_id, transaction_id, grant_id, amount, position)
       SELECT $1, max(t.id), max(g.id), 10, 1 FROM credits.credit_transactions t
       JOIN credits.credit_grants g ON g.customer_id = t.customer_id WHERE t.customer_id = $1`,
      [restored],
    );
    await rows(
      'UPDATE credits_billing.notification_watch SET server_identifier = server_identifier + 1',
    );
    expect(await watch()).toBe(0);
    const after = await newCustomer(20, 15);
    await spend(after, 10);
    await spend(restored, 10);
    // Numbers until those of the restored rows have passed.
    await rows(
      'DO $$ BEGIN FOR n IN 1..3100 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$',
    );
    expect(await watch()).toBe(2);
    expect(await told(before)).toEqual([]);
    expect(await kinds(restored)).toEqual([['empty', 0]]);
    expect(await kinds(after)).toEqual([['low', 10]]);
    expect(await broken()).toEqual([]);
  });

  it('whose numbers the horizon has not been reached by, it begins anew too', async () => {
    await rows(
      "UPDATE credits_billing.notification_watch SET horizon = '18446744073709551000', looked_at = now()",
    );
    await watch();
    const id = await newCustomer(20, 15);
    await spend(id, 10);
    expect(await watch()).toBe(1);
    expect(await kinds(id)).toEqual([['low', 10]]);
  });
});

/** What one database transaction does: amounts that come in (positive) or go (negative), and whether it is undone. */
const aPosting = fc.record({
  customer: fc.nat({ max: 4 }),
  amounts: fc.oneof(
    { arbitrary: fc.tuple(fc.integer({ min: -30, max: -1 })), weight: 4 },
    { arbitrary: fc.tuple(fc.integer({ min: 1, max: 25 })), weight: 4 },
    {
      arbitrary: fc.array(
        fc.oneof(fc.integer({ min: -30, max: -1 }), fc.integer({ min: 1, max: 25 })),
        { minLength: 2, maxLength: 4 },
      ),
      weight: 2,
    },
  ),
  undone: fc.integer({ min: 1, max: 10 }).map((number) => number === 1),
});

/** What was posted for one customer by one database transaction. */
type Posted = { lastId: number; after: number; lastDebitId: number | null };

describe('whatever is posted from several connections', () => {
  it('each fall is told of exactly once, also by watches side by side that are killed', async () => {
    const posters = await Promise.all(Array.from({ length: 4 }, () => database.connect()));
    const watcher = await database.connect();
    let raised = 0;
    await watch();
    const sequences = fc.array(fc.array(aPosting, { minLength: 40, maxLength: 80, size: 'max' }), {
      ...{ minLength: posters.length, maxLength: posters.length, size: 'max' },
    });
    await fc.assert(
      fc.asyncProperty(
        sequences,
        fc.array(fc.constantFrom(null, 0, 12, 25), { minLength: 5, maxLength: 5 }),
        async (lists, thresholds) => {
          const ids: string[] = [];
          const posted = new Map<string, Posted[]>();
          for (const threshold of thresholds) {
            const id = await newCustomer(0, threshold);
            const { id: lastId } = await add(id, 60);
            posted.set(id, [{ lastId, after: 60, lastDebitId: null }]);
            ids.push(id);
          }
          let working = true;
          const looking = async () => {
            while (working) await watcher.query('SELECT credits.watch_balances()');
          };
          const dying = async () => {
            while (working) {
              const victim = await database.connect();
              const found = await victim.query('SELECT pg_backend_pid() AS pid');
              await victim.query('BEGIN');
              await victim.query('SELECT FROM credits_billing.notification_watch FOR UPDATE');
              await victim.query('SELECT credits.watch_balances()');
              await database.pool.query('SELECT pg_terminate_backend($1)', [found.rows[0].pid]);
              await victim.end().catch(() => undefined);
            }
          };
          const post = async (on: pg.Client, list: (typeof lists)[number]) => {
            for (const posting of list) {
              const id = ids[posting.customer] ?? '';
              const done = await postAll(on, id, posting);
              if (done) posted.get(id)?.push(done);
            }
          };
          const watching = Promise.all([looking(), dying()]);
          await Promise.all(posters.map((on, number) => post(on, lists[number] ?? [])));
          working = false;
          await watching;
          await watch();

          const expected = ids.flatMap((id, number) =>
            fallsOf(id, posted.get(id) ?? [], thresholds[number] ?? 10),
          );
          raised += expected.length;
          expect(
            await rows(
              `SELECT customer_id, kind, balance, threshold, transaction_id FROM credits_billing.notifications
               WHERE customer_id = ANY($1) ORDER BY transaction_id`,
              [ids],
            ),
          ).toEqual(expected.sort((a, b) => a.transaction_id - b.transaction_id));
        },
      ),
      { numRuns: 5, endOnFailure: true },
    );
    expect(raised).toBeGreaterThan(20);
    expect(await broken()).toEqual([]);
  });
});

/** Posts in one database transaction; what is refused changes nothing, and the rest goes on. */
async function postAll(
  on: pg.Client,
  id: string,
  posting: { amounts: number[]; undone: boolean },
): Promise<Posted | null> {
  const calls = ledgerCallsOn(on);
  const done: Posted[] = [];
  await calls.rows('BEGIN');
  for (const amount of posting.amounts) {
    await calls.rows('SAVEPOINT before');
    try {
      const row = await calls.one<{ id: number; balance_after: number }>(
        "adjust_credits($1, $2, 'test')",
        [id, amount],
      );
      const lastDebitId = amount < 0 ? row.id : (done.at(-1)?.lastDebitId ?? null);
      done.push({ lastId: row.id, after: row.balance_after, lastDebitId });
    } catch (error) {
      expect(error).toMatchObject({ code: 'CR402' });
      await calls.rows('ROLLBACK TO before');
    }
  }
  await calls.rows(posting.undone ? 'ROLLBACK' : 'COMMIT');
  return posting.undone ? null : (done.at(-1) ?? null);
}

/** The falls that a reader of the postings finds who follows the level from one to the next. */
function fallsOf(id: string, postings: Posted[], threshold: number): Notification[] {
  const levels = ['enough', 'low', 'empty'];
  let level = 2;
  return postings
    .sort((a, b) => a.lastId - b.lastId)
    .flatMap(({ after, lastDebitId }) => {
      const before = level;
      level = after <= 0 ? 2 : after < threshold ? 1 : 0;
      return level > before && lastDebitId !== null
        ? [
            {
              ...{ customer_id: id, kind: levels[level] ?? '', balance: after },
              ...{ threshold, transaction_id: lastDebitId },
            },
          ]
        : [];
    });
}
