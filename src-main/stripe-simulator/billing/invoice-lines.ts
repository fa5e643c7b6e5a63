import type Stripe from 'stripe';
import type { World } from '../world.ts';
import { asDecimal, decimalText, multiplyToMinorUnits, toSafeNumber } from './exact-decimal.ts';
import { type PricedPart, pricedParts } from './tier-amount.ts';

/** From when until when (seconds since 1970) a line charges. */
export type Period = { start: number; end: number };

/** The subscription item that a line belongs to, as far as lines need it. A preview has items that do not exist yet. */
export type ChargedItem = {
  id: string;
  subscription: string;
  price: Stripe.Price;
  quantity: number;
};

/** The price with its tiers, from the collection: a price embedded in another object has none. */
export function fullPrice(world: World, price: string | { id: string }): Stripe.Price {
  return world.collection('prices').need(typeof price === 'string' ? price : price.id, 'price');
}

/** True where a price is charged by usage, at the end of its period. */
export function isMetered(price: Stripe.Price): boolean {
  return price.recurring?.usage_type === 'metered';
}

/** The lines that charge `quantity` units of an item: one a tier, each rounded to whole minor units on its own. */
export function chargeLines(
  world: World,
  item: ChargedItem,
  quantity: bigint,
  period: Period,
): Stripe.InvoiceLineItem[] {
  const price = fullPrice(world, item.price);
  return pricedParts(price, quantity).map((part) =>
    line(world, item, {
      amount: toSafeNumber(part.amount),
      description: partDescription(world, price, part),
      quantity: toSafeNumber(part.quantity),
      unitAmount: part.unitAmount,
      period,
    }),
  );
}

/** The free line of a trial. */
export function trialLine(world: World, item: ChargedItem, period: Period): Stripe.InvoiceLineItem {
  const description = isMetered(item.price)
    ? `Trial period for ${productName(world, item.price)}`
    : `Free trial for ${item.quantity} × ${productName(world, item.price)}`;
  return line(world, item, {
    amount: 0,
    description,
    quantity: item.quantity,
    unitAmount: '0',
    period,
  });
}

/**
 * The line of a proration: negative for unused time, positive for remaining time.
 * @param amount whole minor units.
 */
export function prorationLine(
  world: World,
  item: ChargedItem,
  { amount, period, unused }: { amount: bigint; period: Period; unused: boolean },
): Stripe.InvoiceLineItem {
  const product = productName(world, item.price);
  const subject = item.quantity === 1 ? product : `${item.quantity} × ${product}`;
  const day = new Intl.DateTimeFormat('en-GB', {
    day: '2-digit',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });
  return line(world, item, {
    amount: toSafeNumber(amount),
    description: `${unused ? 'Unused' : 'Remaining'} time on ${subject} after ${day.format(period.start * 1000)}`,
    quantity: item.quantity,
    unitAmount: null,
    period,
    proration: true,
  });
}

/** A line that was noted before (a proration, or a manual item) for the invoice that now takes it up. */
export function lineOfInvoiceItem(world: World, item: Stripe.InvoiceItem): Stripe.InvoiceLineItem {
  const subscription = item.parent?.subscription_details ?? null;
  const subscriptionItem = subscription?.subscription_item;
  return {
    ...blankLine(world, item.currency, item.amount),
    description: item.description,
    metadata: item.metadata ?? {},
    parent: subscriptionItem
      ? itemParent(
          { id: subscriptionItem, subscription: subscription.subscription },
          item.proration,
          item.id,
        )
      : {
          type: 'invoice_item_details',
          subscription_item_details: null,
          invoice_item_details: {
            invoice_item: item.id,
            proration: item.proration,
            proration_details: { credited_items: null },
            subscription: subscription?.subscription ?? null,
          },
        },
    period: item.period,
    pricing: item.pricing,
    quantity: item.quantity,
    quantity_decimal: asDecimal(String(item.quantity)),
    subscription: subscription?.subscription ?? null,
  };
}

/** The amount of `quantity` units at the unit price that a one-time price or an amount per unit gives, in whole minor units. */
export function plainAmount(
  price: Pick<Stripe.Price, 'unit_amount' | 'unit_amount_decimal'>,
  quantity: number,
): number {
  const unitAmount = decimalText(price.unit_amount_decimal, price.unit_amount) ?? '0';
  return toSafeNumber(multiplyToMinorUnits(BigInt(quantity), unitAmount));
}

/** Id of the product of a price. */
export function productId(price: Stripe.Price): string {
  return typeof price.product === 'string' ? price.product : price.product.id;
}

function line(
  world: World,
  item: ChargedItem,
  charge: {
    amount: number;
    description: string;
    quantity: number;
    unitAmount: string | null;
    period: Period;
    proration?: boolean;
  },
): Stripe.InvoiceLineItem {
  return {
    ...blankLine(world, item.price.currency, charge.amount),
    description: charge.description,
    parent: itemParent(item, charge.proration ?? false, null),
    period: { start: charge.period.start, end: charge.period.end },
    pricing: {
      type: 'price_details',
      price_details: { price: item.price.id, product: productId(item.price) },
      unit_amount_decimal: charge.unitAmount === null ? null : asDecimal(charge.unitAmount),
    },
    quantity: charge.quantity,
    quantity_decimal: asDecimal(String(charge.quantity)),
    subscription: item.subscription,
  };
}

function blankLine(world: World, currency: string, amount: number): Stripe.InvoiceLineItem {
  return {
    id: world.newId('il'),
    object: 'line_item',
    amount,
    currency,
    description: null,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice: null,
    livemode: false,
    metadata: {},
    parent: null,
    period: { start: world.now(), end: world.now() },
    pretax_credit_amounts: [],
    pricing: null,
    quantity: 1,
    quantity_decimal: asDecimal('1'),
    subscription: null,
    subtotal: amount,
    taxes: [],
  };
}

function itemParent(
  item: { id: string; subscription: string },
  proration: boolean,
  invoiceItem: string | null,
): Stripe.InvoiceLineItem.Parent {
  return {
    type: 'subscription_item_details',
    invoice_item_details: null,
    subscription_item_details: {
      invoice_item: invoiceItem,
      proration,
      proration_details: { credited_items: null },
      subscription: item.subscription,
      subscription_item: item.id,
    },
  };
}

/** Such as "1000 credit × Usage (Tier 1 at $0.00 / month)": the wording of Stripe's own invoices. */
function partDescription(world: World, price: Stripe.Price, part: PricedPart): string {
  const interval = price.recurring;
  const every =
    interval && interval.interval_count > 1
      ? `every ${interval.interval_count} ${interval.interval}s`
      : `/ ${interval?.interval}`;
  const rate = `${moneyText(part.unitAmount, price.currency)} ${every}`;
  const product = world.collection('products').get(productId(price));
  const unit = product?.unit_label ? ` ${product.unit_label}` : '';
  const tier = part.tier === null ? 'at' : `Tier ${part.tier} at`;
  return `${part.quantity}${unit} × ${product?.name ?? 'Product'} (${tier} ${rate})`;
}

function productName(world: World, price: Stripe.Price): string {
  return world.collection('products').get(productId(price))?.name ?? 'Product';
}

/** Minor units as money for people, such as "$0.0002". For descriptions only. */
function moneyText(minorUnits: string, currency: string): string {
  const style = { style: 'currency', currency } as const;
  const digits = new Intl.NumberFormat('en-US', style).resolvedOptions().maximumFractionDigits ?? 2;
  const format = new Intl.NumberFormat('en-US', { ...style, maximumFractionDigits: 12 });
  return format.format(Number(minorUnits) / 10 ** digits);
}
