/**
 * A thread with Stripe's simulator, in which credits were bought: what the simulator computes is not computed in the
 * thread that is measured, as Stripe's own work is not. Posts SimulatorReady once; the one who started it terminates it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { payCheckout } from '#main/stripe-simulator/control.ts';
import { createSession } from '#main/stripe-simulator/payments/create-session.ts';
import { createCustomer } from '#main/stripe-simulator/resources/create-customer.ts';
import { createPrice } from '#main/stripe-simulator/resources/create-price.ts';
import { startSimulator } from '#main/stripe-simulator/simulator.ts';
import type { World } from '#main/stripe-simulator/world.ts';

export type SimulatorTask = {
  /** Ids in the ledger; each becomes a Stripe customer too. */
  customers: string[];
  /** How many checkouts are paid, by the customers in turn. */
  checkouts: number;
  credits: number;
};

export type SimulatorReady = {
  port: number;
  accountId: string;
  /** A checkout.session.completed event for each checkout, as JSON, oldest first. */
  completed: string[];
};

function sell(world: World, { customers, checkouts, credits }: SimulatorTask): void {
  const price = createPrice(world, {
    currency: 'usd',
    unit_amount: 999,
    product_data: { name: `${credits} credits` },
    metadata: { credits: String(credits) },
  });
  const buyers = customers.map((id) => ({
    id,
    customer: createCustomer(world, { email: `${id}@company.example` }).id,
  }));
  for (let index = 0; index < checkouts; index += 1) {
    const buyer = buyers[index % buyers.length];
    if (buyer === undefined) throw new Error('Nobody is there to buy.');
    const metadata = { user_id: buyer.id, credits: String(credits), type: 'credit_purchase' };
    const session = createSession(world, {
      mode: 'payment',
      line_items: [{ price: price.id, quantity: 1 }],
      customer: buyer.customer,
      metadata,
      payment_intent_data: { metadata },
      success_url: 'https://company.example/thanks',
    });
    payCheckout(world, session.id, { method: 'card' });
  }
}

if (parentPort === null) throw new Error('This file is the start of a thread.');
const simulator = await startSimulator();
sell(simulator.world, workerData as SimulatorTask);
const ready: SimulatorReady = {
  port: simulator.port,
  accountId: simulator.world.accountId,
  completed: [...simulator.world.collection('events').newestFirst()]
    .filter(({ type }) => type === 'checkout.session.completed')
    .map((event) => JSON.stringify(event))
    .reverse(),
};
parentPort.postMessage(ready);
