import Stripe from 'stripe';
import { afterEach, beforeEach } from 'vitest';
import { payCheckout } from '#main/stripe-simulator/control.ts';
import { type Simulator, startSimulator } from '#main/stripe-simulator/simulator.ts';

/** The real client of Stripe, pointed at a simulator. It does not repeat requests unless `retries` says so. */
export function stripeFor(
  { port }: Pick<Simulator, 'port'>,
  options: { key?: string; retries?: number; timeout?: number } = {},
): Stripe {
  return new Stripe(options.key ?? 'sk_test_simulator', {
    host: '127.0.0.1',
    port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: options.retries ?? 0,
    timeout: options.timeout ?? 20_000,
  });
}

/**
 * A new simulator for each test of a file, and a client of it. Both objects stay the same, so that a file can name them once;
 * they stand for those of the running test.
 */
export function simulatorForEachTest(): { simulator: Simulator; stripe: Stripe } {
  const simulator = {} as Simulator;
  let client: Stripe | undefined;
  const stripe = new Proxy({} as Stripe, {
    get: (_, name) => (client === undefined ? undefined : Reflect.get(client, name)),
  });
  beforeEach(async () => {
    Object.assign(simulator, await startSimulator());
    client = stripeFor(simulator);
  });
  afterEach(() => simulator.close());
  return { simulator, stripe };
}

/** The types of all events so far, oldest first. */
export async function eventTypes(stripe: Stripe): Promise<string[]> {
  const events = await stripe.events.list({ limit: 100 });
  return events.data.map(({ type }) => type).reverse();
}

/** What a call was refused with; undefined where it was not refused. */
export function refusal(call: Promise<unknown>): Promise<Stripe.errors.StripeError | undefined> {
  return call.then(
    () => undefined,
    (error: unknown) => error as Stripe.errors.StripeError,
  );
}

/** What our purchases carry on the session and on its payment. */
export const purchaseMetadata = { user_id: 'user_42', credits: '100', type: 'credit_purchase' };

/** Creates an open checkout of one price: $9.99 for 100 credits, unless `more` and `price` say otherwise. */
export async function openCheckout(
  stripe: Stripe,
  more: Partial<Stripe.Checkout.SessionCreateParams> = {},
  price: Partial<Stripe.PriceCreateParams> = {},
) {
  const created = await stripe.prices.create({
    currency: 'usd',
    unit_amount: 999,
    product_data: { name: '100 credits' },
    ...price,
  });
  return stripe.checkout.sessions.create({
    mode: 'payment',
    line_items: [{ price: created.id, quantity: 1 }],
    success_url: 'https://company.example/thanks',
    client_reference_id: 'user_42',
    metadata: purchaseMetadata,
    payment_intent_data: { metadata: purchaseMetadata },
    ...more,
  });
}

/** A checkout paid by card, with its payment intent and charge. `amount` in US cents. */
export async function paidCheckout(
  { world }: Pick<Simulator, 'world'>,
  stripe: Stripe,
  amount = 1_000,
) {
  const session = await openCheckout(stripe, {}, { unit_amount: amount });
  payCheckout(world, session.id, { method: 'card' });
  const paid = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ['payment_intent.latest_charge'],
  });
  const intent = paid.payment_intent as Stripe.PaymentIntent;
  return { session: paid, intent, charge: intent.latest_charge as Stripe.Charge };
}
