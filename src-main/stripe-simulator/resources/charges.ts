import type Stripe from 'stripe';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import { clearable } from '../fields.ts';
import { listPage, listParameters } from '../list-page.ts';
import { mergeMetadata } from '../metadata.ts';
import type { Route } from '../route.ts';
import { readRoutes } from './read-routes.ts';

const url = '/v1/charges';

/** Charges are made by payment intents only: making them directly is Stripe's old way. */
export const chargeRoutes: readonly Route[] = [
  ...readRoutes({
    url,
    collection: 'charges',
    permission: 'rak_charge_read',
    list(world, given: Stripe.ChargeListParams) {
      refuseUnsupported(given, [...listParameters, 'customer', 'payment_intent']);
      return listPage(world.collection('charges').newestFirst(), given, {
        url,
        where: (charge) =>
          (given.customer === undefined || charge.customer === given.customer) &&
          (given.payment_intent === undefined || charge.payment_intent === given.payment_intent),
      });
    },
  }),
  {
    method: 'POST',
    path: `${url}/{charge}`,
    permission: 'rak_charge_write',
    handle(world, { path: { charge: id = '' }, parameters }) {
      const given: Stripe.ChargeUpdateParams = parameters;
      refuseUnsupported(given, ['description', 'metadata']);
      const before = world.collection('charges').need(id);
      const after = world.collection('charges').update(id, {
        description: clearable(given.description, before.description),
        metadata: mergeMetadata(before.metadata, given.metadata),
      });
      world.emit('charge.updated', after, { metadata: before.metadata });
      return after;
    },
  },
];
