import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { UNITS_MAX } from '#main/ledger/read-usage-position.ts';
import type { MeterFormula } from '#shared/ipc/metering.ts';
import type { MeteringTarget } from '../metering-target.ts';
import { IDENTIFIER_KEPT } from './claim-usage.ts';
import { isRefusal } from './refusal.ts';

/** An event that Stripe may have. */
export type SoughtUsage = {
  id: string;
  stripeCustomerId: string;
  eventName: string;
  formula: MeterFormula;
  occurredAt: Date;
};

const MINUTE_MS = 60_000;
/** Stripe's summaries lag by minutes. */
const LAG = sql`interval '1 hour'`;

/**
 * Finds out whether Stripe counts an event, from its summary of the event's minute: `there` where it has everything that it may
 * have, `absent` where it has only what it has for certain. Between the two nothing is certain: `later` where something of
 * that minute is still on its way, else `unclear`, as always for a meter that takes the newest value. Errors: those of the gateway.
 */
export async function findInStripe(
  target: MeteringTarget,
  event: SoughtUsage,
): Promise<'there' | 'absent' | 'later' | 'unclear'> {
  if (event.formula === 'last') return 'unclear';
  const start = new Date(Math.floor(event.occurredAt.getTime() / MINUTE_MS) * MINUTE_MS);
  const end = new Date(start.getTime() + MINUTE_MS);
  const before = await readMinute(target, event, start, end);
  const meterId = before.meterId ?? (await target.gateway.findMeter(event.eventName))?.id;
  if (meterId === undefined) return 'unclear';
  const { stripeCustomerId } = event;
  const summary = await readSummary(target, { meterId, stripeCustomerId, start, end });
  if (summary === undefined) return 'unclear';
  const now = await readMinute(target, event, start, end);
  const isSame = now.certain === before.certain && now.possible === before.possible;
  if (!isSame) return 'later';
  // Every value is at least 1, so these two sums have one explanation each.
  if (summary === now.certain) return 'absent';
  if (summary === now.certain + now.possible) return 'there';
  return now.isMoving ? 'later' : 'unclear';
}

/** Undefined where Stripe has none of this customer or meter any more. */
async function readSummary(
  { gateway }: MeteringTarget,
  query: { meterId: string; stripeCustomerId: string; start: Date; end: Date },
): Promise<number | undefined> {
  try {
    const rows = await gateway.listUsage(query);
    return rows.reduce((sum, row) => sum + row.value, 0);
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

type Minute = { certain: number; possible: number; isMoving: boolean; meterId: string | null };

/** Units of one customer, meter and minute that Stripe has, and those it may have, this event's included. */
async function readMinute(
  { database, accountId, livemode }: MeteringTarget,
  { id, stripeCustomerId, eventName }: SoughtUsage,
  start: Date,
  end: Date,
): Promise<Minute> {
  const [minute] = await runQuery(
    database,
    sql<Minute>`
      SELECT least(coalesce(sum(m.value) FILTER (WHERE m.is_settled AND m.is_delivered), 0), ${UNITS_MAX}::bigint)::bigint AS certain,
        least(coalesce(sum(m.value) FILTER (WHERE NOT m.is_settled), 0), ${UNITS_MAX}::bigint)::bigint AS possible,
        coalesce(bool_or(NOT m.is_settled AND NOT m.is_lost AND m.id <> ${id}), false) AS "isMoving",
        (SELECT s.meter_id FROM credits_billing.stripe_meters s
         WHERE s.account_id = ${accountId} AND s.livemode = ${livemode} AND s.event_name = ${eventName}) AS "meterId"
      FROM (
        SELECT e.id, e.value, e.state IN ('sent', 'duplicate') AS is_delivered,
          CASE
            WHEN e.id = ${id} THEN false
            WHEN e.state IN ('sent', 'duplicate') THEN e.sent_at < clock_timestamp() - ${LAG}
            WHEN e.state = 'cancelled' THEN e.sent_at IS NULL OR e.changed_at < clock_timestamp() - ${LAG}
            WHEN e.state = 'queued' THEN e.first_attempt_at IS NULL
            ELSE e.state IN ('rejected', 'too_old')
          END AS is_settled,
          e.state = 'unclear'
            OR (e.state = 'queued' AND e.first_attempt_at < clock_timestamp() - ${IDENTIFIER_KEPT}) AS is_lost
        FROM credits_billing.meter_events e
        WHERE e.account_id = ${accountId} AND e.livemode = ${livemode} AND e.stripe_customer_id = ${stripeCustomerId}
          AND e.event_name = ${eventName} AND e.occurred_at >= ${start} AND e.occurred_at < ${end}
      ) m`,
  );
  if (minute === undefined) throw new Error('the minute’s usage could not be read');
  return minute;
}
