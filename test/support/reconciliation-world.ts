import { isHandledType } from '#main/stripe/inbox/event-types.ts';
import { receiveEvents } from '#main/stripe/inbox/receive-event.ts';
import { workInbox } from '#main/stripe/inbox/work-inbox.ts';
import { advance } from '#main/stripe-simulator/billing-control.ts';
import {
  closeDispute,
  failRefund,
  openDispute,
  refundCharge,
} from '#main/stripe-simulator/control.ts';
import { randomFrom } from '#main/stripe-simulator/random.ts';
import type { Bought, Workbench } from './stripe-workbench.ts';

/*
 * A shop that sold for a while: purchases, subscriptions, refunds and disputes on the simulator, and a ledger that heard of
 * them, except of what was lost on the way.
 */

export type Sold = Bought & { customerId: string; credits: number; amountMinor: number };
export type Billed = { invoiceId: string; customerId: string; credits: number };

export type Shop = {
  bench: Workbench;
  customers: string[];
  random: Random;
  sell: (customerId: string) => Promise<Sold>;
  subscribe: (customerId: string, credits: number) => Promise<void>;
  /** Invoices so far, with the credits that their plan gives. */
  invoices: () => Billed[];
  /** Puts everything that happened since the last time into the inbox, except events of these objects, and handles it. */
  deliver: (lost?: ReadonlySet<string>) => Promise<number>;
};

export type Random = { next: () => number; below: (limit: number) => number };

/** The same numbers for the same seed. */
function randomSource(seed: number): Random {
  const next = randomFrom(seed);
  return { next, below: (limit) => Math.floor(next() * limit) };
}

export async function openShop(
  bench: Workbench,
  customerCount: number,
  seed: number,
): Promise<Shop> {
  const random = randomSource(seed);
  const { stripe, simulator, target } = bench;
  const customers: string[] = [];
  const stripeCustomers = new Map<string, string>();
  const plans = new Map<number, string>();
  const delivered = new Set<string>();
  for (let n = 1; n <= customerCount; n += 1) customers.push(await bench.customer(`user_${n}`));

  async function stripeCustomer(customerId: string): Promise<string> {
    const known = stripeCustomers.get(customerId);
    if (known !== undefined) return known;
    const { id } = await stripe.customers.create({ metadata: { user_id: customerId } });
    await bench.rows('SELECT credits.ensure_customer($1, stripe_customer_id => $2)', [
      customerId,
      id,
    ]);
    stripeCustomers.set(customerId, id);
    return id;
  }

  /** A plan's price as the catalog sells it. */
  async function plan(credits: number): Promise<string> {
    const known = plans.get(credits);
    if (known !== undefined) return known;
    const { id, product } = await stripe.prices.create({
      currency: 'usd',
      unit_amount: credits * 2,
      recurring: { interval: 'month' },
      product_data: { name: `${credits} a month` },
    });
    await bench.rows(
      `INSERT INTO credits_billing.plans (tier, name, monthly_credits, currency, amount_minor)
       VALUES ($1, $1, $2, 'usd', $3)`,
      [`plan${credits}`, credits, credits * 2],
    );
    await bench.rows(
      `INSERT INTO credits_billing.catalog_prices (account_id, price_id, item_kind, item_id, product_id, credits, currency, amount_minor)
       VALUES ($1, $2, 'plan', $3, $4, $5, 'usd', $6)`,
      [target.accountId, id, `plan${credits}`, product, credits, credits * 2],
    );
    plans.set(credits, id);
    return id;
  }

  return {
    bench,
    customers,
    random,
    async sell(customerId) {
      const credits = 10 + random.below(990);
      const amountMinor = 100 + random.below(9_900);
      const bought = await bench.buy({ customerId, credits, amountMinor });
      return { ...bought, customerId, credits, amountMinor };
    },
    async subscribe(customerId, credits) {
      await stripe.subscriptions.create({
        customer: await stripeCustomer(customerId),
        items: [{ price: await plan(credits) }],
      });
    },
    invoices() {
      const owners = new Map([...stripeCustomers].map(([customerId, id]) => [id, customerId]));
      const credits = new Map([...plans].map(([each, id]) => [id, each]));
      return [...simulator.world.collection('invoices').newestFirst()].map((invoice) => {
        const price = invoice.lines.data[0]?.pricing?.price_details?.price;
        const { customer } = invoice;
        return {
          invoiceId: invoice.id,
          customerId:
            owners.get(typeof customer === 'string' ? customer : (customer?.id ?? '')) ?? '',
          credits: credits.get(typeof price === 'string' ? price : (price?.id ?? '')) ?? 0,
        };
      });
    },
    async deliver(lost = new Set()) {
      // Stripe forgets events after a month.
      const events = bench.events().filter(({ id }) => !delivered.has(id));
      for (const { id } of events) delivered.add(id);
      const heard = events.filter(({ type, objectId, payload }) => {
        if (!isHandledType(type)) return false;
        const { object } = (payload as { data: { object: { payment_intent?: unknown } } }).data;
        const ids = /^(refund|charge)\./.test(type) ? [object.payment_intent] : [objectId];
        return !ids.some((id) => typeof id === 'string' && lost.has(id));
      });
      await receiveEvents(target, heard, 'webhook');
      await workInbox(target, 'shop');
      return heard.length;
    },
  };
}

/** A month goes by, and every subscription bills the next one. */
export function nextMonth({ bench }: Shop): void {
  const { world } = bench.simulator;
  advance(world, world.now() + 32 * 86_400);
}

/** Money goes back: refunds of a part or of all, a dispute that is lost or is still open. */
export function moneyBack({ bench, random }: Shop, { chargeId, amountMinor }: Sold): string {
  const { world } = bench.simulator;
  const share = random.next();
  if (share < 0.2) {
    closeDispute(world, openDispute(world, chargeId).id, 'lost');
    return 'lost dispute';
  }
  if (share < 0.3) {
    openDispute(world, chargeId);
    return 'open dispute';
  }
  if (share < 0.6) {
    refundCharge(world, chargeId);
    return 'refund';
  }
  refundCharge(world, chargeId, { amount: 1 + random.below(Math.floor(amountMinor / 2)) });
  if (share < 0.8) return 'refund';
  refundCharge(world, chargeId, { amount: 1 + random.below(Math.floor(amountMinor / 2)) });
  return 'two refunds';
}

/** A refund that seemed to have succeeded did not reach the customer. */
export function failLastRefund({ bench }: Shop, { paymentIntentId }: Sold): void {
  const { world } = bench.simulator;
  for (const { id, payment_intent: of } of world.collection('refunds').newestFirst()) {
    if (of !== paymentIntentId) continue;
    failRefund(world, id);
    return;
  }
  throw new Error(`nothing of ${paymentIntentId} was refunded`);
}
