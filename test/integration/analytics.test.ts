import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readUsage } from '#main/analytics/read-usage.ts';
import { createRecentTopCustomers } from '#main/analytics/recent-top-customers.ts';
import { computeTopCustomers } from '#main/analytics/top-customers.ts';
import { isUtc } from '#main/database/calendar.ts';
import type { QueryTarget } from '#main/database/run-query.ts';
import { foldRollUps } from '#main/ledger/roll-ups.ts';
import { analyticsProcedures } from '#shared/ipc/analytics.ts';
import { addDays } from '#shared/time.ts';
import {
  bruteForceTopCustomers,
  bruteForceUsage,
  type LoggedRow,
  writeLog,
} from '#test/support/brute-force-usage.ts';
import { queryTargetOn } from '#test/support/query-target.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let reader: QueryTarget;

beforeAll(async () => {
  database = await createTestDatabase();
  reader = queryTargetOn(database.urlFor('test_reader'));
});
afterAll(async () => {
  await reader.pool.end();
  await database.drop();
});

const { output: usageSchema } = analyticsProcedures['analytics.usage'];

// Offsets of whole, half and quarter hours, clocks that change by half an hour, and midnights that come twice or never.
const ZONES = [
  'UTC',
  'Etc/GMT',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'America/Havana',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Australia/Eucla',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
  'America/Sao_Paulo',
];

// Around clock changes of 2026, month ends, and one day of 1971, when Monrovia was 44 minutes and 30 seconds off.
const MOMENTS = [
  '2026-03-08T05:00:00Z',
  '2026-03-28T21:00:00Z',
  '2026-03-29T01:00:00Z',
  '2026-04-04T15:00:00Z',
  '2026-04-30T23:30:00Z',
  '2026-05-31T12:00:00Z',
  '2026-06-30T18:15:00Z',
  '2026-10-25T01:00:00Z',
  '2026-11-01T04:30:00Z',
].map((text) => Date.parse(text));

const HOUR_MS = 3_600_000;

const createdAt = fc
  .tuple(fc.constantFrom(...MOMENTS), fc.integer({ min: -30 * HOUR_MS, max: 30 * HOUR_MS }))
  .map(([moment, offset]) => new Date(moment + offset));

const row: fc.Arbitrary<LoggedRow> = fc
  .record({
    customerId: fc.constantFrom('c1', 'c2', 'c3', 'c4', 'c5', 'c6'),
    type: fc.constantFrom(
      'usage',
      'usage',
      'usage',
      'purchase',
      'adjustment',
      'reversal',
      'expire',
    ),
    feature: fc.constantFrom(null, 'a', 'b', 'c', 'd', 'e', 'f', 'g'),
    size: fc.integer({ min: 1, max: 1_000_000 }),
    sign: fc.boolean(),
    createdAt,
  })
  .map(({ size, sign, ...rest }) => {
    const takes = ['usage', 'expire'].includes(rest.type) || (rest.type !== 'purchase' && sign);
    return { ...rest, amount: takes ? -size : size };
  });

// Whole months, which the roll-up of months answers, and the days around them.
const months = fc
  .tuple(
    fc.constantFrom('2026-03', '2026-04', '2026-05', '2026-06', '2026-10'),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: -2, max: 2 }),
    fc.integer({ min: -2, max: 2 }),
  )
  .map(([month, count, before, after]) => {
    const end = new Date(`${month}-01T00:00:00Z`);
    end.setUTCMonth(end.getUTCMonth() + count);
    return {
      from: addDays(`${month}-01`, before),
      to: addDays(end.toISOString().slice(0, 10), after - 1),
    };
  });

const anyDays = fc
  .tuple(
    fc.constantFrom(...MOMENTS),
    fc.integer({ min: -40, max: 2 }),
    fc.integer({ min: 0, max: 130 }),
  )
  .map(([moment, start, length]) => {
    const from = addDays(new Date(moment).toISOString().slice(0, 10), start);
    return { from, to: addDays(from, length) };
  });

const range = fc.oneof(months, anyDays);

describe('usage over all customers', () => {
  it('equals what adding up row by row gives, in any zone and range, folded or not', async () => {
    // The log only grows, so each run adds to what the runs before wrote.
    const log: LoggedRow[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 25 }),
        fc.boolean(),
        range,
        fc.constantFrom(...ZONES),
        fc.integer({ min: 1, max: 7 }),
        async (rows, fold, days, timeZone, limit) => {
          if (rows.length > 0) await writeLog(database.pool, rows);
          log.push(...rows);
          if (fold) await foldRollUps(reader);
          const found = usageSchema.parse(await readUsage(reader, { ...days, timeZone }));
          const expected = bruteForceUsage(log, { ...days, timeZone });
          expect(
            found.byDay
              .map(({ day, feature, used }) => [
                `${day} ${feature === null ? 'other' : `feature ${feature}`}`,
                used,
              ])
              .sort(),
          ).toEqual(expected.byDay);
          expect(
            found.byFeature.map((each) => [each.feature, each.used, each.transactions]),
          ).toEqual(expected.byFeature);
          expect(
            found.byType
              .map((each) => [each.type, each.creditsIn, each.creditsOut, each.transactions])
              .sort(),
          ).toEqual(expected.byType);
          const top = await computeTopCustomers(reader, { ...days, timeZone, limit });
          expect(top.map((each) => [each.customerId, each.used, each.transactions])).toEqual(
            bruteForceTopCustomers(log, { ...days, timeZone, limit }),
          );
        },
      ),
      { numRuns: 120 },
    );
  });

  it.each([
    {
      why: 'a zone was off by less than a quarter of an hour',
      timeZone: 'Africa/Monrovia',
      from: '1971-05-01',
      to: '1971-07-01',
      rows: [
        ['1971-06-01T00:44:29Z', '1971-05-31'],
        ['1971-06-01T00:44:31Z', '1971-06-01'],
      ],
    },
    {
      why: 'a clock was put back over midnight within a quarter of an hour',
      timeZone: 'America/St_Johns',
      from: '2008-10-01',
      to: '2008-11-30',
      rows: [
        ['2008-11-02T02:30:30Z', '2008-11-02'],
        ['2008-11-02T02:31:30Z', '2008-11-01'],
      ],
    },
  ] as const)('is exact for days when $why', async ({ timeZone, from, to, rows }) => {
    await writeLog(
      database.pool,
      rows.map(([at], index) => ({
        customerId: 'old',
        type: 'usage',
        feature: 'old',
        amount: -(10 ** index),
        createdAt: new Date(at),
      })),
    );
    const expected = rows
      .map(([, day], index) => ({ day, feature: 'old', used: 10 ** index }))
      .sort((a, b) => (a.day < b.day ? -1 : 1));
    for (let time = 0; time < 2; time += 1) {
      expect((await readUsage(reader, { from, to, timeZone })).byDay).toEqual(expected);
      await foldRollUps(reader);
    }
  });

  it('answers an empty range with empty lists, and an impossible one with a code', async () => {
    const days = { from: '2001-01-01', to: '2001-12-31', timeZone: 'Europe/Berlin' };
    expect(await readUsage(reader, days)).toEqual({ byDay: [], byFeature: [], byType: [] });
    expect(await computeTopCustomers(reader, { ...days, limit: 5 })).toEqual([]);
    for (const bad of [
      { ...days, from: '2002-01-01' },
      { ...days, from: '0000-01-01' },
      { ...days, to: '9999-12-31' },
      { from: '2026-01-01', to: '2026-12-31', timeZone: 'Mars/Olympus_Mons' },
    ]) {
      await expect(readUsage(reader, bad)).rejects.toMatchObject({ code: 'invalid_argument' });
      await expect(computeTopCustomers(reader, { ...bad, limit: 5 })).rejects.toMatchObject({
        code: 'invalid_argument',
      });
    }
    await readUsage(reader, { from: '0001-01-01', to: '9998-12-31', timeZone: 'Asia/Kathmandu' });
    await computeTopCustomers(reader, {
      from: '0001-01-01',
      to: '9998-12-31',
      timeZone: 'UTC',
      limit: 1,
    });
  });

  it('knows the names of UTC', () => {
    expect(['UTC', 'Etc/UTC', 'Zulu', 'gmt'].every(isUtc)).toBe(true);
    expect(['Europe/London', 'Etc/GMT+1', 'WET'].some(isUtc)).toBe(false);
  });
});

describe('the top customers of a long range', () => {
  const LONG = { from: '2027-01-01', to: '2027-03-31', timeZone: 'UTC', limit: 3 };
  const usedBy = (customerId: string, amount: number): LoggedRow => ({
    customerId,
    type: 'usage',
    feature: null,
    amount: -amount,
    createdAt: new Date('2027-02-02T02:02:02Z'),
  });

  it('are shown from a recent computation with its time, and computed again when it is old', async () => {
    let now = new Date('2027-05-01T12:00:00Z');
    const later = (seconds: number) => {
      now = new Date(now.getTime() + seconds * 1000);
    };
    const recent = createRecentTopCustomers(() => now);
    const total = async () => {
      const { rows, computedAt } = await recent(reader, LONG);
      return [rows[0]?.used, computedAt.toISOString()];
    };
    await writeLog(database.pool, [usedBy('r1', 10)]);
    expect(await total()).toEqual([10, '2027-05-01T12:00:00.000Z']);
    await writeLog(database.pool, [usedBy('r1', 1)]);
    later(30);
    expect(await total()).toEqual([10, '2027-05-01T12:00:00.000Z']);
    // Older than a minute: shown, and refreshed behind it.
    later(40);
    expect(await total()).toEqual([10, '2027-05-01T12:00:00.000Z']);
    await expect.poll(total).toEqual([11, '2027-05-01T12:01:10.000Z']);
    await writeLog(database.pool, [usedBy('r1', 100)]);
    later(16 * 60);
    expect(await total()).toEqual([111, '2027-05-01T12:17:10.000Z']);
    // Another range is another computation, and a short one is always computed.
    expect((await recent(reader, { ...LONG, limit: 1 })).computedAt).toEqual(now);
    await writeLog(database.pool, [usedBy('r1', 1000)]);
    const { rows } = await recent(reader, { ...LONG, from: '2027-02-01', to: '2027-02-28' });
    expect(rows[0]?.used).toBe(1111);
  });

  it('of one database are never shown for another', async () => {
    const recent = createRecentTopCustomers(() => new Date());
    const other = await createTestDatabase();
    const otherReader = queryTargetOn(other.urlFor('test_reader'));
    try {
      expect((await recent(reader, LONG)).rows).not.toEqual([]);
      expect((await recent(otherReader, LONG)).rows).toEqual([]);
    } finally {
      await otherReader.pool.end();
      await other.drop();
    }
  });
});
