import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ledgerCallsOn, refusal } from '#test/support/ledger-calls.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let client: pg.Client;
let rows: ReturnType<typeof ledgerCallsOn>['rows'];
let one: ReturnType<typeof ledgerCallsOn>['one'];
let broken: ReturnType<typeof ledgerCallsOn>['broken'];
let made = 0;

const LAST_MONTH =
  "date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '5 days'";

beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.connect();
  ({ rows, one, broken } = ledgerCallsOn(client));
});
afterAll(() => database.drop());
// Each test looks at the plans of its own.
beforeEach(() => rows('UPDATE credits_billing.plans SET active = false'));

async function newPlan(
  credits: number,
  {
    rollover = 'expire',
    cap = null,
    allocates = true,
    active = true,
  }: { rollover?: string; cap?: number | null; allocates?: boolean; active?: boolean } = {},
): Promise<string> {
  made += 1;
  const tier = `plan_${made}`;
  await rows(
    `INSERT INTO credits_billing.plans (tier, name, monthly_credits, rollover, rollover_cap, allocates_without_subscription, active)
     VALUES ($1, 'Plan', $2, $3, $4, $5, $6)`,
    [tier, credits, rollover, cap, allocates, active],
  );
  return tier;
}

/** A customer of the last two months. */
async function newCustomer(tier: string | null): Promise<string> {
  made += 1;
  const id = `customer ${made}`;
  await one('ensure_customer($1, plan_tier => $2)', [id, tier]);
  await rows("UPDATE credits.customers SET created_at = now() - interval '60 days' WHERE id = $1", [
    id,
  ]);
  return id;
}

async function allocate(asOf = 'now()', batch = 200): Promise<number> {
  return (await one<{ allocated: number }>(`allocate_plans(${asOf}, ${batch}) AS allocated`))
    .allocated;
}

const balanceOf = async (id: string) =>
  (await one<{ balance: number }>('get_balance($1)', [id])).balance;
const logOf = (id: string) =>
  rows<{ transaction_type: string; amount: number }>(
    'SELECT transaction_type, amount FROM credits.credit_transactions WHERE customer_id = $1 ORDER BY id',
    [id],
  );
const amountsOf = async (id: string) =>
  (await logOf(id)).map(({ transaction_type: type, amount }) => [type, amount]);
const subscribe = (id: string, tier: string | null, status: string, account = 'acct_1') =>
  rows(
    `INSERT INTO credits_billing.subscriptions (id, account_id, customer_id, status, plan_tier) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (id) DO UPDATE SET status = excluded.status`,
    [`sub ${id}`, account, id, status, tier],
  );

describe('the monthly credits of a plan', () => {
  it('come once in a month of UTC, as a grant that ends with it, whatever the session’s time zone', async () => {
    const id = await newCustomer(await newPlan(50));
    await rows("SET TimeZone = 'America/Los_Angeles'");
    await rows("SET DateStyle = 'German'");
    expect(await allocate()).toBe(1);
    expect(await allocate()).toBe(0);
    await rows('RESET TimeZone');
    await rows('RESET DateStyle');
    const [found] = await rows(
      `SELECT t.amount, t.transaction_type, t.description, t.metadata ->> 'period' AS period, g.is_paid,
         g.expires_at = (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC' AS ends_with_month,
         to_char(date_trunc('month', now() AT TIME ZONE 'UTC'), 'YYYY-MM-DD') AS month,
         'Plan plan, ' || to_char(date_trunc('month', now() AT TIME ZONE 'UTC'), 'YYYY-MM-DD') || ' to '
           || to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month', 'YYYY-MM-DD') AS words
       FROM credits.credit_transactions t JOIN credits.credit_grants g ON g.customer_id = t.customer_id AND g.transaction_id = t.id
       WHERE t.customer_id = $1`,
      [id],
    );
    expect(found).toMatchObject({
      ...{ amount: 50, transaction_type: 'subscription_allocation', is_paid: false },
      ...{ ends_with_month: true, period: found?.month, description: found?.words },
    });
    expect(await one('get_balance($1)', [id])).toMatchObject({ balance: 50, lifetime: 0 });
    expect(await broken()).toEqual([]);
  });

  it.each([
    { rollover: 'expire', cap: null, left: 30, log: [['expire', -40]] },
    { rollover: 'keep', cap: null, left: 70, log: [] },
    { rollover: 'cap', cap: 15, left: 45, log: [['expire', -25]] },
    { rollover: 'cap', cap: 0, left: 30, log: [['expire', -40]] },
    { rollover: 'cap', cap: 100, left: 70, log: [] },
  ])('of the month before go by the rule $rollover $cap', async ({ rollover, cap, left, log }) => {
    const id = await newCustomer(await newPlan(40, { rollover, cap }));
    await one("add_credits($1, 7, 'bonus', 'not of the plan')", [id]);
    expect(await allocate(LAST_MONTH)).toBe(1);
    expect(await allocate(LAST_MONTH)).toBe(0);
    await rows('UPDATE credits_billing.plans SET monthly_credits = 30');
    expect(await allocate()).toBe(1);
    await one('expire_credits() AS written');
    expect(await balanceOf(id)).toBe(left + 7);
    expect((await amountsOf(id)).filter(([type]) => type === 'expire')).toEqual(log);
    expect(await broken()).toEqual([]);
  });

  it('are not given without a plan that says so', async () => {
    const ids = [
      await newCustomer(null),
      await newCustomer('no such plan'),
      await newCustomer(await newPlan(50, { allocates: false })),
      await newCustomer(await newPlan(50, { active: false })),
      await newCustomer(await newPlan(0)),
    ];
    expect(await allocate()).toBe(0);
    for (const id of ids) expect(await logOf(id)).toEqual([]);
  });

  it('are not given for a month before the customer came', async () => {
    const tier = await newPlan(50);
    const id = await newCustomer(tier);
    await rows('UPDATE credits.customers SET created_at = now() WHERE id = $1', [id]);
    expect(await allocate(LAST_MONTH)).toBe(0);
    expect(await allocate()).toBe(1);
    expect(await balanceOf(id)).toBe(50);
  });

  it('are left to Stripe where a subscription to a plan runs', async () => {
    const tier = await newPlan(50);
    for (const status of ['active', 'trialing', 'past_due', 'unpaid', 'paused', 'incomplete']) {
      await subscribe(await newCustomer(tier), 'pro', status);
    }
    expect(await allocate()).toBe(0);
    const given = [await newCustomer(tier), await newCustomer(tier), await newCustomer(tier)];
    await subscribe(given[0] ?? '', 'pro', 'canceled');
    await subscribe(given[1] ?? '', 'pro', 'incomplete_expired');
    // One that only bills usage gives no credits.
    await subscribe(given[2] ?? '', null, 'active');
    expect(await allocate()).toBe(3);
    for (const id of given) expect(await balanceOf(id)).toBe(50);
  });

  it('are given where the subscription is of an account that the workspace left', async () => {
    const tier = await newPlan(50);
    const [ofThis, ofOther] = [await newCustomer(tier), await newCustomer(tier)];
    await subscribe(ofThis, 'pro', 'active', 'acct_this');
    await subscribe(ofOther, 'pro', 'active', 'acct_other');
    await rows(
      "UPDATE credits_billing.stripe_settings SET account_id = 'acct_this', livemode = false, simulated = false",
    );
    expect(await allocate()).toBe(1);
    expect(await balanceOf(ofOther)).toBe(50);
    await rows(
      'UPDATE credits_billing.stripe_settings SET account_id = null, livemode = null, simulated = null',
    );
  });

  it('are not given twice where the plan changes within the month', async () => {
    const [small, large] = [await newPlan(50), await newPlan(500)];
    const id = await newCustomer(small);
    expect(await allocate()).toBe(1);
    await one('set_plan_tier($1, $2)', [id, large]);
    expect(await allocate()).toBe(0);
    // A subscription that came and went is no reason either.
    await subscribe(id, 'pro', 'active');
    await subscribe(id, 'pro', 'canceled');
    expect(await allocate()).toBe(0);
    expect(await balanceOf(id)).toBe(50);
  });

  it('pay a debt first', async () => {
    const id = await newCustomer(await newPlan(50));
    await one("add_credits($1, 20, 'purchase', 'pack', $2)", [id, `pi ${id}`]);
    await one("deduct_credits($1, 20, 'work')", [id]);
    await one("claw_back($1, $2, 20, 'debt', 'clawback')", [id, `pi ${id}`]);
    expect(await allocate()).toBe(1);
    expect(await balanceOf(id)).toBe(30);
    expect(await broken()).toEqual([]);
  });

  it('reach the others where some have no room for them, in whatever batches', async () => {
    const tier = await newPlan(50, { rollover: 'cap', cap: 5 });
    const full: string[] = [];
    for (let number = 0; number < 3; number += 1) {
      const id = await newCustomer(tier);
      await one("add_credits($1, 9007199254740981, 'bonus', 'all there is')", [id]);
      await one("add_credits($1, 10, 'subscription_allocation', 'earlier')", [id]);
      full.push(id);
    }
    const others = [await newCustomer(tier), await newCustomer(tier)];
    expect(await allocate('now()', 1)).toBe(1);
    expect(await allocate('now()', 1)).toBe(1);
    expect(await allocate('now()', 1)).toBe(0);
    for (const id of others) expect(await balanceOf(id)).toBe(50);
    // What had to be left undone was left undone whole.
    for (const id of full) {
      expect(await balanceOf(id)).toBe(9_007_199_254_740_991);
      expect(await logOf(id)).toHaveLength(2);
    }
    const [id] = full;
    await one("deduct_credits($1, 100, 'work')", [id]);
    expect(await allocate()).toBe(1);
    expect(await balanceOf(id ?? '')).toBeGreaterThan(9_007_199_254_740_890);
    expect(await broken()).toEqual([]);
  });

  it('wait for the next run where other work holds the customer', async () => {
    const tier = await newPlan(50);
    const [held, free] = [await newCustomer(tier), await newCustomer(tier)];
    await one("add_credits($1, 5, 'bonus', 'start')", [held]);
    const other = ledgerCallsOn(await database.connect());
    await other.rows('BEGIN');
    await other.one("deduct_credits($1, 1, 'work')", [held]);
    expect(await allocate()).toBe(1);
    expect(await balanceOf(free)).toBe(50);
    await other.rows('COMMIT');
    expect(await allocate()).toBe(1);
    expect(await balanceOf(held)).toBe(54);
  });

  it('come once by runs side by side, of which one is killed in the middle', async () => {
    const tier = await newPlan(50, { rollover: 'keep' });
    const ids: string[] = [];
    for (let number = 0; number < 40; number += 1) ids.push(await newCustomer(tier));
    const victim = await database.connect();
    const found = await victim.query('SELECT pg_backend_pid() AS pid');
    await victim.query('BEGIN');
    expect((await victim.query('SELECT credits.allocate_plans(batch => 9) AS done')).rows).toEqual([
      { done: 9 },
    ]);
    const runners = await Promise.all([database.connect(), database.connect()]);
    const run = async (on: pg.Client) => {
      const calls = ledgerCallsOn(on);
      let [sum, last] = [0, -1];
      while (last !== 0) {
        last = (await calls.one<{ done: number }>('allocate_plans(batch => 4) AS done')).done;
        sum += last;
      }
      return sum;
    };
    const sums = await Promise.all(runners.map(run));
    expect(sums[0] ?? 0).toBe(31 - (sums[1] ?? 0));
    await rows('SELECT pg_terminate_backend($1)', [found.rows[0].pid]);
    let rest = 0;
    await expect
      .poll(async () => {
        rest += await allocate();
        return rest;
      })
      .toBe(9);
    expect(await allocate()).toBe(0);
    for (const id of ids) {
      expect(await amountsOf(id)).toEqual([['subscription_allocation', 50]]);
    }
    expect(await broken()).toEqual([]);
  });
});

it('takes a month that has begun, and a batch of at least one', async () => {
  for (const [args, argument] of [
    ['null', 'as_of'],
    ["'infinity'", 'as_of'],
    ["'-infinity'", 'as_of'],
    ["now() + interval '2 minutes'", 'as_of'],
    ['batch => 0', 'batch'],
    ['batch => null', 'batch'],
    ['batch => 100001', 'batch'],
  ] as const) {
    await expect(one(`allocate_plans(${args})`), args).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument }),
    );
  }
  for (const role of ['test_reader', 'test_support', 'test_service'] as const) {
    const each = ledgerCallsOn(await database.connect(role));
    await expect(each.one('allocate_plans()'), role).rejects.toMatchObject({ code: '42501' });
  }
  const admin = ledgerCallsOn(await database.connect('test_admin'));
  expect(await admin.one('allocate_plans() AS done')).toEqual({ done: 0 });
});
