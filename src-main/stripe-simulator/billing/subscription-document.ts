import type Stripe from 'stripe';
import { idOf } from '../fields.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { type ChargedItem, fullPrice, isMetered, type Period } from './invoice-lines.ts';

/** One item as a request asks for it. */
export type WantedItem = {
  price: string;
  quantity?: number | undefined;
  metadata?: Stripe.Metadata | undefined;
};

/** Checks what a request asks an item to be, by Stripe's rules for prices of subscriptions. Returns the price and the quantity. */
export function checkWantedItem(
  world: World,
  wanted: WantedItem,
  parameter: string,
): { price: Stripe.Price; quantity: number } {
  const price = world.collection('prices').need(wanted.price, `${parameter}[price]`);
  if (!price.active) {
    throw new StripeRefusal(
      400,
      'The price specified is inactive. This field only accepts active prices.',
      {
        parameter: `${parameter}[price]`,
      },
    );
  }
  if (price.type !== 'recurring') {
    throw new StripeRefusal(
      400,
      'The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.',
      { parameter: `${parameter}[price]` },
    );
  }
  if (isMetered(price) && wanted.quantity !== undefined) {
    throw new StripeRefusal(
      400,
      'Quantity should not be specified where usage_type is `metered`. Remove quantity from ' +
        `\`${parameter}\`, or use a price with usage_type \`licensed\`.`,
      { parameter: `${parameter}[quantity]` },
    );
  }
  return { price, quantity: wanted.quantity ?? 1 };
}

/** An item of a subscription in its current period. Metered items have no quantity. */
export function itemDocument(
  world: World,
  subscription: string,
  wanted: {
    price: Stripe.Price;
    quantity: number;
    metadata?: Stripe.Metadata | undefined;
    id?: string;
  },
  period: Period,
): Stripe.SubscriptionItem {
  return {
    id: wanted.id ?? world.newId('si'),
    object: 'subscription_item',
    billed_until: isMetered(wanted.price) ? period.start : period.end,
    billing_thresholds: null,
    created: world.now(),
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata: wanted.metadata ?? {},
    plan: planOf(wanted.price),
    price: wanted.price,
    ...(isMetered(wanted.price) ? {} : { quantity: wanted.quantity }),
    subscription,
    tax_rates: [],
  };
}

/** What a subscription is made of. */
export type SubscriptionParts = {
  id: string;
  customer: string;
  currency: string;
  items: Stripe.SubscriptionItem[];
  anchor: number;
  latestInvoice: string;
  metadata: Stripe.Metadata;
  description: string | null;
  trial: Period | null;
  cancelAtPeriodEnd: boolean;
  cancelAt: number | null;
  collectionMethod: Stripe.Subscription.CollectionMethod;
  daysUntilDue: number | null;
  defaultPaymentMethod: string | null;
  status: Stripe.Subscription.Status;
};

/** The subscription object, not yet in the collection. */
export function subscriptionDocument(world: World, parts: SubscriptionParts): Stripe.Subscription {
  const now = world.now();
  return {
    id: parts.id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: parts.anchor,
    billing_cycle_anchor_config: null,
    billing_mode: { type: 'flexible', flexible: { proration_discounts: 'included' } },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: parts.cancelAt,
    cancel_at_period_end: parts.cancelAtPeriodEnd,
    canceled_at: parts.cancelAtPeriodEnd || parts.cancelAt !== null ? now : null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: parts.collectionMethod,
    created: now,
    currency: parts.currency,
    customer: parts.customer,
    customer_account: null,
    days_until_due: parts.daysUntilDue,
    default_payment_method: parts.defaultPaymentMethod,
    default_source: null,
    default_tax_rates: [],
    description: parts.description,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    items: itemList(parts.id, parts.items),
    latest_invoice: parts.latestInvoice,
    livemode: false,
    managed_payments: null,
    metadata: parts.metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    status: parts.status,
    test_clock: null,
    transfer_data: null,
    trial_end: parts.trial?.end ?? null,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' },
    },
    trial_start: parts.trial?.start ?? null,
  };
}

/** The list of items that is embedded in a subscription. */
export function itemList(
  subscription: string,
  items: Stripe.SubscriptionItem[],
): Stripe.Subscription['items'] {
  return {
    object: 'list',
    data: items,
    has_more: false,
    url: `/v1/subscription_items?subscription=${subscription}`,
  };
}

/** An item as invoice lines see it. */
export function chargedItem(world: World, item: Stripe.SubscriptionItem): ChargedItem {
  return {
    id: item.id,
    subscription: item.subscription,
    price: fullPrice(world, item.price),
    quantity: item.quantity ?? 1,
  };
}

/** The current period of an item. */
export function periodOf(item: Stripe.SubscriptionItem): Period {
  return { start: item.current_period_start, end: item.current_period_end };
}

/** The moment when the current period of a subscription ends: that of its first item to end. */
export function firstPeriodEnd(subscription: Stripe.Subscription): number {
  return Math.min(...subscription.items.data.map((item) => item.current_period_end));
}

/** How a price renews. Prices of subscriptions are recurring: anything else is a mistake of the simulator's. */
export function recurringOf(price: Stripe.Price): Stripe.Price.Recurring {
  if (!price.recurring) {
    throw new Error(`Price ${price.id} is not recurring.`);
  }
  return price.recurring;
}

/** The price in the form of the older plans, which Stripe still shows beside it. */
function planOf(price: Stripe.Price): Stripe.Plan {
  const recurring = recurringOf(price);
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: recurring.interval,
    interval_count: recurring.interval_count,
    livemode: false,
    metadata: price.metadata,
    meter: recurring.meter,
    nickname: price.nickname,
    product: idOf(price.product),
    tiers_mode: price.tiers_mode,
    transform_usage: null,
    trial_period_days: recurring.trial_period_days,
    usage_type: recurring.usage_type,
  };
}
