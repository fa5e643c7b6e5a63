import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueryTarget } from '#main/database/run-query.ts';
import { listFeatures } from '#main/features/list-features.ts';
import { readHistory } from '#main/features/read-history.ts';
import { setCost } from '#main/features/set-cost.ts';
import { simulateUse } from '#main/features/simulate-use.ts';
import { withdrawCost } from '#main/features/withdraw-cost.ts';
import { foldRollUps } from '#main/ledger/roll-ups.ts';
import { featuresProcedures } from '#shared/ipc/features.ts';
import { addDays, dayOf } from '#shared/time.ts';
import { type LoggedRow, writeLog } from '#test/support/brute-force-usage.ts';
import { queryTargetOn } from '#test/support/query-target.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let reader: QueryTarget;
let admin: QueryTarget;

beforeAll(async () => {
  database = await createTestDatabase();
  reader = queryTargetOn(database.urlFor('test_reader'));
  admin = queryTargetOn(database.urlFor('test_admin'));
});
afterAll(async () => {
  await reader.pool.end();
  await admin.pool.end();
  await database.drop();
});

const { output: listSchema } = featuresProcedures['features.list'];
const { output: simulationSchema } = featuresProcedures['features.simulate'];

const DAYS = { from: '2030-01-01', to: '2030-01-31', timeZone: 'UTC' };
const PRICED = ['advanced_search', 'ai_analysis', 'basic_search', 'export_report'];

async function featureNamed(name: string, days = DAYS) {
  const { rows } = await listFeatures(reader, days);
  return rows.find(({ feature }) => feature === name);
}

/** What features.list must say of use, added up row by row with the runtime's own calendar. */
function addedUp(log: readonly LoggedRow[], days: typeof DAYS) {
  const length = (Date.parse(days.to) - Date.parse(days.from)) / 86_400_000 + 1;
  const all = new Map<
    string,
    { used: number; usedBefore: number; uses: number; trend: number[] }
  >();
  for (const { feature, type, amount, createdAt } of log) {
    if (feature === null || feature === '' || type !== 'usage') continue;
    const of = all.get(feature) ?? {
      used: 0,
      usedBefore: 0,
      uses: 0,
      trend: Array.from({ length }, () => 0),
    };
    const day = dayOf(createdAt, days.timeZone);
    if (day >= addDays(days.from, -length) && day < days.from) of.usedBefore -= amount;
    if (day >= days.from && day <= days.to) {
      const at = (Date.parse(day) - Date.parse(days.from)) / 86_400_000;
      of.used -= amount;
      of.uses += 1;
      of.trend[at] = (of.trend[at] ?? 0) - amount;
    }
    all.set(feature, of);
  }
  for (const feature of PRICED) {
    if (!all.has(feature)) {
      const trend = Array.from({ length }, () => 0);
      all.set(feature, { used: 0, usedBefore: 0, uses: 0, trend });
    }
  }
  return [...all]
    .map(([feature, use]) => ({ feature, ...use }))
    .filter(({ feature, uses }) => uses > 0 || PRICED.includes(feature))
    .sort((a, b) => b.used - a.used || (a.feature < b.feature ? -1 : 1));
}

describe('the list of features', () => {
  it('equals what adding up row by row gives, in any zone and range, folded or not', async () => {
    const other = await createTestDatabase();
    const target = queryTargetOn(other.urlFor('test_reader'));
    const log: LoggedRow[] = [];
    const row = fc.record({
      customerId: fc.constantFrom('c1', 'c2'),
      type: fc.constantFrom('usage', 'usage', 'usage', 'adjustment', 'expire'),
      feature: fc.constantFrom(
        null,
        '',
        'basic_search',
        'ai_analysis',
        'free_text',
        'toLocaleString',
      ),
      amount: fc.integer({ min: -1_000_000, max: 0 }),
      // Around clock changes, and midnights of far zones.
      createdAt: fc
        .tuple(
          fc.constantFrom('2026-03-08T05:00:00Z', '2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z'),
          fc.integer({ min: -40 * 3_600_000, max: 40 * 3_600_000 }),
        )
        .map(([moment, offset]) => new Date(Date.parse(moment) + offset)),
    });
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(row, { maxLength: 20 }),
          fc.boolean(),
          fc.constantFrom('2026-03-07', '2026-03-28', '2026-03-30', '2026-10-25'),
          fc.constantFrom(0, 1, 6, 29, 365),
          fc.constantFrom(
            'UTC',
            'Europe/Berlin',
            'Asia/Kathmandu',
            'America/Havana',
            'Pacific/Apia',
          ),
          async (rows, fold, from, more, timeZone) => {
            if (rows.length > 0) await writeLog(other.pool, rows);
            log.push(...rows);
            if (fold) await foldRollUps(target);
            const days = { from, to: addDays(from, more), timeZone };
            const found = listSchema.parse(await listFeatures(target, days)).rows;
            expect(found.map(({ current: _, scheduled: __, meters: ___, ...use }) => use)).toEqual(
              addedUp(log, days),
            );
          },
        ),
        { numRuns: 40 },
      );
    } finally {
      await target.pool.end();
      await other.drop();
    }
  });

  it('names the price that holds, those to come, and the active meters of any plan', async () => {
    expect(await featureNamed('basic_search')).toEqual({
      feature: 'basic_search',
      current: {
        feature: 'basic_search',
        cost: 1,
        unit: 'use',
        active: true,
        validFrom: null,
        changedBy: null,
        changedAt: null,
      },
      scheduled: [],
      used: 0,
      usedBefore: 0,
      uses: 0,
      trend: Array.from({ length: 31 }, () => 0),
      meters: [],
    });
    await database.pool.query(`INSERT INTO credits.feature_costs (feature, valid_from, cost, active) VALUES
      ('basic_search', now() - interval '2 days', 2, false), ('basic_search', now() - interval '1 day', 3, true),
      ('basic_search', now() + interval '2 days', 5, true), ('basic_search', now() + interval '1 day', 4, true),
      ('to_come', now() + interval '1 day', 9, true)`);
    await database.pool.query(`INSERT INTO credits_billing.meters (event_name, name, formula, active) VALUES
      ('searches', 'Searches', 'sum', true), ('pages', 'Pages', 'sum', true), ('gone', 'Gone', 'sum', false)`);
    await database.pool.query(`INSERT INTO credits_billing.feature_meters (feature, plan_tier, event_name, mode) VALUES
      ('basic_search', '', 'searches', 'both'), ('basic_search', 'pro', 'pages', 'report'),
      ('basic_search', 'free', 'searches', 'report'), ('basic_search', 'old', 'gone', 'report')`);
    const search = await featureNamed('basic_search');
    expect(search).toMatchObject({ current: { cost: 3 }, meters: ['pages', 'searches'] });
    expect(search?.scheduled.map(({ cost }) => cost)).toEqual([4, 5]);
    expect(await featureNamed('to_come')).toMatchObject({
      current: null,
      scheduled: [{ cost: 9 }],
    });
    const { rows } = await readHistory(reader, 'basic_search');
    expect(rows.map(({ cost, active }) => [cost, active])).toEqual([
      [5, true],
      [4, true],
      [3, true],
      [2, false],
      [1, true],
    ]);
    expect(await readHistory(reader, 'unheard_of')).toEqual({ rows: [] });
  });

  it('refuses more than 366 days, ranges that end before they begin, and days before the calendar', async () => {
    for (const bad of [
      { from: '2026-01-01', to: '2027-01-02' },
      { from: '2026-01-02', to: '2026-01-01' },
      { from: '0001-01-01', to: '0001-01-01' },
      { from: '9999-01-01', to: '9999-01-01' },
      { timeZone: 'Mars/Olympus_Mons' },
    ]) {
      await expect(listFeatures(reader, { ...DAYS, ...bad })).rejects.toMatchObject({
        code: 'invalid_argument',
        fields: expect.anything(),
      });
    }
    expect((await listFeatures(reader, { ...DAYS, to: '2031-01-01' })).rows[0]?.trend).toHaveLength(
      366,
    );
  });
});

describe('what a feature costs', () => {
  const price = { isNew: false, unit: 'page', active: true, validFrom: null };
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

  it('is set from now on by whoever does it, and what was used keeps its price', async () => {
    const set = { ...price, isNew: true, feature: 'translate', cost: 5 };
    expect(await setCost(admin, 'ann', set)).toMatchObject({
      feature: 'translate',
      cost: 5,
      unit: 'page',
      active: true,
      changedBy: 'ann (test_admin)',
    });
    const id = await customerWith([{ amount: 100 }]);
    await use(id, 'translate', 2);
    await setCost(admin, 'bob', { ...set, isNew: false, cost: 7 });
    await use(id, 'translate', 2);
    const { rows } = await database.pool.query(
      `SELECT amount FROM credits.credit_transactions WHERE customer_id = $1 AND transaction_type = 'usage' ORDER BY id`,
      [id],
    );
    expect(rows).toEqual([{ amount: -10 }, { amount: -14 }]);
    const history = (await readHistory(reader, 'translate')).rows;
    expect(history).toMatchObject([
      { cost: 7, changedBy: 'bob (test_admin)' },
      { cost: 5, changedBy: 'ann (test_admin)' },
    ]);
    // The price that holds already makes no entry.
    expect(await setCost(admin, 'eve', { ...set, isNew: false, cost: 7 })).toEqual(history[0]);
    expect(await readHistory(reader, 'translate')).toEqual({ rows: history });
  });

  it('is set for later, replaced at its instant, and withdrawn by it', async () => {
    const later = { ...price, feature: 'export_report', cost: 12, validFrom: inDays(7) };
    const set = await setCost(admin, 'ann', later);
    expect(set).toMatchObject({ cost: 12, validFrom: later.validFrom });
    expect((await setCost(admin, 'ann', { ...later, cost: 13 })).validFrom).toBe(set.validFrom);
    expect(await featureNamed('export_report')).toMatchObject({
      current: { cost: 10 },
      scheduled: [{ cost: 13 }],
    });
    const { feature, validFrom } = later;
    await withdrawCost(admin, 'ann', { feature, validFrom });
    expect(await featureNamed('export_report')).toMatchObject({ scheduled: [] });
    await expect(withdrawCost(admin, 'ann', { feature, validFrom })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/withdrawn already\. Nothing was changed/),
    });
    await expect(
      withdrawCost(admin, 'ann', { feature, validFrom: inDays(-1) }),
    ).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { validFrom: expect.any(String) },
    });
  });

  it('is named to the microsecond where the owner of the tables wrote one that is not the console’s', async () => {
    await database.pool.query(
      `INSERT INTO credits.feature_costs (feature, cost, valid_from) VALUES ('ai_analysis', 30, '2031-05-05 05:05:05.123456Z')`,
    );
    const [set] = (await featureNamed('ai_analysis'))?.scheduled ?? [];
    expect(set?.validFrom).toBe('2031-05-05T05:05:05.123456Z');
    await withdrawCost(admin, 'ann', {
      feature: 'ai_analysis',
      validFrom: set?.validFrom ?? '',
    });
    expect(await featureNamed('ai_analysis')).toMatchObject({ scheduled: [] });
  });

  it('is refused for a new name that is taken, an unknown feature, and an instant that has passed', async () => {
    const before = await database.pool.query('SELECT count(*) FROM credits.feature_costs');
    await expect(
      setCost(admin, 'ann', { ...price, isNew: true, feature: 'basic_search', cost: 9 }),
    ).rejects.toMatchObject({ code: 'invalid_argument', fields: { feature: 'is in use' } });
    await expect(
      setCost(admin, 'ann', { ...price, feature: 'unheard_of', cost: 9 }),
    ).rejects.toMatchObject({
      code: 'not_found',
      details: { entity: 'feature', id: 'unheard_of' },
    });
    for (const validFrom of [inDays(-1), inDays(3_700)]) {
      await expect(
        setCost(admin, 'ann', { ...price, feature: 'ai_analysis', cost: 9, validFrom }),
      ).rejects.toMatchObject({
        code: 'invalid_argument',
        fields: { validFrom: expect.any(String) },
      });
    }
    const after = await database.pool.query('SELECT count(*) FROM credits.feature_costs');
    expect(after.rows).toEqual(before.rows);
  });
});

let made = 0;

type GrantOf = { amount: number; priority?: number; expiresInDays?: number | null; paid?: boolean };

async function customerWith(grants: readonly GrantOf[], held = 0, plan: string | null = null) {
  made += 1;
  const id = `sim_${made}`;
  await database.pool.query('SELECT credits.ensure_customer($1)', [id]);
  if (plan !== null) await database.pool.query('SELECT credits.set_plan_tier($1, $2)', [id, plan]);
  for (const { amount, priority = 100, expiresInDays = null, paid = false } of grants) {
    await database.pool.query(
      `SELECT credits.add_credits($1, $2, $3, 'Credits', expires_at => now() + $4 * interval '1 day', priority => $5)`,
      [id, amount, paid ? 'purchase' : 'bonus', expiresInDays, priority],
    );
  }
  if (held > 0) {
    await database.pool.query(
      `SELECT credits.hold_credits($1, $2, 'Work', idempotency_key => $1)`,
      [id, held],
    );
  }
  return id;
}

async function use(id: string, feature: string, quantity: number) {
  const { rows } = await database.pool.query<{ id: string; amount: number }>(
    'SELECT id::text, amount FROM credits.use_feature($1, $2, $3)',
    [id, feature, quantity],
  );
  const [posted] = rows;
  if (!posted) throw new Error('use_feature returned no row');
  return posted;
}

describe('a simulated use', () => {
  const grant = fc.record({
    amount: fc.integer({ min: 1, max: 40 }),
    priority: fc.constantFrom(50, 100),
    expiresInDays: fc.constantFrom(null, 1, 30),
    paid: fc.boolean(),
  });

  it('says what the use then does: its cost, who pays, and what is missing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(grant, { maxLength: 5 }),
        fc.integer({ min: 0, max: 20 }),
        fc.constantFrom('advanced_search', 'ai_analysis'),
        fc.integer({ min: 1, max: 8 }),
        async (grants, wanted, feature, quantity) => {
          const total = grants.reduce((sum, { amount }) => sum + amount, 0);
          const id = await customerWith(grants, Math.min(wanted, total));
          const told = simulationSchema.parse(
            await simulateUse(reader, { customerId: id, feature, quantity }),
          );
          const posted = await use(id, feature, quantity).catch((error: unknown) => error);
          const { rows: burned } = await database.pool.query(
            `SELECT c.grant_id::text AS id, c.amount AS taken FROM credits.credit_consumptions c
             JOIN credits.credit_transactions t ON t.id = c.transaction_id AND t.customer_id = c.customer_id
             WHERE c.customer_id = $1 AND t.transaction_type = 'usage' ORDER BY c.position`,
            [id],
          );
          const { rows: left } = await database.pool.query(
            'SELECT available FROM credits.get_balance($1)',
            [id],
          );
          const taken = told.grants.reduce((sum, each) => sum + each.taken, 0);
          if (posted instanceof pg.DatabaseError) {
            expect(posted).toMatchObject({ code: 'CR402' });
            const { required, available } = JSON.parse(posted.detail ?? '{}');
            expect(told).toMatchObject({
              sufficient: false,
              required,
              balance: { available },
              missing: required - available,
              availableAfter: null,
            });
            // Those that would have paid a part pay no more than there is.
            expect(taken).toBe(available);
          } else {
            expect(told).toMatchObject({ sufficient: true, missing: 0, mode: 'credits' });
            expect(posted).toMatchObject({ amount: -told.required });
            expect(told.grants.map((each) => ({ id: each.id, taken: each.taken }))).toEqual(burned);
            expect(told.availableAfter).toBe(left[0].available);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('of a feature that a meter counts costs nothing, or is paid and reported', async () => {
    await database.pool.query(
      `INSERT INTO credits_billing.feature_meters (feature, event_name, mode) VALUES ('translate', 'pages', 'both')`,
    );
    const simulate = (customerId: string, feature: string, quantity: number) =>
      simulateUse(reader, { customerId, feature, quantity });
    const id = await customerWith([{ amount: 10 }], 0, 'pro');
    // The customer runs no subscription on the meter.
    expect(await simulate(id, 'basic_search', 4)).toMatchObject({
      mode: 'credits',
      meter: null,
      required: 12,
      missing: 2,
    });
    await database.pool.query(
      `INSERT INTO credits_billing.subscriptions (id, account_id, customer_id, status) VALUES ('sub_1', 'acct_1', $1, 'active')`,
      [id],
    );
    await database.pool.query(
      `INSERT INTO credits_billing.subscription_items (id, subscription_id, account_id, customer_id, price_id, event_name,
         current_period_start, current_period_end) VALUES ('si_1', 'sub_1', 'acct_1', $1, 'price_1', 'pages', now(), now() + interval '1 day')`,
      [id],
    );
    expect(await simulate(id, 'basic_search', 4)).toMatchObject({
      mode: 'report',
      meter: 'pages',
      unitCost: 3,
      required: 0,
      sufficient: true,
      missing: 0,
      availableAfter: 10,
      grants: [],
    });
    expect(await use(id, 'basic_search', 4)).toMatchObject({ amount: 0 });
    expect(await simulate(id, 'translate', 1)).toMatchObject({
      mode: 'both',
      meter: 'pages',
      unit: 'page',
      required: 7,
      availableAfter: 3,
      grants: [{ source: 'bonus', description: 'Credits', remaining: 10, taken: 7 }],
    });
    const tooMany = 1_000_000_000_000_000;
    await expect(simulate(id, 'translate', tooMany)).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { quantity: expect.stringMatching(/more than 15 digits/) },
    });
    await expect(use(id, 'translate', tooMany)).rejects.toMatchObject({ code: 'CR422' });
  });

  it('changes nothing, and refuses what use_feature does not know', async () => {
    const id = await customerWith([{ amount: 10 }]);
    const before = await database.pool.query(
      'SELECT * FROM credits.credit_transactions WHERE customer_id = $1',
      [id],
    );
    await simulateUse(reader, { customerId: id, feature: 'advanced_search', quantity: 1 });
    const after = await database.pool.query(
      'SELECT * FROM credits.credit_transactions WHERE customer_id = $1',
      [id],
    );
    expect(after.rows).toEqual(before.rows);
    await database.pool.query(
      `SELECT credits.set_feature_cost('switched_off', 5, active => false)`,
    );
    for (const [bad, entity] of [
      [{ feature: 'unheard_of' }, 'feature'],
      [{ feature: 'switched_off' }, 'feature'],
      [{ feature: 'to_come' }, 'feature'],
      [{ customerId: 'nobody' }, 'customer'],
    ] as const) {
      await expect(
        simulateUse(reader, { customerId: id, feature: 'advanced_search', quantity: 1, ...bad }),
      ).rejects.toMatchObject({ code: 'not_found', details: { entity } });
    }
    await expect(
      simulateUse(reader, {
        customerId: id,
        feature: 'advanced_search',
        quantity: Number.MAX_SAFE_INTEGER,
      }),
    ).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { quantity: expect.any(String) },
    });
  });
});
