import { payCheckout } from '../payments/complete-session.ts';
import { findOrCreateMethod } from '../payments/test-methods.ts';
import { type Route, StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';

/** Calls that Stripe's own payment page makes and its command line plays; they are in no reference. */
export const paymentPageRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/payment_pages/{session}',
    unchecked: true,
    handle: (world, { path: { session = '' } }) => shown(world, session),
  },
  {
    method: 'POST',
    path: '/v1/payment_pages/{session}/confirm',
    unchecked: true,
    handle(world, { path: { session: id = '' }, parameters }) {
      const session = world.collection('checkout_sessions').need(id);
      const expected = Number(parameters.expected_amount);
      if (parameters.expected_amount !== undefined && expected !== session.amount_total) {
        throw new StripeRefusal(
          400,
          'The amount expected is not the amount of the Checkout Session.',
          { parameter: 'expected_amount' },
        );
      }
      const method = findOrCreateMethod(world, String(parameters.payment_method ?? ''));
      const { email, name } = method.billing_details;
      payCheckout(world, id, {
        method: method.type === 'card' ? 'card' : 'bank_debit',
        paymentMethod: method.id,
        ...(email === null ? {} : { email }),
        ...(name === null ? {} : { name }),
      });
      return shown(world, id);
    },
  },
];

function shown(world: World, id: string) {
  const session = world.collection('checkout_sessions').need(id);
  return {
    id: `ppage_${id.slice('cs_test_'.length)}`,
    object: 'payment_page',
    session_id: id,
    currency: session.currency,
    customer_email: session.customer_email,
    livemode: false,
    mode: session.mode,
    payment_intent: session.payment_intent,
    payment_status: session.payment_status,
    status: session.status,
    success_url: session.success_url,
    cancel_url: session.cancel_url,
    total_summary: { due: session.amount_total, total: session.amount_total },
    url: session.url,
  };
}
