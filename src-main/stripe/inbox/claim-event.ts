import type { StripeTarget } from '../stripe-target.ts';

/** An event that this worker handles now; its body is a hint, so only what leads to its object is taken along. */
export type ClaimedEvent = {
  id: string;
  type: string;
  objectId: string | null;
  /** The payment that the body names. */
  paymentIntentId: string | null;
  /** This one included. */
  attempts: number;
  claimedBy: string;
};

// Longer than a call of Stripe with all its repeats.
const CLAIM = "interval '2 minutes'";

const CLAIMED = `e.id, e.type, e.object_id AS "objectId", e.attempts, e.claimed_by AS "claimedBy",
  substring(coalesce(e.payload #>> '{data,object,payment_intent,id}', e.payload #>> '{data,object,payment_intent}')
    FROM '^[[:alnum:]_]{1,255}$') AS "paymentIntentId"`;

/**
 * Takes events that are due, the longest due first, so that no other worker handles them meanwhile; a worker that dies
 * loses its events to the others after two minutes. Only those of the target's account and mode.
 */
export async function claimEvents(
  { database, accountId, livemode }: StripeTarget,
  worker: string,
  limit: number,
): Promise<ClaimedEvent[]> {
  const { rows } = await database.pool.query<ClaimedEvent & { order: number }>({
    name: 'stripe.claim_events',
    text: `WITH due AS (
        SELECT id, row_number() OVER (ORDER BY next_attempt_at, created_at, id) AS place FROM (
          SELECT id, next_attempt_at, created_at FROM credits_billing.stripe_events
          WHERE state IN ('received', 'failed') AND next_attempt_at <= clock_timestamp()
            AND (claimed_until IS NULL OR claimed_until < clock_timestamp()) AND account_id = $2 AND livemode = $3
            -- Not for an account that the workspace left: they wait until it is back.
            AND NOT EXISTS (SELECT FROM credits_billing.stripe_settings s
              WHERE s.account_id IS NOT NULL AND NOT s.simulated AND (s.account_id, s.livemode) IS DISTINCT FROM ($2, $3))
          ORDER BY next_attempt_at, created_at, id LIMIT $4
          FOR UPDATE SKIP LOCKED) locked
      ), claimed AS (
        UPDATE credits_billing.stripe_events e
        SET claimed_by = $1, claimed_until = clock_timestamp() + ${CLAIM}, attempts = e.attempts + 1
        FROM due WHERE e.id = due.id
        RETURNING ${CLAIMED}, due.place
      )
      SELECT * FROM claimed ORDER BY place`,
    values: [worker, accountId, livemode, limit],
  });
  return rows;
}

/** Takes one event by hand, whatever its state. Undefined where the inbox has none of this id. */
export async function claimByHand(
  { database }: StripeTarget,
  worker: string,
  id: string,
): Promise<ClaimedEvent | undefined> {
  const { rows } = await database.pool.query<ClaimedEvent>(
    `UPDATE credits_billing.stripe_events e
     SET claimed_by = $1, claimed_until = clock_timestamp() + ${CLAIM}, attempts = 1
     WHERE e.id = $2 RETURNING ${CLAIMED}`,
    [worker, id],
  );
  return rows[0];
}

/** Gives events back that were taken and not begun. */
export async function releaseEvents(
  { database }: StripeTarget,
  events: readonly ClaimedEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await database.pool.query(
    `UPDATE credits_billing.stripe_events SET claimed_by = NULL, claimed_until = NULL, attempts = attempts - 1
     WHERE id = ANY ($1) AND claimed_by = $2`,
    [events.map(({ id }) => id), events[0]?.claimedBy],
  );
}
