import type Stripe from 'stripe';
import type { AskStripe } from './ask-stripe.ts';
import type { CatalogPrice, StripeGateway } from './gateway.ts';
import { orUndefined } from './optional-answer.ts';
import { expanded, idOf, readCustomer, readPrice } from './read-objects.ts';

type CatalogCalls = Pick<
  StripeGateway,
  | 'findCustomer'
  | 'createCustomer'
  | 'findPrice'
  | 'findPriceByLookupKey'
  | 'createProduct'
  | 'updateProduct'
  | 'createPrice'
  | 'updatePrice'
>;

/** Customers, products and prices. */
export function catalogCalls(ask: AskStripe): CatalogCalls {
  /** Servers that do not expand give the product's id, and may have no products at all: as if it were deleted. */
  async function withProduct(price: Stripe.Price): Promise<CatalogPrice> {
    const given = expanded(price.product);
    const id = idOf(price.product);
    const product =
      given ??
      (id === null
        ? undefined
        : await orUndefined(ask.one((stripe) => stripe.products.retrieve(id))));
    return readPrice(price, product ?? { id: id ?? '', object: 'product', deleted: true });
  }

  async function findByKey(lookupKey: string, active: boolean): Promise<CatalogPrice | undefined> {
    const { data } = await ask.list((stripe) =>
      stripe.prices.list({ lookup_keys: [lookupKey], active, expand: ['data.product'] }),
    );
    const price = data.find((each) => each.lookup_key === lookupKey);
    return price && (await withProduct(price));
  }

  return {
    findCustomer: async (id) => {
      const customer = await orUndefined(ask.one((stripe) => stripe.customers.retrieve(id)));
      return customer && readCustomer(customer);
    },

    createCustomer: async ({ userId, email, name }, idempotencyKey) => {
      const customer = await ask.one((stripe) =>
        stripe.customers.create(
          {
            metadata: { user_id: userId },
            ...(email === null ? {} : { email }),
            ...(name === null ? {} : { name }),
          },
          { idempotencyKey },
        ),
      );
      return readCustomer(customer);
    },

    findPrice: async (id) => {
      const price = await orUndefined(
        ask.one((stripe) => stripe.prices.retrieve(id, { expand: ['product'] })),
      );
      return price && (await withProduct(price));
    },

    // Stripe lists active prices unless asked for the others.
    findPriceByLookupKey: async (lookupKey) =>
      (await findByKey(lookupKey, true)) ?? (await findByKey(lookupKey, false)),

    createProduct: async ({ name, metadata }, idempotencyKey) => {
      const { id } = await ask.one((stripe) =>
        stripe.products.create({ name, metadata }, { idempotencyKey }),
      );
      return { id };
    },

    updateProduct: async (id, change) => {
      await ask.one((stripe) => stripe.products.update(id, change));
    },

    createPrice: async (price, idempotencyKey) => {
      const created = await ask.one((stripe) =>
        stripe.prices.create(
          {
            product: price.productId,
            currency: price.currency,
            unit_amount: price.amountMinor,
            lookup_key: price.lookupKey,
            transfer_lookup_key: true,
            metadata: price.metadata,
            expand: ['product'],
            ...(price.interval === null ? {} : { recurring: { interval: price.interval } }),
          },
          { idempotencyKey },
        ),
      );
      return withProduct(created);
    },

    updatePrice: async (id, change) => {
      await ask.one((stripe) => stripe.prices.update(id, change));
    },
  };
}
