import { call } from '#renderer/api/client.ts';
import type {
  PostingAttempt,
  Reading,
  ReasonValues,
} from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { formatMoney } from '#renderer/format/money.ts';
import { AppError } from '#shared/errors.ts';
import type { Payment } from '#shared/ipc/billing.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Input, Output } from '#shared/ipc/procedure.ts';
import type { ClawbackPolicy } from '#shared/ipc/stripe.ts';
import { parseMoney } from '#shared/money.ts';

export type StripeReason = Input<Contract['billing.refund']>['stripeReason'];

/** A refund as it is asked for: its preview's question, and the reason that Stripe is told. */
export type RefundAct = Input<Contract['billing.previewRefund']> & { stripeReason: StripeReason };
export type RefundPreview = Output<Contract['billing.previewRefund']>;
export type RefundAnswer = Output<Contract['billing.refund']>;

export type RefundValues = ReasonValues & {
  amount: string;
  policy: ClawbackPolicy;
  stripeReason: StripeReason;
};

/** A payment whose money is known, so that it can be refunded. */
export type RefundablePayment = Payment & { currency: string; paidMinor: number };

/** Whether a payment's money is known here. */
export function isMoneyKnown(payment: Payment): payment is RefundablePayment {
  return payment.known && payment.currency !== null && payment.paidMinor !== null;
}

/** Reads the fields of a refund: an amount of the payment's currency, at most what is left of it. */
export function readRefund(
  values: RefundValues,
  options: { customerId: string; payment: RefundablePayment },
): Reading<RefundValues, RefundAct> {
  const { customerId, payment } = options;
  const { currency, refundableMinor, stripePaymentId } = payment;
  const parsed = parseMoney(values.amount, currency);
  if (!parsed.ok) return { ok: false, fields: { amount: parsed.why } };
  const { amountMinor } = parsed;
  if (amountMinor === 0) return { ok: false, fields: { amount: 'Enter more than zero.' } };
  if (amountMinor > refundableMinor) {
    const left = formatMoney({ amountMinor: refundableMinor, currency });
    return { ok: false, fields: { amount: `At most ${left} can still be refunded.` } };
  }
  const { policy, stripeReason } = values;
  const text = formatMoney({ amountMinor, currency });
  return {
    ok: true,
    act: { customerId, stripePaymentId, amountMinor, policy, stripeReason },
    words: ({ customer }) => ({
      customer,
      button: `Refund ${text}`,
      done: `Refunded ${text} to ${customer}`,
    }),
  };
}

/**
 * Asks for a refund once. The answer may say `requested`: Stripe has not confirmed it, and main finishes it with the same
 * key. Throws AppError, `stripe_refused` also where an earlier try of the same key was refused.
 */
export async function postRefund(
  attempt: PostingAttempt<RefundAct>,
  id: string,
): Promise<RefundAnswer> {
  const { act, reason, confirmedProduction } = attempt;
  const answer = await call('billing.refund', { id, ...act, ...reason, confirmedProduction });
  if (answer.request.state === 'refused') {
    throw new AppError(
      'stripe_refused',
      answer.request.error ?? 'Stripe refused the refund. Nothing was refunded.',
    );
  }
  return answer;
}
