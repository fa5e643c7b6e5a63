import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import type { AppError } from '#shared/errors.ts';
import type { MeteringTarget } from '../metering-target.ts';
import type { ClaimedUsage } from './claim-usage.ts';

/** Waiting after the first attempt, doubled with each; and the longest. */
const FIRST_WAIT = sql`interval '5 seconds'`;
const LONGEST_WAIT = sql`interval '5 minutes'`;
const ERROR_LENGTH_MAX = 1_000;

/**
 * Notes that Stripe has the event. It holds also where the claim ran out, or another worker met a refusal meanwhile: Stripe
 * itself said so. `inferred`: its summary did, so it was taken with the first attempt.
 */
export async function markDelivered(
  target: MeteringTarget,
  { id, identifier }: ClaimedUsage,
  how: 'sent' | 'duplicate' | 'inferred',
): Promise<void> {
  await runQuery(
    target.database,
    sql`UPDATE credits_billing.meter_events SET state = ${how === 'duplicate' ? 'duplicate' : 'sent'},
        sent_at = CASE WHEN ${how === 'inferred'} THEN coalesce(first_attempt_at, clock_timestamp()) ELSE clock_timestamp() END,
        error = NULL, error_code = NULL, claimed_by = NULL, claimed_until = NULL, changed_at = clock_timestamp()
      WHERE id = ${id} AND identifier = ${identifier}
        AND (state = 'queued' OR (state IN ('rejected', 'too_old', 'unclear') AND sent_at IS NULL))`,
  );
}

/** Ends an event that Stripe does not have, or (unclear) may have, as long as it is this worker's. */
export async function markUndelivered(
  target: MeteringTarget,
  { id, identifier, claimedBy }: ClaimedUsage,
  state: 'rejected' | 'too_old' | 'unclear',
  why: { code: string | null; message: string },
): Promise<void> {
  await runQuery(
    target.database,
    sql`UPDATE credits_billing.meter_events SET state = ${state}, error_code = ${why.code}::text,
        error = ${why.message.slice(0, ERROR_LENGTH_MAX)},
        -- Nothing of it can be in Stripe.
        first_attempt_at = CASE WHEN ${state === 'unclear'} THEN first_attempt_at END,
        claimed_by = NULL, claimed_until = NULL, changed_at = clock_timestamp()
      WHERE id = ${id} AND identifier = ${identifier} AND state = 'queued' AND claimed_by = ${claimedBy}`,
  );
}

/** Has an event tried again later, as long as it is this worker's. Waits as long as Stripe asks for, else longer each time. */
export async function putBack(
  target: MeteringTarget,
  { id, identifier, claimedBy }: Pick<ClaimedUsage, 'id' | 'identifier' | 'claimedBy'>,
  why: AppError,
): Promise<void> {
  const asked = why.details?.retryAfterSeconds;
  const seconds = typeof asked === 'number' ? asked : 0;
  await runQuery(
    target.database,
    sql`UPDATE credits_billing.meter_events SET error_code = ${why.code}, error = ${why.message.slice(0, ERROR_LENGTH_MAX)},
        next_attempt_at = clock_timestamp() + greatest(make_interval(secs => ${seconds}),
          least(${FIRST_WAIT} * power(2, least(greatest(attempts, 1) - 1, 10)), ${LONGEST_WAIT})),
        claimed_by = NULL, claimed_until = NULL, changed_at = clock_timestamp()
      WHERE id = ${id} AND identifier = ${identifier} AND state IN ('queued', 'cancelling') AND claimed_by = ${claimedBy}`,
  );
}

/** Begins anew with an identifier that Stripe has not seen for a day and whose event it does not have. False where it is not this worker's. */
export async function beginAnew(
  target: MeteringTarget,
  { id, identifier, claimedBy }: ClaimedUsage,
): Promise<boolean> {
  const begun = await runQuery(
    target.database,
    sql`UPDATE credits_billing.meter_events SET first_attempt_at = clock_timestamp()
      WHERE id = ${id} AND identifier = ${identifier} AND state = 'queued' AND claimed_by = ${claimedBy}
        AND claimed_until > clock_timestamp() RETURNING id`,
  );
  return begun.length > 0;
}
