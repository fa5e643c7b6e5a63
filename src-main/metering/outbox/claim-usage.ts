import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { isBoundElsewhere } from '#main/ledger/is-bound-elsewhere.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { MeterFormula } from '#shared/ipc/metering.ts';
import type { MeteringTarget } from '../metering-target.ts';

/** A meter event that this worker sends, or takes back, now. */
export type ClaimedUsage = {
  id: string;
  identifier: string;
  customerId: string;
  stripeCustomerId: string;
  eventName: string;
  formula: MeterFormula;
  /** Whole units. */
  value: number;
  occurredAt: Date;
  state: 'queued' | 'cancelling';
  /** This one included. */
  attempts: number;
  /** True where Stripe may have it from an attempt before this one. */
  wasAttempted: boolean;
  /** True where Stripe may have it, and may have forgotten its identifier by now. */
  isForgotten: boolean;
  /** True where Stripe takes no usage of so long ago any more. */
  isTooOld: boolean;
  claimedBy: string;
};

// Longer than a call of Stripe with its repeats; where it is not, two send under one identifier.
const CLAIM = sql`interval '2 minutes'`;
/** Stripe keeps identifiers for 24 hours; the last of them is for the attempt itself. */
export const IDENTIFIER_KEPT = sql`interval '23 hours'`;
/** Stripe takes usage of the past 35 days. */
export const SENT_WITHIN = sql`interval '35 days'`;

/** Has everybody else who batches or claims, and whoever would bind the workspace to another account, wait for this one's end. */
const oneAtATime = sql`SELECT FROM credits_billing.stripe_settings FOR UPDATE`;

/** True where a round would find reports without an event, or events that are due. */
export async function isUsageWaiting(target: MeteringTarget): Promise<boolean> {
  const [found] = await runQuery(
    target.database,
    sql<{ waits: boolean }>`SELECT
      EXISTS (SELECT FROM credits.usage_reports WHERE meter_event_id IS NULL)
      OR EXISTS (SELECT FROM credits_billing.meter_events e
        WHERE e.state IN ('queued', 'cancelling') AND e.next_attempt_at <= clock_timestamp()
          AND (e.claimed_until IS NULL OR e.claimed_until < clock_timestamp())
          AND e.account_id = ${target.accountId} AND e.livemode = ${target.livemode}) AS waits`,
  );
  return found?.waits ?? false;
}

/** Makes meter events of all reports that wait; `atOnce`: also of the minute that is not over. */
export async function batchUsage(
  target: MeteringTarget,
  { atOnce, signal }: { atOnce: boolean; signal?: AbortSignal | undefined },
): Promise<void> {
  const { accountId, livemode } = target;
  for (let made = 1; made > 0 && !signal?.aborted; ) {
    made = await post(target.database, { actor: target.actor }, async (session) => {
      // Side by side, later reports could become earlier events.
      await session.run(oneAtATime);
      const batched = await session.call<{ made: number }>({
        name: 'metering.batch_usage',
        text: 'SELECT credits.batch_usage($1, $2, $3) AS made',
        values: [accountId, livemode, atOnce],
      });
      return batched.made;
    });
  }
}

/** Makes everything due that waits for a later attempt. */
export async function makeUsageDue(target: MeteringTarget): Promise<void> {
  await runQuery(
    target.database,
    sql`UPDATE credits_billing.meter_events SET next_attempt_at = clock_timestamp()
      WHERE state IN ('queued', 'cancelling') AND next_attempt_at > clock_timestamp()
        AND account_id = ${target.accountId} AND livemode = ${target.livemode}`,
  );
}

/**
 * Takes events that are due, in their order, so that no other worker sends them for two minutes; whoever takes over after that
 * uses the same identifiers. Committed before anything is sent: from then on Stripe may have them. Events of a customer and
 * meter of which another worker sends some wait; so do those of a meter that takes the newest value, while an earlier one waits.
 */
export async function claimUsage(
  target: MeteringTarget,
  worker: string,
  limit: number,
): Promise<ClaimedUsage[]> {
  const { accountId, livemode } = target;
  return post(target.database, { actor: target.actor }, async (session) => {
    // Two that claim side by side would not see what the other one takes.
    await session.run(oneAtATime);
    return session.run(sql<ClaimedUsage>`
      WITH open AS MATERIALIZED (
        SELECT e.id, e.position, e.state, e.formula, e.stripe_customer_id, e.event_name,
          e.next_attempt_at <= clock_timestamp() AS is_due, coalesce(e.claimed_until >= clock_timestamp(), false) AS is_taken
        FROM credits_billing.meter_events e
        WHERE e.state IN ('queued', 'cancelling') AND e.account_id = ${accountId} AND e.livemode = ${livemode}
          AND NOT ${isBoundElsewhere(target)}
      ), placed AS (
        -- Stripe takes one call at a time for a customer and meter; and where the newest value counts, order decides.
        -- A join would be planned by how few events were open when the table was analyzed last.
        SELECT o.id, o.position, o.state, o.is_due, o.is_taken, min(CASE WHEN o.is_taken THEN 0 ELSE o.position END)
          FILTER (WHERE o.state = 'queued' AND (o.is_taken OR (o.formula = 'last' AND NOT o.is_due)))
          OVER (PARTITION BY o.stripe_customer_id, o.event_name) AS blocked_from
        FROM open o
      ), due AS (
        -- Seen again as they are once locked; the || has them found by their ids, and not among all that are open.
        SELECT e.id, e.first_attempt_at FROM credits_billing.meter_events e
        WHERE e.state || '' IN ('queued', 'cancelling') AND (e.claimed_until IS NULL OR e.claimed_until < clock_timestamp()) AND e.id IN (
          SELECT p.id FROM placed p
          WHERE p.is_due AND NOT p.is_taken AND (p.state = 'cancelling' OR p.blocked_from IS NULL OR p.position < p.blocked_from)
          ORDER BY p.position LIMIT ${limit})
        FOR UPDATE SKIP LOCKED
      ), claimed AS (
        UPDATE credits_billing.meter_events e
        SET claimed_by = ${worker}, claimed_until = clock_timestamp() + ${CLAIM}, attempts = e.attempts + 1,
          first_attempt_at = coalesce(e.first_attempt_at, clock_timestamp())
        FROM due WHERE e.id = due.id
        RETURNING e.*, due.first_attempt_at AS attempted_before_at
      )
      SELECT c.id, c.identifier, c.customer_id AS "customerId", c.stripe_customer_id AS "stripeCustomerId", c.event_name AS "eventName",
        c.formula, c.value, c.occurred_at AS "occurredAt", c.state, c.attempts, c.attempted_before_at IS NOT NULL AS "wasAttempted",
        coalesce(c.attempted_before_at < clock_timestamp() - ${IDENTIFIER_KEPT}, false) AS "isForgotten",
        c.occurred_at < clock_timestamp() - ${SENT_WITHIN} AS "isTooOld", c.claimed_by AS "claimedBy"
      FROM claimed c ORDER BY c.position`);
  });
}

/** Gives events back that were taken and not begun: as if they had never been taken. */
export async function releaseUsage(
  target: MeteringTarget,
  events: readonly ClaimedUsage[],
): Promise<void> {
  const [first] = events;
  if (first === undefined) return;
  const untouched = events.filter(({ wasAttempted }) => !wasAttempted).map(({ id }) => id);
  await runQuery(
    target.database,
    sql`UPDATE credits_billing.meter_events SET claimed_by = NULL, claimed_until = NULL, attempts = attempts - 1,
        first_attempt_at = CASE WHEN id = ANY (${untouched}::uuid[]) THEN NULL ELSE first_attempt_at END
      WHERE id = ANY (${events.map(({ id }) => id)}::uuid[]) AND claimed_by = ${first.claimedBy} AND state IN ('queued', 'cancelling')`,
  );
}
