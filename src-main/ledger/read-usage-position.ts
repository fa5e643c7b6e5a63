import { type RawBuilder, sql } from 'kysely';
import type { RunQuery } from '#main/database/run-query.ts';
import type { MeterFormula } from '#shared/ipc/metering.ts';

/** Which usage is asked for: of one customer and meter, from start (inclusive) to end (exclusive), whole minutes. */
export type UsageOf = {
  customerId: string;
  eventName: string;
  formula: MeterFormula;
  start: Date;
  end: Date;
  /** Leaves out what went to another Stripe account or mode than this. */
  sentTo?: { accountId: string; livemode: boolean } | undefined;
};

/** What the console knows of it, in units by the meter's formula. */
export type Position = {
  /** Everything but what was cancelled. */
  reported: number;
  /** Of it: what Stripe took; what waits or is being sent; and what a person has to look at. */
  delivered: number;
  waiting: number;
  rejected: number;
  tooOld: number;
  unclear: number;
  cancelled: number;
  /** When Stripe took the last of it: its summaries lag. */
  lastSentAt: Date | null;
};

const MINUTE_MS = 60_000;
/** More units than this are counted as so many, here and in Stripe's summaries. */
export const UNITS_MAX = Number.MAX_SAFE_INTEGER;

/** The whole minutes that a period lies in: Stripe's summaries know nothing finer. */
export function wholeMinutes(period: { start: Date; end: Date }): { start: Date; end: Date } {
  return {
    start: new Date(Math.floor(period.start.getTime() / MINUTE_MS) * MINUTE_MS),
    end: new Date(Math.ceil(period.end.getTime() / MINUTE_MS) * MINUTE_MS),
  };
}

/** Reads what was reported and how far it got. Every report counts in the minute in which it happened, as its event does. */
export async function readPosition(run: RunQuery, of: UsageOf): Promise<Position> {
  const { formula } = of;
  const [position] = await run(sql<Position>`
    SELECT ${unitsOf(formula, sql`u.state <> 'cancelled'`)} AS reported,
      ${unitsOf(formula, sql`u.state IN ('sent', 'duplicate', 'cancelling')`)} AS delivered,
      ${unitsOf(formula, sql`u.state = 'queued'`)} AS waiting,
      ${unitsOf(formula, sql`u.state = 'rejected'`)} AS rejected,
      ${unitsOf(formula, sql`u.state = 'too_old'`)} AS "tooOld",
      ${unitsOf(formula, sql`u.state = 'unclear'`)} AS unclear,
      ${unitsOf(formula, sql`u.state = 'cancelled'`)} AS cancelled,
      max(u.sent_at) AS "lastSentAt"
    FROM ${reportsOf(of)} u`);
  if (position === undefined) throw new Error('the usage could not be read');
  return position;
}

/** What Stripe's summary should say, and how far it may be off for a while. In units by the meter's formula. */
export type Expectation = {
  /** Everything but what was cancelled, and what waits since less than an hour. */
  expected: number;
  /** Without what Stripe took less than ten minutes ago, or is being asked to cancel: it aggregates late. */
  least: number;
  /** With what is being sent just now, and what was cancelled less than ten minutes ago. */
  most: number;
  /** Of what is expected: waits since more than an hour. */
  stuck: number;
  /** Whether one of those reports that are under way has the very value that was found. */
  isUnderWay: boolean;
};

/** Reads what Stripe's summary should say by now, where it says `found`. Read it after Stripe's answer: nothing in that is newer then. */
export async function readExpectation(
  run: RunQuery,
  of: UsageOf,
  found: number,
): Promise<Expectation> {
  const { formula } = of;
  const isYoung = sql`(u.state = 'queued' AND u.created_at > clock_timestamp() - interval '1 hour')`;
  const isExpected = sql`(u.state <> 'cancelled' AND NOT ${isYoung})`;
  const mayBeMissing = sql`(u.state = 'cancelling' OR (u.state IN ('sent', 'duplicate')
    AND coalesce(u.sent_at, u.changed_at) > clock_timestamp() - interval '10 minutes'))`;
  const mayBeThere = sql`((${isYoung} AND u.first_attempt_at IS NOT NULL)
    OR (u.state = 'cancelled' AND u.changed_at > clock_timestamp() - interval '10 minutes'))`;
  const [expectation] = await run(sql<Expectation>`
    SELECT ${unitsOf(formula, isExpected)} AS expected,
      ${unitsOf(formula, sql`${isExpected} AND NOT ${mayBeMissing}`)} AS least,
      ${unitsOf(formula, sql`(${isExpected} OR ${mayBeThere})`)} AS most,
      ${unitsOf(formula, sql`u.state = 'queued' AND NOT ${isYoung}`)} AS stuck,
      coalesce(bool_or(u.quantity = ${found}::numeric AND (${mayBeMissing} OR ${mayBeThere})), false) AS "isUnderWay"
    FROM ${reportsOf(of)} u`);
  if (expectation === undefined) throw new Error('the usage could not be read');
  return expectation;
}

/** The reports, each with where it stands. */
function reportsOf({ customerId, eventName, start, end, sentTo }: UsageOf): RawBuilder<unknown> {
  return sql`(
    SELECT r.id, r.quantity, r.occurred_at, r.created_at, e.sent_at, e.first_attempt_at, e.changed_at,
      coalesce(e.state, 'queued') AS state
    FROM credits.usage_reports r LEFT JOIN credits_billing.meter_events e ON e.id = r.meter_event_id
    WHERE r.customer_id = ${customerId} AND r.event_name = ${eventName} AND r.occurred_at >= ${start} AND r.occurred_at < ${end}
      AND (${sentTo === undefined} OR e.id IS NULL
        OR (e.account_id, e.livemode) = (${sentTo?.accountId ?? null}::text, ${sentTo?.livemode ?? null}::boolean))
  )`;
}

/**
 * The number that a formula makes of the rows `u` (id, quantity, occurred_at) that a condition chooses. A sum beyond 2^53 − 1 is
 * that: a larger one could not be told exactly.
 */
export function unitsOf(
  formula: MeterFormula,
  condition: RawBuilder<unknown>,
): RawBuilder<unknown> {
  switch (formula) {
    case 'sum':
      return sql`least(coalesce(sum(u.quantity) FILTER (WHERE ${condition}), 0), ${UNITS_MAX}::bigint)::bigint`;
    case 'count':
      return sql`count(*) FILTER (WHERE ${condition})`;
    case 'last':
      return sql`coalesce((array_agg(u.quantity ORDER BY u.occurred_at DESC, u.id DESC) FILTER (WHERE ${condition}))[1], 0)`;
  }
}
