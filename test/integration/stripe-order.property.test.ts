import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StripeEvent } from '#main/stripe/gateway/gateway.ts';
import { receiveEvents } from '#main/stripe/inbox/receive-event.ts';
import { workInbox } from '#main/stripe/inbox/work-inbox.ts';
import { pollEvents } from '#main/stripe/polling/poll-events.ts';
import { advance, cancelSubscription } from '#main/stripe-simulator/billing-control.ts';
import {
  closeDispute,
  completeBankDebit,
  failRefund,
  openDispute,
  refundCharge,
} from '#main/stripe-simulator/control.ts';
import { randomFrom } from '#main/stripe-simulator/random.ts';
import { type Bought, createWorkbench, type Workbench } from '#test/support/stripe-workbench.ts';

/*
 * One random history happens twice at Stripe, side by side, to two customers: events of the one are delivered as they
 * happen, in order; of the other all of them afterwards, shuffled, some twice, some never, and then what was lost is read by
 * polling. Two workers handle them at once. Both customers must end with the same credits.
 */

let bench: Workbench;
let planPrice: string;

beforeAll(async () => {
  bench = await createWorkbench();
  const price = await bench.stripe.prices.create({
    currency: 'usd',
    unit_amount: 2_000,
    recurring: { interval: 'month' },
    product_data: { name: 'Basic' },
    lookup_key: 'plan_basic',
  });
  planPrice = price.id;
});
afterAll(() => bench.dispose());

type Step =
  | {
      do: 'buy';
      credits: number;
      amountMinor: number;
      method: 'card' | 'bank_debit';
      currency: string;
    }
  | { do: 'bankPays'; which: number; outcome: 'succeeded' | 'failed' }
  | { do: 'refund'; which: number; part: number }
  | { do: 'refundFails'; which: number }
  | { do: 'dispute'; which: number; part: number }
  | { do: 'disputeEnds'; which: number; outcome: 'won' | 'lost' }
  | { do: 'subscribe' }
  | { do: 'month' }
  | { do: 'cancel'; which: number }
  | { do: 'editMetadata'; which: number }
  | { do: 'buyTampered'; credits: string };

const which = fc.nat({ max: 9 });
const part = fc.integer({ min: 1, max: 100 });
const purchase: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('buy' as const),
  credits: fc.integer({ min: 1, max: 1_000 }),
  amountMinor: fc.oneof(fc.constant(0), fc.integer({ min: 100, max: 9_999 })),
  method: fc.constantFrom('card', 'bank_debit'),
  currency: fc.constantFrom('usd', 'jpy'),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: purchase,
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('bankPays' as const),
      which,
      outcome: fc.constantFrom('succeeded', 'failed'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('refund' as const), which, part }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('refundFails' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('dispute' as const), which, part }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('disputeEnds' as const),
      which,
      outcome: fc.constantFrom('won', 'lost'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'subscribe' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'month' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('editMetadata' as const), which }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('buyTampered' as const),
      credits: fc.constantFrom('-5', '0', '1e9', '9007199254740992', ' 7', '99999'),
    }),
  },
);

/** What one customer did so far, at Stripe. */
type Life = {
  customerId: string;
  purchases: Bought[];
  refunds: string[];
  disputes: string[];
  subscriptions: string[];
};

function pick<Item>(items: readonly Item[], which: number): Item | undefined {
  return items.length === 0 ? undefined : items[which % items.length];
}

const world = () => bench.simulator.world;

/** One step; what Stripe refuses, such as a refund of what was refunded, does not happen. */
async function happen(life: Life, step: Step): Promise<void> {
  try {
    await tryTo(life, step);
  } catch (error) {
    if (
      !(error instanceof Error) ||
      !/Refusal|Stripe/.test(`${error.name}${error.constructor.name}`)
    )
      throw error;
  }
}

async function tryTo(life: Life, step: Step): Promise<void> {
  const { customerId } = life;
  switch (step.do) {
    case 'buy':
      life.purchases.push(await bench.buy({ customerId, ...step }, { method: step.method }));
      return;
    case 'buyTampered':
      await bench.buy({
        customerId,
        credits: 10,
        amountMinor: 500,
        metadata: { user_id: customerId, credits: step.credits, type: 'credit_purchase' },
      });
      return;
    case 'bankPays': {
      const bought = pick(life.purchases, step.which);
      if (bought) completeBankDebit(world(), bought.sessionId, step.outcome);
      return;
    }
    case 'refund': {
      const bought = pick(life.purchases, step.which);
      const charge = bought?.chargeId && world().collection('charges').get(bought.chargeId);
      if (!charge) return;
      const amount = Math.max(1, Math.floor((charge.amount * step.part) / 100));
      life.refunds.push(refundCharge(world(), charge.id, { amount }).id);
      return;
    }
    case 'refundFails': {
      const refund = pick(life.refunds, step.which);
      if (refund) failRefund(world(), refund);
      return;
    }
    case 'dispute': {
      const bought = pick(life.purchases, step.which);
      const charge = bought?.chargeId && world().collection('charges').get(bought.chargeId);
      if (!charge) return;
      const amount = Math.max(1, Math.floor((charge.amount * step.part) / 100));
      life.disputes.push(openDispute(world(), charge.id, { amount }).id);
      return;
    }
    case 'disputeEnds': {
      const dispute = pick(life.disputes, step.which);
      if (dispute) closeDispute(world(), dispute, step.outcome);
      return;
    }
    case 'subscribe': {
      const { id: customer } = await bench.stripe.customers.create({ email: 'p@company.example' });
      const method = await bench.stripe.paymentMethods.attach('pm_card_visa', { customer });
      const made = await bench.stripe.subscriptions.create({
        customer,
        default_payment_method: method.id,
        items: [{ price: planPrice }],
        metadata: { user_id: customerId },
      });
      life.subscriptions.push(made.id);
      return;
    }
    case 'cancel': {
      const subscription = pick(life.subscriptions, step.which);
      if (subscription) cancelSubscription(world(), subscription);
      return;
    }
    case 'editMetadata': {
      // After the purchase: too late to change anything.
      const bought = pick(life.purchases, step.which);
      if (!bought) return;
      await bench.stripe.checkout.sessions.update(bought.sessionId, { metadata: { note: 'seen' } });
      return;
    }
    case 'month':
      // The clock is everybody's: moved between the lives.
      return;
  }
}

function newLife(customerId: string): Life {
  return { customerId, purchases: [], refunds: [], disputes: [], subscriptions: [] };
}

async function handleAll(): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    // Failures wait for their time; here it comes at once.
    await bench.rows(
      "UPDATE credits_billing.stripe_events SET next_attempt_at = clock_timestamp() WHERE state = 'failed'",
    );
    await Promise.all([workInbox(bench.target, 'one'), workInbox(bench.target, 'two')]);
    const left = await bench.rows(
      "SELECT FROM credits_billing.stripe_events WHERE state IN ('received', 'failed')",
    );
    if (left.length === 0) return;
  }
  const left = await bench.rows(
    "SELECT type, error FROM credits_billing.stripe_events WHERE state IN ('received', 'failed')",
  );
  throw new Error(`events are left over: ${JSON.stringify(left)}`);
}

/** Where a customer ended; payments in the order they were made, without ids. */
async function ending({ customerId, purchases }: Life) {
  const [account] = await bench.rows(
    `SELECT a.credits_balance, a.credits_held, a.lifetime_credits, c.plan_tier
     FROM credits.accounts a JOIN credits.customers c ON c.id = a.customer_id WHERE a.customer_id = $1`,
    [customerId],
  );
  const payments = await bench.rows<{ id: string }>(
    `SELECT p.session_id AS id, p.currency, p.amount_minor, t.amount AS granted, x.refunded_minor, x.lost_minor, x.disputed_minor,
       x.remaining, x.recovered, x.unrecovered, x.wanted
     FROM credits.stripe_payments p
     JOIN credits.credit_transactions t ON t.customer_id = p.customer_id AND t.id = p.transaction_id
     CROSS JOIN LATERAL credits.payment_position(p.customer_id, p.stripe_payment_id) x
     WHERE p.customer_id = $1 AND p.session_id IS NOT NULL`,
    [customerId],
  );
  const allocations = await bench.rows(
    `SELECT t.amount, g.remaining FROM credits.credit_transactions t
     JOIN credits.credit_grants g ON g.customer_id = t.customer_id AND g.transaction_id = t.id
     WHERE t.customer_id = $1 AND t.transaction_type = 'subscription_allocation' ORDER BY t.id`,
    [customerId],
  );
  const order = new Map(purchases.map(({ sessionId }, place) => [sessionId, place]));
  return {
    account,
    allocations,
    payments: payments
      .map(({ id, ...row }) => ({ place: order.get(id), ...row }))
      .sort((one, other) => (one.place ?? -1) - (other.place ?? -1)),
  };
}

let runs = 0;

it('whatever order events come in, however often, and with some lost: the ledger ends the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(purchase, purchase, fc.array(step, { maxLength: 12 })),
      fc.integer(),
      fc.integer({ min: 0, max: 60 }),
      async ([first, second, rest], seed, lossPercent) => {
        const steps = [first, second, ...rest];
        runs += 1;
        const ordered = newLife(await bench.customer(`ordered_${runs}`));
        const shuffled = newLife(await bench.customer(`shuffled_${runs}`));
        const late: StripeEvent[] = [];
        const seen = new Set(bench.events().map(({ id }) => id));
        const news = () => {
          const fresh = bench.events().filter(({ id }) => !seen.has(id));
          for (const { id } of fresh) seen.add(id);
          return fresh;
        };
        const random = randomFrom(seed);
        const deliverLate = async () => {
          const all = late.splice(0);
          const delivered = shuffle([...all, ...all.filter(() => random() < 0.3)], random).filter(
            () => random() * 100 >= lossPercent,
          );
          for (let from = 0; from < delivered.length; from += 5) {
            const some = delivered.slice(from, from + 5);
            await Promise.all(some.map((event) => receiveEvents(bench.target, [event], 'webhook')));
            if (random() < 0.5) await handleAll();
          }
          await handleAll();
          await pollEvents(bench.target, { holder: 'test', force: true });
          await handleAll();
        };
        for (const each of steps) {
          if (each.do === 'month') {
            // Stripe forgets events after 30 days; whoever polls at all polls before that.
            await deliverLate();
            advance(world(), world().now() + 32 * 86_400);
            // The clock is of both lives.
            const fresh = news();
            const ofShuffled = belongingTo(fresh, shuffled);
            late.push(...ofShuffled);
            const ofOrdered = fresh.filter((event) => !ofShuffled.includes(event));
            await receiveEvents(bench.target, ofOrdered, 'webhook');
            await handleAll();
            continue;
          }
          await happen(ordered, each);
          for (const event of news()) {
            await receiveEvents(bench.target, [event], 'webhook');
            await handleAll();
          }
          await happen(shuffled, each);
          late.push(...news());
        }
        await deliverLate();
        expect(await ending(shuffled)).toEqual(await ending(ordered));
        expect(await bench.broken()).toEqual([]);
        // The next history's months are not theirs.
        for (const { subscriptions } of [ordered, shuffled]) {
          for (const id of subscriptions) {
            if (world().collection('subscriptions').get(id)?.status !== 'canceled') {
              cancelSubscription(world(), id);
            }
          }
        }
      },
    ),
    { numRuns: Number(process.env.STRIPE_ORDER_RUNS ?? 25), endOnFailure: true },
  );
}, 110_000);

/** The events of the clock that concern a life's subscriptions and their invoices. */
function belongingTo(events: readonly StripeEvent[], life: Life): StripeEvent[] {
  const own = new Set<string>(life.subscriptions);
  for (const subscription of life.subscriptions) {
    for (const invoice of world().collection('invoices').newestFirst()) {
      if (invoice.parent?.subscription_details?.subscription === subscription && invoice.id) {
        own.add(invoice.id);
      }
    }
  }
  return events.filter(({ objectId }) => objectId !== null && own.has(objectId));
}

function shuffle<Item>(items: Item[], random: () => number): Item[] {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const one = items[last] as Item;
    items[last] = items[other] as Item;
    items[other] = one;
  }
  return items;
}
