import type Stripe from 'stripe';
import { clearable, previousAttributes } from '../fields.ts';
import { listPage } from '../list-page.ts';
import { mergeMetadata } from '../metadata.ts';
import { type Route, StripeRefusal } from '../route.ts';
import { claimLookupKey, createPrice } from './create-price.ts';
import { readRoutes } from './read-routes.ts';

const url = '/v1/prices';

export const priceRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: url,
    permission: 'rak_plan_write',
    handle: (world, { parameters }) => createPrice(world, parameters),
  },
  ...readRoutes({
    url,
    collection: 'prices',
    permission: 'rak_plan_read',
    list(world, given: Stripe.PriceListParams) {
      if ((given.lookup_keys?.length ?? 0) > 10) {
        throw new StripeRefusal(400, 'You may pass up to 10 lookup_keys.', {
          parameter: 'lookup_keys',
        });
      }
      const keys = given.lookup_keys === undefined ? undefined : new Set(given.lookup_keys);
      const { recurring } = given;
      return listPage(world.collection('prices').newestFirst(), given, {
        url,
        where: (price) =>
          (given.active === undefined || price.active === given.active) &&
          (given.currency === undefined || price.currency === given.currency) &&
          (given.product === undefined || price.product === given.product) &&
          (given.type === undefined || price.type === given.type) &&
          (keys === undefined || (price.lookup_key !== null && keys.has(price.lookup_key))) &&
          (recurring?.interval === undefined || price.recurring?.interval === recurring.interval) &&
          (recurring?.meter === undefined || price.recurring?.meter === recurring.meter) &&
          (recurring?.usage_type === undefined ||
            price.recurring?.usage_type === recurring.usage_type),
      });
    },
  }),
  {
    method: 'POST',
    path: `${url}/{price}`,
    permission: 'rak_plan_write',
    handle(world, { path: { price: id = '' }, parameters }) {
      const given: Stripe.PriceUpdateParams = parameters;
      const prices = world.collection('prices');
      const before = prices.need(id);
      if (given.currency_options !== undefined) {
        throw new StripeRefusal(400, 'The simulator keeps prices in one currency only.', {
          parameter: 'currency_options',
        });
      }
      if (given.lookup_key !== undefined && given.lookup_key !== '') {
        claimLookupKey(world, given.lookup_key, given.transfer_lookup_key, id);
      }
      if (
        given.tax_behavior !== undefined &&
        before.tax_behavior !== 'unspecified' &&
        given.tax_behavior !== before.tax_behavior
      ) {
        throw new StripeRefusal(400, 'Once specified, tax_behavior cannot be changed.', {
          parameter: 'tax_behavior',
        });
      }
      const after = prices.update(id, {
        active: given.active ?? before.active,
        lookup_key: clearable(given.lookup_key, before.lookup_key),
        metadata: mergeMetadata(before.metadata, given.metadata),
        nickname: clearable(given.nickname, before.nickname),
        tax_behavior: given.tax_behavior ?? before.tax_behavior,
      });
      const previous = previousAttributes(before, after);
      if (previous !== undefined) world.emit('price.updated', after, previous);
      return after;
    },
  },
];
