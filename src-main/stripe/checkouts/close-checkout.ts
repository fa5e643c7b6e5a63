import { readSnapshot } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { type CheckoutData, getCheckout } from './list-checkouts.ts';
import { refreshCheckout } from './refresh-checkout.ts';
import { continueCheckout } from './start-checkout.ts';

/**
 * Closes an open checkout, so that it cannot be paid any more. One whose session is not known yet is first asked for,
 * because Stripe may have it. One that was paid or closed meanwhile answers as it then stands. Errors: not_found, stripe_*.
 */
export async function closeCheckout(
  target: StripeTarget,
  id: string,
  rights: { mayGrant: boolean },
): Promise<CheckoutData> {
  const known = await readSnapshot(target.database, undefined, (run) => getCheckout(run, id));
  const checkout = known.state === 'creating' ? await continueCheckout(target, known) : known;
  if (checkout.state !== 'open' || checkout.sessionId === null) return checkout;
  try {
    await target.gateway.expireCheckoutSession(checkout.sessionId);
  } catch (error) {
    // Stripe closes open sessions only: it was paid, or has run out.
    if (!(error instanceof AppError && error.code === 'stripe_refused')) throw error;
  }
  return refreshCheckout(target, id, rights);
}
