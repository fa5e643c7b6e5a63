import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { syncCatalog } from '#main/catalog/sync-catalog.ts';
import { cancelSubscription } from '#main/metering/subscriptions/cancel-subscription.ts';
import { type Order, subscribe } from '#main/metering/subscriptions/subscribe.ts';
import { startCheckout } from '#main/stripe/checkouts/start-checkout.ts';
import type { StripeGateway } from '#main/stripe/gateway/gateway.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';
import { syncCheckoutSession } from '#main/stripe/sync/sync-checkout-session.ts';
import { syncInvoice } from '#main/stripe/sync/sync-invoice.ts';
import { syncSubscription } from '#main/stripe/sync/sync-subscription.ts';
import { advance, changePlan } from '#main/stripe-simulator/billing-control.ts';
import { payCheckout } from '#main/stripe-simulator/control.ts';
import { AppError } from '#shared/errors.ts';
import {
  makeMeter,
  orderOf,
  report,
  sellMeteredPrice,
  stripeSideOf,
  subscribed,
} from '#test/support/metered-shop.ts';
import { isDeath, mortal, openStripeShop, type StripeShop } from '#test/support/stripe-shop.ts';
import { stripeFor } from '#test/support/stripe-simulator.ts';

let shop: StripeShop;

beforeAll(async () => {
  shop = await openStripeShop();
  await shop.database.pool.query(
    `UPDATE credits_billing.plans SET currency = 'usd', amount_minor = 2000 WHERE tier IN ('basic', 'pro')`,
  );
});
afterAll(() => shop.close());
afterEach(() => shop.simulator.faults.clear());

const MONTH = 32 * 86_400;

async function rows<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
  return (await shop.database.pool.query(text, values)).rows as Row[];
}

async function subscriptionOf(customerId: string): Promise<string> {
  const [row] = await rows<{ id: string }>(
    'SELECT id FROM credits_billing.subscriptions WHERE customer_id = $1 ORDER BY changed_at DESC LIMIT 1',
    [customerId],
  );
  return row?.id ?? '';
}

async function itemsOf(subscriptionId: string) {
  return rows<Record<string, unknown>>(
    `SELECT id, price_id, plan_tier, metered_price_id, event_name, removed_at IS NOT NULL AS removed, customer_id,
       current_period_start, current_period_end
     FROM credits_billing.subscription_items WHERE subscription_id = $1 ORDER BY plan_tier NULLS LAST, id`,
    [subscriptionId],
  );
}

async function periodsOf(customerId: string) {
  return rows<{ period_start: Date; period_end: Date; event_name: string }>(
    `SELECT period_start, period_end, event_name FROM credits_billing.subscription_item_periods
     WHERE customer_id = $1 ORDER BY period_start`,
    [customerId],
  );
}

async function planOf(customerId: string) {
  const [row] = await rows<{ plan_tier: string | null }>(
    'SELECT plan_tier FROM credits.customers WHERE id = $1',
    [customerId],
  );
  return row?.plan_tier;
}

/** A plan that somebody set by hand. */
async function setPlan(customerId: string, plan: string) {
  await rows('SELECT credits.set_plan_tier($1, $2)', [customerId, plan]);
}

/** What Stripe has of a customer: each subscription with the prices of its items. */
function atStripe(customerId: string): { id: string; status: string; prices: string[] }[] {
  return [...shop.simulator.world.collection('subscriptions').newestFirst()]
    .filter(({ metadata }) => metadata.user_id === customerId)
    .map(({ id, status, items }) => ({ id, status, prices: items.data.map((i) => i.price.id) }));
}

function order(target: StripeTarget, wanted: Order) {
  return subscribe(target, wanted, stripeSideOf(target));
}

/** Stripe that does not have a subscription any more, as after a simulator began anew. */
function withoutSubscription(gone: string): StripeTarget {
  const { gateway } = shop.target;
  const getSubscription: StripeGateway['getSubscription'] = async (id) => {
    if (id === gone) throw new AppError('stripe_not_found', `No such subscription: '${id}'`);
    return gateway.getSubscription(id);
  };
  return { ...shop.target, gateway: { ...gateway, getSubscription } };
}

function startPlan(
  customerId: string,
  meteredPriceId?: string,
  change: { id?: string; kind?: 'subscription' | 'credit_purchase'; itemId?: string } = {},
) {
  return startCheckout(
    shop.target,
    {
      id: randomUUID(),
      customerId: customerId as never,
      kind: 'subscription',
      itemId: 'basic',
      ...(meteredPriceId === undefined ? {} : { meteredPriceId }),
      ...change,
    },
    (item) => syncCatalog(shop.target, shop.target.actor, item),
  );
}

/** A plan, with a metered price or without, bought by link; answers with the subscription. */
async function boughtPlan(customerId: string, meteredPriceId?: string): Promise<string> {
  const { sessionId } = await startPlan(customerId, meteredPriceId);
  const session = payCheckout(shop.simulator.world, sessionId ?? '', { method: 'card' });
  await syncCheckoutSession(shop.target, session.id);
  const id = String(session.subscription);
  await syncSubscription(shop.target, id);
  return id;
}

describe('a subscription that is billed by use alone', () => {
  it('is kept with its item and period, and leaves the plan as it is, also when it ends', async () => {
    const price = await sellMeteredPrice(shop);
    const { customerId } = await subscribed(shop, price.id);
    await setPlan(customerId, 'enterprise');
    const id = await subscriptionOf(customerId);
    const outcome = await syncSubscription(shop.target, id);
    expect(outcome).toMatchObject({
      ignored: false,
      customerIds: [customerId],
      outcome: `${id} is active, billed by use of ${price.eventName}; the plan of ${customerId} stays.`,
    });
    const [item, ...others] = await itemsOf(id);
    expect(others).toEqual([]);
    expect(item).toMatchObject({
      price_id: price.priceId,
      plan_tier: null,
      metered_price_id: price.id,
      event_name: price.eventName,
      customer_id: customerId,
      removed: false,
    });
    expect(await periodsOf(customerId)).toEqual([
      {
        event_name: price.eventName,
        period_start: item?.current_period_start,
        period_end: item?.current_period_end,
      },
    ]);
    await cancelSubscription(
      shop.target,
      { customerId, subscriptionId: id, when: 'now' },
      stripeSideOf(shop.target),
    );
    expect(await planOf(customerId)).toBe('enterprise');
    const forgetful: StripeTarget = {
      ...shop.target,
      gateway: {
        ...shop.target.gateway,
        getSubscription: () => Promise.reject(new AppError('stripe_not_found', 'gone')),
      },
    };
    const event = { type: 'customer.subscription.deleted' };
    await syncSubscription(forgetful, id, undefined, event);
    expect(await planOf(customerId)).toBe('enterprise');
  });

  it('to a price that is none of the catalog’s counts for the meter that the console knows', async () => {
    const eventName = await makeMeter(shop);
    const customerId = await shop.customer();
    const stripe = stripeFor(shop.simulator);
    const meter = await shop.target.gateway.findMeter(eventName);
    const price = await stripe.prices.create({
      currency: 'usd',
      unit_amount: 3,
      product_data: { name: 'Made by hand' },
      recurring: { interval: 'month', usage_type: 'metered', meter: meter?.id ?? '' },
    });
    const { id: customer } = await stripe.customers.create({});
    const made = await stripe.subscriptions.create({
      customer,
      items: [{ price: price.id }],
      metadata: { user_id: customerId },
    });
    expect(await syncSubscription(shop.target, made.id)).toMatchObject({ ignored: false });
    expect(await itemsOf(made.id)).toMatchObject([
      { price_id: price.id, metered_price_id: null, event_name: eventName },
    ]);
    expect(await planOf(customerId)).toBeNull();
  });

  it('is known period by period', async () => {
    const price = await sellMeteredPrice(shop);
    const { customerId } = await subscribed(shop, price.id);
    const id = await subscriptionOf(customerId);
    advance(shop.simulator.world, shop.simulator.world.now() + MONTH);
    await syncSubscription(shop.target, id);
    await syncSubscription(shop.target, id);
    const [first, second, ...others] = await periodsOf(customerId);
    expect(others).toEqual([]);
    expect(second?.period_start).toEqual(first?.period_end);
    expect((await itemsOf(id))[0]).toMatchObject({
      current_period_start: second?.period_start,
      current_period_end: second?.period_end,
    });
  });

  it('has a period cut short where its next one begins before its end', async () => {
    const price = await sellMeteredPrice(shop);
    const { customerId } = await subscribed(shop, price.id);
    const id = await subscriptionOf(customerId);
    advance(shop.simulator.world, shop.simulator.world.now() + 86_400);
    await stripeFor(shop.simulator).subscriptions.update(id, {
      billing_cycle_anchor: { type: 'now' },
    });
    await syncSubscription(shop.target, id);
    const [first, second] = await periodsOf(customerId);
    expect(second).toBeDefined();
    expect(first?.period_end).toEqual(second?.period_start);
  });

  it('is never set back by an answer that was fetched before another one was applied', async () => {
    const price = await sellMeteredPrice(shop);
    const { customerId } = await subscribed(shop, price.id);
    const id = await subscriptionOf(customerId);
    let fetched = 0;
    const slow: StripeTarget = {
      ...shop.target,
      gateway: new Proxy(shop.target.gateway, {
        get(real, name: keyof StripeGateway) {
          if (name !== 'getSubscription') return real[name];
          return async (subscriptionId: string) => {
            const answer = await real.getSubscription(subscriptionId);
            fetched += 1;
            if (fetched === 1) {
              advance(shop.simulator.world, shop.simulator.world.now() + MONTH);
              await syncSubscription(shop.target, id);
            }
            return answer;
          };
        },
      }),
    };
    await syncSubscription(slow, id);
    expect(fetched).toBe(2);
    const periods = await periodsOf(customerId);
    expect(periods).toHaveLength(2);
    expect((await itemsOf(id))[0]?.current_period_start).toEqual(periods[1]?.period_start);
  });
});

describe('a plan together with a metered price', () => {
  it('is bought by one link: both items, the plan, and its credits once', async () => {
    const price = await sellMeteredPrice(shop);
    const customerId = await shop.customer();
    const id = await boughtPlan(customerId, price.id);
    expect(await itemsOf(id)).toMatchObject([
      { plan_tier: 'basic', metered_price_id: null, event_name: null },
      { plan_tier: null, metered_price_id: price.id, event_name: price.eventName },
    ]);
    expect(await planOf(customerId)).toBe('basic');
    expect(await periodsOf(customerId)).toMatchObject([{ event_name: price.eventName }]);
    const invoices = await stripeFor(shop.simulator).invoices.list({ subscription: id });
    expect(invoices.data).toHaveLength(1);
    for (let time = 0; time < 2; time += 1) {
      await syncInvoice(shop.target, invoices.data[0]?.id ?? '');
    }
    expect((await shop.balanceOf(customerId)).balance).toBe(100);
    await shop.expectRulesHold(customerId);
  });

  it('gives no credits for the invoice that bills the last usage after its end', async () => {
    const price = await sellMeteredPrice(shop);
    const customerId = await shop.customer();
    const id = await boughtPlan(customerId, price.id);
    await cancelSubscription(
      shop.target,
      { customerId, subscriptionId: id, when: 'period_end' },
      stripeSideOf(shop.target),
    );
    advance(shop.simulator.world, shop.simulator.world.now() + MONTH);
    const { data } = await stripeFor(shop.simulator).invoices.list({ subscription: id });
    expect(data.map((invoice) => invoice.billing_reason)).toEqual([
      'subscription_cycle',
      'subscription_create',
    ]);
    const granted: number[] = [];
    for (const invoice of data.reverse()) {
      granted.push((await syncInvoice(shop.target, invoice.id ?? '')).transactions.length);
    }
    expect(granted).toEqual([1, 0]);
  });

  it('keeps the plan where the metered item goes, which stays known, and is free once it ends', async () => {
    const price = await sellMeteredPrice(shop);
    const customerId = await shop.customer();
    const id = await boughtPlan(customerId, price.id);
    const [, metered] = await itemsOf(id);
    await stripeFor(shop.simulator).subscriptionItems.del(String(metered?.id));
    await syncSubscription(shop.target, id);
    expect(await itemsOf(id)).toMatchObject([
      { plan_tier: 'basic', removed: false },
      { metered_price_id: price.id, removed: true },
    ]);
    expect(await periodsOf(customerId)).toHaveLength(1);
    expect(await planOf(customerId)).toBe('basic');
    await cancelSubscription(
      shop.target,
      { customerId, subscriptionId: id, when: 'now' },
      stripeSideOf(shop.target),
    );
    expect(await planOf(customerId)).toBe('free');
  });

  it('loses the plan where its item goes, and the rest leaves the next plan alone', async () => {
    const price = await sellMeteredPrice(shop);
    const customerId = await shop.customer();
    const id = await boughtPlan(customerId, price.id);
    const [plan] = await itemsOf(id);
    await stripeFor(shop.simulator).subscriptionItems.del(String(plan?.id));
    await syncSubscription(shop.target, id);
    expect(await planOf(customerId)).toBe('free');
    await setPlan(customerId, 'enterprise');
    await syncSubscription(shop.target, id);
    expect(await planOf(customerId)).toBe('enterprise');
  });

  it('follows a change of the plan', async () => {
    const price = await sellMeteredPrice(shop);
    const customerId = await shop.customer();
    const id = await boughtPlan(customerId, price.id);
    await boughtPlan(await shop.customer());
    await syncCatalog(shop.target, 'test', { kind: 'plan', id: 'pro' });
    const [pro] = await rows<{ price_id: string }>(
      `SELECT price_id FROM credits_billing.catalog_prices WHERE item_kind = 'plan' AND item_id = 'pro' AND is_current`,
    );
    changePlan(shop.simulator.world, id, pro?.price_id ?? '');
    await syncSubscription(shop.target, id);
    expect(await planOf(customerId)).toBe('pro');
    expect(await itemsOf(id)).toMatchObject([
      { plan_tier: 'pro', removed: false },
      { metered_price_id: price.id, removed: false },
    ]);
  });

  it('is refused where Stripe would not sell both together, or the meter bills the customer already', async () => {
    const customerId = await shop.customer();
    const yearly = await sellMeteredPrice(shop, { interval: 'year' });
    const euros = await sellMeteredPrice(shop, { currency: 'eur' });
    const inactive = await sellMeteredPrice(shop);
    await rows('UPDATE credits_billing.metered_prices SET active = false WHERE id = $1', [
      inactive.id,
    ]);
    const unlinked = await sellMeteredPrice(shop);
    await rows('DELETE FROM credits_billing.stripe_metered_prices WHERE metered_price_id = $1', [
      unlinked.id,
    ]);
    for (const { id } of [yearly, euros, inactive, unlinked]) {
      await expect(startPlan(customerId, id)).rejects.toMatchObject({
        code: 'invalid_argument',
        fields: { meteredPriceId: expect.any(String) },
      });
    }
    await expect(startPlan(customerId, 'nothing')).rejects.toMatchObject({ code: 'not_found' });
    const price = await sellMeteredPrice(shop);
    await expect(
      startPlan(customerId, price.id, { kind: 'credit_purchase', itemId: 'credits_500' }),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(
      await rows('SELECT FROM credits_billing.checkouts WHERE customer_id = $1', [customerId]),
    ).toEqual([]);
    const billed = await subscribed(shop, price.id);
    await expect(startPlan(billed.customerId, price.id)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('billed twice'),
    });
  });

  it('is refused while another link would bill the same usage, and each other way too', async () => {
    const customerId = await shop.customer();
    const price = await sellMeteredPrice(shop);
    const cheaper = await sellMeteredPrice(shop, { eventName: price.eventName });
    const offers = await Promise.allSettled([
      startPlan(customerId, price.id),
      startPlan(customerId, cheaper.id),
    ]);
    expect(offers.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const refused = {
      code: 'invalid_argument',
      message: expect.stringContaining('billed twice'),
      fields: { meteredPriceId: expect.any(String) },
    };
    expect(offers).toContainEqual({
      status: 'rejected',
      reason: expect.objectContaining(refused),
    });
    await expect(order(shop.target, orderOf(customerId, price.id))).rejects.toMatchObject(refused);
    expect(atStripe(customerId)).toEqual([]);
    // Another meter, another customer and a plan alone have nothing to do with it.
    await startPlan(customerId, (await sellMeteredPrice(shop)).id);
    await startPlan(customerId);
    await startPlan(await shop.customer(), price.id);
    await rows("UPDATE credits_billing.checkouts SET state = 'expired' WHERE customer_id = $1", [
      customerId,
    ]);
    await order(shop.target, orderOf(customerId, price.id));
    expect(atStripe(customerId)).toMatchObject([{ prices: [price.priceId] }]);
  });

  it('is the same checkout under its id, and another one with another metered price', async () => {
    const customerId = await shop.customer();
    const price = await sellMeteredPrice(shop);
    const id = randomUUID();
    const first = await startPlan(customerId, price.id, { id });
    expect(first).toMatchObject({ state: 'open', meteredPriceId: price.id });
    expect(await startPlan(customerId, price.id, { id })).toEqual(first);
    await expect(startPlan(customerId, undefined, { id })).rejects.toMatchObject({
      code: 'idempotency_conflict',
    });
  });
});

describe('to subscribe a customer', () => {
  it('makes one subscription under a key, however often and after a lost answer', async () => {
    const price = await sellMeteredPrice(shop);
    const customerId = await shop.customer();
    const wanted = orderOf(customerId, price.id, { collection: 'send_invoice' });
    shop.simulator.faults.add({ kind: 'cut_after', method: 'POST', path: '/v1/subscriptions' });
    await expect(order(shop.target, wanted)).rejects.toMatchObject({ code: 'stripe_unavailable' });
    expect(atStripe(customerId)).toHaveLength(1);
    shop.simulator.faults.clear();
    await order(shop.target, wanted);
    await order(shop.target, wanted);
    expect(atStripe(customerId)).toMatchObject([{ status: 'active', prices: [price.priceId] }]);
    const id = await subscriptionOf(customerId);
    const { metadata, collection_method } = shop.simulator.world
      .collection('subscriptions')
      .need(id);
    expect(metadata).toEqual({ user_id: customerId, request_key: wanted.key });
    expect(collection_method).toBe('send_invoice');
  });

  it('makes one item of a running subscription under a key, also after a lost answer', async () => {
    const first = await sellMeteredPrice(shop);
    const { customerId } = await subscribed(shop, first.id);
    const subscriptionId = await subscriptionOf(customerId);
    const price = await sellMeteredPrice(shop);
    const wanted = orderOf(customerId, price.id, { subscriptionId });
    shop.simulator.faults.add({
      kind: 'cut_after',
      method: 'POST',
      path: '/v1/subscription_items',
    });
    await expect(order(shop.target, wanted)).rejects.toMatchObject({ code: 'stripe_unavailable' });
    shop.simulator.faults.clear();
    // A day later Stripe has forgotten the key, and the item itself tells.
    advance(shop.simulator.world, shop.simulator.world.now() + 2 * 86_400);
    await order(shop.target, wanted);
    await order(shop.target, wanted);
    expect(atStripe(customerId)).toMatchObject([{ prices: [first.priceId, price.priceId] }]);
    expect((await itemsOf(subscriptionId)).map((item) => item.event_name).sort()).toEqual(
      [first.eventName, price.eventName].sort(),
    );
  });

  it('survives the death of the console at each step', async () => {
    const price = await sellMeteredPrice(shop);
    let deaths = 0;
    for (let diesAt = 1; ; diesAt += 1) {
      const customerId = await shop.customer();
      const wanted = orderOf(customerId, price.id);
      const dying = mortal(shop.target, diesAt);
      const died = await order(dying.target, wanted).then(
        () => false,
        (error) => isDeath(error) || Promise.reject(error),
      );
      await order(shop.target, wanted);
      expect(atStripe(customerId)).toHaveLength(1);
      expect(await itemsOf(await subscriptionOf(customerId))).toHaveLength(1);
      if (!died) break;
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(20);
  });

  it('is refused where the customer’s usage is billed already', async () => {
    const price = await sellMeteredPrice(shop);
    const { customerId } = await subscribed(shop, price.id);
    const cheaper = await sellMeteredPrice(shop, { eventName: price.eventName });
    const subscriptionId = await subscriptionOf(customerId);
    for (const wanted of [
      orderOf(customerId, price.id),
      orderOf(customerId, cheaper.id),
      orderOf(customerId, cheaper.id, { subscriptionId }),
    ]) {
      await expect(order(shop.target, wanted)).rejects.toMatchObject({
        code: 'invalid_argument',
        message: expect.stringContaining('billed twice'),
      });
    }
  });

  it('is refused while somebody else subscribes the same customer', async () => {
    const price = await sellMeteredPrice(shop);
    const cheaper = await sellMeteredPrice(shop, { eventName: price.eventName });
    const customerId = await shop.customer();
    const others: unknown[] = [];
    const slow: StripeTarget = {
      ...shop.target,
      gateway: {
        ...shop.target.gateway,
        createSubscription: async (...given) => {
          const second = order(shop.target, orderOf(customerId, cheaper.id));
          others.push(await second.catch((error: unknown) => error));
          return shop.target.gateway.createSubscription(...given);
        },
      },
    };
    await order(slow, orderOf(customerId, price.id));
    expect(others).toMatchObject([{ code: 'database_unavailable' }]);
    expect(atStripe(customerId)).toMatchObject([{ prices: [price.priceId] }]);
    await expect(order(shop.target, orderOf(customerId, cheaper.id))).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });

  it('works again once the earlier subscription has ended at Stripe, told or not', async () => {
    const price = await sellMeteredPrice(shop);
    const { customerId } = await subscribed(shop, price.id);
    await stripeFor(shop.simulator).subscriptions.cancel(await subscriptionOf(customerId));
    await order(shop.target, orderOf(customerId, price.id));
    expect(atStripe(customerId).map(({ status }) => status)).toEqual(['active', 'canceled']);
  });

  it('works again where Stripe has the earlier subscription no more', async () => {
    const price = await sellMeteredPrice(shop);
    const { customerId } = await subscribed(shop, price.id);
    const target = withoutSubscription(await subscriptionOf(customerId));
    await order(target, orderOf(customerId, price.id));
    expect(atStripe(customerId)).toHaveLength(2);
  });

  it('is refused for a price that is not for sale or not in Stripe, and for a subscription that does not fit', async () => {
    const customerId = await shop.customer();
    const price = await sellMeteredPrice(shop);
    await expect(order(shop.target, orderOf(customerId, 'nothing'))).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(order(shop.target, orderOf('nobody', price.id))).rejects.toMatchObject({
      code: 'not_found',
    });
    const unlinked = await sellMeteredPrice(shop);
    await rows(
      'UPDATE credits_billing.stripe_metered_prices SET active = false WHERE price_id = $1',
      [unlinked.priceId],
    );
    await expect(order(shop.target, orderOf(customerId, unlinked.id))).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('Send it first on the Metering page'),
    });
    await rows('UPDATE credits_billing.metered_prices SET active = false WHERE id = $1', [
      unlinked.id,
    ]);
    await expect(order(shop.target, orderOf(customerId, unlinked.id))).rejects.toMatchObject({
      message: expect.stringContaining('not for sale'),
    });
    const other = await subscribed(shop, price.id);
    const subscriptionId = await subscriptionOf(other.customerId);
    const further = await sellMeteredPrice(shop);
    await expect(
      order(shop.target, orderOf(customerId, further.id, { subscriptionId })),
    ).rejects.toMatchObject({ code: 'not_found' });
    const yearly = await sellMeteredPrice(shop, { interval: 'year' });
    const euros = await sellMeteredPrice(shop, { currency: 'eur' });
    for (const { id } of [yearly, euros]) {
      await expect(
        order(shop.target, orderOf(other.customerId, id, { subscriptionId })),
      ).rejects.toMatchObject({ code: 'invalid_argument', fields: { subscriptionId: /./ } });
    }
    expect(atStripe(customerId)).toEqual([]);
    expect(atStripe(other.customerId)).toMatchObject([{ prices: [price.priceId] }]);
  });

  it('says so where a key was used for something else', async () => {
    const price = await sellMeteredPrice(shop);
    const customerId = await shop.customer();
    const wanted = orderOf(customerId, price.id);
    shop.simulator.faults.add({ kind: 'cut_after', method: 'POST', path: '/v1/subscriptions' });
    await expect(order(shop.target, wanted)).rejects.toMatchObject({ code: 'stripe_unavailable' });
    shop.simulator.faults.clear();
    await expect(
      order(shop.target, { ...wanted, collection: 'send_invoice' }),
    ).rejects.toMatchObject({ code: 'idempotency_conflict' });
    expect(atStripe(customerId)).toHaveLength(1);
  });

  it('takes a yearly price too', async () => {
    const price = await sellMeteredPrice(shop, { interval: 'year' });
    const { customerId } = await subscribed(shop, price.id);
    const [period] = await periodsOf(customerId);
    const days = (Number(period?.period_end) - Number(period?.period_start)) / 86_400_000;
    expect([365, 366]).toContain(days);
  });
});

describe('to end a subscription', () => {
  const end = (customerId: string, subscriptionId: string, when: 'now' | 'period_end' | 'keep') =>
    cancelSubscription(
      shop.target,
      { customerId, subscriptionId, when },
      stripeSideOf(shop.target),
    );

  async function stateOf(id: string) {
    const [row] = await rows(
      `SELECT status, cancel_at_period_end, cancel_at IS NOT NULL AND cancel_at = current_period_end AS ends_with_period
       FROM credits_billing.subscriptions WHERE id = $1`,
      [id],
    );
    return row;
  }

  it('with its period can be taken back, and ends it then', async () => {
    const price = await sellMeteredPrice(shop);
    const { customerId } = await subscribed(shop, price.id);
    const id = await subscriptionOf(customerId);
    await end(customerId, id, 'period_end');
    const ending = { status: 'active', cancel_at_period_end: true, ends_with_period: true };
    expect(await stateOf(id)).toEqual(ending);
    await end(customerId, id, 'keep');
    expect(await stateOf(id)).toEqual({
      status: 'active',
      cancel_at_period_end: false,
      ends_with_period: false,
    });
    await end(customerId, id, 'period_end');
    advance(shop.simulator.world, shop.simulator.world.now() + MONTH);
    await syncSubscription(shop.target, id);
    expect(await stateOf(id)).toMatchObject({ status: 'canceled' });
  });

  it('now bills its usage, and changes nothing the second time, also after a lost answer', async () => {
    const price = await sellMeteredPrice(shop);
    const { customerId } = await subscribed(shop, price.id);
    const id = await subscriptionOf(customerId);
    await shop.target.gateway.sendUsage({
      identifier: randomUUID(),
      eventName: price.eventName,
      stripeCustomerId: String(shop.simulator.world.collection('subscriptions').need(id).customer),
      value: 1_500,
      // The simulator's clock was moved by then.
      occurredAt: new Date(shop.simulator.world.now() * 1_000),
    });
    shop.simulator.faults.add({ kind: 'cut_after', method: 'DELETE', path: '/v1/subscriptions' });
    await expect(end(customerId, id, 'now')).rejects.toBeDefined();
    shop.simulator.faults.clear();
    await end(customerId, id, 'now');
    await end(customerId, id, 'now');
    expect(await stateOf(id)).toMatchObject({ status: 'canceled' });
    const invoices = await stripeFor(shop.simulator).invoices.list({ subscription: id });
    // 1,000 at 10 and 500 at 5.
    expect(invoices.data.map(({ total }) => total)).toEqual([12_500, 0]);
    await expect(end(customerId, id, 'keep')).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('now sends what was used before, and ends nothing where that cannot be sent', async () => {
    // On a simulator of its own, whose clock is the real one: usage is reported of now.
    const own = await openStripeShop();
    try {
      const price = await sellMeteredPrice(own);
      const { customerId } = await subscribed(own, price.id);
      await report(own, customerId, price.eventName, 1_500);
      const [{ id = '', customer = '' } = {}] = [
        ...own.simulator.world.collection('subscriptions').newestFirst(),
      ];
      const endNow = () =>
        cancelSubscription(
          own.target,
          { customerId, subscriptionId: id, when: 'now' },
          stripeSideOf(own.target),
        );
      own.simulator.faults.add({ kind: '503', path: '/v1/billing/meter_events' });
      await expect(endNow()).rejects.toMatchObject({ code: 'stripe_unavailable' });
      expect(own.simulator.world.collection('subscriptions').need(id).status).toBe('active');
      own.simulator.faults.clear();
      await endNow();
      expect(own.simulator.world.collection('subscriptions').need(id).status).toBe('canceled');
      const invoices = await stripeFor(own.simulator).invoices.list({ customer: String(customer) });
      // 1,000 at 10 and 500 at 5.
      expect(invoices.data.map(({ total }) => total)).toEqual([12_500, 0]);
    } finally {
      await own.close();
    }
  });

  it('ends here what Stripe does not have any more', async () => {
    const price = await sellMeteredPrice(shop);
    const { customerId } = await subscribed(shop, price.id);
    const id = await subscriptionOf(customerId);
    const gone = withoutSubscription(id);
    await cancelSubscription(
      gone,
      { customerId, subscriptionId: id, when: 'now' },
      stripeSideOf(gone),
    );
    expect(await stateOf(id)).toMatchObject({ status: 'canceled' });
    await expect(
      cancelSubscription(
        gone,
        { customerId, subscriptionId: id, when: 'keep' },
        stripeSideOf(gone),
      ),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('of somebody else is refused', async () => {
    const price = await sellMeteredPrice(shop);
    const { customerId } = await subscribed(shop, price.id);
    const id = await subscriptionOf(customerId);
    await expect(end(await shop.customer(), id, 'now')).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(atStripe(customerId)).toMatchObject([{ status: 'active' }]);
  });
});
