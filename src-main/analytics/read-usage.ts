import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import { assertDays, isUtc, type ZonedDays } from '#main/database/calendar.ts';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import { foldWhereNeeded, unfolded } from '#main/ledger/roll-ups.ts';
import type { analyticsProcedures } from '#shared/ipc/analytics.ts';
import type { TransactionType } from '#shared/ipc/vocabulary.ts';
import { addDays } from '#shared/time.ts';

type Procedure = (typeof analyticsProcedures)['analytics.usage'];
type Usage = z.input<Procedure['output']>;

type UsageRow = {
  part: 'day' | 'feature' | 'type';
  day: string | null;
  feature: string | null;
  type: TransactionType | null;
  credits_in: number;
  credits_out: number;
  transactions: number;
};

/**
 * Credits by day, by feature and by type over all customers; days are those of the time zone, both ends included.
 * Always exact: roll-ups and what they have not folded yet, read by one statement. Errors: invalid_argument.
 */
export async function readUsage(
  target: QueryTarget,
  days: ZonedDays,
  signal?: AbortSignal,
): Promise<Usage> {
  assertDays(days);
  await foldWhereNeeded(target, signal);
  const rows = await runQuery(
    target,
    sql<UsageRow>`
      WITH daily AS MATERIALIZED (
        SELECT day, feature, transaction_type, sum(credits_in) AS credits_in, sum(credits_out) AS credits_out,
          sum(transactions) AS transactions
        FROM (
          ${isUtc(days.timeZone) ? fromUtcDays(days) : fromQuarterHours(days)}
          UNION ALL
          ${fromLog(days, unfolded)}
        ) parts
        GROUP BY day, feature, transaction_type
      ), features AS (
        SELECT feature, sum(credits_out) AS used, sum(transactions) AS transactions,
          row_number() OVER (ORDER BY sum(credits_out) DESC, feature) AS place
        FROM daily WHERE transaction_type = 'usage' GROUP BY feature
      ), ordered AS (
        SELECT 'day' AS part, d.day::text AS day, f.feature, NULL AS type, 0::bigint AS credits_in,
          sum(d.credits_out)::bigint AS credits_out, sum(d.transactions)::bigint AS transactions
        FROM daily d LEFT JOIN features f ON f.feature = d.feature AND f.place <= 5
        WHERE d.transaction_type = 'usage' GROUP BY d.day, f.feature
        UNION ALL
        SELECT 'feature', NULL, feature, NULL, 0, used::bigint, transactions::bigint FROM features
        UNION ALL
        SELECT 'type', NULL, NULL, transaction_type, sum(credits_in)::bigint, sum(credits_out)::bigint,
          sum(transactions)::bigint
        FROM daily GROUP BY transaction_type
      )
      SELECT * FROM ordered
      ORDER BY part, day, CASE WHEN part = 'day' THEN feature END NULLS LAST, credits_out DESC, feature, type`,
    signal,
  );
  return {
    byDay: rows.flatMap((row) =>
      row.part === 'day' && row.day !== null
        ? [{ day: row.day, feature: row.feature, used: row.credits_out }]
        : [],
    ),
    byFeature: rows.flatMap((row) =>
      row.part === 'feature' && row.feature !== null
        ? [{ feature: row.feature, used: row.credits_out, transactions: row.transactions }]
        : [],
    ),
    byType: rows.flatMap((row) =>
      row.part === 'type' && row.type !== null
        ? [
            {
              type: row.type,
              creditsIn: row.credits_in,
              creditsOut: row.credits_out,
              transactions: row.transactions,
            },
          ]
        : [],
    ),
  };
}

function fromUtcDays({ from, to }: ZonedDays): RawBuilder<unknown> {
  return sql`SELECT day, feature, transaction_type, credits_in, credits_out, transactions
    FROM credits.rollup_days WHERE day BETWEEN ${from}::date AND ${to}::date`;
}

// Since then every zone's offset is a multiple of 15 minutes, and no clock that is put back goes back over midnight
// within a quarter of an hour (America/St_Johns, one minute past midnight, until 2011). What is older is read from the log.
const QUARTER_HOURS_SINCE = '2012-01-01';

function fromQuarterHours(days: ZonedDays): RawBuilder<unknown> {
  const since = sql`'${sql.raw(QUARTER_HOURS_SINCE)} 00:00:00+00'::timestamptz`;
  const older = sql`t.created_at < ${since} AND NOT (${unfolded})`;
  // OFFSET 0 keeps the planner from working out the day of a row three times.
  return sql`SELECT * FROM (
      SELECT (quarter_hour AT TIME ZONE ${days.timeZone})::date AS day, feature, transaction_type,
        credits_in, credits_out, transactions
      FROM credits.rollup_quarter_hours
      WHERE quarter_hour >= greatest(${startOf(days)}, ${since}) AND quarter_hour < ${endOf(days)}
      OFFSET 0
    ) quarter_hours
    WHERE day BETWEEN ${days.from}::date AND ${days.to}::date
    ${days.from <= addDays(QUARTER_HOURS_SINCE, 1) ? sql`UNION ALL ${fromLog(days, older)}` : sql``}`;
}

function fromLog(days: ZonedDays, condition: RawBuilder<unknown>): RawBuilder<unknown> {
  const day = sql`(t.created_at AT TIME ZONE ${days.timeZone})::date`;
  return sql`SELECT ${day} AS day, coalesce(t.feature, ''), t.transaction_type, greatest(t.amount, 0),
      greatest(-t.amount, 0), 1
    FROM credits.credit_transactions t
    WHERE ${condition} AND ${day} BETWEEN ${days.from}::date AND ${days.to}::date`;
}

/**
 * Bounds that surely hold the days of the zone (of UTC exactly), for the index; which day a row belongs to is told by its own local date,
 * also where a clock shows a midnight twice or never.
 */
export function startOf({ from, timeZone }: ZonedDays): RawBuilder<unknown> {
  return sql`((${from}::date - ${isUtc(timeZone) ? 0 : 2}::integer)::timestamp AT TIME ZONE 'UTC')`;
}

export function endOf({ to, timeZone }: ZonedDays): RawBuilder<unknown> {
  return sql`((${to}::date + ${isUtc(timeZone) ? 1 : 2}::integer)::timestamp AT TIME ZONE 'UTC')`;
}
