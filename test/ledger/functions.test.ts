import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let client: pg.Client;
let made = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.connect();
});
afterAll(() => database.drop());

async function newCustomer(credits = 0): Promise<string> {
  made += 1;
  const id = `customer-${made}`;
  await client.query('SELECT * FROM credits.ensure_customer($1)', [id]);
  if (credits > 0) await add(id, credits);
  return id;
}

async function call(sql: string, values: unknown[] = []) {
  return (await client.query(`SELECT * FROM credits.${sql}`, values)).rows[0];
}

async function add(
  id: string,
  amount: number,
  options: { expiresAt?: string; priority?: number; type?: string; payment?: string } = {},
) {
  return call(
    "add_credits($1, $2, $3, 'start', stripe_payment_id => $4, expires_at => $5, priority => $6)",
    [
      id,
      amount,
      options.type ?? 'bonus',
      options.payment ?? null,
      options.expiresAt ?? null,
      options.priority ?? 100,
    ],
  );
}

async function grantsOf(id: string) {
  return (
    await client.query(
      'SELECT * FROM credits.credit_grants g WHERE g.customer_id = $1 ORDER BY g.id',
      [id],
    )
  ).rows;
}

function refusal(code: string, message: string, detail?: Record<string, unknown>) {
  return expect.objectContaining({
    code,
    message,
    ...(detail && {
      detail: expect.toSatisfy(
        (text: string) => contains(JSON.parse(text), detail),
        JSON.stringify(detail),
      ),
    }),
  });
}

function contains(actual: Record<string, unknown>, expected: Record<string, unknown>) {
  return Object.entries(expected).every(([key, value]) => actual[key] === value);
}

const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString();

describe('arguments', () => {
  const MAX = '9007199254740991';
  it.each([
    ["add_credits($1, 0, 'bonus', 'x')", 'amount'],
    ["add_credits($1, -5, 'bonus', 'x')", 'amount'],
    ["add_credits($1, null, 'bonus', 'x')", 'amount'],
    ["add_credits($1, 9007199254740992, 'bonus', 'x')", 'amount'],
    ["add_credits($1, 5, 'gift', 'x')", 'transaction_type'],
    ["add_credits($1, 5, 'usage', 'x')", 'transaction_type'],
    ["add_credits($1, 5, null, 'x')", 'transaction_type'],
    ["add_credits($1, 5, 'bonus', '')", 'description'],
    ["add_credits($1, 5, 'refund', E' \\t\\n')", 'description'],
    ["add_credits($1, 5, 'adjustment', null)", 'description'],
    ["add_credits($1, 5, 'bonus', repeat('x', 1000000))", 'description'],
    ["add_credits($1, 5, 'bonus', E'bell\\x07')", 'description'],
    ["add_credits($1, 5, 'bonus', 'x', idempotency_key => '')", 'idempotency_key'],
    ["add_credits($1, 5, 'bonus', 'x', metadata => '[]')", 'metadata'],
    ["add_credits($1, 5, 'bonus', 'x', metadata => null)", 'metadata'],
    ["add_credits($1, 5, 'bonus', 'x', priority => null)", 'priority'],
    ["deduct_credits($1, 0, 'x')", 'amount'],
    ["deduct_credits($1, -1, 'x')", 'amount'],
    ["deduct_credits($1, 1, 'x', repeat('f', 201))", 'feature'],
    ["use_feature($1, 'basic_search', 0)", 'quantity'],
    ["use_feature($1, 'ai_analysis', 9007199254740991)", 'quantity'],
    ["use_feature($1, '')", 'feature'],
    ["adjust_credits($1, 0, 'x')", 'amount'],
    ["adjust_credits($1, -9007199254740992, 'x')", 'amount'],
    ["adjust_credits($1, -9223372036854775808, 'x')", 'amount'],
    ["adjust_credits($1, 5, ' ')", 'description'],
    ["hold_credits($1, 0, 'x')", 'amount'],
    ["hold_credits($1, 1, 'x', expires_in => '0 s')", 'expires_in'],
    ["hold_credits($1, 1, 'x', expires_in => '2 years')", 'expires_in'],
    ['capture_hold($1, null)', 'hold_id'],
    ['capture_hold($1, 1, 0)', 'amount'],
    ['release_hold($1, null)', 'hold_id'],
    ["reverse_transaction($1, 1, '')", 'reason'],
    ["reverse_transaction($1, null, 'x')", 'transaction_id'],
    ["reverse_transaction($1, 1, 'x', 0)", 'amount'],
    ["claw_back($1, 'pi', 0, 'debt', 'k')", 'amount'],
    ["claw_back($1, 'pi', 1, 'later', 'k')", 'policy'],
    ["claw_back($1, 'pi', 1, 'debt', null)", 'idempotency_key'],
    ["claw_back($1, '', 1, 'debt', 'k')", 'stripe_payment_id'],
    ["extend_grant($1, 1, now() - interval '1 day', 'x')", 'expires_at'],
    ["extend_grant($1, 1, null, 'x')", 'expires_at'],
    ["extend_grant($1, 1, now() + interval '1 day', '')", 'reason'],
    ["get_usage_summary($1, now(), now() - interval '1 s')", 'end_at'],
    ["add_customer_note($1, '')", 'note'],
  ])('refuse %s by the name of %s', async (sql, argument) => {
    const id = await newCustomer(100);
    const before = await call('get_balance($1)', [id]);
    await expect(call(sql, [id])).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument }),
    );
    expect(await call('get_balance($1)', [id])).toEqual(before);
  });

  it('refuse an empty customer id, and expire_credits out of range', async () => {
    await expect(call("deduct_credits('', 1, 'x')")).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument: 'customer_id' }),
    );
    await expect(call('expire_credits(null)')).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument: 'as_of' }),
    );
    await expect(call('expire_credits(now(), 0)')).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument: 'batch' }),
    );
  });

  it('hold credits up to the range exactly, and not beyond it', async () => {
    const id = await newCustomer();
    await call(`add_credits($1, ${MAX}, 'purchase', 'all')`, [id]);
    expect((await call('get_balance($1)', [id])).balance).toBe(Number.MAX_SAFE_INTEGER);
    await expect(call("add_credits($1, 1, 'bonus', 'x')", [id])).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument: 'amount' }),
    );
  });

  it('keep markup and other scripts as they were written', async () => {
    const id = await newCustomer();
    const text = '<img src=x onerror=alert(1)> ١٢٣ 🙂 "quoted" \\ back';
    expect((await call("add_credits($1, 1, 'bonus', $2)", [id, text])).description).toBe(text);
  });
});

describe('what is not there', () => {
  it.each([
    ["add_credits('nobody', 1, 'bonus', 'x')", 'customer', 'nobody'],
    ["deduct_credits('nobody', 1, 'x')", 'customer', 'nobody'],
    ["get_credit_balance('nobody')", 'customer', 'nobody'],
    ["get_usage_summary('nobody', now(), now())", 'customer', 'nobody'],
    ["add_customer_note('nobody', 'x')", 'customer', 'nobody'],
  ])('is said of %s', async (sql, entity, id) => {
    await expect(call(sql)).rejects.toEqual(refusal('CR404', 'not_found', { entity, id }));
  });

  it.each([
    ["use_feature($1, 'teleport')", 'feature', 'teleport'],
    ['capture_hold($1, 999999)', 'hold', '999999'],
    ['release_hold($1, 999999)', 'hold', '999999'],
    ["reverse_transaction($1, 999999, 'x')", 'transaction', '999999'],
    ["extend_grant($1, 999999, now() + interval '1 day', 'x')", 'grant', '999999'],
    ["claw_back($1, 'pi_none', 1, 'debt', 'k')", 'stripe_payment', 'pi_none'],
  ])('is said of %s', async (sql, entity, id) => {
    await expect(call(sql, [await newCustomer(10)])).rejects.toEqual(
      refusal('CR404', 'not_found', { entity, id }),
    );
  });

  it('includes another customer’s rows', async () => {
    const [mine, theirs] = [await newCustomer(10), await newCustomer(10)];
    const posted = await call("deduct_credits($1, 5, 'work')", [theirs]);
    await expect(call("reverse_transaction($1, $2, 'x')", [mine, posted.id])).rejects.toEqual(
      refusal('CR404', 'not_found'),
    );
  });
});

describe('idempotency', () => {
  it('returns the first row for the same arguments, also when the order of JSON keys or the session’s time zone differs', async () => {
    const id = await newCustomer();
    const expiresAt = days(10);
    const first = await call(
      "add_credits($1, 5, 'bonus', 'x', idempotency_key => 'k', expires_at => $2, metadata => '{\"a\":1,\"b\":2}')",
      [id, expiresAt],
    );
    await client.query("SET TimeZone = 'Asia/Kathmandu'");
    const again = await call(
      "add_credits($1, 5, 'bonus', 'x', idempotency_key => 'k', expires_at => $2, metadata => '{\"b\":2,\"a\":1}')",
      [id, expiresAt],
    );
    await client.query('RESET TimeZone');
    expect(again).toEqual(first);
    expect((await call('get_balance($1)', [id])).balance).toBe(5);
  });

  it.each([
    "deduct_credits($1, 6, 'work', null, 'k')",
    "deduct_credits($1, 5, 'other', null, 'k')",
    "deduct_credits($1, 5, 'work', 'search', 'k')",
    "deduct_credits($1, 5, 'work', null, 'k', '{\"a\":1}')",
    "adjust_credits($1, -5, 'work', 'k')",
    "add_credits($1, 5, 'bonus', 'work', idempotency_key => 'k')",
    "hold_credits($1, 5, 'work', null, 'k')",
    "use_feature($1, 'advanced_search', 1, 'k')",
  ])('refuses the key of another call for %s', async (sql) => {
    const id = await newCustomer(100);
    const first = await call("deduct_credits($1, 5, 'work', null, 'k')", [id]);
    await expect(call(sql, [id])).rejects.toEqual(
      refusal('CR409', 'idempotency_conflict', { first_id: String(first.id) }),
    );
  });

  it('refuses the key of a hold for a debit', async () => {
    const id = await newCustomer(100);
    const hold = await call("hold_credits($1, 5, 'job', null, 'k')", [id]);
    await expect(call("deduct_credits($1, 5, 'job', null, 'k')", [id])).rejects.toEqual(
      refusal('CR409', 'idempotency_conflict', { first_id: String(hold.id) }),
    );
  });

  it('is kept per customer', async () => {
    const [a, b] = [await newCustomer(10), await newCustomer(10)];
    await call("deduct_credits($1, 5, 'work', null, 'k')", [a]);
    await call("deduct_credits($1, 6, 'work', null, 'k')", [b]);
    expect((await call('get_balance($1)', [b])).balance).toBe(4);
  });

  it('repeats a use of a feature at its first price', async () => {
    const id = await newCustomer(100);
    await client.query("INSERT INTO credits.feature_costs (feature, cost) VALUES ('resize', 2)");
    const first = await call("use_feature($1, 'resize', 3, 'k')", [id]);
    await client.query(
      "INSERT INTO credits.feature_costs (feature, valid_from, cost) VALUES ('resize', now(), 7)",
    );
    expect(await call("use_feature($1, 'resize', 3, 'k')", [id])).toEqual(first);
    expect((await call("use_feature($1, 'resize', 3, 'k2')", [id])).amount).toBe(-21);
    await client.query(
      "INSERT INTO credits.feature_costs (feature, valid_from, cost, active) VALUES ('resize', now() + interval '1 ms', 7, false)",
    );
    expect(await call("use_feature($1, 'resize', 3, 'k')", [id])).toEqual(first);
  });

  it('provisions a Stripe payment once under any key, for any customer', async () => {
    const [a, b] = [await newCustomer(), await newCustomer()];
    const first = await add(a, 50, { type: 'purchase', payment: 'pi_once' });
    for (const id of [a, b]) {
      for (const type of ['purchase', 'subscription_allocation']) {
        await expect(add(id, 50, { type, payment: 'pi_once' })).rejects.toEqual(
          refusal('CR409', 'already_processed', { first_id: String(first.id) }),
        );
      }
    }
  });
});

describe('burn order', () => {
  it('takes lower priority, then sooner expiry, then free before paid, then older, and records it', async () => {
    const id = await newCustomer();
    await add(id, 10, { type: 'purchase' });
    await add(id, 10);
    const soon = days(5);
    await add(id, 10, { expiresAt: days(9) });
    await add(id, 10, { expiresAt: soon, type: 'purchase' });
    await add(id, 10, { expiresAt: soon });
    await add(id, 10, { priority: 50 });
    await add(id, 10);
    const posted = await call("deduct_credits($1, 65, 'work')", [id]);
    const { rows } = await client.query(
      `SELECT g.id, c.amount FROM credits.credit_consumptions c
       JOIN credits.credit_grants g ON g.customer_id = c.customer_id AND g.id = c.grant_id
       WHERE c.customer_id = $1 AND c.transaction_id = $2 ORDER BY c.position`,
      [id, posted.id],
    );
    const ids = (await grantsOf(id)).map((grant) => grant.id);
    expect(rows.map((row) => [ids.indexOf(row.id), row.amount])).toEqual([
      [5, 10],
      [4, 10],
      [3, 10],
      [2, 10],
      [1, 10],
      [6, 10],
      [0, 5],
    ]);
  });
});

describe('expiry', () => {
  it('makes credits unspendable at its instant, whether or not the job has run', async () => {
    const id = await newCustomer(10);
    await add(id, 50, { expiresAt: days(-1) });
    expect(await call('get_balance($1)', [id])).toMatchObject({ balance: 60, available: 10 });
    expect((await call('get_credit_balance($1)', [id])).get_credit_balance).toBe(10);
    await expect(call("deduct_credits($1, 11, 'work')", [id])).rejects.toEqual(
      refusal('CR402', 'insufficient_credits', { required: 11, balance: 10, available: 10 }),
    );
    // The refused call changed nothing: what was due is still to be swept.
    expect((await call('get_balance($1)', [id])).balance).toBe(60);
    await call("deduct_credits($1, 10, 'work')", [id]);
    const { rows } = await client.query(
      'SELECT transaction_type, amount FROM credits.credit_transactions t WHERE t.customer_id = $1 ORDER BY t.id',
      [id],
    );
    expect(rows.map((row) => [row.transaction_type, row.amount])).toEqual([
      ['bonus', 10],
      ['bonus', 50],
      ['expire', -50],
      ['usage', -10],
    ]);
  });

  it('leaves credits of work in progress until the hold closes, and burns them first', async () => {
    const id = await newCustomer();
    await add(id, 100, { expiresAt: days(1) });
    const hold = await call("hold_credits($1, 80, 'job', expires_in => '10 days')", [id]);
    await add(id, 50);
    expect((await call('expire_credits($1)', [days(2)])).expire_credits).toBeGreaterThan(0);
    expect(await call('get_balance($1)', [id])).toMatchObject({
      balance: 130,
      held: 80,
      available: 50,
    });
    await call('capture_hold($1, $2, 60)', [id, hold.id]);
    expect((await grantsOf(id)).map((grant) => grant.remaining)).toEqual([20, 50]);
    await call('expire_credits($1)', [days(2)]);
    expect(await call('get_balance($1)', [id])).toMatchObject({ balance: 50, available: 50 });
  });

  it('closes holds at their end, so that a debit can use the credits', async () => {
    const id = await newCustomer(10);
    const hold = await call("hold_credits($1, 10, 'job', expires_in => '1 microsecond')", [id]);
    expect(await call('get_balance($1)', [id])).toMatchObject({ held: 0, available: 10 });
    await call("deduct_credits($1, 10, 'work')", [id]);
    await expect(call('capture_hold($1, $2)', [id, hold.id])).rejects.toEqual(
      refusal('CR409', 'hold_closed'),
    );
  });

  it('moves by extend_grant, with a record of who and why', async () => {
    const id = await newCustomer();
    await add(id, 10, { expiresAt: days(1) });
    const [grant] = await grantsOf(id);
    const later = days(31);
    await client.query("SET credits.actor = 'maria'");
    await call("extend_grant($1, $2, $3, 'goodwill')", [id, grant.id, later]);
    await call("extend_grant($1, $2, $3, 'goodwill')", [id, grant.id, later]);
    await client.query('RESET credits.actor');
    const { rows } = await client.query(
      'SELECT * FROM credits.credit_grant_changes c WHERE c.customer_id = $1',
      [id],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ reason: 'goodwill', actor: 'maria (postgres)' });
    expect((await call('expire_credits($1)', [days(2)])).expire_credits).toBe(0);
    await expect(call("extend_grant($1, $2, $3, 'x')", [id, grant.id, days(5)])).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument: 'expires_at' }),
    );
  });

  it('cannot be extended once it has passed, swept or not', async () => {
    const id = await newCustomer();
    await add(id, 10, { expiresAt: days(-1) });
    const [grant] = await grantsOf(id);
    const extend = () => call("extend_grant($1, $2, $3, 'x')", [id, grant.id, days(5)]);
    await expect(extend()).rejects.toEqual(
      refusal('CR410', 'already_spent', { left: 0, asked: 10 }),
    );
    await call('expire_credits()');
    await expect(extend()).rejects.toEqual(
      refusal('CR410', 'already_spent', { left: 0, asked: 10 }),
    );
  });
});

describe('reversal', () => {
  it('puts usage back on the grants it came from, the last taken from first', async () => {
    const id = await newCustomer();
    await add(id, 10, { priority: 10 });
    await add(id, 10, { priority: 20 });
    const posted = await call("deduct_credits($1, 15, 'work', 'search')", [id]);
    const reversal = await call("reverse_transaction($1, $2, 'mistake', 7)", [id, posted.id]);
    expect(reversal).toMatchObject({
      amount: 7,
      transaction_type: 'reversal',
      reverses_id: posted.id,
      feature: 'search',
    });
    expect((await grantsOf(id)).map((grant) => grant.remaining)).toEqual([2, 10]);
    await expect(call("reverse_transaction($1, $2, 'x', 9)", [id, posted.id])).rejects.toEqual(
      refusal('CR410', 'already_reversed', { left: 8, asked: 9 }),
    );
    await call("reverse_transaction($1, $2, 'the rest')", [id, posted.id]);
    await expect(call("reverse_transaction($1, $2, 'x')", [id, posted.id])).rejects.toEqual(
      refusal('CR410', 'already_reversed', { left: 0, asked: 15 }),
    );
    await expect(call("reverse_transaction($1, $2, 'x')", [id, reversal.id])).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument: 'transaction_id' }),
    );
  });

  it('brings credits of an expired grant back for 30 days at the same priority', async () => {
    const id = await newCustomer();
    await add(id, 10, { expiresAt: new Date(Date.now() + 400).toISOString(), priority: 30 });
    const posted = await call("deduct_credits($1, 4, 'work')", [id]);
    await client.query(
      'SELECT pg_sleep(greatest(0, extract(epoch FROM (SELECT min(g.expires_at) FROM credits.credit_grants g WHERE g.customer_id = $1) - clock_timestamp())))',
      [id],
    );
    await call("reverse_transaction($1, $2, 'mistake')", [id, posted.id]);
    const grants = await grantsOf(id);
    expect(grants[1]).toMatchObject({ granted: 4, remaining: 4, priority: 30 });
    const left = (grants[1].expires_at.getTime() - Date.now()) / 86_400_000;
    expect(left).toBeGreaterThan(29.99);
    expect(left).toBeLessThanOrEqual(30);
    // The expired rest can be reinstated the same way: by reversing the expire transaction.
    const { rows } = await client.query(
      "SELECT id FROM credits.credit_transactions t WHERE t.customer_id = $1 AND t.transaction_type = 'expire'",
      [id],
    );
    await call("reverse_transaction($1, $2, 'goodwill')", [id, rows[0].id]);
    expect(await call('get_balance($1)', [id])).toMatchObject({ balance: 10, available: 10 });
  });

  it('takes what is left of added credits, and says so when it is less', async () => {
    const id = await newCustomer();
    const added = await add(id, 100);
    await call("deduct_credits($1, 30, 'work')", [id]);
    await expect(call("reverse_transaction($1, $2, 'x')", [id, added.id])).rejects.toEqual(
      refusal('CR410', 'already_spent', { left: 70, asked: 100 }),
    );
    await call("hold_credits($1, 20, 'job')", [id]);
    await expect(call("reverse_transaction($1, $2, 'x', 70)", [id, added.id])).rejects.toEqual(
      refusal('CR402', 'insufficient_credits', { required: 70, balance: 70, available: 50 }),
    );
    expect(await call("reverse_transaction($1, $2, 'x', 50)", [id, added.id])).toMatchObject({
      amount: -50,
      balance_after: 20,
    });
  });
});

describe('clawback', () => {
  it('takes what is left of the purchase and records the rest as a number', async () => {
    const id = await newCustomer();
    await add(id, 100, { type: 'purchase', payment: 'pi_back' });
    await call("deduct_credits($1, 70, 'work')", [id]);
    await add(id, 500);
    const posted = await call(
      "claw_back($1, 'pi_back', 80, 'remaining', 'k1', '{\"refund\":\"re_1\"}')",
      [id],
    );
    expect(posted).toMatchObject({
      amount: -30,
      transaction_type: 'clawback',
      stripe_payment_id: 'pi_back',
    });
    expect(posted.metadata).toEqual({
      refund: 're_1',
      policy: 'remaining',
      asked: 80,
      unrecovered: 50,
    });
    expect((await call('get_balance($1)', [id])).balance).toBe(500);
    await expect(call("claw_back($1, 'pi_back', 21, 'debt', 'k2')", [id])).rejects.toEqual(
      refusal('CR410', 'already_reversed', { left: 20, asked: 21 }),
    );
    expect(await call("claw_back($1, 'pi_back', 20, 'remaining', 'k3')", [id])).toMatchObject({
      amount: 0,
    });
  });

  it('under debt goes below zero, and what comes in later pays the debt first', async () => {
    const id = await newCustomer();
    await add(id, 100, { type: 'purchase', payment: 'pi_debt' });
    await call("deduct_credits($1, 90, 'work')", [id]);
    const clawback = await call("claw_back($1, 'pi_debt', 100, 'debt', 'k')", [id]);
    expect(clawback).toMatchObject({ amount: -100, balance_after: -90 });
    await expect(call("deduct_credits($1, 1, 'work')", [id])).rejects.toEqual(
      refusal('CR402', 'insufficient_credits'),
    );
    await add(id, 60);
    expect((await grantsOf(id)).map((grant) => grant.remaining)).toEqual([0, 0]);
    await add(id, 60);
    expect((await grantsOf(id)).map((grant) => grant.remaining)).toEqual([0, 0, 30]);
    // A won dispute: what was really taken comes back.
    await call("reverse_transaction($1, $2, 'dispute won')", [id, clawback.id]);
    expect((await call('get_balance($1)', [id])).balance).toBe(130);
    expect((await client.query('SELECT * FROM credits.check_integrity($1)', [id])).rows).toEqual(
      [],
    );
  });

  it('may take the balance from under a hold, whose capture then fails', async () => {
    const id = await newCustomer();
    await add(id, 100, { type: 'purchase', payment: 'pi_held' });
    const hold = await call("hold_credits($1, 80, 'job')", [id]);
    await call("claw_back($1, 'pi_held', 100, 'remaining', 'k')", [id]);
    expect(await call('get_balance($1)', [id])).toMatchObject({
      balance: 0,
      held: 80,
      available: -80,
    });
    await expect(call('capture_hold($1, $2)', [id, hold.id])).rejects.toEqual(
      refusal('CR402', 'insufficient_credits'),
    );
    await call('release_hold($1, $2)', [id, hold.id]);
    expect((await client.query('SELECT * FROM credits.check_integrity($1)', [id])).rows).toEqual(
      [],
    );
  });
});

describe('customers, actors and summaries', () => {
  it('fills what is missing of a customer and keeps what is there', async () => {
    await call("ensure_customer('filled', 'a@x.example')");
    const filled = await call("ensure_customer('filled', 'b@x.example', 'Bo', 'cus_1', 'pro')");
    expect(filled).toMatchObject({
      email: 'a@x.example',
      name: 'Bo',
      stripe_customer_id: 'cus_1',
      plan_tier: 'pro',
    });
    await expect(call("ensure_customer('other', null, null, 'cus_1')")).rejects.toEqual(
      refusal('CR409', 'already_processed', { first_id: 'filled' }),
    );
    await expect(call("ensure_customer(E'line\\nbreak')")).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument: 'id' }),
    );
  });

  it('puts the acting person and always the database’s own user on the row', async () => {
    const id = await newCustomer();
    expect((await add(id, 1)).actor).toBe('postgres');
    await client.query("SET credits.actor = 'maria'");
    await client.query('SET credits.context = \'{"reason_code":"goodwill"}\'');
    const posted = await add(id, 1);
    await client.query('RESET credits.actor');
    for (const text of [
      'not json',
      '[1]',
      '"text"',
      '{"a":"\\u0000"}',
      `{"a":"${'x'.repeat(4_000)}"}`,
    ]) {
      await client.query("SELECT set_config('credits.context', $1, false)", [text]);
      await expect(add(id, 1), text).rejects.toEqual(
        refusal('CR422', 'invalid_argument', { argument: 'credits.context' }),
      );
    }
    await client.query('RESET credits.context');
    expect(posted).toMatchObject({
      actor: 'maria (postgres)',
      metadata: { reason_code: 'goodwill' },
    });
  });

  it('sums what was used, most first, from start to before end', async () => {
    const id = await newCustomer(100);
    for (const amount of [5, 7])
      await call("deduct_credits($1, $2, 'search', 'basic_search')", [id, amount]);
    await call("deduct_credits($1, 20, 'report', 'export_report')", [id]);
    await call("adjust_credits($1, -3, 'fix')", [id]);
    const { rows } = await client.query(
      "SELECT * FROM credits.get_usage_summary($1, now() - interval '1 hour', now() + interval '1 hour')",
      [id],
    );
    expect(rows).toEqual([
      {
        transaction_type: 'usage',
        description: 'report',
        feature: 'export_report',
        total_used: 20,
        transaction_count: 1,
      },
      {
        transaction_type: 'usage',
        description: 'search',
        feature: 'basic_search',
        total_used: 12,
        transaction_count: 2,
      },
      {
        transaction_type: 'adjustment',
        description: 'fix',
        feature: null,
        total_used: 3,
        transaction_count: 1,
      },
    ]);
    const { rows: earlier } = await client.query(
      'SELECT * FROM credits.get_usage_summary($1, $2, (SELECT min(created_at) FROM credits.credit_transactions t WHERE t.customer_id = $1))',
      [id, days(-1)],
    );
    expect(earlier).toEqual([]);
  });
});

describe('check_integrity', () => {
  const damages: [rule: string, sql: string][] = [
    [
      '1 ',
      'UPDATE credits.accounts SET credits_balance = credits_balance + 1 WHERE customer_id = $1',
    ],
    ['3 ', 'UPDATE credits.credit_grants SET remaining = remaining - 1 WHERE customer_id = $1'],
    ['4 ', 'UPDATE credits.credit_consumptions SET amount = amount - 1 WHERE customer_id = $1'],
    ['5 ', 'UPDATE credits.accounts SET credits_held = credits_held + 1 WHERE customer_id = $1'],
    ['6 ', 'UPDATE credits.accounts SET lifetime_credits = 1 WHERE customer_id = $1'],
    [
      '3 a grant is open',
      'UPDATE credits.credit_grants SET is_open = false WHERE customer_id = $1',
    ],
    [
      '2 ',
      "INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, actor) VALUES ($1, 5, 1000, 'bonus', 'damage')",
    ],
    [
      '8 ',
      "INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, actor) VALUES ($1, -95, -5, 'usage', 'damage')",
    ],
    [
      '7 one Stripe',
      "INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, actor, stripe_payment_id) VALUES ($1, 5, 95, 'purchase', 'damage', 'pi_other')",
    ],
  ];

  it.each(damages)('reports a broken rule %s', async (rule, sql) => {
    const id = await newCustomer(100);
    await call("deduct_credits($1, 10, 'work')", [id]);
    const other = await newCustomer();
    await client.query('BEGIN');
    await add(other, 5, { type: 'purchase', payment: 'pi_other' });
    expect((await client.query('SELECT * FROM credits.check_integrity($1)', [id])).rows).toEqual(
      [],
    );
    await client.query(sql, [id]);
    const { rows } = await client.query('SELECT * FROM credits.check_integrity($1)', [id]);
    const { rows: all } = await client.query('SELECT * FROM credits.check_integrity()');
    await client.query('ROLLBACK');
    expect(rows.map((row) => row.rule)).toContainEqual(expect.stringContaining(rule));
    expect(all.map((row) => row.rule)).toContainEqual(expect.stringContaining(rule));
  });
});
