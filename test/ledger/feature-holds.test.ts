import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ledgerCallsOn, refusal } from '#test/support/ledger-calls.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

type Hold = { id: number; amount: number; state: string; description: string; metadata: object };
type Transaction = { id: number; amount: number; balance_after: number; created_at: Date };

let database: TestDatabase;
let client: pg.Client;
let rows: ReturnType<typeof ledgerCallsOn>['rows'];
let one: ReturnType<typeof ledgerCallsOn>['one'];
let broken: ReturnType<typeof ledgerCallsOn>['broken'];
let made = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.connect();
  ({ rows, one, broken } = ledgerCallsOn(client));
  await client.query(
    "INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ('tokens', 'Tokens', 'sum')",
  );
});
afterAll(() => database.drop());
beforeEach(() => client.query('TRUNCATE credits.usage_reports'));

async function newCustomer(credits = 100): Promise<string> {
  made += 1;
  const id = `customer ${made}`;
  await one('ensure_customer($1, stripe_customer_id => $2)', [id, `cus_${made}`]);
  if (credits > 0) await one("add_credits($1, $2, 'bonus', 'start')", [id, credits]);
  return id;
}

async function newFeature(cost: number): Promise<string> {
  made += 1;
  const feature = `feature_${made}`;
  await rows('INSERT INTO credits.feature_costs (feature, cost) VALUES ($1, $2)', [feature, cost]);
  return feature;
}

/** A feature whose uses are billed through the meter, for a customer who runs a subscription on it. */
async function meteredUse(mode: 'report' | 'both', credits: number) {
  const [id, feature] = [await newCustomer(credits), await newFeature(4)];
  await rows(
    "INSERT INTO credits_billing.feature_meters (feature, event_name, mode) VALUES ($1, 'tokens', $2)",
    [feature, mode],
  );
  await rows(
    "INSERT INTO credits_billing.subscriptions (id, account_id, customer_id, status) VALUES ($1, 'acct_1', $2, 'active')",
    [`sub ${id}`, id],
  );
  await rows(
    `INSERT INTO credits_billing.subscription_items (id, subscription_id, account_id, customer_id, price_id, event_name,
       current_period_start, current_period_end)
     VALUES ($1, $2, 'acct_1', $3, 'price_1', 'tokens', now() - interval '1 day', now() + interval '1 day')`,
    [`si ${id}`, `sub ${id}`, id],
  );
  return { id, feature };
}

const hold = (id: string, feature: string, quantity = 1, key: string | null = null, more = '') =>
  one<Hold>(`hold_feature($1, $2, $3, $4${more})`, [id, feature, quantity, key]);
const capture = (id: string, holdId: number, amount: number | null = null) =>
  one<Transaction>('capture_hold($1, $2, $3)', [id, holdId, amount]);
const release = (id: string, holdId: number) => one<Hold>('release_hold($1, $2)', [id, holdId]);
const balanceOf = (id: string) => one('get_balance($1)', [id]);
const reports = () =>
  rows('SELECT quantity, event_name, transaction_id, occurred_at FROM credits.usage_reports');

describe('a hold of a feature', () => {
  it('sets aside what it costs, and its capture is the use', async () => {
    const [id, feature] = [await newCustomer(), await newFeature(3)];
    const held = await hold(id, feature, 5, null, ", description => 'Report for March'");
    expect(held).toMatchObject({
      ...{ amount: 15, state: 'open', description: 'Report for March', feature },
      metadata: { use: { quantity: 5, unit_cost: 3 } },
    });
    expect(await balanceOf(id)).toMatchObject({ balance: 100, held: 15, available: 85 });
    expect(await capture(id, held.id)).toMatchObject({
      ...{ amount: -15, balance_after: 85, transaction_type: 'usage' },
      ...{ feature, description: 'Report for March' },
      metadata: { hold_id: String(held.id), quantity: 5, unit_cost: 3 },
    });
    expect(await balanceOf(id)).toMatchObject({ balance: 85, held: 0, available: 85 });
    expect(await reports()).toEqual([]);
    expect(await broken()).toEqual([]);
  });

  it('is captured in part, or released, and then is closed', async () => {
    const [id, feature] = [await newCustomer(), await newFeature(3)];
    const [part, none] = [await hold(id, feature, 5), await hold(id, feature, 5)];
    expect(await capture(id, part.id, 4)).toMatchObject({ amount: -4 });
    expect(await release(id, none.id)).toMatchObject({ state: 'released', description: feature });
    expect(await balanceOf(id)).toMatchObject({ balance: 96, held: 0 });
    for (const { id: closed } of [part, none]) {
      await expect(capture(id, closed)).rejects.toMatchObject({ message: 'hold_closed' });
      await expect(release(id, closed)).rejects.toMatchObject({ message: 'hold_closed' });
    }
    expect(await broken()).toEqual([]);
  });

  it('keeps its price when the feature’s changes before the capture', async () => {
    const [id, feature] = [await newCustomer(), await newFeature(3)];
    const before = await hold(id, feature, 2);
    await one('set_feature_cost($1, 8)', [feature]);
    const after = await hold(id, feature, 2);
    await one('set_feature_cost($1, 8, active => false)', [feature]);
    expect(await capture(id, before.id)).toMatchObject({ amount: -6, metadata: { unit_cost: 3 } });
    expect(await capture(id, after.id)).toMatchObject({ amount: -16, metadata: { unit_cost: 8 } });
  });

  it('is one where the call is repeated, also after its price changed or the feature went', async () => {
    const [id, feature] = [await newCustomer(), await newFeature(3)];
    const first = await hold(id, feature, 2, 'key');
    expect(await hold(id, feature, 2, 'key')).toEqual(first);
    await one('set_feature_cost($1, 8)', [feature]);
    expect(await hold(id, feature, 2, 'key')).toEqual(first);
    await one('set_feature_cost($1, 8, active => false)', [feature]);
    expect(await hold(id, feature, 2, 'key')).toEqual(first);
    await capture(id, first.id);
    expect(await hold(id, feature, 2, 'key')).toMatchObject({ id: first.id, state: 'captured' });
    // Of a feature that went, another call is refused for that.
    await expect(hold(id, feature, 3, 'key')).rejects.toMatchObject({ code: 'CR404' });
    await one('set_feature_cost($1, 8)', [feature]);
    for (const other of [
      () => hold(id, feature, 3, 'key'),
      () => hold(id, feature, 2, 'key', ", description => 'Another'"),
      () => hold(id, feature, 2, 'key', ", expires_in => '1 hour'"),
      () => hold(id, 'basic_search', 2, 'key'),
      () => one("hold_credits($1, 6, $2, $2, 'key')", [id, feature]),
      () => one("use_feature($1, $2, 2, 'key')", [id, feature]),
    ]) {
      await expect(other()).rejects.toEqual(
        refusal('CR409', 'idempotency_conflict', { first_id: String(first.id) }),
      );
    }
    expect(await balanceOf(id)).toMatchObject({ balance: 94, held: 0 });
  });

  it('is refused where the key stands on a transaction', async () => {
    const id = await newCustomer();
    const used = await one<Transaction>("use_feature($1, 'basic_search', 1, 'key')", [id]);
    await expect(hold(id, 'basic_search', 1, 'key')).rejects.toEqual(
      refusal('CR409', 'idempotency_conflict', { first_id: String(used.id) }),
    );
  });

  it('is refused beyond what is available, and changes nothing', async () => {
    const [id, feature] = [await newCustomer(20), await newFeature(7)];
    await hold(id, feature, 2);
    await expect(hold(id, feature, 1)).rejects.toEqual(
      refusal('CR402', 'insufficient_credits', { required: 7, balance: 20, available: 6 }),
    );
    await expect(hold('nobody', feature)).rejects.toEqual(
      refusal('CR404', 'not_found', { entity: 'customer', id: 'nobody' }),
    );
    expect(await balanceOf(id)).toMatchObject({ held: 14 });
    expect(await broken()).toEqual([]);
  });

  it.each([
    ["hold_feature(null, 'basic_search')", 'customer_id'],
    ["hold_feature('', 'basic_search')", 'customer_id'],
    ['hold_feature($1, null)', 'feature'],
    ["hold_feature($1, E'basic\\x07')", 'feature'],
    ["hold_feature($1, 'basic_search', 0)", 'quantity'],
    ["hold_feature($1, 'basic_search', 1, '')", 'idempotency_key'],
    ["hold_feature($1, 'basic_search', 1, repeat('k', 256))", 'idempotency_key'],
    ["hold_feature($1, 'basic_search', 1, null, null)", 'expires_in'],
    ["hold_feature($1, 'basic_search', 1, null, '0')", 'expires_in'],
    ["hold_feature($1, 'basic_search', 1, null, '-1 second')", 'expires_in'],
    ["hold_feature($1, 'basic_search', 1, null, '1 year 1 second')", 'expires_in'],
    ["hold_feature($1, 'basic_search', description => repeat('d', 1001))", 'description'],
  ])('is refused: %s, for %s', async (call, argument) => {
    const id = await newCustomer();
    await expect(one(call, call.includes('$1') ? [id] : [])).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument }),
    );
    expect(await rows('SELECT FROM credits.credit_holds WHERE customer_id = $1', [id])).toEqual([]);
  });

  it('lasts a year at most, in days of which it has 365', async () => {
    const id = await newCustomer();
    for (const longest of ['365 days', '1 year', '8766 hours']) {
      const call = 'hold_feature($1, $2, expires_in => $3::interval)';
      await one(call, [id, 'basic_search', longest]);
    }
  });

  it('stands for what was asked, whatever context its client sets', async () => {
    const id = await newCustomer();
    const context = { use: { quantity: 9, meter: 'tokens' }, meter: 'tokens', case_link: 'T-1' };
    await client.query("SELECT set_config('credits.context', $1, false)", [
      JSON.stringify(context),
    ]);
    const plain = await one<Hold>("hold_credits($1, 5, 'job')", [id]);
    const ofFeature = await hold(id, 'advanced_search', 2);
    const captures = [await capture(id, plain.id), await capture(id, ofFeature.id)];
    await client.query('RESET credits.context');
    expect(plain.metadata).toEqual({ meter: 'tokens', case_link: 'T-1' });
    expect(ofFeature.metadata).toMatchObject({ use: { quantity: 2, unit_cost: 5 } });
    expect(captures).toMatchObject([
      { amount: -5, metadata: { case_link: 'T-1', hold_id: String(plain.id) } },
      { amount: -10, metadata: { quantity: 2, unit_cost: 5, hold_id: String(ofFeature.id) } },
    ]);
    expect(await reports()).toEqual([]);
  });

  it('lets work that runs at once have exactly what there is, and leaves nothing held', async () => {
    const [id, feature] = [await newCustomer(30), await newFeature(3)];
    const clients = await Promise.all(Array.from({ length: 12 }, () => database.connect()));
    let [worked, refused, failed] = [0, 0, 0];
    const work = async (on: pg.Client, number: number) => {
      for (let turn = 0; turn < 3; turn += 1) {
        const calls = ledgerCallsOn(on);
        try {
          const held = await calls.one<Hold>('hold_feature($1, $2, 1, $3)', [
            ...[id, feature, `${number} ${turn}`],
          ]);
          // Each third piece of work fails.
          if ((number + turn) % 3 === 0) {
            await calls.one('release_hold($1, $2)', [id, held.id]);
            failed += 1;
          } else {
            await calls.one('capture_hold($1, $2)', [id, held.id]);
            worked += 1;
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'CR402' });
          refused += 1;
        }
      }
    };
    await Promise.all(clients.map(work));
    expect(worked + refused + failed).toBe(36);
    expect(worked).toBeLessThanOrEqual(10);
    expect(await balanceOf(id)).toMatchObject({ balance: 30 - 3 * worked, held: 0 });
    expect(await broken()).toEqual([]);
    await Promise.all(clients.map((each) => each.end()));
  });
});

describe('a hold of a feature that a meter bills instead', () => {
  it('holds no credits, and its capture reports the use once', async () => {
    const { id, feature } = await meteredUse('report', 0);
    const held = await hold(id, feature, 7, 'key');
    expect(held).toMatchObject({ amount: 0, metadata: { use: { quantity: 7, meter: 'tokens' } } });
    expect(await reports()).toEqual([]);
    const captured = await capture(id, held.id);
    expect(captured).toMatchObject({
      ...{ amount: 0, balance_after: 0, feature, transaction_type: 'usage' },
      metadata: { hold_id: String(held.id), quantity: 7, meter: 'tokens' },
    });
    await expect(capture(id, held.id)).rejects.toMatchObject({ message: 'hold_closed' });
    expect(await reports()).toEqual([
      {
        ...{ quantity: 7, event_name: 'tokens', transaction_id: captured.id },
        occurred_at: captured.created_at,
      },
    ]);
    await expect(hold(id, feature, 1, 'two').then((h) => capture(id, h.id, 1))).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument: 'amount' }),
    );
    expect(await broken()).toEqual([]);
  });

  it('is given to a customer in debt, whose debt it leaves alone', async () => {
    const { id, feature } = await meteredUse('report', 0);
    await one("add_credits($1, 10, 'purchase', 'pack', $2)", [id, `pi ${id}`]);
    await one("deduct_credits($1, 8, 'work')", [id]);
    await one("claw_back($1, $2, 10, 'debt', 'clawback')", [id, `pi ${id}`]);
    expect(await one('check_credits($1, null, $2, 3)', [id, feature])).toMatchObject({
      ...{ sufficient: true, required: 0, balance: -8, available: -8 },
      ...{ event_name: 'tokens', mode: 'report', unit_cost: 4 },
    });
    const held = await hold(id, feature, 3);
    expect(await capture(id, held.id)).toMatchObject({ amount: 0, balance_after: -8 });
    expect(await balanceOf(id)).toMatchObject({ balance: -8, held: 0 });
    expect(await reports()).toMatchObject([{ quantity: 3 }]);
    expect(await broken()).toEqual([]);
  });

  it('reports nothing where it is released or runs out', async () => {
    const { id, feature } = await meteredUse('report', 0);
    await release(id, (await hold(id, feature, 3)).id);
    const over = await hold(id, feature, 3, null, ", expires_in => '1 microsecond'");
    await expect(capture(id, over.id)).rejects.toMatchObject({ message: 'hold_closed' });
    await one('expire_credits() AS written');
    expect(
      await rows('SELECT state FROM credits.credit_holds WHERE customer_id = $1 ORDER BY id', [id]),
    ).toEqual([{ state: 'released' }, { state: 'expired' }]);
    expect(await reports()).toEqual([]);
    expect(await broken()).toEqual([]);
  });

  it('goes to the meter of when it was held', async () => {
    const { id, feature } = await meteredUse('report', 0);
    const held = await hold(id, feature, 3);
    await rows('DELETE FROM credits_billing.feature_meters WHERE feature = $1', [feature]);
    await expect(hold(id, feature, 3)).rejects.toMatchObject({ code: 'CR402' });
    await capture(id, held.id);
    expect(await reports()).toMatchObject([{ quantity: 3, event_name: 'tokens' }]);
  });

  it('takes no more units than a meter does, and says so before the use too', async () => {
    const { id, feature } = await meteredUse('report', 0);
    for (const call of ['hold_feature($1, $2, $3)', 'check_credits($1, null, $2, $3)']) {
      await expect(one(call, [id, feature, 1e15]), call).rejects.toEqual(
        refusal('CR422', 'invalid_argument', {
          argument: 'quantity',
          why: 'has more than 15 digits, the most that Stripe takes',
        }),
      );
    }
  });
});

describe('a hold of a feature that a meter bills besides', () => {
  it('holds its credits, and reports all of the use also where only a part is captured', async () => {
    const { id, feature } = await meteredUse('both', 30);
    const [whole, part] = [await hold(id, feature, 3), await hold(id, feature, 4)];
    expect(whole).toMatchObject({
      amount: 12,
      metadata: { use: { quantity: 3, unit_cost: 4, meter: 'tokens' } },
    });
    await expect(hold(id, feature, 1)).rejects.toMatchObject({ code: 'CR402' });
    expect(await capture(id, whole.id)).toMatchObject({ amount: -12 });
    expect(await capture(id, part.id, 1)).toMatchObject({ amount: -1, balance_after: 17 });
    expect(await reports()).toMatchObject([{ quantity: 3 }, { quantity: 4 }]);
    expect(await broken()).toEqual([]);
  });

  it('reports nothing where the capture fails', async () => {
    const { id, feature } = await meteredUse('both', 0);
    await one("add_credits($1, 10, 'purchase', 'pack', $2)", [id, `pi ${id}`]);
    const held = await hold(id, feature, 2);
    await one("claw_back($1, $2, 10, 'debt', 'clawback')", [id, `pi ${id}`]);
    await expect(capture(id, held.id)).rejects.toMatchObject({ code: 'CR402' });
    expect(await reports()).toEqual([]);
    expect(await broken()).toEqual([]);
  });
});

it('back ends hold features, and readers and support do not', async () => {
  const id = await newCustomer();
  for (const role of ['test_service', 'test_admin'] as const) {
    const each = ledgerCallsOn(await database.connect(role));
    expect(await each.one("hold_feature($1, 'basic_search')", [id])).toMatchObject({ amount: 1 });
  }
  for (const role of ['test_reader', 'test_support'] as const) {
    const each = ledgerCallsOn(await database.connect(role));
    await expect(each.one("hold_feature($1, 'basic_search')", [id])).rejects.toMatchObject({
      code: '42501',
    });
  }
});
