import type Stripe from 'stripe';
import { idOf } from '../fields.ts';
import { createIntent, payIntent, settlePayment } from '../payments/pay.ts';
import { behaviourOf, createTestCard, findOrCreateMethod } from '../payments/test-methods.ts';
import type { World } from '../world.ts';
import { subscriptionOfInvoice } from './invoice-document.ts';

/** How to pay: by the payment method with this id, or as the customer is set up to (and told to, see control.failNextInvoice). */
export type Payer = { method?: string | undefined; certainly?: boolean };

/**
 * Makes the payment of an invoice that was just finalised: a payment intent over the amount due, and the invoice payment that
 * links the two.
 */
export function openPayment(world: World, invoice: Stripe.Invoice): void {
  const intent = createIntent(world, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: idOf(invoice.customer),
    description: purposeOf(invoice),
    setup_future_usage: 'off_session',
  });
  const payment = world.collection('invoice_payments').insert({
    id: world.newId('inpay'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created: world.now(),
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { type: 'payment_intent', payment_intent: intent.id },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  });
  openPayments(world).set(invoice.id, payment.id);
}

/** The payment intent of an invoice that waits for its payment. */
export function openIntent(world: World, invoice: string): Stripe.PaymentIntent | undefined {
  const payment = world.collection('invoice_payments').get(openPayments(world).get(invoice) ?? '');
  return payment && world.collection('payment_intents').get(idOf(payment.payment.payment_intent));
}

/** Whether the next payment of an invoice by this customer is declined. */
export function willDecline(world: World, customer: string): boolean {
  const method = methodOf(world, customer, null);
  return (
    decliningCustomers(world).has(customer) ||
    (method !== undefined &&
      ['declined', 'insufficient_funds'].includes(behaviourOf(world, method)))
  );
}

/** Charges the open payment of an invoice. Returns whether the bank paid. */
export function attemptPayment(world: World, invoice: Stripe.Invoice, payer: Payer): boolean {
  const intent = openIntent(world, invoice.id);
  if (!intent) {
    return false;
  }
  const paid = payIntent(world, intent.id, chosenMethod(world, invoice, payer));
  // A bank debit takes days at Stripe; invoices of the simulator do not wait for it.
  const { status } =
    paid.status === 'processing' ? settlePayment(world, intent.id, 'succeeded') : paid;
  if (status !== 'succeeded') {
    return false;
  }
  closePayment(world, invoice.id);
  return true;
}

/** Notes that the open payment of an invoice is paid. */
export function closePayment(world: World, invoice: string): void {
  const payment = world.collection('invoice_payments').need(openPayments(world).get(invoice) ?? '');
  openPayments(world).delete(invoice);
  const settled = world.collection('invoice_payments').update(payment.id, {
    status: 'paid',
    amount_paid: payment.amount_requested,
    status_transitions: { canceled_at: null, paid_at: world.now() },
  });
  world.emit('invoice_payment.paid', settled);
}

/** Gives up the open payment of an invoice that is voided, or paid in another way. */
export function cancelPayment(world: World, invoice: string): void {
  const intent = openIntent(world, invoice);
  const payment = openPayments(world).get(invoice);
  if (!intent || payment === undefined) {
    return;
  }
  const canceled = world.collection('payment_intents').update(intent.id, {
    status: 'canceled',
    canceled_at: world.now(),
    cancellation_reason: 'void_invoice',
  });
  world.emit('payment_intent.canceled', canceled);
  openPayments(world).delete(invoice);
  world.collection('invoice_payments').update(payment, {
    status: 'canceled',
    status_transitions: { canceled_at: world.now(), paid_at: null },
  });
}

/** Invoices (by id) that wait for a payment, with their invoice payment. */
export function openPayments(world: World): Map<string, string> {
  return world.kept<string>('open-invoice-payments');
}

/** Customers (by id) whose next invoice payment is declined. */
export function decliningCustomers(world: World): Map<string, true> {
  return world.kept<true>('customers-declining-next-invoice');
}

function chosenMethod(world: World, invoice: Stripe.Invoice, payer: Payer): Stripe.PaymentMethod {
  const customer = idOf(invoice.customer);
  if (payer.certainly) {
    return ownCard(world, customer);
  }
  if (decliningCustomers(world).delete(customer)) {
    return createTestCard(world, 'chargeDeclined') ?? ownCard(world, customer);
  }
  const method = payer.method ?? methodOf(world, customer, subscriptionOfInvoice(invoice));
  return method === undefined ? ownCard(world, customer) : findOrCreateMethod(world, method);
}

/** The payment method that the subscription or the customer names for invoices. */
function methodOf(world: World, customer: string, subscription: string | null): string | undefined {
  const own = world.collection('subscriptions').get(subscription ?? '')?.default_payment_method;
  const usual = world.collection('customers').get(customer)
    ?.invoice_settings.default_payment_method;
  return idOf(own) || idOf(usual) || undefined;
}

/** Every customer of the simulator can pay: those who named no payment method have this card. */
function ownCard(world: World, customer: string): Stripe.PaymentMethod {
  const cards = world.kept<string>('cards-for-invoices');
  const known = world.collection('payment_methods').get(cards.get(customer) ?? '');
  if (known) {
    return known;
  }
  const { email = null, name = null } = world.collection('customers').get(customer) ?? {};
  const card = createTestCard(world, 'visa', { email, name: name ?? null });
  if (!card) {
    throw new Error('The simulator has no test card named visa.');
  }
  cards.set(customer, card.id);
  return world.collection('payment_methods').update(card.id, { customer });
}

function purposeOf(invoice: Stripe.Invoice): string {
  if (invoice.billing_reason === 'subscription_create') {
    return 'Subscription creation';
  }
  return invoice.billing_reason === 'manual' ? 'Payment for Invoice' : 'Subscription update';
}
