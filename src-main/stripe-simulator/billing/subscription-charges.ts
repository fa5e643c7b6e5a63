import type Stripe from 'stripe';
import { idOf } from '../fields.ts';
import type { World } from '../world.ts';
import { subscriptionOfInvoice } from './invoice-document.ts';
import {
  chargeLines,
  isMetered,
  lineOfInvoiceItem,
  type Period,
  trialLine,
} from './invoice-lines.ts';
import { chargedItem } from './subscription-document.ts';
import { usageOf } from './usage.ts';

/** The line for an item's coming period, which is paid in advance. Nothing for a metered item: its usage is not known yet. */
export function advanceLines(
  world: World,
  item: Stripe.SubscriptionItem,
  period: Period,
  trial: boolean,
): Stripe.InvoiceLineItem[] {
  const charged = chargedItem(world, item);
  if (trial) {
    return [trialLine(world, charged, period)];
  }
  return isMetered(charged.price)
    ? []
    : chargeLines(world, charged, BigInt(charged.quantity), period);
}

/**
 * The lines for what a metered item used in a period, by the tiers of its price. Nothing for other items.
 * @param countedUntil end (exclusive) of the usage that counts, where it is not the period's.
 */
export function usageLines(
  world: World,
  item: Stripe.SubscriptionItem,
  customer: string,
  period: Period,
  countedUntil: number = period.end,
): Stripe.InvoiceLineItem[] {
  const charged = chargedItem(world, item);
  const meter = world.collection('meters').get(charged.price.recurring?.meter ?? '');
  if (!isMetered(charged.price) || !meter) {
    return [];
  }
  return chargeLines(
    world,
    charged,
    usageOf(world, meter, customer, { start: period.start, end: countedUntil }),
    period,
  );
}

/** Items noted for the next invoice (prorations, manual items), oldest first. For one subscription, or for none (null). */
export function pendingItems(
  world: World,
  customer: string,
  subscription: string | null,
): Stripe.InvoiceItem[] {
  return [...world.collection('invoice_items').newestFirst()]
    .filter(
      (item) =>
        item.invoice === null &&
        idOf(item.customer) === customer &&
        (item.parent?.subscription_details?.subscription ?? null) === subscription,
    )
    .reverse();
}

/** Takes pending items up into an invoice: their lines, and the items marked as belonging to it. */
export function takePendingLines(
  world: World,
  items: readonly Stripe.InvoiceItem[],
  invoice: string,
): Stripe.InvoiceLineItem[] {
  return items.map((item) => {
    world.collection('invoice_items').update(item.id, { invoice });
    return lineOfInvoiceItem(world, item);
  });
}

/**
 * The usage lines of a draft once more: late usage of the period counts until the invoice is finalised, so the lines that were
 * made with the draft may be short.
 */
export function refreshUsageLines(world: World, invoice: Stripe.Invoice): Stripe.InvoiceLineItem[] {
  const subscription = world.collection('subscriptions').get(subscriptionOfInvoice(invoice) ?? '');
  const done = new Set<string>();
  return invoice.lines.data.flatMap((line) => {
    const details = line.parent?.subscription_item_details;
    const item = subscription?.items.data.find(
      (candidate) => candidate.id === details?.subscription_item,
    );
    if (
      !item ||
      details?.proration ||
      details?.invoice_item ||
      !isMetered(item.price) ||
      line.pricing?.price_details?.price !== item.price.id
    ) {
      return [line];
    }
    if (done.has(item.id)) {
      return [];
    }
    done.add(item.id);
    return usageLines(world, item, idOf(invoice.customer), line.period);
  });
}
