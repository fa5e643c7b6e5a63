import { paymentsOf } from './billing/invoice-document.ts';
import type { World } from './world.ts';

/**
 * The fields that Stripe leaves out unless `expand` names them, by the kind of object: what to show then. A stored field of that
 * name is never shown unasked.
 */
export const includables: Readonly<
  Record<string, Readonly<Record<string, (world: World, object: object) => unknown>>>
> = {
  price: {
    tiers: (_world, object) => ('tiers' in object ? object.tiers : null),
    currency_options: (_world, object) =>
      'currency_options' in object ? object.currency_options : null,
  },
  'checkout.session': {
    line_items: (_world, object) => ('line_items' in object ? object.line_items : null),
  },
  charge: {
    refunds: (world, object) => {
      const id = 'id' in object ? String(object.id) : '';
      const refunds = [...world.collection('refunds').newestFirst()];
      return {
        object: 'list',
        data: refunds.filter(({ charge }) => charge === id),
        has_more: false,
        url: `/v1/refunds?charge=${id}`,
      };
    },
  },
  invoice: {
    payments: (world, object) => {
      const id = 'id' in object ? String(object.id) : '';
      return {
        object: 'list',
        data: paymentsOf(world, id),
        has_more: false,
        url: `/v1/invoice_payments?invoice=${id}`,
      };
    },
  },
};
