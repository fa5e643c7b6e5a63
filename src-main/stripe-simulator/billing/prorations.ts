import type Stripe from 'stripe';
import type { World } from '../world.ts';
import { asDecimal, divideHalfUp } from './exact-decimal.ts';
import { isMetered, prorationLine } from './invoice-lines.ts';
import { chargedItem } from './subscription-document.ts';
import { pricedAmount } from './tier-amount.ts';

/**
 * The lines of a change of items at `at`: the unused time of what was paid, taken back, and the remaining time of what is new,
 * charged. Shares are by the second. Metered items have none: they are charged by what was used.
 */
export function prorationLines(
  world: World,
  before: readonly Stripe.SubscriptionItem[],
  after: readonly Stripe.SubscriptionItem[],
  at: number,
): Stripe.InvoiceLineItem[] {
  return [
    ...before
      .filter((item) => !after.some((kept) => sameCharge(item, kept)))
      .flatMap((item) => share(world, item, at, -1n)),
    ...after
      .filter((item) => !before.some((kept) => sameCharge(item, kept)))
      .flatMap((item) => share(world, item, at, 1n)),
  ];
}

/** Credit for the unused rest of an item's period, such as when it is cancelled with proration. */
export function unusedTimeLines(
  world: World,
  item: Stripe.SubscriptionItem,
  at: number,
): Stripe.InvoiceLineItem[] {
  return share(world, item, at, -1n);
}

/** Amount of a share of a full price: whole minor units, a half rounded away from zero. */
export function proratedAmount(
  full: bigint,
  remainingSeconds: number,
  periodSeconds: number,
): bigint {
  return periodSeconds <= 0
    ? 0n
    : divideHalfUp(full * BigInt(remainingSeconds), BigInt(periodSeconds));
}

/** Keeps lines for the next invoice, as the invoice items that Stripe makes of prorations. */
export function keepForNextInvoice(
  world: World,
  subscription: Stripe.Subscription,
  lines: readonly Stripe.InvoiceLineItem[],
): void {
  for (const line of lines) {
    const details = line.parent?.subscription_item_details;
    const item = world.collection('invoice_items').insert({
      id: world.newId('ii'),
      object: 'invoiceitem',
      amount: line.amount,
      currency: line.currency,
      customer: subscription.customer,
      customer_account: null,
      date: world.now(),
      description: line.description,
      discountable: false,
      discounts: [],
      invoice: null,
      livemode: false,
      metadata: {},
      net_amount: line.amount,
      parent: {
        type: 'subscription_details',
        subscription_details: {
          subscription: subscription.id,
          ...(details ? { subscription_item: details.subscription_item } : {}),
        },
      },
      period: line.period,
      pricing: line.pricing,
      proration: details?.proration ?? false,
      quantity: line.quantity ?? 1,
      quantity_decimal: asDecimal(String(line.quantity ?? 1)),
      tax_rates: [],
      test_clock: null,
    });
    world.emit('invoiceitem.created', item);
  }
}

function share(
  world: World,
  item: Stripe.SubscriptionItem,
  at: number,
  sign: bigint,
): Stripe.InvoiceLineItem[] {
  const charged = chargedItem(world, item);
  if (isMetered(charged.price) || at >= item.current_period_end) {
    return [];
  }
  const full = sign * pricedAmount(charged.price, BigInt(charged.quantity));
  const period = { start: Math.max(at, item.current_period_start), end: item.current_period_end };
  const amount = proratedAmount(
    full,
    period.end - period.start,
    item.current_period_end - item.current_period_start,
  );
  return [prorationLine(world, charged, { amount, period, unused: sign < 0n })];
}

function sameCharge(one: Stripe.SubscriptionItem, other: Stripe.SubscriptionItem): boolean {
  return (
    one.id === other.id &&
    one.price.id === other.price.id &&
    one.quantity === other.quantity &&
    one.current_period_start === other.current_period_start &&
    one.current_period_end === other.current_period_end
  );
}
