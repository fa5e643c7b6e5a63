import type Stripe from 'stripe';
import { asDecimal } from '../billing/exact-decimal.ts';
import { clearable } from '../fields.ts';
import { mergeMetadata } from '../metadata.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { createProduct } from './create-product.ts';
import { priceAmounts, priceTiers } from './price-amounts.ts';

/** Creates a price, and the product it describes with it; emits price.created (and product.created). */
export function createPrice(
  world: World,
  given: Omit<Stripe.PriceCreateParams, 'expand'>,
): Stripe.Price {
  const currency = given.currency.toLowerCase();
  checkCurrency(currency);
  if (given.currency_options !== undefined) {
    throw new StripeRefusal(400, 'The simulator keeps prices in one currency only.', {
      parameter: 'currency_options',
    });
  }
  if ((given.product === undefined) === (given.product_data === undefined)) {
    throw new StripeRefusal(
      400,
      given.product === undefined
        ? 'You must specify either `product` or `product_data` when creating a price.'
        : 'You may only specify one of these parameters: product, product_data.',
      { parameter: 'product' },
    );
  }
  const tiered = given.billing_scheme === 'tiered';
  const amounts = priceAmounts(given, tiered);
  const recurring = recurringOf(world, given.recurring);
  if (given.product !== undefined) world.collection('products').need(given.product, 'product');
  if (given.lookup_key !== undefined) {
    claimLookupKey(world, given.lookup_key, given.transfer_lookup_key, undefined);
  }
  const metadata = mergeMetadata(null, given.metadata);
  const product =
    given.product_data === undefined ? given.product : createProduct(world, given.product_data).id;
  const price = world.collection('prices').insert({
    id: world.newId('price'),
    object: 'price',
    active: given.active ?? true,
    billing_scheme: tiered ? 'tiered' : 'per_unit',
    created: world.now(),
    currency,
    custom_unit_amount:
      given.custom_unit_amount === undefined
        ? null
        : {
            maximum: given.custom_unit_amount.maximum ?? null,
            minimum: given.custom_unit_amount.minimum ?? null,
            preset: given.custom_unit_amount.preset ?? null,
          },
    livemode: false,
    lookup_key: given.lookup_key ?? null,
    metadata,
    nickname: clearable(given.nickname, null),
    product: product ?? '',
    recurring,
    tax_behavior: given.tax_behavior ?? 'unspecified',
    ...(tiered ? { tiers: priceTiers(given.tiers ?? []) } : {}),
    tiers_mode: tiered ? (given.tiers_mode ?? null) : null,
    transform_quantity: given.transform_quantity ?? null,
    type: recurring === null ? 'one_time' : 'recurring',
    unit_amount: amounts.whole,
    unit_amount_decimal: amounts.exact === null ? null : asDecimal(amounts.exact),
  });
  world.emit('price.created', price);
  return price;
}

function checkCurrency(currency: string): void {
  if (/^[a-z]{3}$/.test(currency)) return;
  throw new StripeRefusal(400, `Invalid currency: ${currency}.`, { parameter: 'currency' });
}

const longestIntervals: Readonly<Record<string, number>> = {
  day: 1095,
  week: 156,
  month: 36,
  year: 3,
};

function recurringOf(
  world: World,
  given: Stripe.PriceCreateParams.Recurring | undefined,
): Stripe.Price.Recurring | null {
  if (given === undefined) return null;
  const count = given.interval_count ?? 1;
  const longest = longestIntervals[given.interval] ?? 0;
  if (count < 1 || count > longest) {
    throw new StripeRefusal(
      400,
      `Invalid interval_count: prices recur at most every three years.`,
      {
        parameter: 'recurring[interval_count]',
      },
    );
  }
  const usage = given.usage_type ?? 'licensed';
  if (usage === 'metered' && given.meter === undefined) {
    throw new StripeRefusal(
      400,
      'Starting with Stripe version 2025-03-31.basil, metered prices must be backed by meters.',
      { parameter: 'recurring[meter]' },
    );
  }
  if (usage !== 'metered' && given.meter !== undefined) {
    throw new StripeRefusal(400, 'A meter can only be set when usage_type is metered.', {
      parameter: 'recurring[meter]',
    });
  }
  if (given.meter !== undefined) {
    const meter = world.collection('meters').need(given.meter, 'recurring[meter]');
    if (meter.status !== 'active') {
      throw new StripeRefusal(400, `The meter ${meter.id} is not active.`, {
        code: 'archived_meter',
        parameter: 'recurring[meter]',
      });
    }
  }
  return {
    interval: given.interval,
    interval_count: count,
    meter: given.meter ?? null,
    trial_period_days: given.trial_period_days ?? null,
    usage_type: usage,
  };
}

/** A lookup key names one price; another one gets it only where the caller says that it moves. */
export function claimLookupKey(
  world: World,
  key: string,
  transfer: boolean | undefined,
  claimant: string | undefined,
): void {
  for (const price of world.collection('prices').newestFirst()) {
    if (price.lookup_key !== key || price.id === claimant) continue;
    if (transfer !== true) {
      throw new StripeRefusal(
        400,
        `A price (\`${price.id}\`) already uses that lookup key. You may transfer the lookup key by setting \`transfer_lookup_key=true\`.`,
        { parameter: 'lookup_key' },
      );
    }
    const after = world.collection('prices').update(price.id, { lookup_key: null });
    world.emit('price.updated', after, { lookup_key: key });
  }
}
