import type Stripe from 'stripe';
import { createLog, silentLog } from '#main/logging/log.ts';
import type { StripeEvent } from '#main/stripe/gateway/gateway.ts';
import { toStripeEvent } from '#main/stripe/gateway/read-webhook.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';
import { bindAccount } from '#main/stripe/workspace/workspace-account.ts';
import { type CheckoutPayment, payCheckout } from '#main/stripe-simulator/control.ts';
import { type Simulator, startSimulator } from '#main/stripe-simulator/simulator.ts';
import { queryTargetOn } from './query-target.ts';
import { stripeFor } from './stripe-simulator.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** A ledger of its own, bound to a Stripe simulator of its own. */
export type Workbench = {
  database: TestDatabase;
  simulator: Simulator;
  stripe: Stripe;
  target: StripeTarget;
  /** Every line logged so far. */
  logLines: string[];
  /** A customer with an empty account. */
  customer: (id: string) => Promise<string>;
  /** A session that sells credits, not paid yet. `credits` also stand on its price. */
  checkout: (order: Order) => Promise<Stripe.Checkout.Session>;
  /** As `checkout`, and paid; answers with session and ids. */
  buy: (order: Order, payment?: CheckoutPayment) => Promise<Bought>;
  balance: (customerId: string) => Promise<number>;
  /** All events so far, oldest first, as the gateway reads them. */
  events: () => StripeEvent[];
  /** Broken rules of the ledger; a good one has none. */
  broken: () => Promise<unknown[]>;
  rows: <Row>(text: string, values?: unknown[]) => Promise<Row[]>;
  dispose: () => Promise<void>;
};

export type Order = {
  customerId: string;
  credits: number;
  amountMinor: number;
  currency?: string;
  type?: 'credit_purchase' | 'credit_topup';
  /** In place of what the metadata would be. */
  metadata?: Record<string, string>;
  session?: Partial<Stripe.Checkout.SessionCreateParams>;
};

export type Bought = { sessionId: string; paymentIntentId: string; chargeId: string };

export async function createWorkbench(): Promise<Workbench> {
  const database = await createTestDatabase();
  const simulator = await startSimulator();
  const stripe = stripeFor(simulator);
  const query = queryTargetOn(database.urlFor('test_admin'));
  const logLines: string[] = [];
  const target: StripeTarget = {
    database: query,
    gateway: createStripeGateway({
      key: 'sk_test_workbench',
      base: { host: '127.0.0.1', port: simulator.port },
      log: silentLog,
    }),
    accountId: simulator.world.accountId,
    livemode: false,
    actor: 'stripe events',
    log: createLog((line) => logLines.push(line)),
    now: () => new Date(),
  };
  await bindAccount(
    query,
    { id: target.accountId, name: 'Simulator', livemode: false, simulated: true },
    { rebind: false, actor: 'test' },
  );

  async function checkout(order: Order): Promise<Stripe.Checkout.Session> {
    const { customerId, credits, amountMinor, currency = 'usd', type = 'credit_purchase' } = order;
    const price = await stripe.prices.create({
      currency,
      unit_amount: amountMinor,
      product_data: { name: `${credits} credits` },
      metadata: { credits: String(credits) },
    });
    const metadata = order.metadata ?? { user_id: customerId, credits: String(credits), type };
    return stripe.checkout.sessions.create({
      mode: 'payment',
      line_items: [{ price: price.id, quantity: 1 }],
      success_url: 'https://company.example/thanks',
      metadata,
      ...(amountMinor === 0 ? {} : { payment_intent_data: { metadata } }),
      ...order.session,
    });
  }

  return {
    database,
    simulator,
    stripe,
    target,
    logLines,
    async customer(id) {
      await database.pool.query('SELECT credits.ensure_customer($1)', [id]);
      return id;
    },
    checkout,
    async buy(order, payment = { method: 'card' }) {
      const { id } = await checkout(order);
      payCheckout(simulator.world, id, payment);
      const paid = await stripe.checkout.sessions.retrieve(id, { expand: ['payment_intent'] });
      const intent = paid.payment_intent as Stripe.PaymentIntent | null;
      const charge = intent?.latest_charge;
      return {
        sessionId: id,
        paymentIntentId: intent?.id ?? '',
        chargeId: typeof charge === 'string' ? charge : (charge?.id ?? ''),
      };
    },
    async balance(customerId) {
      const { rows } = await database.pool.query<{ balance: number }>(
        'SELECT credits.get_credit_balance($1) AS balance',
        [customerId],
      );
      return rows[0]?.balance ?? Number.NaN;
    },
    events: () =>
      [...simulator.world.collection('events').newestFirst()]
        .map((event) => toStripeEvent(event))
        .reverse(),
    async broken() {
      return (await database.pool.query('SELECT * FROM credits.check_integrity()')).rows;
    },
    async rows<Row>(text: string, values: unknown[] = []) {
      return (await database.pool.query(text, values)).rows as Row[];
    },
    async dispose() {
      await query.pool.end();
      await simulator.close();
      await database.drop();
    },
  };
}
