import type Stripe from 'stripe';
import { invoiceDocument } from '../billing/invoice-document.ts';
import { lineOfInvoiceItem } from '../billing/invoice-lines.ts';
import { periodEndAfter } from '../billing/periods.ts';
import { plannedItems } from '../billing/planned-items.ts';
import { prorationLines, unusedTimeLines } from '../billing/prorations.ts';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import { firstItems, invoiceSettingsOf } from '../billing/start-subscription.ts';
import { advanceLines, pendingItems, usageLines } from '../billing/subscription-charges.ts';
import { firstPeriodEnd, periodOf, recurringOf } from '../billing/subscription-document.ts';
import { idOf } from '../fields.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';

type Details = Stripe.InvoiceCreatePreviewParams.SubscriptionDetails;

/**
 * The invoice that a subscription gets next (usage so far, the coming period, what is pending), or that a change of its items or a new
 * subscription would bring. Nothing is changed or kept.
 */
export function previewInvoice(
  world: World,
  given: Stripe.InvoiceCreatePreviewParams,
): Stripe.Invoice {
  refuseUnsupported(given, [
    'customer',
    'subscription',
    'subscription_details',
    'preview_mode',
    'currency',
  ]);
  const details = given.subscription_details ?? {};
  refuseUnsupported(
    details,
    ['items', 'proration_behavior', 'proration_date'],
    'subscription_details',
  );
  if (given.subscription !== undefined) {
    return previewSubscription(
      world,
      world.collection('subscriptions').need(given.subscription, 'subscription'),
      details,
      given.preview_mode,
    );
  }
  if (given.customer === undefined) {
    throw new StripeRefusal(400, 'You must pass `customer` or `subscription`.', {
      code: 'parameter_missing',
      parameter: 'customer',
    });
  }
  const { customer } = given;
  world.collection('customers').need(customer, 'customer');
  if (details.items === undefined) {
    const [only, ...others] = [...world.collection('subscriptions').newestFirst()].filter(
      (subscription) =>
        idOf(subscription.customer) === customer && subscription.status !== 'canceled',
    );
    if (!only || others.length > 0) {
      throw noUpcoming(customer);
    }
    return previewSubscription(world, only, details, given.preview_mode);
  }
  return previewNew(world, customer, details.items);
}

function previewNew(
  world: World,
  customer: string,
  wanted: NonNullable<Details['items']>,
): Stripe.Invoice {
  const now = world.now();
  const items = firstItems(
    world,
    world.newId('sub'),
    wanted.map((item) => ({ price: item.price ?? '', quantity: item.quantity })),
    { anchor: now, trialEnd: null },
  );
  const lines = items.flatMap((item) => [
    ...advanceLines(world, item, periodOf(item), false),
    ...usageLines(world, item, customer, periodOf(item)),
  ]);
  return invoiceDocument(world, {
    id: world.newId('upcoming_in'),
    customer,
    currency: items[0]?.price.currency ?? 'usd',
    billingReason: 'upcoming',
    lines,
    periodStart: now,
    periodEnd: now,
    autoAdvance: false,
  });
}

function previewSubscription(
  world: World,
  subscription: Stripe.Subscription,
  details: Details,
  mode: Stripe.InvoiceCreatePreviewParams.PreviewMode | undefined,
): Stripe.Invoice {
  const customer = idOf(subscription.customer);
  if (subscription.status === 'canceled' || subscription.status === 'incomplete_expired') {
    throw noUpcoming(customer);
  }
  const now = world.now();
  const at = details.proration_date ?? now;
  const planned = plannedItems(world, subscription, details.items ?? []);
  const trialing = subscription.status === 'trialing';
  const before = subscription.items.data;
  const ended = planned.restarts ? before : planned.endedMetered;
  const prorated = details.proration_behavior !== 'none' && !trialing && mode !== 'recurring';
  const changes =
    details.items === undefined
      ? []
      : [
          ...ended.flatMap((item) =>
            usageLines(world, item, customer, { start: item.current_period_start, end: now }),
          ),
          ...(prorated
            ? planned.restarts
              ? before.flatMap((item) => unusedTimeLines(world, item, at))
              : prorationLines(world, before, planned.items, at)
            : []),
        ];
  const pending =
    mode === 'recurring'
      ? []
      : pendingItems(world, customer, subscription.id).map((item) =>
          lineOfInvoiceItem(world, item),
        );
  const immediate = planned.restarts || details.proration_behavior === 'always_invoice';
  const end = firstPeriodEnd(subscription);
  const next = planned.restarts
    ? restartLines(world, planned.items)
    : nextPeriodLines(world, subscription, planned.items, end);
  const lines = [...pending, ...changes, ...(immediate && !planned.restarts ? [] : next)];
  if (lines.length === 0 && !immediate) {
    throw noUpcoming(customer);
  }
  return invoiceDocument(world, {
    ...invoiceSettingsOf(world, subscription),
    id: world.newId('upcoming_in'),
    billingReason: 'upcoming',
    lines,
    periodStart: immediate ? now : Math.min(...before.map((item) => item.current_period_start)),
    periodEnd: immediate ? now : end,
    autoAdvance: false,
  });
}

/** The lines of the renewal at `end`: usage of the period that ends then, and the price of the next one. */
function nextPeriodLines(
  world: World,
  subscription: Stripe.Subscription,
  items: readonly Stripe.SubscriptionItem[],
  end: number,
): Stripe.InvoiceLineItem[] {
  const ends = subscription.cancel_at !== null && subscription.cancel_at <= end;
  const due = items.filter((item) => item.current_period_end <= end);
  const used =
    subscription.status === 'trialing'
      ? []
      : due.flatMap((item) => usageLines(world, item, idOf(subscription.customer), periodOf(item)));
  const coming = due.flatMap((item) => {
    const period = {
      start: end,
      end: periodEndAfter(subscription.billing_cycle_anchor, recurringOf(item.price), end),
    };
    return advanceLines(world, item, period, false);
  });
  return ends ? used : [...used, ...coming];
}

function restartLines(
  world: World,
  items: readonly Stripe.SubscriptionItem[],
): Stripe.InvoiceLineItem[] {
  const now = world.now();
  return items.flatMap((item) =>
    advanceLines(
      world,
      item,
      { start: now, end: periodEndAfter(now, recurringOf(item.price), now) },
      false,
    ),
  );
}

function noUpcoming(customer: string): StripeRefusal {
  return new StripeRefusal(404, `No upcoming invoices for customer: ${customer}`, {
    code: 'invoice_upcoming_none',
  });
}
