import { randomUUID } from 'node:crypto';
import type Stripe from 'stripe';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { savePackage } from '#main/catalog/save-package.ts';
import { savePlan } from '#main/catalog/save-plan.ts';
import { syncCatalog } from '#main/catalog/sync-catalog.ts';
import { readSnapshot } from '#main/database/run-query.ts';
import { closeCheckout } from '#main/stripe/checkouts/close-checkout.ts';
import { listCheckouts } from '#main/stripe/checkouts/list-checkouts.ts';
import { refreshCheckout } from '#main/stripe/checkouts/refresh-checkout.ts';
import { startCheckout } from '#main/stripe/checkouts/start-checkout.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';
import { completeBankDebit, expireCheckout, payCheckout } from '#main/stripe-simulator/control.ts';
import { toCredits } from '#shared/credits.ts';
import type { CustomerId } from '#shared/ids.ts';
import { isDeath, mortal, openStripeShop, type StripeShop } from '#test/support/stripe-shop.ts';
import { stripeFor } from '#test/support/stripe-simulator.ts';

let shop: StripeShop;
let stripe: Stripe;

beforeAll(async () => {
  shop = await openStripeShop();
  stripe = stripeFor(shop.simulator);
});
afterAll(() => shop.close());
afterEach(() => shop.simulator.faults.clear());

type Order = Parameters<typeof startCheckout>[1];

function orderOf(customerId: string, change: Partial<Order> = {}): Order {
  return {
    id: randomUUID(),
    customerId: customerId as CustomerId,
    kind: 'credit_purchase',
    itemId: 'credits_500',
    ...change,
  };
}

const start = (order: Order, target: StripeTarget = shop.target) =>
  startCheckout(target, order, (item) => syncCatalog(target, target.actor, item));
const refresh = (id: string) => refreshCheckout(shop.target, id, { mayGrant: true });

function sessionsOf(orderId: string): Stripe.Checkout.Session[] {
  return [...shop.simulator.world.collection('checkout_sessions').newestFirst()].filter(
    (session) => session.metadata?.order_id === orderId,
  );
}

function stripeCustomersOf(customerId: string): Stripe.Customer[] {
  return [...shop.simulator.world.collection('customers').newestFirst()].filter(
    (customer) => customer.metadata.user_id === customerId,
  );
}

async function linkedTo(customerId: string): Promise<string | null> {
  const { rows } = await shop.database.pool.query(
    'SELECT stripe_customer_id FROM credits.customers WHERE id = $1',
    [customerId],
  );
  return rows[0].stripe_customer_id;
}

describe('a checkout', () => {
  it('gives a link for the package, with who and what on the session and on its payment', async () => {
    const customerId = await shop.customer();
    const checkout = await start(orderOf(customerId, { kind: 'credit_topup' }));
    expect(checkout).toMatchObject({
      customerId,
      kind: 'credit_topup',
      itemName: '500 credits',
      credits: 500,
      price: { amountMinor: 3_999, currency: 'usd' },
      state: 'open',
      transactionId: null,
      error: null,
      actor: 'test_admin',
    });
    expect(checkout.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    const lasts = Date.parse(checkout.expiresAt ?? '') - Date.now();
    expect(lasts).toBeGreaterThan(23.9 * 3_600_000);
    expect(lasts).toBeLessThan(24.1 * 3_600_000);
    const metadata = {
      user_id: customerId,
      credits: '500',
      type: 'credit_topup',
      order_id: checkout.id,
      package: 'credits_500',
    };
    const session = payCheckout(shop.simulator.world, checkout.sessionId ?? '', { method: 'card' });
    expect(session).toMatchObject({ metadata, client_reference_id: customerId });
    const done = `${shop.simulator.url}/done`;
    expect(session).toMatchObject({ success_url: done, cancel_url: done });
    const intent = await stripe.paymentIntents.retrieve(session.payment_intent as string);
    expect(intent.metadata).toEqual(metadata);
  });

  it('answers the same id with the same checkout, and another order under it is refused', async () => {
    const order = orderOf(await shop.customer());
    const first = await start(order);
    expect(await start(order)).toEqual(first);
    expect(sessionsOf(order.id)).toHaveLength(1);
    await expect(start({ ...order, itemId: 'credits_100' })).rejects.toMatchObject({
      code: 'idempotency_conflict',
    });
  });

  it('makes a Stripe customer once and links it', async () => {
    const customerId = await shop.customer();
    await start(orderOf(customerId));
    await start(orderOf(customerId));
    const [made, ...others] = stripeCustomersOf(customerId);
    expect(others).toEqual([]);
    expect(await linkedTo(customerId)).toBe(made?.id);
  });

  it.each([
    ['that the account does not know', async () => 'cus_demo_unknown'],
    [
      'that was deleted in Stripe',
      async () => {
        const { id } = await stripe.customers.create({});
        await stripe.customers.del(id);
        return id;
      },
    ],
  ])('replaces a linked Stripe customer %s', async (_, made) => {
    const customerId = await shop.customer();
    const before = await made();
    await shop.database.pool.query('SELECT credits.link_stripe_customer($1, $2)', [
      customerId,
      before,
    ]);
    const checkout = await start(orderOf(customerId));
    const now = await linkedTo(customerId);
    expect(now).not.toBe(before);
    expect(sessionsOf(checkout.id)[0]?.customer).toBe(now);
  });

  it('brings the item to Stripe first where Stripe’s version is not the console’s', async () => {
    await savePackage(shop.target.database, 'ada', {
      ...{ isNew: true, id: 'fresh', name: 'Fresh', credits: toCredits(7), currency: 'eur' },
      ...{ amountMinor: 700, active: true, confirmedProduction: false },
    });
    const checkout = await start(orderOf(await shop.customer(), { itemId: 'fresh' }));
    expect(checkout).toMatchObject({ credits: 7, price: { amountMinor: 700, currency: 'eur' } });
    const session = sessionsOf(checkout.id)[0];
    expect([session?.amount_total, session?.currency]).toEqual([700, 'eur']);
  });

  it('is refused for what is not for sale, is not there, or for nobody', async () => {
    const customerId = await shop.customer();
    await savePackage(shop.target.database, 'ada', {
      ...{ isNew: true, id: 'gone', name: 'Gone', credits: toCredits(7), currency: 'eur' },
      ...{ amountMinor: 700, active: false, confirmedProduction: false },
    });
    await expect(start(orderOf(customerId, { itemId: 'gone' }))).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { itemId: 'is not for sale' },
    });
    await expect(
      start(orderOf(customerId, { itemId: 'free', kind: 'subscription' })),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(start(orderOf(customerId, { itemId: 'nowhere' }))).rejects.toMatchObject({
      code: 'not_found',
      details: { entity: 'package' },
    });
    await expect(start(orderOf('nobody'))).rejects.toMatchObject({
      code: 'not_found',
      details: { entity: 'customer' },
    });
  });

  it('of a plan starts a subscription with whose it is and which plan', async () => {
    await savePlan(shop.target.database, 'ada', {
      ...{ isNew: false, tier: 'pro', name: 'Pro', monthlyCredits: toCredits(500), active: true },
      ...{ rollover: 'expire', rolloverCap: null, confirmedProduction: false },
      price: { currency: 'usd', amountMinor: 2_900 },
      ...{ allocatesWithoutSubscription: false, lowBalanceThreshold: null },
    });
    const customerId = await shop.customer();
    const checkout = await start(orderOf(customerId, { kind: 'subscription', itemId: 'pro' }));
    expect(checkout).toMatchObject({ kind: 'subscription', itemName: 'Pro', state: 'open' });
    const paid = payCheckout(shop.simulator.world, checkout.sessionId ?? '', { method: 'card' });
    expect(paid).toMatchObject({ mode: 'subscription', status: 'complete' });
    const subscription = await stripe.subscriptions.retrieve(paid.subscription as string);
    expect(subscription.metadata).toMatchObject({
      user_id: customerId,
      plan: 'pro',
      type: 'subscription',
    });
    expect((await refresh(checkout.id)).state).toBe('paid');
  });
});

describe('asking how a checkout stands', () => {
  it('grants a paid one once, however often it is asked', async () => {
    const customerId = await shop.customer();
    const { id, sessionId } = await shop.order(customerId);
    expect((await refresh(id)).state).toBe('open');
    payCheckout(shop.simulator.world, sessionId ?? '', { method: 'card' });
    const paid = await refresh(id);
    expect(paid).toMatchObject({ state: 'paid', url: null, error: null });
    expect(paid.transactionId).not.toBeNull();
    await Promise.all([refresh(id), refresh(id), refresh(id)]);
    expect(await shop.balanceOf(customerId)).toMatchObject({ balance: 500 });
    expect((await refresh(id)).transactionId).toBe(paid.transactionId);
  });

  it('tells a bank debit that is under way from one that succeeded and one that failed', async () => {
    const customerId = await shop.customer();
    const succeeding = await shop.order(customerId);
    const failing = await shop.order(customerId);
    const { world } = shop.simulator;
    for (const { sessionId } of [succeeding, failing]) {
      payCheckout(world, sessionId ?? '', { method: 'bank_debit' });
    }
    expect((await refresh(succeeding.id)).state).toBe('processing');
    expect(await shop.balanceOf(customerId)).toMatchObject({ balance: 0 });
    completeBankDebit(world, succeeding.sessionId ?? '', 'succeeded');
    completeBankDebit(world, failing.sessionId ?? '', 'failed');
    expect((await refresh(succeeding.id)).state).toBe('paid');
    expect(await refresh(failing.id)).toMatchObject({ state: 'failed', transactionId: null });
    expect(await shop.balanceOf(customerId)).toMatchObject({ balance: 500 });
  });

  it('tells one that has run out', async () => {
    const { id, sessionId } = await shop.order(await shop.customer());
    expireCheckout(shop.simulator.world, sessionId ?? '');
    expect(await refresh(id)).toMatchObject({ state: 'expired', url: null });
  });

  it('grants one of zero amount, which has no payment', async () => {
    await savePackage(shop.target.database, 'ada', {
      ...{ isNew: true, id: 'gift', name: 'Gift', credits: toCredits(25), currency: 'usd' },
      ...{ amountMinor: 0, active: true, confirmedProduction: false },
    });
    const customerId = await shop.customer();
    const { id, sessionId } = await shop.order(customerId, 'gift');
    const session = payCheckout(shop.simulator.world, sessionId ?? '', { method: 'card' });
    expect(session).toMatchObject({ payment_intent: null, payment_status: 'no_payment_required' });
    const paid = await refresh(id);
    expect(paid.state).toBe('paid');
    expect(paid.transactionId).not.toBeNull();
    expect(await shop.balanceOf(customerId)).toMatchObject({ balance: 25 });
  });

  it('tells a role that may not grant that it was paid, and leaves the grant to others', async () => {
    const support = shop.targetFor('test_support');
    const customerId = await shop.customer();
    const order = orderOf(customerId);
    const { sessionId } = await start(order, support);
    const ask = () => refreshCheckout(support, order.id, { mayGrant: false });
    expect((await ask()).state).toBe('open');
    payCheckout(shop.simulator.world, sessionId ?? '', { method: 'card' });
    const noted = await ask();
    expect(noted).toMatchObject({ state: 'processing', transactionId: null });
    expect(noted.error).toMatch(/^Paid at Stripe\./);
    expect(await shop.balanceOf(customerId)).toMatchObject({ balance: 0 });
    expect(await refresh(order.id)).toMatchObject({ state: 'paid', error: null });
    expect((await ask()).state).toBe('paid');
  });
});

describe('closing a checkout', () => {
  it('ends the link, and one that was paid meanwhile counts as paid', async () => {
    const customerId = await shop.customer();
    const open = await shop.order(customerId);
    const closed = await closeCheckout(shop.target, open.id, { mayGrant: true });
    expect(closed).toMatchObject({ state: 'expired', url: null });
    expect(sessionsOf(open.id)[0]?.status).toBe('expired');
    expect(await closeCheckout(shop.target, open.id, { mayGrant: true })).toEqual(closed);
    const paid = await shop.order(customerId);
    payCheckout(shop.simulator.world, paid.sessionId ?? '', { method: 'card' });
    expect(await closeCheckout(shop.target, paid.id, { mayGrant: true })).toMatchObject({
      state: 'paid',
    });
    expect(await shop.balanceOf(customerId)).toMatchObject({ balance: 500 });
  });

  it('also ends one whose answer was lost', async () => {
    const order = orderOf(await shop.customer());
    shop.simulator.faults.add({
      ...{ kind: 'cut_after', method: 'POST', path: '/v1/checkout/sessions', times: 3 },
    });
    await expect(start(order)).rejects.toMatchObject({ code: 'stripe_unavailable' });
    const closed = await closeCheckout(shop.target, order.id, { mayGrant: true });
    expect(closed.state).toBe('expired');
    expect(sessionsOf(order.id).map(({ status }) => status)).toEqual(['expired']);
  });
});

describe('a checkout that breaks off', () => {
  it('at any step goes on under the same id, with one session and one Stripe customer', async () => {
    const run = async (target: StripeTarget) => start(orderOf(await shop.customer()), target);
    const whole = mortal(shop.target, Number.POSITIVE_INFINITY);
    await run(whole.target);
    const steps = whole.steps();
    expect(steps).toBeGreaterThan(20);
    for (let diesAt = 1; diesAt <= steps; diesAt += 1) {
      const customerId = await shop.customer();
      const order = orderOf(customerId);
      await expect(
        start(order, mortal(shop.target, diesAt).target),
        `step ${diesAt}`,
      ).rejects.toSatisfy(isDeath);
      const checkout = await start(order);
      expect(checkout, `step ${diesAt}`).toMatchObject({ state: 'open', error: null });
      expect(
        sessionsOf(order.id).map(({ id }) => id),
        `step ${diesAt}`,
      ).toEqual([checkout.sessionId]);
      expect(
        stripeCustomersOf(customerId).map(({ id }) => id),
        `step ${diesAt}`,
      ).toEqual([await linkedTo(customerId)]);
    }
  });

  it('because Stripe does not answer stays, says why, and can be continued', async () => {
    const customerId = await shop.customer();
    const order = orderOf(customerId);
    shop.simulator.faults.add({ kind: '503', path: '/v1/customers' });
    await expect(start(order)).rejects.toMatchObject({ code: 'stripe_unavailable' });
    const [waiting] = await readSnapshot(shop.target.database, undefined, (run) =>
      listCheckouts(run, customerId, 10),
    );
    expect(waiting).toMatchObject({ id: order.id, state: 'creating', url: null });
    expect(waiting?.error).toMatch(/^Stripe could not answer/);
    shop.simulator.faults.clear();
    expect(await refresh(order.id)).toMatchObject({ state: 'open', error: null });
  });

  it('and was left for a day is over', async () => {
    const order = orderOf(await shop.customer());
    shop.simulator.faults.add({ kind: '503', path: '/v1/customers' });
    await expect(start(order)).rejects.toMatchObject({ code: 'stripe_unavailable' });
    shop.simulator.faults.clear();
    await shop.database.pool.query(
      `UPDATE credits_billing.checkouts SET created_at = created_at - interval '25 hours' WHERE id = $1`,
      [order.id],
    );
    expect(await start(order)).toMatchObject({ state: 'expired', url: null });
    expect(sessionsOf(order.id)).toEqual([]);
  });

  it('because Stripe refuses it is over, and says why', async () => {
    const order = orderOf(await shop.customer());
    const price = (await stripe.prices.list({ lookup_keys: ['package_credits_500'] })).data[0];
    await stripe.prices.update(price?.id ?? '', { active: false });
    await expect(start(order)).rejects.toMatchObject({ code: 'stripe_refused' });
    const over = await refresh(order.id);
    expect(over).toMatchObject({ state: 'refused', sessionId: null });
    expect(over.error).toMatch(/inactive/);
    await stripe.prices.update(price?.id ?? '', { active: true });
  });
});
