import type Stripe from 'stripe';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { decliningCustomers, willDecline } from './collect-payment.ts';
import { collectInvoice, createInvoice, finalizeInvoice } from './invoice-lifecycle.ts';
import { periodEndAfter } from './periods.ts';
import { advanceLines, pendingItems, takePendingLines } from './subscription-charges.ts';
import {
  checkWantedItem,
  itemDocument,
  recurringOf,
  subscriptionDocument,
  type WantedItem,
} from './subscription-document.ts';

const daySeconds = 86_400;

/** What a new subscription is to be. Times in seconds since 1970. */
export type NewSubscription = {
  customer: string;
  items: readonly WantedItem[];
  metadata?: Stripe.Metadata;
  description?: string | null;
  /** When its free trial ends; null for none. */
  trialEnd?: number | null;
  cancelAtPeriodEnd?: boolean;
  cancelAt?: number | null;
  collectionMethod?: Stripe.Subscription.CollectionMethod;
  daysUntilDue?: number | null;
  defaultPaymentMethod?: string | null;
  paymentBehavior?: Stripe.SubscriptionCreateParams.PaymentBehavior;
};

/** The items of a new subscription in their first period. */
export function firstItems(
  world: World,
  subscription: string,
  wanted: readonly WantedItem[],
  { anchor, trialEnd }: { anchor: number; trialEnd: number | null },
): Stripe.SubscriptionItem[] {
  const items = wanted.map((item, index) => {
    const checked = checkWantedItem(world, item, `items[${index}]`);
    const end = trialEnd ?? periodEndAfter(anchor, recurringOf(checked.price), anchor);
    const period = { start: world.now(), end };
    return itemDocument(world, subscription, { ...checked, metadata: item.metadata }, period);
  });
  checkTogether(items);
  return items;
}

/** Refuses items that cannot be in one subscription. */
export function checkTogether(items: readonly Stripe.SubscriptionItem[]): void {
  const first = items[0];
  if (!first) {
    throw new StripeRefusal(400, 'A subscription must have at least one active price.', {
      parameter: 'items',
    });
  }
  for (const [index, item] of items.entries()) {
    if (items.findIndex((other) => other.price.id === item.price.id) !== index) {
      throw new StripeRefusal(
        400,
        `Cannot add multiple subscription items with the same plan: ${item.price.id}`,
        {
          parameter: 'items',
        },
      );
    }
    if (item.price.currency !== first.price.currency) {
      throw new StripeRefusal(400, 'All prices of a subscription must have the same currency.', {
        parameter: 'items',
      });
    }
  }
}

/**
 * Starts a subscription with its first invoice. The invoice is collected at once, unless payment_behavior is default_incomplete or
 * the customer is made to decline: then the subscription is incomplete until the invoice is paid.
 */
export function createSubscription(world: World, wanted: NewSubscription): Stripe.Subscription {
  world.collection('customers').need(wanted.customer, 'customer');
  const now = world.now();
  const id = world.newId('sub');
  const trialEnd = wanted.trialEnd ?? null;
  const anchor = trialEnd ?? now;
  const items = firstItems(world, id, wanted.items, { anchor, trialEnd });
  const currency = items[0]?.price.currency ?? 'usd';
  const automatic = (wanted.collectionMethod ?? 'charge_automatically') === 'charge_automatically';
  const lines = items.flatMap((item) =>
    advanceLines(world, item, { start: now, end: item.current_period_end }, trialEnd !== null),
  );
  const payable = lines.some((line) => line.amount > 0);
  const declines = automatic && payable && willDecline(world, wanted.customer);
  if (declines && wanted.paymentBehavior === 'error_if_incomplete') {
    decliningCustomers(world).delete(wanted.customer);
    throw new StripeRefusal(402, 'Your card was declined.', {
      type: 'card_error',
      code: 'card_declined',
    });
  }
  const waits = automatic && payable && wanted.paymentBehavior === 'default_incomplete';
  const invoice = world.newId('in');
  const status = trialEnd !== null ? 'trialing' : declines || waits ? 'incomplete' : 'active';
  const subscription = world.collection('subscriptions').insert(
    subscriptionDocument(world, {
      id,
      customer: wanted.customer,
      currency,
      items,
      anchor,
      latestInvoice: invoice,
      metadata: wanted.metadata ?? {},
      description: wanted.description ?? null,
      trial: trialEnd === null ? null : { start: now, end: trialEnd },
      cancelAtPeriodEnd: wanted.cancelAtPeriodEnd ?? false,
      cancelAt:
        wanted.cancelAt ??
        (wanted.cancelAtPeriodEnd
          ? Math.max(...items.map((item) => item.current_period_end))
          : null),
      collectionMethod: wanted.collectionMethod ?? 'charge_automatically',
      daysUntilDue: wanted.daysUntilDue ?? null,
      defaultPaymentMethod: wanted.defaultPaymentMethod ?? null,
      status,
    }),
  );
  world.emit('customer.subscription.created', subscription);
  const pending = pendingItems(world, wanted.customer, null).filter(
    (item) => item.currency === currency,
  );
  createInvoice(world, {
    ...invoiceSettingsOf(world, subscription),
    id: invoice,
    billingReason: 'subscription_create',
    lines: [...takePendingLines(world, pending, invoice), ...lines],
    periodStart: now,
    periodEnd: now,
  });
  finalizeInvoice(world, invoice);
  if (!waits) {
    collectInvoice(world, invoice);
  }
  return world.collection('subscriptions').need(id);
}

/** What every invoice of a subscription takes over from it. */
export function invoiceSettingsOf(world: World, subscription: Stripe.Subscription) {
  const sent = subscription.collection_method === 'send_invoice';
  return {
    customer:
      typeof subscription.customer === 'string' ? subscription.customer : subscription.customer.id,
    currency: subscription.currency,
    subscription: { id: subscription.id, metadata: subscription.metadata },
    collectionMethod: subscription.collection_method,
    dueDate: sent ? world.now() + (subscription.days_until_due ?? 30) * daySeconds : null,
    autoAdvance: true,
  };
}
