import type { Checkout, RefundRequest } from '#shared/ipc/billing.ts';
import type { ClawbackPolicy } from '#shared/ipc/stripe.ts';

const CHECKOUT_KINDS: Record<Checkout['kind'], string> = {
  credit_purchase: 'Purchase',
  credit_topup: 'Top-up',
  subscription: 'Subscription',
};

/** The word for what is sold. */
export function checkoutKindLabel(kind: Checkout['kind']): string {
  return CHECKOUT_KINDS[kind];
}

const CHECKOUT_STATES: Record<Checkout['state'], { label: string; sentence: string }> = {
  creating: {
    label: 'Being made',
    sentence: 'Stripe has not answered yet. The link is made once, however often it is asked for.',
  },
  open: { label: 'Waiting for payment', sentence: 'The link is open: the customer has not paid.' },
  processing: {
    label: 'Bank has still to pay',
    sentence: 'The customer is done; the bank has still to pay. Credits come with the money.',
  },
  paid: { label: 'Paid', sentence: 'Paid, and the credits are granted.' },
  failed: { label: 'Payment failed', sentence: 'The payment failed. Nothing was granted.' },
  expired: { label: 'Closed', sentence: 'The link is closed and cannot be paid any more.' },
  refused: { label: 'Not made', sentence: 'The link was not made. Nothing was sold.' },
};

/** How a checkout stands: a short word, and a sentence. */
export function checkoutStateWords(state: Checkout['state']): { label: string; sentence: string } {
  return CHECKOUT_STATES[state];
}

const REFUND_REQUEST_STATES: Record<RefundRequest['state'], string> = {
  requested: 'Not confirmed by Stripe yet',
  refunded: 'Refunded',
  refused: 'Refused by Stripe',
};

/** How a refund stands that was asked for in the console. */
export function refundRequestStateLabel(state: RefundRequest['state']): string {
  return REFUND_REQUEST_STATES[state];
}

const POLICIES: Record<ClawbackPolicy, string> = {
  remaining: 'Take what is left',
  debt: 'Take all',
};

/** What happens to credits when money goes back, in a few words. */
export function clawbackPolicyLabel(policy: ClawbackPolicy): string {
  return POLICIES[policy];
}

const MONEY_BACK_STATUSES: Record<string, string> = {
  // Refunds.
  pending: 'Under way',
  requires_action: 'Customer has to act',
  succeeded: 'Refunded',
  failed: 'Failed: money stayed',
  canceled: 'Cancelled: money stayed',
  // Disputes.
  warning_needs_response: 'Inquiry: needs a response',
  warning_under_review: 'Inquiry: under review',
  warning_closed: 'Inquiry closed',
  needs_response: 'Open: needs a response',
  under_review: 'Open: under review',
  won: 'Won',
  lost: 'Lost',
  prevented: 'Prevented',
  appeal_needs_response: 'Lost: appeal needs a response',
  appeal_under_review: 'Lost: appeal under review',
};

/** A refund's or dispute's status in words; one that this version does not know is shown as Stripe calls it. */
export function moneyBackStatusLabel(status: string): string {
  return wordsOf(MONEY_BACK_STATUSES, status);
}

const SUBSCRIPTION_STATUSES: Record<string, string> = {
  incomplete: 'First payment missing',
  incomplete_expired: 'Never paid',
  trialing: 'Trial',
  active: 'Active',
  past_due: 'Payment overdue',
  unpaid: 'Unpaid',
  canceled: 'Ended',
  paused: 'Paused',
};

/** A subscription's status in words. */
export function subscriptionStatusLabel(status: string): string {
  return wordsOf(SUBSCRIPTION_STATUSES, status);
}

function wordsOf(words: Readonly<Record<string, string>>, status: string): string {
  return (Object.hasOwn(words, status) ? words[status] : undefined) ?? stripeWords(status);
}

/** A reason as Stripe writes it, as words: "requested_by_customer" becomes "Requested by customer". */
export function stripeWords(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
