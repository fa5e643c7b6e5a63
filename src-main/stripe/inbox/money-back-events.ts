import type { LedgerSession } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { applySync, type SyncOutcome } from '../sync/apply-sync.ts';
import { syncMoneyBack } from '../sync/sync-money-back.ts';
import type { ClaimedEvent } from './claim-event.ts';

type Finish = (session: LedgerSession, outcome: SyncOutcome) => Promise<void>;
type Hint = Pick<ClaimedEvent, 'paymentIntentId'>;

/** A refund changed: all that went back of its payment is compared. */
export async function handleRefund(
  target: StripeTarget,
  refundId: string,
  finish: Finish,
  hint: Hint,
) {
  const payment = await orNamed(hint, async () =>
    paymentOf(target, await target.gateway.getRefund(refundId)),
  );
  return compare(target, { id: refundId, payment, finish });
}

/** A dispute changed, as above. */
export async function handleDispute(
  target: StripeTarget,
  disputeId: string,
  finish: Finish,
  hint: Hint,
) {
  const payment = await orNamed(hint, async () =>
    paymentOf(target, await target.gateway.getDispute(disputeId)),
  );
  return compare(target, { id: disputeId, payment, finish });
}

/** Of a charge money went back, as above. */
export async function handleRefundedCharge(
  target: StripeTarget,
  chargeId: string,
  finish: Finish,
  hint: Hint,
) {
  const payment = await orNamed(hint, () => target.gateway.paymentOfCharge(chargeId));
  return compare(target, { id: chargeId, payment, finish });
}

/**
 * A server that only plays Stripe may send events of objects that it cannot be asked for. Which payment to compare may then
 * come from the event: what went back of it is still Stripe's own list.
 */
async function orNamed(
  { paymentIntentId }: Hint,
  ask: () => Promise<string | null>,
): Promise<string | null> {
  try {
    return await ask();
  } catch (error) {
    const isUnknown = error instanceof AppError && error.code === 'stripe_not_found';
    if (isUnknown && paymentIntentId !== null) return paymentIntentId;
    throw error;
  }
}

async function paymentOf(
  { gateway }: StripeTarget,
  of: { paymentIntentId: string | null; chargeId: string | null },
): Promise<string | null> {
  if (of.paymentIntentId !== null || of.chargeId === null) return of.paymentIntentId;
  return gateway.paymentOfCharge(of.chargeId);
}

async function compare(
  target: StripeTarget,
  { id, payment, finish }: { id: string; payment: string | null; finish: Finish },
): Promise<SyncOutcome> {
  if (payment !== null) return syncMoneyBack(target, payment, finish, { id });
  const outcome: SyncOutcome = {
    outcome: `${id} belongs to no payment intent, so it bought no credits.`,
    ignored: true,
    transactions: [],
    customerIds: [],
  };
  return applySync(target, id, async () => async () => outcome, finish);
}
