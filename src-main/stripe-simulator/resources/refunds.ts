import type Stripe from 'stripe';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import { idOf } from '../fields.ts';
import { listPage } from '../list-page.ts';
import { mergeMetadata } from '../metadata.ts';
import { refundCharge } from '../payments/refunds.ts';
import { type Route, StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { readRoutes } from './read-routes.ts';

const url = '/v1/refunds';

export const refundRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: url,
    permission: 'rak_charge_write',
    handle(world, { parameters }) {
      const given: Stripe.RefundCreateParams = parameters;
      refuseUnsupported(given, ['amount', 'charge', 'metadata', 'payment_intent', 'reason']);
      return refundCharge(world, chargeOf(world, given), {
        ...(given.amount === undefined ? {} : { amount: given.amount }),
        ...(given.reason === undefined ? {} : { reason: given.reason }),
        metadata: given.metadata,
      });
    },
  },
  ...readRoutes({
    url,
    collection: 'refunds',
    permission: 'rak_charge_read',
    list(world, given: Stripe.RefundListParams) {
      return listPage(world.collection('refunds').newestFirst(), given, {
        url,
        where: (refund) =>
          (given.charge === undefined || refund.charge === given.charge) &&
          (given.payment_intent === undefined || refund.payment_intent === given.payment_intent),
      });
    },
  }),
  {
    method: 'POST',
    path: `${url}/{refund}`,
    permission: 'rak_charge_write',
    handle(world, { path: { refund: id = '' }, parameters }) {
      const given: Stripe.RefundUpdateParams = parameters;
      const before = world.collection('refunds').need(id);
      const after = world.collection('refunds').update(id, {
        metadata: mergeMetadata(before.metadata, given.metadata),
      });
      world.emit('refund.updated', after, { metadata: before.metadata });
      return after;
    },
  },
];

function chargeOf(world: World, given: Stripe.RefundCreateParams): string {
  if (given.charge !== undefined && given.payment_intent !== undefined) {
    throw new StripeRefusal(
      400,
      'You may only specify one of these parameters: payment_intent, charge.',
      { parameter: 'charge' },
    );
  }
  if (given.charge !== undefined) return given.charge;
  if (given.payment_intent === undefined) {
    throw new StripeRefusal(
      400,
      'One of the following params should be provided for this request: payment_intent or charge.',
      { code: 'parameter_missing' },
    );
  }
  const intent = world.collection('payment_intents').need(given.payment_intent, 'payment_intent');
  if (intent.status !== 'succeeded' || intent.latest_charge === null) {
    throw new StripeRefusal(
      400,
      `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`,
      { parameter: 'payment_intent' },
    );
  }
  return idOf(intent.latest_charge);
}
