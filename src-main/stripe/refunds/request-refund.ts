import { sql } from 'kysely';
import type { LedgerSession } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { ClawbackPolicy } from '#shared/ipc/stripe.ts';
import { type Money, moneyDigits } from '#shared/money.ts';
import { getPayment, type PaymentData } from './read-payments.ts';

/** What a person asks for: part or all of one payment's money, in minor units of its currency. */
export type RefundOrder = {
  id: string;
  customerId: string;
  stripePaymentId: string;
  amountMinor: number;
  policy: ClawbackPolicy;
  /** In the person's words. */
  reason: string;
};

/**
 * Writes down that a payment is to be refunded and holds its credits. The same id with the same values writes nothing new. Errors: not_found (also: not this account's), already_reversed (left and
 * asked in minor units), idempotency_conflict, invalid_argument.
 */
export async function requestRefund(session: LedgerSession, order: RefundOrder): Promise<void> {
  const payment = await getPayment(session.run, order.customerId, order.stripePaymentId);
  if (!payment.known) {
    throw new AppError(
      'not_found',
      `The payment ${order.stripePaymentId} is not of the connected Stripe account, or what was paid is not known. Nothing was changed. Refund it in Stripe.`,
      { details: { entity: 'stripe_payment', id: order.stripePaymentId } },
    );
  }
  try {
    await session.call<{ id: string }>({
      name: 'stripe.request_refund',
      text: `SELECT f.id FROM credits.request_refund(customer_id => $1, request_id => $2, stripe_payment_id => $3,
        amount_minor => $4, policy => $5, reason => $6) f`,
      values: [
        order.customerId,
        order.id,
        order.stripePaymentId,
        order.amountMinor,
        order.policy,
        order.reason,
      ],
    });
  } catch (error) {
    throw explain(error, payment, order);
  }
}

/** The ledger's refusal in the words of a payment: its amounts are money. */
function explain(error: unknown, payment: PaymentData, order: RefundOrder): unknown {
  if (!isRaised(error, 'already_reversed') || payment.currency === null) return error;
  const { currency, refundableMinor: left } = payment;
  const asked = order.amountMinor;
  return new AppError(
    'already_reversed',
    `Of this payment ${moneyText({ amountMinor: left, currency })} can still be refunded, ${moneyText({ amountMinor: asked, currency })} was asked for. Nothing was changed.`,
    {
      details: { left, asked, currency },
      fields: { amountMinor: 'is more than is left' },
      cause: error,
    },
  );
}

function isRaised(error: unknown, code: string): boolean {
  return error instanceof Error && error.message === code;
}

function moneyText(money: Money): string {
  return `${money.currency.toUpperCase()} ${moneyDigits(money)}`;
}

/** Lets everything that is written in this transaction from here on carry one more word in its metadata. */
export async function addContext(
  session: LedgerSession,
  context: Record<string, string>,
): Promise<void> {
  await session.run(sql`
    SELECT set_config('credits.context',
      (coalesce(nullif(current_setting('credits.context', true), ''), '{}')::jsonb || ${JSON.stringify(context)}::jsonb)::text,
      true)`);
}
