import type Stripe from 'stripe';
import { idOf } from '../fields.ts';
import type { World } from '../world.ts';
import { endSubscription } from './change-subscription.ts';
import { subscriptionOfInvoice, withLines } from './invoice-document.ts';
import {
  collectInvoice,
  createInvoice,
  dueInvoices,
  finalizeInvoice,
  issueInvoice,
  mostAttempts,
  noticePayments,
} from './invoice-lifecycle.ts';
import { isMetered } from './invoice-lines.ts';
import { periodEndAfter } from './periods.ts';
import { invoiceSettingsOf } from './start-subscription.ts';
import {
  advanceLines,
  pendingItems,
  refreshUsageLines,
  takePendingLines,
  usageLines,
} from './subscription-charges.ts';
import { firstPeriodEnd, itemList, periodOf, recurringOf } from './subscription-document.ts';

/** How long (seconds) a renewal with usage stays a draft: usage of the period that arrives late still counts, as at Stripe. */
export const usageGrace = 3600;
/** How long (seconds) a subscription waits for its first payment. */
const incompleteLife = 23 * 3600;

/** Does what Stripe does by itself until now: renewals, ends of trials and subscriptions, finalising, further attempts to collect. */
export function runBilling(world: World): void {
  noticePayments(world);
  workOnInvoices(world);
  for (const { id } of [...world.collection('subscriptions').newestFirst()].reverse()) {
    runSubscription(world, id);
  }
  workOnInvoices(world);
}

/** The next moment (seconds since 1970) at which billing has something to do; null for never. */
export function nextDue(world: World): number | null {
  const moments = [...dueInvoices(world).values()];
  for (const subscription of world.collection('subscriptions').newestFirst()) {
    const due = dueOf(subscription);
    if (due !== null) {
      moments.push(due);
    }
  }
  return moments.length === 0 ? null : moments.reduce((first, moment) => Math.min(first, moment));
}

function dueOf(subscription: Stripe.Subscription): number | null {
  switch (subscription.status) {
    case 'active':
    case 'trialing':
    case 'past_due':
    case 'unpaid':
      return Math.min(
        firstPeriodEnd(subscription),
        subscription.cancel_at ?? Number.POSITIVE_INFINITY,
      );
    case 'incomplete':
      return subscription.created + incompleteLife;
    default:
      return null;
  }
}

function workOnInvoices(world: World): void {
  for (const [id, due] of [...dueInvoices(world)]) {
    if (due <= world.now()) {
      workOnInvoice(world, world.collection('invoices').need(id));
    }
  }
}

function workOnInvoice(world: World, invoice: Stripe.Invoice): void {
  if (invoice.status === 'draft') {
    const balance = world.collection('customers').get(idOf(invoice.customer))?.balance ?? 0;
    const lines = refreshUsageLines(world, invoice);
    world.collection('invoices').update(invoice.id, withLines(invoice.id, lines, balance));
    finalizeInvoice(world, invoice.id);
  }
  const after = collectInvoice(world, invoice.id);
  const subscription = world.collection('subscriptions').get(subscriptionOfInvoice(after) ?? '');
  if (
    after.status === 'open' &&
    after.attempt_count >= mostAttempts &&
    subscription?.status === 'past_due'
  ) {
    endSubscription(world, subscription.id, { reason: 'payment_failed' });
  }
}

/** Every period that ended by now, one after the other: the clock may have moved by several. */
function runSubscription(world: World, id: string): void {
  const mostPeriods = 10_000;
  for (let period = 0; period < mostPeriods; period += 1) {
    const subscription = world.collection('subscriptions').need(id);
    const due = dueOf(subscription);
    if (due !== null && !world.collection('customers').get(idOf(subscription.customer))) {
      // Deleting a customer ends what they subscribed to.
      endSubscription(world, id, {});
      return;
    }
    if (due === null || due > world.now()) {
      return;
    }
    if (subscription.status === 'incomplete') {
      endSubscription(world, id, {});
    } else if (subscription.cancel_at !== null && subscription.cancel_at <= due) {
      endAtPeriodEnd(world, subscription);
    } else {
      renew(world, subscription, due);
    }
  }
}

/** The end that was asked for before: what was used until then is billed once more, nothing in advance. */
function endAtPeriodEnd(world: World, subscription: Stripe.Subscription): void {
  const end = subscription.cancel_at ?? world.now();
  const customer = idOf(subscription.customer);
  const trial = subscription.status === 'trialing';
  const used = trial
    ? []
    : subscription.items.data.flatMap((item) =>
        usageLines(world, item, customer, {
          start: item.current_period_start,
          end: Math.min(end, item.current_period_end),
        }),
      );
  const pending = pendingItems(world, customer, subscription.id);
  if (used.length > 0 || pending.length > 0) {
    const invoice = world.newId('in');
    world.collection('subscriptions').update(subscription.id, { latest_invoice: invoice });
    billPeriod(world, subscription, {
      id: invoice,
      lines: [...takePendingLines(world, pending, invoice), ...used],
      periodStart: Math.min(...subscription.items.data.map((item) => item.current_period_start)),
      periodEnd: end,
      withUsage: used.length > 0,
    });
  }
  endSubscription(world, subscription.id, {});
}

/** Begins the next period of the items whose period ended at `end`: usage of the old one, the price of the new one. */
function renew(world: World, subscription: Stripe.Subscription, end: number): void {
  const customer = idOf(subscription.customer);
  const trial = subscription.status === 'trialing';
  const ending = subscription.items.data.filter((item) => item.current_period_end <= end);
  const anchor = subscription.billing_cycle_anchor;
  const renewed = subscription.items.data.map((item) => {
    if (!ending.includes(item)) {
      return item;
    }
    const next = periodEndAfter(anchor, recurringOf(item.price), item.current_period_end);
    const billedUntil = isMetered(item.price) ? item.current_period_end : next;
    return {
      ...item,
      current_period_start: item.current_period_end,
      current_period_end: next,
      billed_until: billedUntil,
    };
  });
  // Usage during a trial is free.
  const used = trial
    ? []
    : ending.flatMap((item) => usageLines(world, item, customer, periodOf(item)));
  const coming = renewed
    .filter((item) => ending.some((old) => old.id === item.id))
    .flatMap((item) => advanceLines(world, item, periodOf(item), false));
  const invoice = world.newId('in');
  const pending = [
    ...pendingItems(world, customer, subscription.id),
    ...pendingItems(world, customer, null).filter(
      (item) => item.currency === subscription.currency,
    ),
  ];
  const after = world.collection('subscriptions').update(subscription.id, {
    items: itemList(subscription.id, renewed),
    latest_invoice: invoice,
    ...(trial ? { status: 'active' } : {}),
  });
  world.emit('customer.subscription.updated', after, {
    items: subscription.items,
    latest_invoice: subscription.latest_invoice,
    ...(trial ? { status: 'trialing' } : {}),
  });
  billPeriod(world, after, {
    id: invoice,
    lines: [...takePendingLines(world, pending, invoice), ...used, ...coming],
    periodStart: Math.min(...ending.map((item) => item.current_period_start)),
    periodEnd: end,
    withUsage: used.length > 0,
  });
}

function billPeriod(
  world: World,
  subscription: Stripe.Subscription,
  bill: {
    id: string;
    lines: Stripe.InvoiceLineItem[];
    periodStart: number;
    periodEnd: number;
    withUsage: boolean;
  },
): void {
  const { withUsage, ...parts } = bill;
  const draft = {
    ...invoiceSettingsOf(world, subscription),
    ...parts,
    billingReason: 'subscription_cycle' as const,
  };
  if (withUsage) {
    createInvoice(world, {
      ...draft,
      finalizesAt: Math.max(world.now(), bill.periodEnd + usageGrace),
    });
  } else {
    issueInvoice(world, draft);
  }
}
