import type Stripe from 'stripe';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import type { NewSubscription } from '../billing/start-subscription.ts';
import { mergeMetadata } from '../metadata.ts';
import { missingParameter, needed } from '../missing-parameter.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';

const daySeconds = 86_400;

// Without effect here: there is one way of billing (flexible), one payment method, and no mandates.
const withoutEffect = [
  'billing_mode',
  'off_session',
  'payment_settings',
  'trial_settings',
  'default_payment_method',
  'payment_behavior',
  'proration_behavior',
  'currency',
];
const onCreate = [
  ...withoutEffect,
  'customer',
  'items',
  'metadata',
  'description',
  'cancel_at',
  'cancel_at_period_end',
  'collection_method',
  'days_until_due',
  'trial_end',
  'trial_period_days',
];
const onUpdate = [
  ...withoutEffect,
  'items',
  'metadata',
  'description',
  'cancel_at',
  'cancel_at_period_end',
  'cancellation_details',
  'collection_method',
  'days_until_due',
  'trial_end',
  'proration_date',
  'billing_cycle_anchor',
];
const onItem = ['id', 'price', 'quantity', 'metadata', 'deleted', 'clear_usage'];

/** What a request to create a subscription asks for, checked. */
export function wantedSubscription(
  world: World,
  given: Stripe.SubscriptionCreateParams,
): NewSubscription {
  refuseUnsupported(given, onCreate);
  const customer = needed(given.customer, 'customer');
  const items = needed(given.items, 'items').map((item, index) => {
    refuseUnsupported(item, onItem, `items[${index}]`);
    return {
      price: needed(item.price, `items[${index}][price]`),
      quantity: item.quantity,
      metadata: mergeMetadata({}, item.metadata),
    };
  });
  checkDueDays(given.collection_method, given.days_until_due);
  return {
    customer,
    items,
    metadata: mergeMetadata({}, given.metadata ?? undefined),
    description: given.description ?? null,
    trialEnd:
      given.trial_end === 'now'
        ? null
        : (checkedTrialEnd(world, given.trial_end) ??
          trialEndAfter(world, given.trial_period_days)),
    cancelAtPeriodEnd: given.cancel_at_period_end ?? false,
    cancelAt: checkedCancelAt(world, given.cancel_at),
    collectionMethod: given.collection_method ?? 'charge_automatically',
    daysUntilDue: given.days_until_due ?? null,
    defaultPaymentMethod: given.default_payment_method ?? null,
    paymentBehavior: given.payment_behavior ?? 'allow_incomplete',
  };
}

/** Refuses what an update asks for and the simulator does not do, and what an ended subscription cannot become. */
export function checkUpdate(
  subscription: Stripe.Subscription,
  given: Stripe.SubscriptionUpdateParams,
): void {
  refuseUnsupported(given, onUpdate);
  for (const [index, item] of (given.items ?? []).entries()) {
    refuseUnsupported(item, onItem, `items[${index}]`);
  }
  refuseOfEnded(subscription, given);
}

/** The fields of a subscription that an update changes, but for its items and its trial. */
export function changedFields(
  world: World,
  subscription: Stripe.Subscription,
  given: Stripe.SubscriptionUpdateParams,
): Partial<Stripe.Subscription> {
  checkDueDays(
    given.collection_method ?? subscription.collection_method,
    given.days_until_due ?? subscription.days_until_due,
  );
  return {
    metadata: mergeMetadata(subscription.metadata, given.metadata ?? undefined),
    ...(given.description === undefined ? {} : { description: given.description || null }),
    ...(given.default_payment_method === undefined
      ? {}
      : { default_payment_method: given.default_payment_method }),
    ...(given.collection_method === undefined
      ? {}
      : { collection_method: given.collection_method }),
    ...(given.days_until_due === undefined ? {} : { days_until_due: given.days_until_due }),
    ...cancellation(world, subscription, given),
  };
}

/** Fields of a planned end. `cancel_at_period_end: true` also says when, in `cancel_at`. */
function cancellation(
  world: World,
  subscription: Stripe.Subscription,
  given: Stripe.SubscriptionUpdateParams,
): Partial<Stripe.Subscription> {
  const details = given.cancellation_details;
  const noted = {
    comment: details?.comment || null,
    feedback: details?.feedback || null,
    feedback_option: details?.feedback_option || null,
  };
  if (given.cancel_at_period_end) {
    return {
      cancel_at_period_end: true,
      cancel_at: Math.max(...subscription.items.data.map((item) => item.current_period_end)),
      canceled_at: world.now(),
      cancellation_details: { ...noted, reason: 'cancellation_requested' },
    };
  }
  const cleared = given.cancel_at === '' || given.cancel_at === null;
  if (given.cancel_at_period_end === false || cleared) {
    return {
      cancel_at_period_end: false,
      cancel_at: null,
      canceled_at: null,
      cancellation_details: { ...noted, reason: null },
    };
  }
  const cancelAt = checkedCancelAt(world, given.cancel_at);
  if (cancelAt !== null) {
    return {
      cancel_at: cancelAt,
      canceled_at: world.now(),
      cancellation_details: { ...noted, reason: 'cancellation_requested' },
    };
  }
  return details === undefined
    ? {}
    : {
        cancellation_details: {
          ...noted,
          reason: subscription.cancellation_details?.reason ?? null,
        },
      };
}

function refuseOfEnded(
  subscription: Stripe.Subscription,
  given: Stripe.SubscriptionUpdateParams,
): void {
  const ended = subscription.status === 'canceled' || subscription.status === 'incomplete_expired';
  const other = Object.keys(given).filter(
    (name) => name !== 'metadata' && name !== 'cancellation_details',
  );
  if (ended && other.length > 0) {
    throw new StripeRefusal(
      400,
      'A canceled subscription can only update its cancellation_details and metadata.',
      {
        code: 'invalid_canceled_subscription_fields',
      },
    );
  }
}

/** When a trial of so many days ends; null for none. */
export function trialEndAfter(world: World, days: number | undefined): number | null {
  return days === undefined || days < 1 ? null : world.now() + days * daySeconds;
}

/** The end of a trial, which has to be in the future. */
export function checkedTrialEnd(world: World, trialEnd: number | undefined): number | null {
  if (trialEnd !== undefined && trialEnd <= world.now()) {
    throw new StripeRefusal(
      400,
      'Invalid timestamp: must be an integer Unix timestamp in the future.',
      { parameter: 'trial_end' },
    );
  }
  return trialEnd ?? null;
}

function checkedCancelAt(
  world: World,
  cancelAt: Stripe.SubscriptionUpdateParams['cancel_at'],
): number | null {
  if (cancelAt === undefined || cancelAt === null || cancelAt === '') {
    return null;
  }
  if (typeof cancelAt !== 'number') {
    throw new StripeRefusal(400, 'The Stripe simulator takes a timestamp for cancel_at, no rule.', {
      parameter: 'cancel_at',
    });
  }
  if (cancelAt <= world.now()) {
    throw new StripeRefusal(
      400,
      'Invalid timestamp: must be an integer Unix timestamp in the future.',
      { parameter: 'cancel_at' },
    );
  }
  return cancelAt;
}

function checkDueDays(
  method: Stripe.Subscription.CollectionMethod | undefined,
  days: number | null | undefined,
): void {
  if (method !== 'send_invoice' && typeof days === 'number') {
    throw new StripeRefusal(
      400,
      'You cannot set `days_until_due` if `collection_method` is not `send_invoice`.',
      {
        parameter: 'days_until_due',
      },
    );
  }
  if (method === 'send_invoice' && typeof days !== 'number') {
    throw missingParameter('days_until_due');
  }
}
