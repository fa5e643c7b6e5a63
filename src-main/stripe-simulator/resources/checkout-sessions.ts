import type Stripe from 'stripe';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import { idOf } from '../fields.ts';
import { listPage, listParameters } from '../list-page.ts';
import { mergeMetadata } from '../metadata.ts';
import { expireCheckout } from '../payments/complete-session.ts';
import { createSession } from '../payments/create-session.ts';
import type { Route } from '../route.ts';
import { readRoutes } from './read-routes.ts';

const url = '/v1/checkout/sessions';
const read = 'rak_checkout_session_read';
const write = 'rak_checkout_session_write';

export const checkoutSessionRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: url,
    permission: write,
    handle: (world, { parameters }) => createSession(world, parameters),
  },
  ...readRoutes({
    url,
    collection: 'checkout_sessions',
    permission: read,
    list(world, given: Stripe.Checkout.SessionListParams) {
      refuseUnsupported(given, [
        ...listParameters,
        'customer',
        'customer_details',
        'payment_intent',
        'status',
        'subscription',
      ]);
      const email = given.customer_details?.email;
      return listPage(world.collection('checkout_sessions').newestFirst(), given, {
        url,
        where: (session) =>
          (given.status === undefined || session.status === given.status) &&
          refers(session.customer, given.customer) &&
          refers(session.payment_intent, given.payment_intent) &&
          refers(session.subscription, given.subscription) &&
          (email === undefined || session.customer_details?.email === email),
      });
    },
  }),
  {
    method: 'POST',
    path: `${url}/{session}`,
    permission: write,
    handle(world, { path: { session: id = '' }, parameters }) {
      const given: Stripe.Checkout.SessionUpdateParams = parameters;
      refuseUnsupported(given, ['metadata']);
      const before = world.collection('checkout_sessions').need(id);
      return world.collection('checkout_sessions').update(id, {
        metadata: mergeMetadata(before.metadata, given.metadata),
      });
    },
  },
  {
    method: 'POST',
    path: `${url}/{session}/expire`,
    permission: write,
    handle(world, { path: { session = '' } }) {
      world.collection('checkout_sessions').need(session);
      return expireCheckout(world, session);
    },
  },
  {
    method: 'GET',
    path: `${url}/{session}/line_items`,
    permission: read,
    handle(world, { path: { session: id = '' }, parameters }) {
      const session = world.collection('checkout_sessions').need(id);
      return listPage(session.line_items?.data ?? [], parameters, {
        url: `${url}/${id}/line_items`,
      });
    },
  },
];

/** Whether a reference is to this id; any is, where no id is given. */
function refers(reference: string | { id: string } | null, id: string | undefined): boolean {
  return id === undefined || (reference !== null && idOf(reference) === id);
}
