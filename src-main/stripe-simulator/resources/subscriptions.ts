import type Stripe from 'stripe';
import {
  changeFields,
  changeItems,
  endSubscription,
  restartPeriods,
} from '../billing/change-subscription.ts';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import { createSubscription } from '../billing/start-subscription.ts';
import { itemList } from '../billing/subscription-document.ts';
import { idOf } from '../fields.ts';
import { listPage, listParameters, within } from '../list-page.ts';
import { mergeMetadata } from '../metadata.ts';
import { type Route, StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { readRoutes } from './read-routes.ts';
import {
  changedFields,
  checkedTrialEnd,
  checkUpdate,
  trialEndAfter,
  wantedSubscription,
} from './subscription-parameters.ts';

const url = '/v1/subscriptions';

export const subscriptionRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: url,
    permission: 'rak_subscription_write',
    handle: (world, { parameters }) =>
      createSubscription(world, wantedSubscription(world, parameters)),
  },
  ...readRoutes({
    url,
    collection: 'subscriptions',
    permission: 'rak_subscription_read',
    list: listSubscriptions,
  }),
  {
    method: 'POST',
    path: `${url}/{subscription}`,
    permission: 'rak_subscription_write',
    handle: (world, { path, parameters }) =>
      updateSubscription(world, path.subscription ?? '', parameters),
  },
  {
    method: 'DELETE',
    path: `${url}/{subscription}`,
    permission: 'rak_subscription_write',
    handle: (world, { path, parameters }) => cancel(world, path.subscription ?? '', parameters),
  },
];

/**
 * Starts the subscription that a checkout session of mode 'subscription' was for, once the customer paid there: its items are the
 * session's, its metadata those of `subscription_data`. The first invoice is paid at once.
 * @param data what the session's `subscription_data` said.
 */
export function startSubscription(
  world: World,
  session: Stripe.Checkout.Session,
  data: Pick<
    Stripe.Checkout.SessionCreateParams.SubscriptionData,
    'metadata' | 'description' | 'trial_period_days' | 'trial_end'
  > = {},
  items: readonly { price: string; quantity?: number | undefined }[] = sessionItems(session),
): Stripe.Subscription {
  return createSubscription(world, {
    customer: idOf(session.customer),
    items,
    metadata: mergeMetadata({}, data.metadata ?? undefined),
    description: data.description ?? null,
    trialEnd: data.trial_end ?? trialEndAfter(world, data.trial_period_days),
  });
}

function sessionItems(session: Stripe.Checkout.Session) {
  return (session.line_items?.data ?? []).flatMap((item) =>
    item.price
      ? [
          {
            price: item.price.id,
            quantity:
              item.price.recurring?.usage_type === 'metered' ? undefined : (item.quantity ?? 1),
          },
        ]
      : [],
  );
}

/** Changes a subscription: its items, its trial, its period and its other fields, in that order. */
export function updateSubscription(
  world: World,
  id: string,
  given: Stripe.SubscriptionUpdateParams,
): Stripe.Subscription {
  checkUpdate(world.collection('subscriptions').need(id), given);
  const behavior = given.proration_behavior ?? 'create_prorations';
  const at = given.proration_date ?? world.now();
  if (given.items !== undefined) {
    changeItems(world, id, given.items, { behavior, at });
  }
  if (given.trial_end !== undefined) {
    changeTrial(world, id, given.trial_end);
  }
  if (given.billing_cycle_anchor?.type === 'now') {
    restartPeriods(world, id, world.collection('subscriptions').need(id).items.data, {
      behavior,
      at,
    });
  }
  return changeFields(
    world,
    id,
    changedFields(world, world.collection('subscriptions').need(id), given),
  );
}

/** Ends a trial now (the first period begins and is billed), or moves its end. */
function changeTrial(world: World, id: string, trialEnd: 'now' | number): void {
  const subscription = world.collection('subscriptions').need(id);
  if (subscription.status !== 'trialing') {
    if (trialEnd === 'now') {
      return;
    }
    throw new StripeRefusal(
      400,
      'The Stripe simulator only changes the trial of a subscription that is in its trial.',
      {
        parameter: 'trial_end',
      },
    );
  }
  if (trialEnd === 'now') {
    restartPeriods(world, id, subscription.items.data, { behavior: 'none', at: world.now() });
    return;
  }
  const end = checkedTrialEnd(world, trialEnd) ?? world.now();
  changeFields(world, id, {
    trial_end: end,
    billing_cycle_anchor: end,
    items: itemList(
      id,
      subscription.items.data.map((item) => ({ ...item, current_period_end: end })),
    ),
  });
}

function cancel(
  world: World,
  id: string,
  given: Stripe.SubscriptionCancelParams,
): Stripe.Subscription {
  const details = given.cancellation_details;
  if (details !== undefined) {
    const subscription = world.collection('subscriptions').need(id);
    world.collection('subscriptions').update(id, {
      cancellation_details: {
        comment: details.comment || null,
        feedback: details.feedback || null,
        feedback_option: details.feedback_option || null,
        reason: subscription.cancellation_details?.reason ?? null,
      },
    });
  }
  return endSubscription(world, id, {
    invoiceNow: given.invoice_now ?? false,
    prorate: given.prorate ?? false,
  });
}

function listSubscriptions(world: World, given: Stripe.SubscriptionListParams) {
  refuseUnsupported(given, [
    ...listParameters,
    'customer',
    'status',
    'price',
    'collection_method',
    'current_period_start',
    'current_period_end',
  ]);
  return listPage(world.collection('subscriptions').newestFirst(), given, {
    url,
    where: (subscription) =>
      hasStatus(subscription, given.status) &&
      (given.customer === undefined || idOf(subscription.customer) === given.customer) &&
      (given.collection_method === undefined ||
        subscription.collection_method === given.collection_method) &&
      (given.price === undefined ||
        subscription.items.data.some((item) => item.price.id === given.price)) &&
      subscription.items.data.some((item) =>
        within(item.current_period_start, given.current_period_start),
      ) &&
      subscription.items.data.some((item) =>
        within(item.current_period_end, given.current_period_end),
      ),
  });
}

/** Without a status, Stripe lists all that are not canceled. */
function hasStatus(
  subscription: Stripe.Subscription,
  status: Stripe.SubscriptionListParams.Status | undefined,
): boolean {
  switch (status) {
    case undefined:
      return subscription.status !== 'canceled';
    case 'all':
      return true;
    case 'ended':
      return subscription.status === 'canceled' || subscription.status === 'incomplete_expired';
    default:
      return subscription.status === status;
  }
}
