import type Stripe from 'stripe';
import { idOf } from '../fields.ts';
import { createCustomer } from '../resources/create-customer.ts';
import { startSubscription } from '../resources/subscriptions.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { payerDetails, payPage, sessionPlans } from './create-session.ts';
import { createIntent, declinedCard, isDeclined, payIntent, settlePayment } from './pay.ts';
import { createBankAccount, createTestCard, findOrCreateMethod } from './test-methods.ts';

/** How the customer pays on the page. */
export type CheckoutPayment = {
  method: 'card' | 'bank_debit';
  /** The card is declined: the session stays open. */
  decline?: boolean;
  /** Who pays, where the session does not know. */
  email?: string;
  name?: string;
  /** A payment method that exists already, instead of a new one. */
  paymentMethod?: string;
};

/**
 * The customer fills in the payment page and confirms. Emits checkout.session.completed and before it the events of the customer, the payment or the
 * subscription that come of it. Zero amounts make no payment. A bank debit completes `unpaid`.
 * Refuses a session that is not open (400) and a declined card (402).
 */
export function payCheckout(
  world: World,
  sessionId: string,
  payment: CheckoutPayment,
): Stripe.Checkout.Session {
  const session = openSession(world, sessionId);
  const email = payment.email ?? session.customer_details?.email ?? session.customer_email;
  const payer = payerDetails(email ?? 'payer@company.example', payment.name ?? null);
  return session.mode === 'subscription'
    ? subscribe(world, session, payment, payer)
    : pay(world, session, payment, payer);
}

function openSession(world: World, sessionId: string): Stripe.Checkout.Session {
  const session = world.collection('checkout_sessions').need(sessionId, 'session');
  if (session.status === 'open' && session.expires_at > world.now()) return session;
  throw new StripeRefusal(400, 'This Checkout Session is no longer active.', {
    code: 'checkout_session_not_open',
  });
}

function pay(
  world: World,
  session: Stripe.Checkout.Session,
  payment: CheckoutPayment,
  payer: Stripe.Checkout.Session.CustomerDetails,
): Stripe.Checkout.Session {
  const amount = session.amount_total ?? 0;
  if (amount === 0) {
    const customer = customerOf(world, session, payer);
    return complete(world, session.id, { customer, payer, status: 'no_payment_required' });
  }
  const method = methodOf(world, payment, payer);
  const data = sessionPlans(world).get(session.id)?.payment;
  const sessions = world.collection('checkout_sessions');
  // A second try on the same page is a second charge of the same payment intent.
  const intent =
    session.payment_intent === null
      ? createIntent(world, {
          amount,
          currency: session.currency ?? 'usd',
          customer: session.customer === null ? null : idOf(session.customer),
          description: data?.description ?? null,
          metadata: data?.metadata,
          receipt_email: data?.receipt_email ?? null,
          setup_future_usage: data?.setup_future_usage ?? null,
          shipping: shippingOf(data),
        })
      : world.collection('payment_intents').need(idOf(session.payment_intent));
  sessions.update(session.id, { payment_intent: intent.id });
  const customer = isDeclined(world, method) ? null : customerOf(world, session, payer);
  if (customer !== null) world.collection('payment_intents').update(intent.id, { customer });
  const paid = payIntent(world, intent.id, method);
  const declined = paid.status === 'requires_payment_method' ? declinedCard(paid) : undefined;
  if (declined !== undefined) throw declined;
  const status = paid.status === 'processing' ? 'unpaid' : 'paid';
  return complete(world, session.id, { customer, payer, status });
}

function subscribe(
  world: World,
  session: Stripe.Checkout.Session,
  payment: CheckoutPayment,
  payer: Stripe.Checkout.Session.CustomerDetails,
): Stripe.Checkout.Session {
  if (payment.method === 'bank_debit') {
    throw new StripeRefusal(400, 'The simulator pays subscriptions by card only.');
  }
  if (payment.decline === true) {
    throw new StripeRefusal(402, 'Your card was declined.', {
      type: 'card_error',
      code: 'card_declined',
      details: { decline_code: 'generic_decline' },
    });
  }
  const customer = customerOf(world, session, payer);
  const known = world.collection('checkout_sessions').update(session.id, { customer });
  const plan = sessionPlans(world).get(session.id);
  const subscription = startSubscription(world, known, plan?.subscription ?? {});
  const { latest_invoice: invoice } = subscription;
  return complete(world, session.id, {
    customer,
    payer,
    status:
      session.amount_total === 0 || subscription.status === 'trialing'
        ? 'no_payment_required'
        : 'paid',
    subscription: subscription.id,
    invoice: invoice === null ? null : idOf(invoice),
  });
}

/** The session's customer, made now where the session asked for one. */
function customerOf(
  world: World,
  session: Stripe.Checkout.Session,
  payer: Stripe.Checkout.Session.CustomerDetails,
): string | null {
  if (session.customer !== null) return idOf(session.customer);
  if (session.customer_creation !== 'always') return null;
  return createCustomer(world, {
    ...(payer.email === null ? {} : { email: payer.email }),
    ...(payer.name === null ? {} : { name: payer.name }),
  }).id;
}

function methodOf(
  world: World,
  payment: CheckoutPayment,
  payer: Stripe.Checkout.Session.CustomerDetails,
): Stripe.PaymentMethod {
  const billing = { email: payer.email, name: payer.name };
  if (payment.paymentMethod !== undefined) return findOrCreateMethod(world, payment.paymentMethod);
  if (payment.method === 'bank_debit') return createBankAccount(world, billing);
  const card = createTestCard(world, payment.decline === true ? 'chargeDeclined' : 'visa', billing);
  if (card === undefined) throw new Error('The simulator lost a test card.');
  return card;
}

function complete(
  world: World,
  sessionId: string,
  result: {
    customer: string | null;
    payer: Stripe.Checkout.Session.CustomerDetails;
    status: Stripe.Checkout.Session.PaymentStatus;
    subscription?: string;
    invoice?: string | null;
  },
): Stripe.Checkout.Session {
  const completed = world.collection('checkout_sessions').update(sessionId, {
    customer: result.customer,
    customer_details: result.payer,
    invoice: result.invoice ?? null,
    payment_status: result.status,
    status: 'complete',
    subscription: result.subscription ?? null,
    url: null,
  });
  world.emit('checkout.session.completed', completed);
  return completed;
}

/**
 * The bank's answer to the debit of a completed session. Emits checkout.session.async_payment_succeeded or async_payment_failed, and before it the
 * payment's events. Refuses a session that does not wait for its bank (400).
 */
export function completeBankDebit(
  world: World,
  sessionId: string,
  outcome: 'succeeded' | 'failed',
): Stripe.Checkout.Session {
  const sessions = world.collection('checkout_sessions');
  const session = sessions.need(sessionId, 'session');
  if (
    session.status !== 'complete' ||
    session.payment_status !== 'unpaid' ||
    session.payment_intent === null
  ) {
    throw new StripeRefusal(400, `The session ${sessionId} does not wait for a bank.`);
  }
  settlePayment(world, idOf(session.payment_intent), outcome);
  if (outcome === 'failed') {
    world.emit('checkout.session.async_payment_failed', session);
    return session;
  }
  const paid = sessions.update(sessionId, { payment_status: 'paid' });
  world.emit('checkout.session.async_payment_succeeded', paid);
  return paid;
}

/** Closes an open session for good. Emits checkout.session.expired. Refuses any other session (400). */
export function expireCheckout(world: World, sessionId: string): Stripe.Checkout.Session {
  const sessions = world.collection('checkout_sessions');
  const session = sessions.need(sessionId, 'session');
  if (session.status !== 'open') {
    throw new StripeRefusal(
      400,
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status}\`.`,
    );
  }
  const expired = sessions.update(sessionId, { status: 'expired', url: null });
  world.emit('checkout.session.expired', expired);
  return expired;
}

/** Gives the open sessions of an earlier run links to the pages of this one, which may listen elsewhere. */
export function readdressSessions(world: World): void {
  for (const session of world.collection('checkout_sessions').newestFirst()) {
    const { id, url, success_url, cancel_url } = session;
    if (url === null || url.startsWith(`${world.baseUrl}/`)) continue;
    const { origin } = new URL(url);
    const moved = (page: string | null) =>
      page?.startsWith(`${origin}/`) ? `${world.baseUrl}${page.slice(origin.length)}` : page;
    world.collection('checkout_sessions').update(id, {
      url: payPage(world, id),
      success_url: moved(success_url),
      cancel_url: moved(cancel_url),
    });
  }
}

/** Expires the open sessions whose time is over. */
export function expireDueSessions(world: World): void {
  const due = [...world.collection('checkout_sessions').newestFirst()].filter(
    ({ status, expires_at: end }) => status === 'open' && end <= world.now(),
  );
  for (const { id } of due.reverse()) expireCheckout(world, id);
}

function shippingOf(
  data: Stripe.Checkout.SessionCreateParams.PaymentIntentData | undefined,
): Stripe.PaymentIntent.Shipping | null {
  const given = data?.shipping;
  if (given === undefined) return null;
  const { address } = given;
  return {
    address: {
      city: address.city ?? null,
      country: address.country ?? null,
      line1: address.line1 ?? null,
      line2: address.line2 ?? null,
      postal_code: address.postal_code ?? null,
      state: address.state ?? null,
    },
    carrier: given.carrier ?? null,
    name: given.name,
    phone: given.phone ?? null,
    tracking_number: given.tracking_number ?? null,
  };
}
