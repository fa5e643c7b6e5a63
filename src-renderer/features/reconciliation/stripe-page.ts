import type { Finding } from '#shared/ipc/reconciliation.ts';

/** Where Stripe shows a difference's object; null where it has no page, or none that the browser may open. */
export function stripePageOf({ stripeUrl }: Pick<Finding, 'stripeUrl'>): string | null {
  return stripeUrl?.startsWith('https://') === true ? stripeUrl : null;
}
