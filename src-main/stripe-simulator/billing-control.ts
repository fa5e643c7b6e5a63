import type Stripe from 'stripe';
import {
  changeFields,
  changeItems,
  endSubscription,
  type ProrationBehavior,
} from './billing/change-subscription.ts';
import { decliningCustomers } from './billing/collect-payment.ts';
import { collectInvoice, payInvoiceBy } from './billing/invoice-lifecycle.ts';
import { type AsyncErrorCode, reportMeterError } from './billing/meter-errors.ts';
import { nextDue, runBilling } from './billing/renewals.ts';
import { findMeterEvent } from './billing/usage.ts';
import { idOf } from './fields.ts';
import { StripeRefusal } from './route.ts';
import type { World } from './world.ts';

export { createSubscription } from './billing/start-subscription.ts';

/** Pays an open (or draft) invoice, as the customer would. Refuses what is paid or void already. */
export function payInvoice(world: World, invoiceId: string): Stripe.Invoice {
  return payInvoiceBy(world, invoiceId, { certainly: true });
}

/** The next attempt to collect an invoice from this customer is declined: one attempt, the one after it works again. */
export function failNextInvoice(world: World, customerId: string): void {
  world.collection('customers').need(customerId);
  decliningCustomers(world).set(customerId, true);
}

/** Tries to collect an open invoice now, and has the bank decline it. */
export function failInvoicePayment(world: World, invoiceId: string): Stripe.Invoice {
  const invoice = world.collection('invoices').need(invoiceId);
  if (invoice.status !== 'open' || invoice.collection_method === 'send_invoice') {
    throw new StripeRefusal(
      400,
      `Only an open invoice that Stripe collects can be declined; this one is ${invoice.status}.`,
    );
  }
  failNextInvoice(world, idOf(invoice.customer));
  return collectInvoice(world, invoiceId);
}

/**
 * Moves a subscription to another price, as the customer or the dashboard would: the price of its first item that is not metered
 * (or of its only item) is replaced.
 * @param behavior create_prorations (on the next invoice), always_invoice (at once) or none.
 */
export function changePlan(
  world: World,
  subscriptionId: string,
  priceId: string,
  behavior: ProrationBehavior = 'create_prorations',
): Stripe.Subscription {
  const { items } = world.collection('subscriptions').need(subscriptionId);
  const item =
    items.data.find((candidate) => candidate.price.recurring?.usage_type !== 'metered') ??
    items.data[0];
  const change = { price: priceId, ...(item ? { id: item.id } : {}) };
  changeItems(world, subscriptionId, [change], { behavior, at: world.now() });
  return world.collection('subscriptions').need(subscriptionId);
}

/** Ends a subscription, now or at the end of its period. */
export function cancelSubscription(
  world: World,
  subscriptionId: string,
  options: { atPeriodEnd?: boolean } = {},
): Stripe.Subscription {
  if (!options.atPeriodEnd) {
    return endSubscription(world, subscriptionId, {});
  }
  const { items, cancellation_details } = world.collection('subscriptions').need(subscriptionId);
  return changeFields(world, subscriptionId, {
    cancel_at_period_end: true,
    cancel_at: Math.max(...items.data.map((item) => item.current_period_end)),
    canceled_at: world.now(),
    cancellation_details: {
      comment: null,
      feedback: null,
      feedback_option: null,
      ...cancellation_details,
      reason: 'cancellation_requested',
    },
  });
}

/**
 * Moves the clock forward to `to` (seconds since 1970), stopping at each moment at which billing has something to do, so that
 * renewals, drafts and retries bear their own times and not the end of the journey.
 * @throws RangeError where `to` lies in the past: the clock only goes forward.
 */
export function advance(world: World, to: number): void {
  if (to < world.now()) {
    throw new RangeError(
      `The simulator's clock is at ${world.now()} and only goes forward, not to ${to}.`,
    );
  }
  for (let due = nextDue(world); due !== null && due < to; due = nextDue(world)) {
    if (due > world.now()) {
      world.advanceClock(due);
    }
    runBilling(world);
    if (nextDue(world) === due) {
      throw new Error(`Billing left undone what was due at ${due}.`);
    }
  }
  // Real time may have passed the goal meanwhile.
  world.advanceClock(Math.max(to, world.now()));
}

/**
 * Has Stripe's asynchronous processing refuse a meter event that it accepted before: the event no longer counts, and an event of API v2
 * tells of it.
 */
export function rejectMeterEvent(world: World, identifier: string, code: AsyncErrorCode): void {
  const event = findMeterEvent(world, identifier);
  if (!event) {
    throw new StripeRefusal(404, `No such meter event: '${identifier}'`, {
      code: 'resource_missing',
      parameter: 'identifier',
    });
  }
  event.error = code;
  reportMeterError(world, event, code);
}
