import { sql } from 'kysely';
import { readSnapshot } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { CheckoutSession } from '../gateway/gateway.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { syncCheckoutSession } from '../sync/sync-checkout-session.ts';
import { type CheckoutData, getCheckout } from './list-checkouts.ts';
import { continueCheckout } from './start-checkout.ts';

/**
 * Asks Stripe how a checkout stands, and grants where it was paid. A role that may not grant (`mayGrant` false) learns
 * that it was paid; the credits come from whoever handles events. Errors: not_found, stripe_*, stripe_metadata.
 */
export async function refreshCheckout(
  target: StripeTarget,
  id: string,
  { mayGrant }: { mayGrant: boolean },
): Promise<CheckoutData> {
  const read = () => readSnapshot(target.database, undefined, (run) => getCheckout(run, id));
  const known = await read();
  const checkout = known.state === 'creating' ? await continueCheckout(target, known) : known;
  if (checkout.sessionId === null) return checkout;
  if (!mayGrant) {
    const session = await target.gateway.getCheckoutSession(checkout.sessionId);
    if (isPaid(session)) {
      await notePaid(target, id);
      return read();
    }
  }
  await syncCheckoutSession(target, checkout.sessionId);
  return read();
}

function isPaid({ status, paymentStatus }: CheckoutSession): boolean {
  return status === 'complete' && paymentStatus !== 'unpaid';
}

async function notePaid(target: StripeTarget, id: string): Promise<void> {
  const error =
    'Paid at Stripe. The credits are granted by a console or server that handles events; this database role may not.';
  await post(target.database, { actor: target.actor }, async ({ run }) => {
    await run(sql`
      UPDATE credits_billing.checkouts SET state = 'processing', url = NULL, error = ${error}, changed_at = clock_timestamp()
      WHERE id = ${id} AND state IN ('open', 'processing')`);
  });
}
