import { sql } from 'kysely';
import type { z } from 'zod';
import { assertDays, type ZonedDays } from '#main/database/calendar.ts';
import { type QueryTarget, type RunQuery, readSnapshot } from '#main/database/run-query.ts';
import { movementsByDay } from '#main/ledger/movements-by-day.ts';
import { foldWhereNeeded } from '#main/ledger/roll-ups.ts';
import { AppError } from '#shared/errors.ts';
import type { featuresProcedures } from '#shared/ipc/features.ts';
import { addDays } from '#shared/time.ts';
import { COST_COLUMNS, type CostRow, type FeatureCostData, toFeatureCost } from './cost-rows.ts';

type Feature = z.input<(typeof featuresProcedures)['features.list']['output']>['rows'][number];
type Prices = Pick<Feature, 'current' | 'scheduled'>;
type Use = Pick<Feature, 'used' | 'usedBefore' | 'uses' | 'trend'>;

const DAYS_MAX = 366;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Every feature that has a price or was used in the range, most used first, then by name: prices now and to come, credits
 * used on each day of the zone, and in as many days right before. Exact, on one snapshot. Errors: invalid_argument.
 */
export async function listFeatures(
  target: QueryTarget,
  days: ZonedDays,
  signal?: AbortSignal,
): Promise<{ rows: Feature[] }> {
  assertDays(days);
  const length = (Date.parse(days.to) - Date.parse(days.from)) / DAY_MS + 1;
  if (length > DAYS_MAX) {
    throw new AppError(
      'invalid_argument',
      `The range has more than ${DAYS_MAX} days; nothing was changed. Choose a shorter one.`,
      { fields: { to: `must be within ${DAYS_MAX} days of the first day` } },
    );
  }
  const withBefore = { ...days, from: addDays(days.from, -length) };
  assertDays(withBefore);
  await foldWhereNeeded(target, signal);
  const { prices, uses, meters } = await readSnapshot(target, signal, async (run) => ({
    prices: await readPrices(run),
    uses: await readUses(run, days, withBefore, length),
    meters: await readMeters(run),
  }));
  const names = new Set([...prices.keys(), ...uses.keys()]);
  const rows = [...names].flatMap((feature): Feature[] => {
    const price = prices.get(feature);
    const use = uses.get(feature) ?? noUse(length);
    // Used before the range only, and without a price: it has no place in either.
    if (price === undefined && use.uses === 0) return [];
    return [
      {
        feature,
        ...(price ?? { current: null, scheduled: [] }),
        ...use,
        meters: meters.get(feature) ?? [],
      },
    ];
  });
  rows.sort((a, b) => b.used - a.used || (a.feature < b.feature ? -1 : 1));
  return { rows };
}

async function readPrices(run: RunQuery): Promise<Map<string, Prices>> {
  // One instant for all, taken after the snapshot: every price of it that was set to hold at once holds.
  const rows = await run(sql<CostRow & { is_to_come: boolean }>`
    WITH now AS MATERIALIZED (SELECT clock_timestamp() AS at)
    SELECT ${COST_COLUMNS}, f.valid_from > now.at AS is_to_come
    FROM credits.feature_costs f CROSS JOIN now
    WHERE f.valid_from < 'infinity' AND f.valid_from >= coalesce((
      SELECT max(c.valid_from) FROM credits.feature_costs c WHERE c.feature = f.feature AND c.valid_from <= now.at
    ), '-infinity')
    ORDER BY f.feature, f.valid_from`);
  const prices = new Map<
    string,
    { current: FeatureCostData | null; scheduled: FeatureCostData[] }
  >();
  for (const row of rows) {
    const of = prices.get(row.feature) ?? { current: null, scheduled: [] };
    if (row.is_to_come) of.scheduled.push(toFeatureCost(row));
    else of.current = toFeatureCost(row);
    prices.set(row.feature, of);
  }
  return prices;
}

type UseRow = { feature: string; day: string; used: number; uses: number };

async function readUses(
  run: RunQuery,
  days: ZonedDays,
  withBefore: ZonedDays,
  length: number,
): Promise<Map<string, Use>> {
  const rows = await run(sql<UseRow>`
    SELECT feature, day::text AS day, sum(credits_out)::bigint AS used, sum(transactions)::bigint AS uses
    FROM (${movementsByDay(withBefore)}) parts
    WHERE transaction_type = 'usage' AND feature <> ''
    GROUP BY feature, day`);
  const uses = new Map<string, Use>();
  for (const { feature, day, used, uses: count } of rows) {
    const use = uses.get(feature) ?? noUse(length);
    uses.set(feature, use);
    if (day < days.from) {
      use.usedBefore += used;
    } else {
      use.used += used;
      use.uses += count;
      use.trend[(Date.parse(day) - Date.parse(days.from)) / DAY_MS] = used;
    }
  }
  return uses;
}

function noUse(length: number): Use {
  return { used: 0, usedBefore: 0, uses: 0, trend: Array.from({ length }, () => 0) };
}

/** The meters that price_use takes into account, by feature. */
async function readMeters(run: RunQuery): Promise<Map<string, string[]>> {
  const rows = await run(sql<{ feature: string; meters: string[] }>`
    SELECT b.feature, array_agg(DISTINCT b.event_name ORDER BY b.event_name) AS meters
    FROM credits_billing.feature_meters b JOIN credits_billing.meters m ON m.event_name = b.event_name AND m.active
    GROUP BY b.feature`);
  return new Map(rows.map(({ feature, meters }) => [feature, meters]));
}
