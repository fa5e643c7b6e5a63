import type Stripe from 'stripe';
import type { PaidInvoice, StripeSubscription } from './gateway.ts';
import { createdAtOf, idOf, instantOf, livemodeOf, metadataOf } from './read-objects.ts';

/*
 * Invoices and subscriptions. Stripe moved several of their fields in 2025; servers that play an older Stripe still have
 * them where they were, and are understood.
 */

type OlderInvoice = {
  subscription?: string | { id: string } | null;
  subscription_details?: { metadata?: Stripe.Metadata | null } | null;
  payment_intent?: string | { id: string } | null;
};
type OlderLine = {
  type?: string;
  proration?: boolean;
  price?: { id: string; product?: string | { id: string } } | null;
};
type OlderSubscription = { current_period_start?: number; current_period_end?: number };

/** An invoice with these lines, which are all of its lines. */
export function readInvoice(
  invoice: Stripe.Invoice & OlderInvoice,
  lines: Stripe.InvoiceLineItem[],
): PaidInvoice {
  const details = invoice.parent?.subscription_details;
  return {
    id: invoice.id,
    livemode: livemodeOf(invoice),
    status: invoice.status ?? 'draft',
    billingReason: invoice.billing_reason ?? null,
    currency: invoice.currency ?? '',
    amountPaidMinor: invoice.amount_paid ?? invoice.total,
    customerId: idOf(invoice.customer),
    subscriptionId: idOf(details?.subscription) ?? idOf(invoice.subscription),
    subscriptionMetadata: metadataOf(details?.metadata ?? invoice.subscription_details?.metadata),
    metadata: metadataOf(invoice.metadata),
    lines: lines.filter(isOfSubscription).map((line) => readInvoiceLine(line, invoice)),
    createdAt: createdAtOf(invoice),
    paidAt: invoice.status_transitions?.paid_at
      ? instantOf(invoice.status_transitions.paid_at)
      : null,
  };
}

function isOfSubscription(line: Stripe.InvoiceLineItem & OlderLine): boolean {
  if (line.parent === undefined || line.parent === null) {
    return line.type === 'subscription' && line.proration !== true;
  }
  return line.parent.subscription_item_details?.proration === false;
}

function readInvoiceLine(
  line: Stripe.InvoiceLineItem & OlderLine,
  invoice: Stripe.Invoice,
): PaidInvoice['lines'][number] {
  const details = line.pricing?.price_details;
  return {
    priceId: idOf(details?.price) ?? idOf(line.price),
    productId: details?.product ?? idOf(line.price?.product),
    periodStart: instantOf(line.period?.start ?? invoice.period_start),
    periodEnd: instantOf(line.period?.end ?? invoice.period_end),
  };
}

/** The payment intent an older server names on the invoice itself; null where there is none. */
export function paymentOnInvoice(invoice: Stripe.Invoice & OlderInvoice): string | null {
  return idOf(invoice.payment_intent);
}

/** A subscription with these items, which are all of its items. */
export function readSubscription(
  subscription: Stripe.Subscription & OlderSubscription,
  items: Stripe.SubscriptionItem[],
): StripeSubscription {
  return {
    id: subscription.id,
    livemode: livemodeOf(subscription),
    customerId: idOf(subscription.customer) ?? '',
    status: subscription.status,
    cancelAtPeriodEnd: subscription.cancel_at_period_end ?? false,
    cancelAt: subscription.cancel_at ? instantOf(subscription.cancel_at) : null,
    metadata: metadataOf(subscription.metadata),
    items: items.map((item) => ({
      id: item.id,
      priceId: idOf(item.price) ?? '',
      productId: idOf(item.price?.product),
      lookupKey: item.price?.lookup_key ?? null,
      meterId: item.price?.recurring?.meter ?? null,
      metadata: metadataOf(item.metadata),
      currentPeriodStart: instantOf(item.current_period_start ?? subscription.current_period_start),
      currentPeriodEnd: instantOf(item.current_period_end ?? subscription.current_period_end),
    })),
  };
}
