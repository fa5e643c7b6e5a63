import type { z } from 'zod';
import { readSnapshot } from '#main/database/run-query.ts';
import { type Author, post } from '#main/ledger/ledger-session.ts';
import { getBalance } from '#main/ledger/read-balance.ts';
import type { billingProcedures } from '#shared/ipc/billing.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { finishRefund } from './finish-refunds.ts';
import { getRefundRequest } from './list-open-refunds.ts';
import { getPayment } from './read-payments.ts';
import { addContext, type RefundOrder, requestRefund } from './request-refund.ts';

type Refunded = z.input<(typeof billingProcedures)['billing.refund']['output']>;
export type StripeReason = z.output<
  (typeof billingProcedures)['billing.refund']['input']
>['stripeReason'];

/**
 * Refunds a payment, whole or in part. First the request is written down and its credits are held; then Stripe is called,
 * outside any transaction, because its answer can take seconds; then the credits follow. Broken off anywhere, the request
 * is found again and finished. An answer of Stripe's that is missing is no error: the request is `requested` then.
 * Errors: not_found, already_reversed, idempotency_conflict; stripe_refused, stripe_not_found (nothing was refunded, the hold is released).
 */
export async function refundPayment(
  target: StripeTarget,
  author: Author,
  order: RefundOrder & { stripeReason: StripeReason },
): Promise<Refunded> {
  await post(target.database, author, async (session) => {
    await addContext(session, { stripe_reason: order.stripeReason });
    await requestRefund(session, order);
  });
  const { refusal } = await finishRefund(target, order.id);
  if (refusal) throw refusal;
  return readSnapshot(target.database, undefined, async (run) => ({
    request: await getRefundRequest(run, order.id),
    payment: await getPayment(run, order.customerId, order.stripePaymentId),
    balance: await getBalance(run, order.customerId),
  }));
}
