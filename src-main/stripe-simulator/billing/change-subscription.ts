import type Stripe from 'stripe';
import { idOf, previousAttributes } from '../fields.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { subscriptionOfInvoice } from './invoice-document.ts';
import { issueInvoice, stopCollecting, voidInvoice } from './invoice-lifecycle.ts';
import { periodEndAfter } from './periods.ts';
import { type ItemChange, plannedItems } from './planned-items.ts';
import { keepForNextInvoice, prorationLines, unusedTimeLines } from './prorations.ts';
import { invoiceSettingsOf } from './start-subscription.ts';
import {
  advanceLines,
  pendingItems,
  takePendingLines,
  usageLines,
} from './subscription-charges.ts';
import { itemList, recurringOf } from './subscription-document.ts';

/** How a change of items is charged, as Stripe names it. */
export type ProrationBehavior = Stripe.SubscriptionUpdateParams.ProrationBehavior;

/** Changes fields of a subscription that cost nothing, and tells what they were. Does nothing where nothing changes. */
export function changeFields(
  world: World,
  id: string,
  change: Partial<Stripe.Subscription>,
): Stripe.Subscription {
  const before = world.collection('subscriptions').need(id);
  const previous = previousAttributes(before, { ...before, ...change });
  if (previous === undefined) {
    return before;
  }
  const after = world.collection('subscriptions').update(id, change);
  world.emit('customer.subscription.updated', after, previous);
  return after;
}

/**
 * Changes items (price, quantity, added, removed) with prorations: kept for the next invoice (create_prorations), billed at once
 * (always_invoice) or left out (none). Another interval, or a paid price after a free one, starts a new billing period and is billed
 * at once in any case.
 * @param at moment that the shares are counted from, seconds since 1970.
 */
export function changeItems(
  world: World,
  id: string,
  changes: readonly ItemChange[],
  { behavior, at }: { behavior: ProrationBehavior; at: number },
): void {
  const before = world.collection('subscriptions').need(id);
  const planned = plannedItems(world, before, changes);
  if (planned.restarts) {
    restartPeriods(world, id, planned.items, { behavior, at });
    return;
  }
  const prorated = behavior !== 'none' && before.status !== 'trialing';
  keepForNextInvoice(world, before, [
    ...planned.endedMetered.flatMap((item) => usageUntilNow(world, before, item)),
    ...(prorated ? prorationLines(world, before.items.data, planned.items, at) : []),
  ]);
  if (behavior === 'always_invoice' && pendingItems(world, idOf(before.customer), id).length > 0) {
    const invoice = world.newId('in');
    changeFields(world, id, { items: itemList(id, planned.items), latest_invoice: invoice });
    billChange(world, id, invoice, []);
  } else {
    changeFields(world, id, { items: itemList(id, planned.items) });
  }
}

/** Starts new billing periods now, and bills them: after a change of the interval, at the end of a trial by request. */
export function restartPeriods(
  world: World,
  id: string,
  items: readonly Stripe.SubscriptionItem[],
  { behavior, at }: { behavior: ProrationBehavior; at: number },
): void {
  const before = world.collection('subscriptions').need(id);
  const now = world.now();
  const trialing = before.status === 'trialing';
  keepForNextInvoice(world, before, [
    ...(trialing ? [] : before.items.data.flatMap((item) => usageUntilNow(world, before, item))),
    ...(trialing || behavior === 'none'
      ? []
      : before.items.data.flatMap((item) => unusedTimeLines(world, item, at))),
  ]);
  const restarted = items.map((item) => {
    const end = periodEndAfter(now, recurringOf(item.price), now);
    return { ...item, current_period_start: now, current_period_end: end };
  });
  const invoice = world.newId('in');
  changeFields(world, id, {
    billing_cycle_anchor: now,
    items: itemList(id, restarted),
    latest_invoice: invoice,
    ...(trialing ? { status: 'active', trial_end: now } : {}),
  });
  const lines = restarted.flatMap((item) =>
    advanceLines(world, item, { start: now, end: item.current_period_end }, false),
  );
  billChange(world, id, invoice, lines);
}

/** Ends a subscription at once. `invoiceNow` bills usage and prorations that are not billed yet; `prorate` credits unused time. */
export function endSubscription(
  world: World,
  id: string,
  options: {
    invoiceNow?: boolean;
    prorate?: boolean;
    reason?: Stripe.Subscription.CancellationDetails.Reason;
  },
): Stripe.Subscription {
  const before = world.collection('subscriptions').need(id);
  if (before.status === 'canceled' || before.status === 'incomplete_expired') {
    throw new StripeRefusal(404, `No such subscription: '${id}'`, {
      code: 'resource_missing',
      parameter: 'id',
    });
  }
  const now = world.now();
  const incomplete = before.status === 'incomplete';
  if (options.prorate && !incomplete && before.status !== 'trialing') {
    const unused = before.items.data.flatMap((item) => unusedTimeLines(world, item, now));
    keepForNextInvoice(world, before, unused);
  }
  if (options.invoiceNow && !incomplete && before.status !== 'trialing') {
    // Nothing comes after: what was used in this very second belongs to it.
    const lines = before.items.data.flatMap((item) => usageUntilNow(world, before, item, now + 1));
    if (lines.length > 0 || pendingItems(world, idOf(before.customer), id).length > 0) {
      billChange(world, id, world.newId('in'), lines);
    }
  }
  stopInvoices(world, id, incomplete);
  const ended = world.collection('subscriptions').update(id, {
    status: incomplete ? 'incomplete_expired' : 'canceled',
    canceled_at: before.canceled_at ?? now,
    ended_at: now,
    cancellation_details: {
      comment: null,
      feedback: null,
      feedback_option: null,
      ...before.cancellation_details,
      reason: options.reason ?? 'cancellation_requested',
    },
  });
  world.emit('customer.subscription.deleted', ended);
  return ended;
}

/** Bills what is pending of a subscription, and `lines`, at once. */
function billChange(
  world: World,
  id: string,
  invoice: string,
  lines: readonly Stripe.InvoiceLineItem[],
): void {
  const subscription = world.collection('subscriptions').need(id);
  const pending = pendingItems(world, idOf(subscription.customer), id);
  issueInvoice(world, {
    ...invoiceSettingsOf(world, subscription),
    id: invoice,
    billingReason: 'subscription_update',
    lines: [...takePendingLines(world, pending, invoice), ...lines],
    periodStart: world.now(),
    periodEnd: world.now(),
  });
}

function usageUntilNow(
  world: World,
  subscription: Stripe.Subscription,
  item: Stripe.SubscriptionItem,
  countedUntil: number = world.now(),
) {
  const period = { start: item.current_period_start, end: world.now() };
  return usageLines(world, item, idOf(subscription.customer), period, countedUntil);
}

/** Nothing more is collected for a subscription that ended; the first invoice of one that never began is void. */
function stopInvoices(world: World, subscription: string, never: boolean): void {
  for (const invoice of [...world.collection('invoices').newestFirst()]) {
    if (subscriptionOfInvoice(invoice) === subscription && invoice.status === 'open') {
      if (never) {
        voidInvoice(world, invoice.id);
      } else {
        stopCollecting(world, invoice);
      }
    }
  }
}
