import type Stripe from 'stripe';
import { clearable } from '../fields.ts';
import { mergeMetadata } from '../metadata.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';

/** What a new product starts with. */
export type NewProduct = Pick<
  Stripe.ProductCreateParams,
  | 'active'
  | 'description'
  | 'id'
  | 'images'
  | 'marketing_features'
  | 'metadata'
  | 'name'
  | 'shippable'
  | 'statement_descriptor'
  | 'tax_code'
  | 'type'
  | 'unit_label'
  | 'url'
>;

/** Creates a product and emits product.created. */
export function createProduct(world: World, given: NewProduct): Stripe.Product {
  const products = world.collection('products');
  if (given.name === '') throw emptyText('name');
  if (given.id !== undefined && products.get(given.id) !== undefined) {
    throw new StripeRefusal(400, `Product already exists.`, {
      code: 'resource_already_exists',
      parameter: 'id',
    });
  }
  const product = products.insert({
    id: given.id ?? world.newId('prod'),
    object: 'product',
    active: given.active ?? true,
    created: world.now(),
    default_price: null,
    description: clearable(given.description, null),
    images: given.images ?? [],
    livemode: false,
    marketing_features: given.marketing_features ?? [],
    metadata: mergeMetadata(null, given.metadata),
    name: given.name,
    package_dimensions: null,
    shippable: given.shippable ?? null,
    statement_descriptor: clearable(given.statement_descriptor, null),
    tax_code: given.tax_code ?? null,
    tax_details: null,
    type: given.type ?? 'service',
    unit_label: clearable(given.unit_label, null),
    updated: world.now(),
    url: clearable(given.url, null),
  });
  world.kept('deleted').delete(product.id);
  world.emit('product.created', product);
  return product;
}

/** Stripe's refusal of a text that must not be empty. */
export function emptyText(parameter: string): StripeRefusal {
  return new StripeRefusal(
    400,
    `You passed an empty string for '${parameter}'. We assume empty values are an attempt to unset a parameter; however '${parameter}' cannot be unset. You should remove '${parameter}' from your request or supply a non-empty value.`,
    { code: 'parameter_invalid_empty', parameter },
  );
}
