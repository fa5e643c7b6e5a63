import { sql } from 'kysely';
import type { QueryTarget } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { MeterEventState } from '#shared/ipc/metering.ts';
import { noSuchEvent } from './cancel-usage.ts';
import { SENT_WITHIN } from './claim-usage.ts';

/**
 * Decides about an event that waits for a person. `send_again` gives a rejected or unclear one a new identifier and queues it, for
 * the Stripe customer that is linked by now; `sent` counts an unclear one as delivered. Errors: not_found, invalid_argument (another state, or more than 35 days old).
 */
export async function settleUsage(
  target: QueryTarget,
  actor: string,
  { id, as }: { id: string; as: 'send_again' | 'sent' },
): Promise<void> {
  await post(target, { actor }, async (session) => {
    const [event] = await session.run(sql<{ state: MeterEventState; isTooOld: boolean }>`
      SELECT e.state, e.occurred_at < clock_timestamp() - ${SENT_WITHIN} AS "isTooOld"
      FROM credits_billing.meter_events e WHERE e.id = ${id} FOR UPDATE`);
    if (event === undefined) throw noSuchEvent(id);
    if (as === 'sent') {
      if (event.state !== 'unclear') {
        throw refuse(
          'Only usage of which it is unclear whether Stripe has it can be counted as sent.',
        );
      }
      await session.run(sql`
        UPDATE credits_billing.meter_events SET state = 'sent', sent_at = coalesce(first_attempt_at, clock_timestamp()),
          error = NULL, error_code = NULL, changed_at = clock_timestamp() WHERE id = ${id}`);
      return;
    }
    if (event.state !== 'rejected' && event.state !== 'unclear') {
      throw refuse('Only usage that Stripe rejected, or may not have, can be sent again.');
    }
    if (event.isTooOld) {
      throw refuse('The usage is of more than 35 days ago, which Stripe does not take any more.');
    }
    await session.run(sql`
      UPDATE credits_billing.meter_events e SET state = 'queued', attempts = 0, first_attempt_at = NULL, sent_at = NULL,
        -- The one it was made for may be gone. A link is of the account that the workspace belongs to.
        stripe_customer_id = coalesce((
          SELECT c.stripe_customer_id FROM credits.customers c JOIN credits_billing.stripe_settings s
            ON (s.account_id, s.livemode) = (e.account_id, e.livemode)
          WHERE c.id = e.customer_id), stripe_customer_id),
        identifier = 'cc_' || id || '_' || coalesce(substring(identifier FROM '_([0-9]+)$')::integer, 1) + 1,
        next_attempt_at = clock_timestamp(), claimed_by = NULL, claimed_until = NULL, error = NULL, error_code = NULL,
        changed_at = clock_timestamp() WHERE id = ${id}`);
  });
}

function refuse(why: string): AppError {
  return new AppError('invalid_argument', `${why} Nothing was changed.`);
}
