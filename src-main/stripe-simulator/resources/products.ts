import type Stripe from 'stripe';
import { clearable, presentOrDeleted, previousAttributes, rememberDeleted } from '../fields.ts';
import { listPage } from '../list-page.ts';
import { mergeMetadata } from '../metadata.ts';
import { type Route, StripeRefusal } from '../route.ts';
import { createPrice } from './create-price.ts';
import { createProduct, emptyText } from './create-product.ts';

const url = '/v1/products';

export const productRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: url,
    permission: 'rak_product_write',
    handle(world, { parameters }) {
      const { default_price_data: priceData, ...given }: Stripe.ProductCreateParams = parameters;
      const product = createProduct(world, given);
      if (priceData === undefined) return product;
      const price = createPrice(world, { ...priceData, product: product.id });
      return world.collection('products').update(product.id, { default_price: price.id });
    },
  },
  {
    method: 'GET',
    path: url,
    permission: 'rak_product_read',
    handle(world, { parameters }) {
      const given: Stripe.ProductListParams = parameters;
      const ids = given.ids === undefined ? undefined : new Set(given.ids);
      return listPage(world.collection('products').newestFirst(), parameters, {
        url,
        where: (product) =>
          (given.active === undefined || product.active === given.active) &&
          (ids === undefined || ids.has(product.id)) &&
          (given.shippable === undefined || product.shippable === given.shippable) &&
          (given.type === undefined || product.type === given.type) &&
          (given.url === undefined || product.url === given.url),
      });
    },
  },
  {
    method: 'GET',
    path: `${url}/{id}`,
    permission: 'rak_product_read',
    handle(world, { path: { id = '' } }) {
      return presentOrDeleted(world, world.collection('products').get(id), id, 'product');
    },
  },
  {
    method: 'POST',
    path: `${url}/{id}`,
    permission: 'rak_product_write',
    handle(world, { path: { id = '' }, parameters }) {
      const given: Stripe.ProductUpdateParams = parameters;
      const products = world.collection('products');
      const before = products.need(id);
      if (given.name === '') throw emptyText('name');
      if (given.default_price !== undefined) {
        const price = world.collection('prices').need(given.default_price, 'default_price');
        if (price.product !== id) {
          throw new StripeRefusal(
            400,
            `The price '${price.id}' does not belong to the product '${id}'.`,
            { parameter: 'default_price' },
          );
        }
      }
      const changed: Stripe.Product = {
        ...before,
        active: given.active ?? before.active,
        default_price: given.default_price ?? before.default_price ?? null,
        description: clearable(given.description, before.description),
        images: given.images === undefined ? before.images : given.images || [],
        marketing_features:
          given.marketing_features === undefined
            ? before.marketing_features
            : given.marketing_features || [],
        metadata: mergeMetadata(before.metadata, given.metadata),
        name: given.name ?? before.name,
        shippable: given.shippable ?? before.shippable,
        statement_descriptor: clearable(
          given.statement_descriptor,
          before.statement_descriptor ?? null,
        ),
        unit_label: clearable(given.unit_label, before.unit_label ?? null),
        url: clearable(given.url, before.url),
      };
      const previous = previousAttributes(before, changed);
      if (previous === undefined) return before;
      const after = products.update(id, { ...changed, updated: world.now() });
      world.emit('product.updated', after, { ...previous, updated: before.updated });
      return after;
    },
  },
  {
    method: 'DELETE',
    path: `${url}/{id}`,
    permission: 'rak_product_write',
    handle(world, { path: { id = '' } }) {
      const product = world.collection('products').need(id);
      for (const price of world.collection('prices').newestFirst()) {
        if (price.product === id) {
          throw new StripeRefusal(
            400,
            'This product cannot be deleted because it has one or more user-created prices.',
          );
        }
      }
      world.collection('products').remove(id);
      rememberDeleted(world, id, 'product');
      world.emit('product.deleted', product);
      return { id, object: 'product', deleted: true };
    },
  },
];
