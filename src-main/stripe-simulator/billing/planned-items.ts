import type Stripe from 'stripe';
import { mergeMetadata } from '../metadata.ts';
import { missingParameter } from '../missing-parameter.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { fullPrice, isMetered } from './invoice-lines.ts';
import { periodEndAfter } from './periods.ts';
import { checkTogether } from './start-subscription.ts';
import { checkWantedItem, itemDocument, recurringOf } from './subscription-document.ts';
import { pricedAmount } from './tier-amount.ts';

/** One change of an item, as an update (or a preview of it) asks for. */
export type ItemChange = Pick<
  Stripe.SubscriptionUpdateParams.Item,
  'id' | 'price' | 'quantity' | 'metadata' | 'deleted' | 'clear_usage'
>;

/** What an update makes of the items of a subscription. */
export type PlannedItems = {
  items: Stripe.SubscriptionItem[];
  /** Metered items that end now, and whose usage so far is still to be billed. */
  endedMetered: Stripe.SubscriptionItem[];
  /** True where the billing period starts anew: another interval, or from free to paid. */
  restarts: boolean;
};

/** The items that a subscription has after a change, without changing it. Refuses what Stripe refuses. */
export function plannedItems(
  world: World,
  subscription: Stripe.Subscription,
  changes: readonly ItemChange[],
): PlannedItems {
  const before = subscription.items.data;
  const ended: Stripe.SubscriptionItem[] = [];
  let items = [...before];
  for (const [index, change] of changes.entries()) {
    const parameter = `items[${index}]`;
    if (change.id === undefined) {
      items.push(addedItem(world, subscription, change, parameter));
      continue;
    }
    const current = before.find((item) => item.id === change.id);
    if (!current) {
      throw new StripeRefusal(400, `No such subscription item: '${change.id}'`, {
        code: 'resource_missing',
        parameter: `${parameter}[id]`,
      });
    }
    const repriced = change.price !== undefined && change.price !== current.price.id;
    if (isMetered(current.price) && (change.deleted || repriced) && !change.clear_usage) {
      ended.push(current);
    }
    items = change.deleted
      ? items.filter((item) => item.id !== change.id)
      : items.map((item) =>
          item.id === change.id ? changedItem(world, current, change, parameter) : item,
        );
  }
  checkTogether(items);
  return { items, endedMetered: ended, restarts: restarts(world, subscription, items) };
}

function addedItem(
  world: World,
  subscription: Stripe.Subscription,
  change: ItemChange,
  parameter: string,
) {
  if (change.price === undefined) {
    throw missingParameter(`${parameter}[price]`);
  }
  const checked = checkWantedItem(
    world,
    { price: change.price, quantity: change.quantity },
    parameter,
  );
  const metadata = mergeMetadata({}, change.metadata ?? undefined);
  const end = periodEndAfter(
    subscription.billing_cycle_anchor,
    recurringOf(checked.price),
    world.now(),
  );
  const cycle = subscription.items.data.find((item) => item.current_period_end === end);
  // What is paid in advance is prorated over the whole period; usage counts from now.
  const start = isMetered(checked.price)
    ? world.now()
    : (cycle?.current_period_start ?? world.now());
  return itemDocument(
    world,
    subscription.id,
    { ...checked, metadata },
    { start, end: trialEnd(subscription) ?? end },
  );
}

function changedItem(
  world: World,
  current: Stripe.SubscriptionItem,
  change: ItemChange,
  parameter: string,
): Stripe.SubscriptionItem {
  const metadata = mergeMetadata(current.metadata, change.metadata ?? undefined);
  const price = change.price ?? current.price.id;
  const quantity = change.quantity ?? current.quantity;
  const unchanged = price === current.price.id && quantity === current.quantity;
  if (unchanged) {
    return { ...current, metadata };
  }
  const metered = isMetered(
    fullPrice(world, world.collection('prices').need(price, `${parameter}[price]`)),
  );
  const wanted = { price, quantity: metered ? change.quantity : quantity };
  const checked = checkWantedItem(world, wanted, parameter);
  const start = metered ? world.now() : current.current_period_start;
  const document = itemDocument(
    world,
    current.subscription,
    { ...checked, metadata, id: current.id },
    {
      start,
      end: current.current_period_end,
    },
  );
  return { ...document, created: current.created };
}

function restarts(
  world: World,
  subscription: Stripe.Subscription,
  after: readonly Stripe.SubscriptionItem[],
): boolean {
  if (subscription.status === 'trialing') {
    return false;
  }
  const before = subscription.items.data;
  const otherInterval = after.some((item) => {
    const was = before.find((candidate) => candidate.id === item.id);
    return was !== undefined && intervalText(was.price) !== intervalText(item.price);
  });
  return (
    otherInterval ||
    (advanceAmount(world, before) === 0n &&
      advanceAmount(world, after) > 0n &&
      !before.some((item) => isMetered(item.price)))
  );
}

/** What the items cost a period in advance, in minor units. */
function advanceAmount(world: World, items: readonly Stripe.SubscriptionItem[]): bigint {
  return items
    .filter((item) => !isMetered(item.price))
    .reduce(
      (sum, item) => sum + pricedAmount(fullPrice(world, item.price), BigInt(item.quantity ?? 1)),
      0n,
    );
}

function intervalText(price: Stripe.Price): string {
  return `${price.recurring?.interval_count} ${price.recurring?.interval}`;
}

function trialEnd(subscription: Stripe.Subscription): number | null {
  return subscription.status === 'trialing' ? subscription.trial_end : null;
}
