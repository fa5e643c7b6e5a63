import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { MeterEventState } from '#shared/ipc/metering.ts';
import type { MeteringTarget } from '../metering-target.ts';
import type { ClaimedUsage } from './claim-usage.ts';
import { findInStripe, type SoughtUsage } from './find-in-stripe.ts';
import { putBack } from './mark-usage.ts';
import { isFromStripe, isRefusal } from './refusal.ts';

type CancellingUsage = SoughtUsage & Pick<ClaimedUsage, 'identifier' | 'claimedBy'>;

/** True in SQL for an event (e) that Stripe has never been sent, or certainly does not have. */
export const IS_ONLY_HERE = sql<boolean>`(e.state = 'rejected' OR (e.state IN ('queued', 'too_old') AND e.first_attempt_at IS NULL))`;
/** True in SQL for an event (e) that Stripe can still be asked to take back. */
export const CAN_BE_TAKEN_BACK = sql<boolean>`(e.state IN ('sent', 'duplicate') AND e.sent_at > clock_timestamp() - interval '24 hours')`;

/**
 * Takes an event back, with a reason: at once where Stripe does not have it, else by asking Stripe, after the wish was committed.
 * Whatever gets in the way then is tried again by the round. Errors: not_found, invalid_argument (too late, or in another
 * state), stripe_other_account, stripe_refused (it stays as it was), stripe_unavailable and the like (it is tried again).
 */
export async function cancelUsage(
  target: MeteringTarget,
  worker: string,
  { id, reason }: { id: string; reason: string },
): Promise<void> {
  const cancelling = await post(target.database, { actor: target.actor }, async (session) => {
    type Row = CancellingUsage & {
      state: MeterEventState;
      isOnlyHere: boolean;
      canBeTakenBack: boolean;
      isOwn: boolean;
      isTaken: boolean;
    };
    const [event] = await session.run(sql<Row>`
      SELECT e.id, e.identifier, e.stripe_customer_id AS "stripeCustomerId", e.event_name AS "eventName", e.formula,
        e.occurred_at AS "occurredAt", ${worker} AS "claimedBy", e.state, ${IS_ONLY_HERE} AS "isOnlyHere",
        ${CAN_BE_TAKEN_BACK} AS "canBeTakenBack",
        e.account_id = ${target.accountId} AND e.livemode = ${target.livemode} AS "isOwn",
        coalesce(e.claimed_until >= clock_timestamp(), false) AS "isTaken"
      FROM credits_billing.meter_events e WHERE e.id = ${id} FOR UPDATE`);
    if (event === undefined) throw noSuchEvent(id);
    if (event.isOnlyHere && !event.isTaken) {
      await session.run(sql`
        UPDATE credits_billing.meter_events SET state = 'cancelled', cancel_reason = ${reason}, cancelled_by = ${target.actor},
          claimed_by = NULL, claimed_until = NULL, changed_at = clock_timestamp() WHERE id = ${id}`);
      return undefined;
    }
    if (event.state !== 'cancelling' && !event.canBeTakenBack) throw notCancellable(event.state);
    if (!event.isOwn) {
      throw new AppError(
        'stripe_other_account',
        'This usage was sent to another Stripe account than the one the console is connected to. Nothing was changed. Connect to that account to take it back.',
      );
    }
    // A repeat goes on with the wish as it was noted first.
    const again = event.state === 'cancelling';
    await session.run(sql`
      UPDATE credits_billing.meter_events SET state = 'cancelling',
        cancel_reason = CASE WHEN ${again} THEN cancel_reason ELSE ${reason} END,
        cancelled_by = CASE WHEN ${again} THEN cancelled_by ELSE ${target.actor} END,
        claimed_by = ${worker}, claimed_until = clock_timestamp() + interval '2 minutes', next_attempt_at = clock_timestamp(),
        attempts = CASE WHEN ${again} THEN attempts ELSE 1 END, changed_at = clock_timestamp() WHERE id = ${id}`);
    return { event, again };
  });
  if (cancelling === undefined) return;
  const { event, again } = cancelling;
  const refusal = await finishCancelling(target, event, { isFirst: !again }).catch(
    async (error: unknown) => {
      if (!isFromStripe(error)) throw error;
      await putBack(target, event, error);
      throw new AppError(
        error.code,
        `${error.message} The usage is taken back by itself as soon as Stripe answers.`,
        { cause: error, details: error.details },
      );
    },
  );
  if (refusal !== undefined) throw refusal;
}

/**
 * Has Stripe take back an event that is being cancelled. Answers with Stripe's refusal, after which the event counts as sent
 * again. `isFirst` is false where Stripe may have done it already. Errors: those of the gateway but for refusals; then it stays.
 */
export async function finishCancelling(
  target: MeteringTarget,
  event: CancellingUsage,
  { isFirst }: { isFirst: boolean },
): Promise<AppError | undefined> {
  const { id, identifier, eventName } = event;
  try {
    await target.gateway.cancelUsage({ eventName, identifier });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // A day after the usage was taken back, Stripe only says that it is too late.
    const found = isFirst ? 'there' : await findInStripe(target, event);
    if (found !== 'absent') {
      const doubt = found === 'there' ? '' : ' An earlier attempt may have succeeded all the same.';
      await keepSent(target, event, error.code, `${error.message}${doubt}`);
      return error;
    }
  }
  await runQuery(
    target.database,
    sql`UPDATE credits_billing.meter_events SET state = 'cancelled', error = NULL, error_code = NULL,
        claimed_by = NULL, claimed_until = NULL, changed_at = clock_timestamp()
      WHERE id = ${id} AND identifier = ${identifier} AND state = 'cancelling'`,
  );
  return undefined;
}

async function keepSent(
  { database }: MeteringTarget,
  { id, identifier, claimedBy }: CancellingUsage,
  code: string,
  why: string,
): Promise<void> {
  await runQuery(
    database,
    sql`UPDATE credits_billing.meter_events SET state = 'sent', error_code = ${code},
        error = ${`It could not be taken back. ${why}`.slice(0, 1_000)}, cancel_reason = NULL, cancelled_by = NULL,
        claimed_by = NULL, claimed_until = NULL, changed_at = clock_timestamp()
      WHERE id = ${id} AND identifier = ${identifier} AND state = 'cancelling' AND claimed_by = ${claimedBy}`,
  );
}

export function noSuchEvent(id: string): AppError {
  return new AppError('not_found', `There is no meter event ${id}. Nothing was changed.`);
}

function notCancellable(state: MeterEventState): AppError {
  return new AppError('invalid_argument', `${whyNot(state)} Nothing was changed.`, {
    details: { state },
  });
}

function whyNot(state: MeterEventState): string {
  switch (state) {
    case 'sent':
    case 'duplicate':
      return 'Stripe takes usage back within 24 hours of its receipt, and these are over.';
    case 'queued':
      return 'This usage is being sent, or may have reached Stripe already. Try again once it is settled.';
    case 'too_old':
    case 'unclear':
      return 'Whether Stripe has this usage is not known, so it cannot be taken back here. Settle it first.';
    case 'cancelled':
      return 'This usage was taken back already.';
    case 'cancelling':
    case 'rejected':
      return 'Other work holds this usage at the moment. Try again in a few minutes.';
  }
}
