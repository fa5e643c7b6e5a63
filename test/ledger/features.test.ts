import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ledgerCallsOn, refusal } from '#test/support/ledger-calls.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

type Price = { feature: string; cost: number; unit: string; active: boolean; valid_from: Date };
type Transaction = { id: number; amount: number; description: string; metadata: object };

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
});
afterAll(() => database.drop());

async function newCustomer(credits = 1_000): Promise<string> {
  made += 1;
  const id = `customer ${made}`;
  await one('ensure_customer($1)', [id]);
  if (credits > 0) await one("add_credits($1, $2, 'bonus', 'start')", [id, credits]);
  return id;
}

/** A feature of its own for a test, priced from the beginning. */
async function newFeature(cost = 3): Promise<string> {
  made += 1;
  const feature = `feature_${made}`;
  await rows('INSERT INTO credits.feature_costs (feature, cost) VALUES ($1, $2)', [feature, cost]);
  return feature;
}

const use = (id: string, feature: string, quantity = 1, key: string | null = null) =>
  one<Transaction>('use_feature($1, $2, $3, $4)', [id, feature, quantity, key]);
const setCost = (feature: string, cost: number, more = '') =>
  one<Price>(`set_feature_cost($1, $2${more})`, [feature, cost]);
const pidOf = (on: pg.Client) => (on as pg.Client & { processID: number }).processID;
const historyOf = (feature: string) =>
  rows<Price & { changed_by: string | null; changed_at: Date | null }>(
    'SELECT * FROM credits.feature_costs WHERE feature = $1 ORDER BY valid_from',
    [feature],
  );

describe('a feature', () => {
  it('of the starters costs what the product began with', async () => {
    const id = await newCustomer();
    for (const [feature, cost] of [
      ['basic_search', 1],
      ['advanced_search', 5],
      ['export_report', 10],
      ['ai_analysis', 25],
    ] as const) {
      expect(await use(id, feature, 2), feature).toMatchObject({ amount: -2 * cost });
    }
  });

  it('that is unknown, only to come, or not active is not found, by whatever asks', async () => {
    const id = await newCustomer();
    const inactive = await newFeature();
    await setCost(inactive, 3, ', active => false');
    await setCost('to_come', 3, ", valid_from => clock_timestamp() + interval '1 day'");
    for (const feature of ['nothing', inactive, 'to_come']) {
      for (const call of [
        'use_feature($1, $2)',
        'hold_feature($1, $2)',
        'check_credits($1, feature => $2)',
      ]) {
        await expect(one(call, [id, feature]), `${call} ${feature}`).rejects.toEqual(
          refusal('CR404', 'not_found', { entity: 'feature', id: feature }),
        );
      }
    }
    expect(await one('get_balance($1)', [id])).toMatchObject({ balance: 1_000, held: 0 });
  });

  it.each(['use_feature', 'hold_feature', 'check_credits'])(
    'of which %s takes only whole numbers that credits go up to',
    async (name) => {
      const id = await newCustomer();
      for (const [quantity, why] of [
        [null, 'is required'],
        [0, 'must be at least 1 credit'],
        [-1, 'must be at least 1 credit'],
        [2 ** 53, 'is beyond 9007199254740991, the most the ledger holds'],
        [2 ** 53 - 1, 'costs more than 9007199254740991 credits'],
      ] as const) {
        await expect(
          one(`${name}($1, feature => 'ai_analysis', quantity => $2)`, [id, quantity]),
        ).rejects.toEqual(refusal('CR422', 'invalid_argument', { argument: 'quantity', why }));
      }
    },
  );
});

describe('a use under a key that stands on another call', () => {
  it.each(['use_feature', 'hold_feature'])(
    'is refused by %s for its own faults first: CR422, CR404, and only then CR409',
    async (name) => {
      const id = await newCustomer();
      await setCost('sleeping', 3, ', active => false');
      const first = await one<Transaction>("use_feature($1, 'basic_search', 1, 'key')", [id]);
      const again = (feature: string, quantity: number) =>
        one(`${name}($1, $2, $3, 'key')`, [id, feature, quantity]);
      await expect(again('ai_analysis', 2 ** 53 - 1)).rejects.toEqual(
        refusal('CR422', 'invalid_argument', { argument: 'quantity' }),
      );
      for (const feature of ['no such feature', 'sleeping']) {
        await expect(again(feature, 1)).rejects.toEqual(
          refusal('CR404', 'not_found', { entity: 'feature', id: feature }),
        );
      }
      await expect(again('ai_analysis', 100)).rejects.toEqual(
        refusal('CR409', 'idempotency_conflict', { first_id: String(first.id) }),
      );
      expect(await one('get_balance($1)', [id])).toMatchObject({ balance: 999, held: 0 });
    },
  );

  it.each(['use_feature', 'hold_feature'])(
    'is the first one of %s also where that one is still under way when the feature goes',
    async (name) => {
      const [id, feature] = [await newCustomer(), await newFeature(3)];
      const call = `SELECT * FROM credits.${name}($1, $2, 2, 'key')`;
      const slow = await database.connect();
      const repeating = await database.connect();
      await slow.query('BEGIN');
      const first = await slow.query(call, [id, feature]);
      await setCost(feature, 3, ', active => false');
      const repeated = repeating.query(call, [id, feature]).catch((error: unknown) => error);
      await expect
        .poll(() =>
          rows('SELECT FROM pg_locks WHERE NOT granted AND pid = ANY ($1)', [[pidOf(repeating)]]),
        )
        .toHaveLength(1);
      await slow.query('COMMIT');
      expect(await repeated).toMatchObject({ rows: first.rows });
      await expect(one(`${name}($1, $2, 2, 'other')`, [id, feature])).rejects.toEqual(
        refusal('CR404', 'not_found', { entity: 'feature', id: feature }),
      );
      expect(await broken()).toEqual([]);
    },
  );
});

describe('the description of a use', () => {
  it('stands in the log, and is the feature’s name where none is given', async () => {
    const id = await newCustomer();
    const used = (description: string | null) =>
      one<Transaction>("use_feature($1, 'basic_search', description => $2)", [id, description]);
    expect(await used('Search for “ledger”')).toMatchObject({ description: 'Search for “ledger”' });
    expect(await used(null)).toMatchObject({ description: 'basic_search' });
    expect(await used('')).toMatchObject({ description: 'basic_search' });
    await expect(used('x'.repeat(1_001))).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument: 'description' }),
    );
  });

  it('belongs to what the key stands for', async () => {
    const id = await newCustomer();
    const used = (description: string | null) =>
      one<Transaction>("use_feature($1, 'basic_search', 1, 'key', '{}', $2)", [id, description]);
    const first = await used(null);
    for (const same of [null, '', 'basic_search']) expect(await used(same)).toEqual(first);
    await expect(used('Another')).rejects.toEqual(
      refusal('CR409', 'idempotency_conflict', { first_id: String(first.id) }),
    );
  });
});

describe('a price that is changed', () => {
  it('holds from now on, tells who changed it, and leaves what was used as it was', async () => {
    const id = await newCustomer();
    const feature = await newFeature(3);
    const before = await use(id, feature, 2, 'before');
    await client.query("SET credits.actor = 'ada'");
    const changed = await setCost(feature, 7, ", unit => 'page'");
    await client.query('RESET credits.actor');
    expect(changed).toMatchObject({
      ...{ feature, cost: 7, unit: 'page', active: true, changed_by: 'ada (postgres)' },
      ...{ changed_at: changed.valid_from },
    });
    expect(await use(id, feature, 2)).toMatchObject({ amount: -14, metadata: { unit_cost: 7 } });
    expect(await use(id, feature, 2, 'before')).toEqual(before);
    expect(
      await rows('SELECT * FROM credits.credit_transactions WHERE customer_id = $1 AND id = $2', [
        id,
        before.id,
      ]),
    ).toEqual([before]);
    expect(await historyOf(feature)).toMatchObject([
      { cost: 3, unit: 'use', changed_by: null, changed_at: null },
      { cost: 7, unit: 'page', changed_by: 'ada (postgres)' },
    ]);
  });

  it('to what it is changes nothing, and another unit or activity is a change', async () => {
    const feature = await newFeature(3);
    await setCost(feature, 3);
    expect(await historyOf(feature)).toHaveLength(1);
    await setCost(feature, 3, ", unit => 'page'");
    await setCost(feature, 3, ", unit => 'page', active => false");
    await setCost(feature, 3, ", unit => 'page', active => false");
    await setCost(feature, 3, ", unit => 'page'");
    expect((await historyOf(feature)).map(({ unit, active }) => [unit, active])).toEqual([
      ['use', true],
      ['page', true],
      ['page', false],
      ['page', true],
    ]);
  });

  it('for later holds once its instant has come, and not before', async () => {
    const id = await newCustomer();
    const feature = await newFeature(3);
    const later = await setCost(
      feature,
      4,
      ", valid_from => clock_timestamp() + interval '400 milliseconds'",
    );
    const priceNow = async () =>
      (await one<{ unit_cost: number }>('check_credits($1, feature => $2)', [id, feature]))
        .unit_cost;
    expect(await priceNow()).toBe(3);
    await expect.poll(priceNow, { interval: 20 }).toBe(4);
    const { metadata, created_at } = await one<Transaction & { created_at: Date }>(
      'use_feature($1, $2)',
      [id, feature],
    );
    expect(metadata).toMatchObject({ unit_cost: 4 });
    expect(created_at >= later.valid_from).toBe(true);
  });

  it('for later is replaced by another of its instant, and can be taken back', async () => {
    const id = await newCustomer();
    const feature = await newFeature(3);
    const at = ", valid_from => '2027-05-01T00:00:00Z'";
    await setCost(feature, 5, at);
    await setCost(feature, 6, at);
    await setCost(feature, 9, ", valid_from => '2027-06-01T00:00:00.000499Z'");
    expect((await historyOf(feature)).map(({ cost }) => cost)).toEqual([3, 6, 9]);
    const withdraw = (text: string) => one('withdraw_feature_cost($1, $2)', [feature, text]);
    expect(await withdraw('2027-05-01T00:00:00Z')).toMatchObject({ feature, cost: 6 });
    // Instants are kept to the millisecond, as JavaScript has them.
    expect(await withdraw('2027-06-01T00:00:00.000Z')).toMatchObject({ cost: 9 });
    await expect(withdraw('2027-05-01T00:00:00Z')).rejects.toEqual(
      refusal('CR404', 'not_found', { entity: 'feature', id: feature }),
    );
    expect((await historyOf(feature)).map(({ cost }) => cost)).toEqual([3]);
    expect(await use(id, feature)).toMatchObject({ amount: -3 });
  });

  it('cannot be taken back once it holds', async () => {
    const feature = await newFeature(3);
    const { valid_from: since } = await setCost(feature, 4);
    for (const text of ['-infinity', since.toISOString()]) {
      await expect(one('withdraw_feature_cost($1, $2)', [feature, text])).rejects.toEqual(
        refusal('CR422', 'invalid_argument', {
          argument: 'valid_from',
          why: 'is not in the future: this price holds already',
        }),
      );
    }
    await expect(one('withdraw_feature_cost($1, null)', [feature])).rejects.toMatchObject({
      code: 'CR422',
    });
    expect(await historyOf(feature)).toHaveLength(2);
  });

  it.each([
    ['null, 1', 'feature', 'is required'],
    ["'', 1", 'feature', 'is required'],
    ["repeat('f', 201), 1", 'feature', 'is longer than 200 characters'],
    ["' f', 1", 'feature', 'begins or ends with a space, or holds a control character'],
    ["E'f\\n1', 1", 'feature', 'begins or ends with a space, or holds a control character'],
    ["'f', null", 'cost', 'is required'],
    ["'f', 0", 'cost', 'must be at least 1 credit'],
    ["'f', -5", 'cost', 'must be at least 1 credit'],
    ["'f', 9007199254740992", 'cost', 'is beyond 9007199254740991, the most the ledger holds'],
    ["'f', 1, ''", 'unit', 'is required'],
    ["'f', 1, repeat('u', 41)", 'unit', 'is longer than 40 characters'],
    ["'f', 1, active => null", 'active', 'is required'],
    [
      "'f', 1, valid_from => clock_timestamp() - interval '1 second'",
      'valid_from',
      'is in the past: what was used keeps its price',
    ],
    [
      "'f', 1, valid_from => '-infinity'",
      'valid_from',
      'is in the past: what was used keeps its price',
    ],
    ["'f', 1, valid_from => 'infinity'", 'valid_from', 'is more than 10 years ahead'],
  ])('is refused: %s, for %s %s', async (args, argument, why) => {
    await expect(one(`set_feature_cost(${args})`)).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument, why }),
    );
    expect(await historyOf('f')).toEqual([]);
  });

  it('is the administrator’s to change', async () => {
    for (const role of ['test_reader', 'test_support', 'test_service'] as const) {
      const each = await database.connect(role);
      for (const text of [
        "SELECT credits.set_feature_cost('basic_search', 2)",
        "SELECT credits.withdraw_feature_cost('basic_search', now())",
        "UPDATE credits.feature_costs SET cost = 0 WHERE feature = 'basic_search'",
      ]) {
        await expect(each.query(text), `${role} ${text}`).rejects.toMatchObject({ code: '42501' });
      }
    }
    const admin = await database.connect('test_admin');
    await admin.query("SELECT credits.set_feature_cost('of_admin', 2)");
    expect(await historyOf('of_admin')).toMatchObject([{ cost: 2, changed_by: 'test_admin' }]);
  });

  it('while many use it costs each use one price, and never an older one than was acknowledged', async () => {
    const id = await newCustomer(1_000_000);
    const feature = await newFeature(1);
    const users = await Promise.all(Array.from({ length: 6 }, () => database.connect()));
    const changer = await database.connect();
    let acknowledged = 1;
    let changing = true;
    const change = async () => {
      for (let cost = 2; cost <= 40; cost += 1) {
        await changer.query('SELECT credits.set_feature_cost($1, $2)', [feature, cost]);
        acknowledged = cost;
        // On a slow machine all changes would be over before anybody used anything.
        const before = uses.length;
        while (uses.length === before) await changer.query('SELECT 1');
      }
      changing = false;
    };
    const uses: Transaction[] = [];
    const useAll = async (on: pg.Client) => {
      for (let last = 0; changing || last === 0; ) {
        const least = acknowledged;
        const found = await on.query<Transaction>('SELECT * FROM credits.use_feature($1, $2, 2)', [
          id,
          feature,
        ]);
        const [used] = found.rows;
        if (!used) throw new Error('no row');
        const cost = (used.metadata as { unit_cost: number }).unit_cost;
        expect(used.amount).toBe(-2 * cost);
        expect(cost).toBeGreaterThanOrEqual(Math.max(least, last));
        last = cost;
        uses.push(used);
      }
    };
    await Promise.all([change(), ...users.map(useAll)]);
    expect(
      await rows(
        'SELECT id, amount, metadata FROM credits.credit_transactions WHERE customer_id = $1 AND feature = $2 ORDER BY id',
        [id, feature],
      ),
    ).toEqual(
      uses
        .sort((a, b) => a.id - b.id)
        .map(({ id: use, amount, metadata }) => ({ id: use, amount, metadata })),
    );
    expect(new Set(uses.map(({ amount }) => amount)).size).toBeGreaterThan(3);
    expect((await historyOf(feature)).map(({ cost }) => cost)).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
    expect(await broken()).toEqual([]);
    await Promise.all([...users, changer].map((each) => each.end()));
  });
});

describe('asking before using', () => {
  it('needs a cost or a feature, and a customer', async () => {
    const id = await newCustomer();
    for (const [call, argument] of [
      ['check_credits($1)', 'cost'],
      ["check_credits($1, 5, 'basic_search')", 'cost'],
      ['check_credits($1, 0)', 'cost'],
      ["check_credits($1, feature => '')", 'feature'],
      ['preview_burn($1, 0)', 'amount'],
      ['preview_burn($1, null)', 'amount'],
    ] as const) {
      await expect(one(call, [id]), call).rejects.toEqual(
        refusal('CR422', 'invalid_argument', { argument }),
      );
    }
    for (const call of [
      'check_credits($1, 5)',
      "check_credits($1, feature => 'basic_search')",
      'preview_burn($1, 5)',
    ]) {
      await expect(one(call, ['nobody']), call).rejects.toEqual(
        refusal('CR404', 'not_found', { entity: 'customer', id: 'nobody' }),
      );
    }
  });

  it('tells what is available after a use in the same statement as the use', async () => {
    const id = await newCustomer(100);
    await one("hold_credits($1, 30, 'job')", [id]);
    expect(
      await rows(
        `SELECT -f.amount AS cost, credits.available_now(f.customer_id) AS available
         FROM credits.use_feature($1, 'ai_analysis') f`,
        [id],
      ),
    ).toEqual([{ cost: 25, available: 45 }]);
  });

  it('foretells exactly what a use, a deduction or a hold then does, on any account', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(anAccount, async (account) => {
        const id = await open(account);
        const feature = await newFeature(account.cost);
        const { quantity, act } = account;
        const required = account.cost * quantity;
        const check = await one<{ sufficient: boolean; required: number; available: number }>(
          act === 'deduct' ? 'check_credits($1, $2)' : 'check_credits($1, null, $2, $3)',
          act === 'deduct' ? [id, required] : [id, feature, quantity],
        );
        const burn = await rows<{ grant_id: number; taken: number }>(
          'SELECT * FROM credits.preview_burn($1, $2)',
          [id, required],
        );
        expect(check.required).toBe(required);
        expect(await one('get_balance($1)', [id])).toMatchObject({ available: check.available });
        seen.add(`${act} ${check.sufficient}`);
        const acting = {
          use: () => use(id, feature, quantity),
          deduct: () => one<Transaction>("deduct_credits($1, $2, 'work')", [id, required]),
          hold: () => one<Transaction>('hold_feature($1, $2, $3)', [id, feature, quantity]),
        }[act]();
        if (!check.sufficient) {
          const { available } = check;
          await expect(acting).rejects.toEqual(
            refusal('CR402', 'insufficient_credits', { required, available }),
          );
        } else {
          const done = await acting;
          expect(Math.abs(done.amount)).toBe(required);
          expect(await one('available_now($1) AS available', [id])).toEqual({
            available: check.available - required,
          });
          if (act !== 'hold') {
            expect(
              await rows(
                `SELECT grant_id, amount AS taken FROM credits.credit_consumptions
                 WHERE customer_id = $1 AND transaction_id = $2 ORDER BY position`,
                [id, done.id],
              ),
            ).toEqual(burn);
            if (burn.length > 1) seen.add('several grants');
          }
        }
        expect(await rows('SELECT * FROM credits.check_integrity($1)', [id])).toEqual([]);
      }),
      { numRuns: 60 },
    );
    for (const each of ['use true', 'use false', 'hold true', 'several grants']) {
      expect(seen, each).toContain(each);
    }
  });
});

const anAccount = fc.record({
  grants: fc.array(
    fc.record({
      amount: fc.integer({ min: 1, max: 60 }),
      priority: fc.constantFrom(50, 100),
      paid: fc.boolean(),
      // Some are due already, and some are kept by a hold.
      expires: fc.constantFrom('-1 hour', '1 day', '2 days', null),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  holds: fc.array(fc.record({ amount: fc.integer({ min: 1, max: 20 }), over: fc.boolean() }), {
    maxLength: 2,
  }),
  clawedBack: fc.boolean(),
  cost: fc.integer({ min: 1, max: 6 }),
  quantity: fc.integer({ min: 1, max: 7 }),
  act: fc.constantFrom('use' as const, 'use' as const, 'deduct' as const, 'hold' as const),
});

/** Opens an account of that kind; what does not fit into it is left out. */
async function open(account: typeof anAccount extends fc.Arbitrary<infer Value> ? Value : never) {
  const id = await newCustomer(0);
  for (const [number, grant] of account.grants.entries()) {
    const payment = grant.paid ? `pi ${id} ${number}` : null;
    await one(
      "add_credits($1, $2, $3, 'start', $4, expires_at => now() + $5::interval, priority => $6)",
      [id, grant.amount, payment ? 'purchase' : 'bonus', payment, grant.expires, grant.priority],
    );
  }
  for (const hold of account.holds) {
    const length = hold.over ? '1 microsecond' : '1 hour';
    await one("hold_credits($1, $2, 'job', expires_in => $3)", [id, hold.amount, length]).catch(
      (error: unknown) => expect(error).toMatchObject({ code: 'CR402' }),
    );
  }
  const paid = account.grants.findIndex((grant) => grant.paid);
  if (account.clawedBack && paid >= 0) {
    const { amount = 0 } = account.grants[paid] ?? {};
    await one("claw_back($1, $2, $3, 'debt', 'clawback')", [id, `pi ${id} ${paid}`, amount]);
  }
  return id;
}
