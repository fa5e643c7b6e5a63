import type Stripe from 'stripe';
import { idOf } from '../fields.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import {
  attemptPayment,
  cancelPayment,
  closePayment,
  openIntent,
  openPayment,
  openPayments,
  type Payer,
} from './collect-payment.ts';
import {
  type InvoiceDraft,
  invoiceDocument,
  presentInvoice,
  subscriptionOfInvoice,
} from './invoice-document.ts';

const daySeconds = 86_400;

/** Days until Stripe tries a declined payment again, and how often it tries at all. */
export const retryDays = 3;
export const mostAttempts = 4;

/** Makes a draft invoice and tells of it. */
export function createInvoice(world: World, draft: InvoiceDraft): Stripe.Invoice {
  const invoice = world.collection('invoices').insert(invoiceDocument(world, draft));
  if (invoice.automatically_finalizes_at !== null) {
    dueInvoices(world).set(invoice.id, invoice.automatically_finalizes_at);
  }
  emitInvoice(world, 'invoice.created', invoice);
  return invoice;
}

/** Creates an invoice, finalises it, and collects it where Stripe collects by itself. */
export function issueInvoice(world: World, draft: InvoiceDraft): Stripe.Invoice {
  const { id } = createInvoice(world, draft);
  finalizeInvoice(world, id);
  if (draft.autoAdvance) {
    collectInvoice(world, id);
  }
  return world.collection('invoices').need(id);
}

/**
 * Finalises a draft: gives it its number, takes the customer's balance into account, and makes its payment. An invoice
 * without anything to pay is paid by that.
 */
export function finalizeInvoice(world: World, id: string): Stripe.Invoice {
  const draft = world.collection('invoices').need(id);
  if (draft.status !== 'draft') {
    throw refusal(
      "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
      'invoice_not_editable',
    );
  }
  dueInvoices(world).delete(id);
  const startingBalance = world.collection('customers').get(idOf(draft.customer))?.balance ?? 0;
  const due = Math.max(0, draft.total + startingBalance);
  const endingBalance = draft.total + startingBalance - due;
  setBalance(world, idOf(draft.customer), endingBalance);
  const invoice = world.collection('invoices').update(id, {
    status: 'open',
    number: nextNumber(world, idOf(draft.customer)),
    amount_due: due,
    amount_remaining: due,
    starting_balance: startingBalance,
    ending_balance: endingBalance,
    automatically_finalizes_at: null,
    effective_at: world.now(),
    status_transitions: { ...draft.status_transitions, finalized_at: world.now() },
  });
  if (due === 0) {
    emitInvoice(world, 'invoice.finalized', invoice);
    return markPaid(world, id, { free: true });
  }
  openPayment(world, invoice);
  emitInvoice(world, 'invoice.finalized', invoice);
  return invoice;
}

/**
 * Tries to collect an open invoice, which works unless the customer's payment method or control.failNextInvoice says otherwise.
 * Returns the invoice as it is then: paid, or still open with the next attempt planned. Invoices that are sent to the customer are
 * left to them, but where a payment was asked for (`payer`).
 */
export function collectInvoice(world: World, id: string, payer?: Payer): Stripe.Invoice {
  const invoice = world.collection('invoices').need(id);
  if (invoice.status !== 'open' || (invoice.collection_method === 'send_invoice' && !payer)) {
    return invoice;
  }
  if (attemptPayment(world, invoice, payer ?? {})) {
    return markPaid(world, id);
  }
  const attempts = invoice.attempt_count + 1;
  const retries = invoice.billing_reason === 'subscription_cycle' && attempts < mostAttempts;
  const failed = world.collection('invoices').update(id, {
    attempted: true,
    attempt_count: attempts,
    next_payment_attempt: retries ? world.now() + retryDays * daySeconds : null,
  });
  if (failed.next_payment_attempt === null) {
    dueInvoices(world).delete(id);
  } else {
    dueInvoices(world).set(id, failed.next_payment_attempt);
  }
  emitInvoice(world, 'invoice.updated', failed);
  emitInvoice(world, 'invoice.payment_failed', failed);
  suspendSubscription(world, failed);
  return failed;
}

/**
 * Pays an invoice on request, finalising a draft first. A decline leaves it open. Refuses what is paid or void already.
 * @param payer who pays; 'out of band' for money that came outside of Stripe.
 */
export function payInvoiceBy(
  world: World,
  id: string,
  payer: Payer | 'out of band',
): Stripe.Invoice {
  const invoice = world.collection('invoices').need(id);
  if (invoice.status === 'paid') {
    throw refusal('Invoice is already paid', 'invoice_already_paid');
  }
  if (invoice.status === 'void') {
    throw refusal('This invoice is voided and can not be paid.');
  }
  if (invoice.status === 'draft' && finalizeInvoice(world, id).status === 'paid') {
    return world.collection('invoices').need(id);
  }
  if (invoice.status === 'uncollectible') {
    world.collection('invoices').update(id, { status: 'open' });
  }
  if (payer !== 'out of band') {
    return collectInvoice(world, id, payer);
  }
  cancelPayment(world, id);
  return markPaid(world, id, { outOfBand: true });
}

/** Invoices whose payment intent was confirmed on its own are paid by that. */
export function noticePayments(world: World): void {
  for (const id of [...openPayments(world).keys()]) {
    if (openIntent(world, id)?.status === 'succeeded') {
      closePayment(world, id);
      markPaid(world, id);
    }
  }
}

/** Voids an open invoice: nobody is to pay it any more. */
export function voidInvoice(world: World, id: string): Stripe.Invoice {
  const invoice = world.collection('invoices').need(id);
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') {
    throw refusal(
      `You can only void an open or uncollectible invoice; this one is ${invoice.status}.`,
    );
  }
  cancelPayment(world, id);
  dueInvoices(world).delete(id);
  const voided = world.collection('invoices').update(id, {
    status: 'void',
    next_payment_attempt: null,
    status_transitions: { ...invoice.status_transitions, voided_at: world.now() },
  });
  emitInvoice(world, 'invoice.voided', voided);
  return voided;
}

/** Gives an open invoice up as bad debt. */
export function markUncollectible(world: World, id: string): Stripe.Invoice {
  const invoice = world.collection('invoices').need(id);
  if (invoice.status !== 'open') {
    throw refusal(
      `You can only mark an open invoice as uncollectible; this one is ${invoice.status}.`,
    );
  }
  dueInvoices(world).delete(id);
  const marked = world.collection('invoices').update(id, {
    status: 'uncollectible',
    next_payment_attempt: null,
    status_transitions: { ...invoice.status_transitions, marked_uncollectible_at: world.now() },
  });
  emitInvoice(world, 'invoice.marked_uncollectible', marked);
  return marked;
}

/** When (seconds since 1970) Stripe next does something with an invoice by itself, by its id: finalises it, or tries to collect again. */
export function dueInvoices(world: World): Map<string, number> {
  return world.kept<number>('invoices-due');
}

/** Stops what Stripe would do with an invoice by itself. */
export function stopCollecting(world: World, invoice: Stripe.Invoice): void {
  dueInvoices(world).delete(invoice.id);
  if (invoice.next_payment_attempt !== null) {
    world
      .collection('invoices')
      .update(invoice.id, { next_payment_attempt: null, auto_advance: false });
  }
}

/** Tells of an invoice, as Stripe shows it. */
export function emitInvoice(
  world: World,
  type: Stripe.Event['type'],
  invoice: Stripe.Invoice,
): void {
  world.emit(type, presentInvoice(invoice));
}

/** @param how `free` where there was nothing to pay, `outOfBand` where the money came outside of Stripe. */
function markPaid(
  world: World,
  id: string,
  how: { free?: boolean; outOfBand?: boolean } = {},
): Stripe.Invoice {
  const invoice = world.collection('invoices').need(id);
  const charged = !how.free && !how.outOfBand;
  dueInvoices(world).delete(id);
  const paid = world.collection('invoices').update(id, {
    status: 'paid',
    amount_paid: how.outOfBand ? 0 : invoice.amount_due,
    amount_paid_off_stripe: how.outOfBand ? invoice.amount_due : 0,
    amount_remaining: 0,
    attempted: true,
    attempt_count: invoice.attempt_count + (charged ? 1 : 0),
    next_payment_attempt: null,
    status_transitions: { ...invoice.status_transitions, paid_at: world.now() },
  });
  emitInvoice(world, 'invoice.updated', paid);
  emitInvoice(world, 'invoice.paid', paid);
  emitInvoice(world, 'invoice.payment_succeeded', paid);
  reviveSubscription(world, paid);
  return paid;
}

/** A subscription that waited for this payment becomes active. */
function reviveSubscription(world: World, invoice: Stripe.Invoice): void {
  const subscription = world.collection('subscriptions').get(subscriptionOfInvoice(invoice) ?? '');
  const waiting =
    subscription && ['incomplete', 'past_due', 'unpaid'].includes(subscription.status);
  if (waiting && idOf(subscription.latest_invoice) === invoice.id) {
    const active = world.collection('subscriptions').update(subscription.id, { status: 'active' });
    world.emit('customer.subscription.updated', active, { status: subscription.status });
  }
}

/** A subscription whose renewal or change could not be paid is past due. */
function suspendSubscription(world: World, invoice: Stripe.Invoice): void {
  const subscription = world.collection('subscriptions').get(subscriptionOfInvoice(invoice) ?? '');
  if (subscription && ['active', 'trialing'].includes(subscription.status)) {
    const suspended = world
      .collection('subscriptions')
      .update(subscription.id, { status: 'past_due' });
    world.emit('customer.subscription.updated', suspended, { status: subscription.status });
  }
}

function setBalance(world: World, customer: string, balance: number): void {
  const before = world.collection('customers').get(customer);
  if (before && before.balance !== balance) {
    const changed = world.collection('customers').update(customer, { balance });
    world.emit('customer.updated', changed, { balance: before.balance });
  }
}

/** Such as SIM3F-0007: the customer's prefix and their count of invoices. */
function nextNumber(world: World, customer: string): string {
  const found = world.collection('customers').get(customer);
  const sequence = found?.next_invoice_sequence ?? 1;
  if (found) {
    world.collection('customers').update(customer, { next_invoice_sequence: sequence + 1 });
  }
  return `${found?.invoice_prefix ?? 'SIM'}-${String(sequence).padStart(4, '0')}`;
}

function refusal(message: string, code?: string): StripeRefusal {
  return new StripeRefusal(400, message, code === undefined ? {} : { code });
}
