import type { LedgerSession } from '#main/ledger/ledger-session.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { applySync, type SyncOutcome } from '../sync/apply-sync.ts';
import { syncMoneyBack } from '../sync/sync-money-back.ts';

type Finish = (session: LedgerSession, outcome: SyncOutcome) => Promise<void>;

/** A refund changed: all that went back of its payment is compared. */
export async function handleRefund(target: StripeTarget, refundId: string, finish: Finish) {
  const refund = await target.gateway.getRefund(refundId);
  return handlePaymentOf(target, { ...refund, id: refundId }, finish);
}

/** A dispute changed, as above. */
export async function handleDispute(target: StripeTarget, disputeId: string, finish: Finish) {
  const dispute = await target.gateway.getDispute(disputeId);
  return handlePaymentOf(target, { ...dispute, id: disputeId }, finish);
}

/** Of a charge money went back, as above. */
export async function handleRefundedCharge(target: StripeTarget, chargeId: string, finish: Finish) {
  return handlePaymentOf(target, { id: chargeId, paymentIntentId: null, chargeId }, finish);
}

async function handlePaymentOf(
  target: StripeTarget,
  of: { id: string; paymentIntentId: string | null; chargeId: string | null },
  finish: Finish,
): Promise<SyncOutcome> {
  const paymentIntentId =
    of.paymentIntentId ??
    (of.chargeId === null ? null : await target.gateway.paymentOfCharge(of.chargeId));
  if (paymentIntentId !== null) return syncMoneyBack(target, paymentIntentId, finish);
  const outcome: SyncOutcome = {
    outcome: `${of.id} belongs to no payment intent, so it bought no credits.`,
    ignored: true,
    transactions: [],
    customerIds: [],
  };
  return applySync(target, of.id, async () => async () => outcome, finish);
}
