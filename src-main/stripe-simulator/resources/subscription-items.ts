import type Stripe from 'stripe';
import type { ItemChange } from '../billing/planned-items.ts';
import { listPage } from '../list-page.ts';
import { noSuchObject } from '../object-collection.ts';
import { type Route, StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { updateSubscription } from './subscriptions.ts';

const url = '/v1/subscription_items';
const read = 'rak_subscription_read';
const write = 'rak_subscription_write';

/** Items of subscriptions one by one. They live in their subscription: each change is an update of it, and is charged like one. */
export const subscriptionItemRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: url,
    permission: read,
    handle(world, { parameters }) {
      const given: Stripe.SubscriptionItemListParams = parameters;
      const subscription = world
        .collection('subscriptions')
        .need(given.subscription, 'subscription');
      return listPage(subscription.items.data, given, { url });
    },
  },
  {
    method: 'GET',
    path: `${url}/{item}`,
    permission: read,
    handle: (world, { path }) => found(world, path.item ?? '').item,
  },
  {
    method: 'POST',
    path: url,
    permission: write,
    handle(world, { parameters }) {
      const { subscription, ...given }: Stripe.SubscriptionItemCreateParams = parameters;
      const { items } = world.collection('subscriptions').need(subscription, 'subscription');
      const before = new Set(items.data.map(({ id }) => id));
      const after = change(world, subscription, given);
      return after.find(({ id }) => !before.has(id)) ?? {};
    },
  },
  {
    method: 'POST',
    path: `${url}/{item}`,
    permission: write,
    handle(world, { path, parameters }) {
      const { item, subscription } = found(world, path.item ?? '');
      const given: Stripe.SubscriptionItemUpdateParams = parameters;
      const after = change(world, subscription.id, { ...given, id: item.id });
      return after.find(({ id }) => id === item.id) ?? item;
    },
  },
  {
    method: 'DELETE',
    path: `${url}/{item}`,
    permission: write,
    handle(world, { path, parameters }): Stripe.DeletedSubscriptionItem {
      const { item, subscription } = found(world, path.item ?? '');
      const given: Stripe.SubscriptionItemDeleteParams = parameters;
      change(world, subscription.id, { ...given, id: item.id, deleted: true });
      return { id: item.id, object: 'subscription_item', deleted: true };
    },
  },
];

function found(
  world: World,
  id: string,
): { item: Stripe.SubscriptionItem; subscription: Stripe.Subscription } {
  for (const subscription of world.collection('subscriptions').newestFirst()) {
    const item = subscription.items.data.find((candidate) => candidate.id === id);
    if (item) return { item, subscription };
  }
  throw noSuchObject('subscription_item', id);
}

type Change = ItemChange &
  Pick<
    Stripe.SubscriptionUpdateParams,
    'off_session' | 'payment_behavior' | 'proration_behavior' | 'proration_date'
  >;

/** Changes one item. Whatever is no wish about charging is one about the item. Returns the items afterwards. */
function change(world: World, subscription: string, given: Change): Stripe.SubscriptionItem[] {
  const { off_session, payment_behavior, proration_behavior, proration_date, ...item } = given;
  const charging = { off_session, payment_behavior, proration_behavior, proration_date };
  const named = Object.entries(charging).filter(([, value]) => value !== undefined);
  try {
    return updateSubscription(world, subscription, { ...Object.fromEntries(named), items: [item] })
      .items.data;
  } catch (error) {
    throw error instanceof StripeRefusal ? namedAsGiven(error) : error;
  }
}

/** The refusal of an update, as it names the parameters of a call that has only the one item. */
function namedAsGiven(refusal: StripeRefusal): StripeRefusal {
  const own = (text: string) => text.replaceAll(/items\[0\](?:\[(\w+)\])?/g, '$1');
  const { parameter } = refusal;
  return new StripeRefusal(refusal.status, own(refusal.message), {
    ...(refusal.code === undefined ? {} : { code: refusal.code }),
    ...(parameter === undefined ? {} : { parameter: own(parameter) }),
    details: refusal.details,
  });
}
