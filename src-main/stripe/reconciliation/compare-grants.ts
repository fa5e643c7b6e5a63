import { creditsInWords } from '#shared/credits.ts';
import type { StripeTarget } from '../stripe-target.ts';
import type { Difference } from './finding.ts';
import { type ProvisionedPayment, readStanding } from './provisioned-payments.ts';

/** Where Stripe shows what was paid. */
export type Place = Pick<
  Difference,
  'stripePaymentId' | 'stripeObjectId' | 'amountMinor' | 'currency'
>;

/** A second grant for one payment; none where it was taken back again. */
export async function doubleGrant(
  target: StripeTarget,
  place: Place,
  payment: ProvisionedPayment,
): Promise<Difference[]> {
  const { unsettled } = await readStanding(target, payment);
  if (unsettled === 0) return [];
  return [
    {
      ...place,
      id: `double_grant:${payment.stripePaymentId}`,
      bucket: 'double_grant',
      customerId: payment.customerId,
      stripePaymentId: payment.stripePaymentId,
      transactionId: payment.transactionId,
      expectedCredits: 0,
      foundCredits: unsettled,
      detail: `Paid once and granted more than once: this grant goes by ${payment.stripePaymentId}.`,
      obstacle: null,
      usage: null,
    },
  ];
}

/**
 * A grant of other credits than were paid for. What people reversed and earlier repairs took back counts as gone, and
 * clawbacks for money that went back as settled: only what can still be too much is.
 */
export async function differingAmount(
  target: StripeTarget,
  place: Place,
  payment: ProvisionedPayment,
  expected: number,
): Promise<Difference[]> {
  if (payment.credits === expected) return [];
  const standing = await readStanding(target, payment);
  if (standing.unsettled === 0) return [];
  if (payment.credits > expected && standing.credits <= expected) return [];
  return [
    {
      ...place,
      id: `amount_differs:${payment.stripePaymentId}:${expected}`,
      bucket: 'amount_differs',
      customerId: payment.customerId,
      stripePaymentId: payment.stripePaymentId,
      transactionId: payment.transactionId,
      expectedCredits: expected,
      foundCredits: payment.credits > expected ? standing.credits : payment.credits,
      detail: `Paid for ${creditsInWords(expected)}, granted ${creditsInWords(payment.credits)}.`,
      obstacle: null,
      usage: null,
    },
  ];
}
