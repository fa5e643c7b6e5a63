import type Stripe from 'stripe';
import { toSafeNumber } from '../billing/exact-decimal.ts';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import { pricedAmount } from '../billing/tier-amount.ts';
import { idOf } from '../fields.ts';
import { mergeMetadata } from '../metadata.ts';
import { createPrice } from '../resources/create-price.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';

type Given = Stripe.Checkout.SessionCreateParams.LineItem;

/** The line items of a new checkout session, by Stripe's rules for its mode. Amounts in minor units. */
export function sessionLineItems(
  world: World,
  given: readonly Given[] | undefined,
  mode: string,
): Stripe.LineItem[] {
  if (given === undefined || given.length === 0) {
    throw new StripeRefusal(400, `\`line_items\` are required in \`${mode}\` mode.`, {
      code: 'parameter_missing',
      parameter: 'line_items',
    });
  }
  for (const [index, line] of given.entries()) {
    refuseUnsupported(
      line,
      ['price', 'price_data', 'quantity', 'metadata'],
      `line_items[${index}]`,
    );
  }
  const checked = given.map((line, index) => {
    const price = line.price === undefined ? undefined : existingPrice(world, line.price, index);
    if ((price === undefined) === (line.price_data === undefined)) {
      throw new StripeRefusal(
        400,
        'Each line item needs either `price` or `price_data`, and not both.',
        { parameter: `line_items[${index}]` },
      );
    }
    return { line, price };
  });
  const items = checked.map(({ line, price }, index) =>
    lineItem(world, line, price ?? inlinePrice(world, line), index),
  );
  checkTogether(items, mode);
  return items;
}

function existingPrice(world: World, id: string, index: number): Stripe.Price {
  const parameter = `line_items[${index}][price]`;
  const price = world.collection('prices').need(id, parameter);
  if (!price.active) {
    throw new StripeRefusal(
      400,
      'The price specified is inactive. This field only accepts active prices.',
      { code: 'price_inactive', parameter },
    );
  }
  const product = world.collection('products').get(idOf(price.product));
  if (product?.active === false) {
    throw new StripeRefusal(
      400,
      `Price \`${id}\` is not available to be purchased because its product is not active.`,
      { parameter },
    );
  }
  return price;
}

/** A price that only this session uses, made with it. */
function inlinePrice(world: World, line: Given): Stripe.Price {
  const data = line.price_data;
  if (data === undefined) throw new Error('A line item without a price was not refused.');
  refuseUnsupported(
    data,
    [
      'currency',
      'product',
      'product_data',
      'recurring',
      'tax_behavior',
      'unit_amount',
      'unit_amount_decimal',
    ],
    'price_data',
  );
  return createPrice(world, { ...data, active: false });
}

function lineItem(world: World, line: Given, price: Stripe.Price, index: number): Stripe.LineItem {
  const metered = price.recurring?.usage_type === 'metered';
  if (metered && line.quantity !== undefined) {
    throw new StripeRefusal(
      400,
      'Quantity should not be specified where usage_type is `metered`.',
      {
        parameter: `line_items[${index}][quantity]`,
      },
    );
  }
  if (!metered && (line.quantity === undefined || line.quantity < 1)) {
    throw new StripeRefusal(
      400,
      line.quantity === undefined
        ? `Missing required param: line_items[${index}][quantity].`
        : 'This value must be greater than or equal to 1.',
      {
        code: line.quantity === undefined ? 'parameter_missing' : 'parameter_invalid_integer',
        parameter: `line_items[${index}][quantity]`,
      },
    );
  }
  if (price.custom_unit_amount !== null) {
    throw new StripeRefusal(400, 'The simulator has no prices that the customer chooses.', {
      parameter: `line_items[${index}][price]`,
    });
  }
  const quantity = line.quantity ?? 0;
  const amount = toSafeNumber(pricedAmount(price, BigInt(quantity)));
  const product = world.collection('products').get(idOf(price.product));
  return {
    id: world.newId('li'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: product?.name ?? null,
    metadata: mergeMetadata(null, line.metadata),
    price,
    quantity: metered ? null : quantity,
  };
}

function checkTogether(items: readonly Stripe.LineItem[], mode: string): void {
  const recurring = items.filter(({ price }) => price?.type === 'recurring');
  if (mode === 'payment' && recurring.length > 0) {
    throw new StripeRefusal(
      400,
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
      { parameter: 'mode' },
    );
  }
  if (mode === 'subscription' && recurring.length === 0) {
    throw new StripeRefusal(
      400,
      'You must provide at least one recurring price in `subscription` mode when using prices.',
      { parameter: 'mode' },
    );
  }
  if (mode === 'subscription' && recurring.length < items.length) {
    throw new StripeRefusal(
      400,
      'The simulator has no one-time prices in a checkout of mode `subscription`.',
      { parameter: 'line_items' },
    );
  }
  if (new Set(items.map(({ currency }) => currency)).size > 1) {
    throw new StripeRefusal(400, 'All line items must have the same currency.', {
      parameter: 'line_items',
    });
  }
}
