import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '#main/logging/log.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import { payCheckout } from '#main/stripe-simulator/control.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Input } from '#shared/ipc/procedure.ts';
import { amountOf } from '#shared/metered-price.ts';
import type { ConsoleDoor } from '#test/support/console-door.ts';
import { deliver, report, sellMeteredPrice, TIERS } from '#test/support/metered-shop.ts';
import { openStripeDoor, type StripeDoor } from '#test/support/stripe-door.ts';

let stripe: StripeDoor;
let door: ConsoleDoor;

beforeAll(async () => {
  stripe = await openStripeDoor();
  door = stripe.door;
  await stripe.database.pool.query(
    `UPDATE credits_billing.plans SET currency = 'usd', amount_minor = 2000 WHERE tier = 'basic'`,
  );
});
afterAll(() => stripe.close());
afterEach(() => stripe.simulator.faults.clear());

const unconfirmed = { confirmedProduction: false };

/** What the makers of meters, prices and reports need. */
function shop() {
  const { database, simulator } = stripe;
  const gateway = createStripeGateway({
    key: 'sk_test_somebody',
    base: { host: '127.0.0.1', port: simulator.port },
    log: silentLog,
  });
  return { database, simulator, target: { gateway, accountId: simulator.world.accountId } };
}

async function customer(): Promise<string> {
  const id = `c-${randomUUID()}`;
  await door.call('customers.ensure', { id, name: 'Ada' });
  return id;
}

function orderOf(
  customerId: string,
  meteredPriceId: string,
): Input<Contract['metering.subscribe']> {
  return {
    customerId,
    meteredPriceId,
    subscriptionId: null,
    collection: 'charge_automatically',
    key: randomUUID(),
    ...unconfirmed,
  };
}

function toldOf(customerId: string) {
  return [
    { type: 'metering.changed', customerId },
    { type: 'billing.changed', customerId },
    { type: 'ledger.changed', customerId },
  ];
}

async function subscribed() {
  const price = await sellMeteredPrice(shop());
  const customerId = await customer();
  const metering = await door.call('metering.subscribe', orderOf(customerId, price.id));
  return { ...price, customerId, metering, subscriptionId: metering.subscriptions[0]?.id ?? '' };
}

describe('a metered subscription', () => {
  it('goes from the order to usage, summary, preview and end, and the window is told', async () => {
    const price = await sellMeteredPrice(shop());
    const customerId = await customer();
    door.events.length = 0;
    const made = await door.call('metering.subscribe', orderOf(customerId, price.id));
    expect(made.subscriptions).toMatchObject([
      { status: 'active', items: [{ meteredPriceId: price.id, eventName: price.eventName }] },
    ]);
    expect(door.events).toEqual(expect.arrayContaining(toldOf(customerId)));
    await report(shop(), customerId, price.eventName, 12_000);
    await deliver(shop(), customerId);
    await report(shop(), customerId, price.eventName, 500);

    const read = await door.call('metering.customer', { customerId });
    expect(read.usage).toMatchObject([
      { eventName: price.eventName, position: { reported: 12_500, waiting: 500 } },
    ]);
    const { itemId = null, subscriptionId } = read.usage[0] ?? {};
    expect(
      await door.call('metering.usage', { customerId, eventName: price.eventName, itemId }),
    ).toMatchObject({
      summary: 12_000,
      difference: 500,
      causes: [{ cause: 'not_sent', units: 500 }],
    });
    const preview = await door.call('metering.projectedInvoice', {
      subscriptionId: subscriptionId ?? '',
    });
    expect(preview.total).toEqual({ amountMinor: amountOf(TIERS, 12_000), currency: 'usd' });

    door.events.length = 0;
    const ended = await door.call('metering.cancelSubscription', {
      customerId,
      subscriptionId: subscriptionId ?? '',
      when: 'period_end',
      ...unconfirmed,
    });
    expect(ended.subscriptions).toMatchObject([
      { status: 'active', cancelAtPeriodEnd: true, cancelAt: expect.any(String) },
    ]);
    expect(door.events).toEqual(expect.arrayContaining(toldOf(customerId)));
  });

  it('tells the window also where Stripe’s answer was lost, and a repeat makes no second one', async () => {
    const price = await sellMeteredPrice(shop());
    const customerId = await customer();
    const order = orderOf(customerId, price.id);
    stripe.simulator.faults.add({
      kind: 'cut_after',
      method: 'POST',
      path: '/v1/subscriptions',
    });
    door.events.length = 0;
    await expect(door.call('metering.subscribe', order)).rejects.toMatchObject({
      code: 'stripe_unavailable',
    });
    expect(door.events).toEqual(expect.arrayContaining(toldOf(customerId)));
    stripe.simulator.faults.clear();
    const { subscriptions } = await door.call('metering.subscribe', order);
    expect(subscriptions).toHaveLength(1);
    expect(await door.call('metering.subscribe', order)).toMatchObject({ subscriptions });
  });

  it('is sold together with a plan by link', async () => {
    const price = await sellMeteredPrice(shop());
    const customerId = await customer();
    const checkout = await door.call('billing.startCheckout', {
      id: randomUUID(),
      customerId,
      kind: 'subscription',
      itemId: 'basic',
      meteredPriceId: price.id,
      ...unconfirmed,
    });
    expect(checkout).toMatchObject({ state: 'open', meteredPriceId: price.id });
    payCheckout(stripe.simulator.world, checkout.sessionId ?? '', { method: 'card' });
    await door.call('stripe.pollNow', {});
    await expect
      .poll(async () => (await door.call('metering.customer', { customerId })).subscriptions)
      .toMatchObject([{ items: [{ planTier: 'basic' }, { eventName: price.eventName }] }]);
    await expect
      .poll(async () => (await door.call('customers.get', { customerId })).balance.balance)
      .toBe(100);
  });

  it('has a page at Stripe’s', async () => {
    const { metering, subscriptionId } = await subscribed();
    expect(metering.subscriptions[0]?.stripeUrl).toBe(
      `https://dashboard.stripe.com/test/subscriptions/${subscriptionId}`,
    );
  });

  it('of somebody or something that is not there is refused', async () => {
    const { id, eventName, customerId } = await subscribed();
    await expect(door.call('metering.subscribe', orderOf('nobody', id))).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(
      door.call('metering.subscribe', orderOf(customerId, 'nothing')),
    ).rejects.toMatchObject({ code: 'not_found' });
    await expect(
      door.call('metering.cancelSubscription', {
        customerId,
        subscriptionId: 'sub_none',
        when: 'now',
        ...unconfirmed,
      }),
    ).rejects.toMatchObject({ code: 'not_found' });
    await expect(door.call('metering.customer', { customerId: 'nobody' })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(
      door.call('metering.usage', { customerId, eventName, itemId: 'si_none' }),
    ).rejects.toMatchObject({ code: 'not_found' });
    await expect(
      door.call('metering.projectedInvoice', { subscriptionId: 'sub_none' }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });
});

it('support and readers see everything of it and change nothing', async () => {
  const { customerId, subscriptionId, id, eventName, metering } = await subscribed();
  const itemId = metering.usage[0]?.itemId ?? null;
  for (const role of ['test_support', 'test_reader'] as const) {
    const other = await stripe.openAs(role);
    expect(await other.call('metering.customer', { customerId })).toEqual(metering);
    expect(await other.call('metering.usage', { customerId, eventName, itemId })).toMatchObject({
      summary: 0,
    });
    await other.call('metering.projectedInvoice', { subscriptionId });
    for (const attempt of [
      other.call('metering.subscribe', orderOf(await customer(), id)),
      other.call('metering.cancelSubscription', {
        customerId,
        subscriptionId,
        when: 'now',
        ...unconfirmed,
      }),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: 'not_permitted' });
    }
  }
});
