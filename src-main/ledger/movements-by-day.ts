import { type RawBuilder, sql } from 'kysely';
import { isUtc, type ZonedDays } from '#main/database/calendar.ts';
import { addDays } from '#shared/time.ts';
import { unfolded } from './roll-ups.ts';

/**
 * SQL of what moved on each day of the range (both ends included, days of the zone): rows of day, feature ('' where there is
 * none), transaction_type, credits_in, credits_out and transactions, several a day. Exact in one statement or snapshot: the
 * roll-ups and what they have not folded yet; call foldWhereNeeded before.
 */
export function movementsByDay(days: ZonedDays): RawBuilder<unknown> {
  return sql`${isUtc(days.timeZone) ? fromUtcDays(days) : fromQuarterHours(days)}
    UNION ALL
    ${fromLog(days, unfolded)}`;
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
