import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancelSubscription } from '#main/metering/subscriptions/cancel-subscription.ts';
import { readCustomerMetering } from '#main/metering/subscriptions/read-customer-metering.ts';
import { subscribe } from '#main/metering/subscriptions/subscribe.ts';
import { previewNextInvoice } from '#main/metering/usage/preview-next-invoice.ts';
import { readStripeUsage } from '#main/metering/usage/read-stripe-usage.ts';
import { checkUsage } from '#main/stripe/reconciliation/check-usage.ts';
import { rejectMeterEvent } from '#main/stripe-simulator/billing-control.ts';
import { meteringProcedures } from '#shared/ipc/metering.ts';
import { amountOf, chargesOf, type Tier } from '#shared/metered-price.ts';
import {
  deliver,
  makeMeter,
  markEvent,
  orderOf,
  queueUsage,
  report,
  sellMeteredPrice,
  stripeSideOf,
  subscribed,
  TIERS,
} from '#test/support/metered-shop.ts';
import { openStripeShop, type StripeShop } from '#test/support/stripe-shop.ts';

let shop: StripeShop;

beforeAll(async () => {
  shop = await openStripeShop();
});
afterAll(() => shop.close());

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const noPage = () => null;

const metering = (customerId: string) =>
  readCustomerMetering(shop.target.database, customerId, noPage);

const usage = (customerId: string, eventName: string, itemId: string | null = null) =>
  readStripeUsage(shop.target, { customerId, eventName, itemId });

/** A customer on a price of its own, with the item. */
async function customerOn(how: Parameters<typeof sellMeteredPrice>[1] = {}) {
  const price = await sellMeteredPrice(shop, how);
  const { customerId } = await subscribed(shop, price.id);
  const { subscriptions, stripeCustomerId } = await metering(customerId);
  const [subscription] = subscriptions;
  return {
    ...price,
    customerId,
    stripeCustomerId: stripeCustomerId ?? '',
    subscriptionId: subscription?.id ?? '',
    itemId: subscription?.items[0]?.id ?? '',
  };
}

/** A customer with a Stripe customer and no subscription. */
async function customerWithout(eventName: string) {
  const customerId = await shop.customer();
  const { ensureStripeCustomer } = stripeSideOf(shop.target);
  const stripeCustomerId = await ensureStripeCustomer(customerId, randomUUID());
  return { customerId, stripeCustomerId, eventName };
}

/** Usage that somebody else tells Stripe of. */
function reportElsewhere(
  { eventName, stripeCustomerId }: { eventName: string; stripeCustomerId: string },
  value: number,
) {
  return shop.target.gateway.sendUsage({
    identifier: randomUUID(),
    eventName,
    stripeCustomerId,
    value,
    occurredAt: new Date(),
  });
}

function daysAgo(days: number): Date {
  return new Date(Date.now() - days * DAY_MS);
}

describe('a customer’s metering', () => {
  it('has subscriptions with their items by name, and the usage of each item’s period by how far it got', async () => {
    const one = await customerOn();
    const { customerId, eventName } = one;
    // Before the period, which is not counted.
    await report(shop, customerId, eventName, 999, daysAgo(2));
    for (const [quantity, state] of [
      [1, 'sent'],
      [2, 'rejected'],
      [4, 'too_old'],
      [8, 'unclear'],
      [16, 'cancelled'],
      [32, 'duplicate'],
    ] as const) {
      await report(shop, customerId, eventName, quantity);
      for (const identifier of await queueUsage(shop, customerId)) {
        await markEvent(shop, identifier, state);
      }
    }
    await report(shop, customerId, eventName, 64);
    const read = await metering(customerId);
    expect(read.stripeCustomerId).toBe(one.stripeCustomerId);
    expect(read.subscriptions).toEqual([
      {
        id: one.subscriptionId,
        stripeUrl: null,
        status: 'active',
        cancelAtPeriodEnd: false,
        cancelAt: null,
        items: [
          {
            id: one.itemId,
            priceId: one.priceId,
            name: `Price ${one.id}`,
            planTier: null,
            meteredPriceId: one.id,
            eventName,
            currentPeriodStart: expect.any(String),
            currentPeriodEnd: expect.any(String),
          },
        ],
      },
    ]);
    expect(read.usage).toHaveLength(1);
    expect(read.usage[0]).toMatchObject({
      eventName,
      meterName: `Units ${eventName}`,
      formula: 'sum',
      subscriptionId: one.subscriptionId,
      itemId: one.itemId,
      meteredPriceId: one.id,
      position: {
        reported: 111,
        delivered: 33,
        waiting: 64,
        rejected: 2,
        tooOld: 4,
        unclear: 8,
        cancelled: 16,
      },
    });
    const start = Date.parse(read.usage[0]?.position.periodStart ?? '');
    const item = Date.parse(read.subscriptions[0]?.items[0]?.currentPeriodStart ?? '');
    expect(start).toBe(Math.floor(item / MINUTE_MS) * MINUTE_MS);
  });

  it('has usage of the last 30 days where no item bills it, also once the subscription has ended', async () => {
    const eventName = await makeMeter(shop);
    const { customerId } = await customerWithout(eventName);
    await report(shop, customerId, eventName, 5, daysAgo(29));
    await report(shop, customerId, eventName, 7, daysAgo(31));
    const without = await metering(customerId);
    expect(without.subscriptions).toEqual([]);
    expect(without.usage).toMatchObject([
      { eventName, itemId: null, subscriptionId: null, position: { reported: 5, waiting: 5 } },
    ]);
    const { periodStart, periodEnd } = without.usage[0]?.position ?? {};
    expect(Date.parse(periodEnd ?? '') - Date.parse(periodStart ?? '')).toBe(30 * DAY_MS);

    const ended = await customerOn();
    await report(shop, ended.customerId, ended.eventName, 3);
    await deliver(shop, ended.customerId);
    await cancelSubscription(
      shop.target,
      { customerId: ended.customerId, subscriptionId: ended.subscriptionId, when: 'now' },
      stripeSideOf(shop.target),
    );
    expect(await metering(ended.customerId)).toMatchObject({
      subscriptions: [{ status: 'canceled' }],
      usage: [{ eventName: ended.eventName, itemId: null, position: { reported: 3 } }],
    });
  });

  it('is empty for a customer without any, and not there for nobody', async () => {
    expect(await metering(await shop.customer())).toEqual({
      stripeCustomerId: null,
      subscriptions: [],
      usage: [],
    });
    await expect(metering('nobody')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('Stripe’s summary', () => {
  it('agrees with what was delivered, of the period and by day', async () => {
    const { eventName, customerId } = await customerWithout(await makeMeter(shop));
    await report(shop, customerId, eventName, 10, daysAgo(3));
    await report(shop, customerId, eventName, 20, daysAgo(3));
    await report(shop, customerId, eventName, 5, daysAgo(1));
    await report(shop, customerId, eventName, 1);
    await deliver(shop, customerId);
    const read = await usage(customerId, eventName);
    expect(read).toMatchObject({
      position: { reported: 36, delivered: 36 },
      summary: 36,
      difference: 0,
      causes: [],
    });
    const day = (days: number) => daysAgo(days).toISOString().slice(0, 10);
    const used = read.days.filter(({ reported }) => reported > 0);
    expect(used).toEqual([
      { day: day(3), reported: 30, summary: 30 },
      { day: day(1), reported: 5, summary: 5 },
      { day: day(0), reported: 1, summary: 1 },
    ]);
    expect(read.days).toHaveLength(31);
    expect(read.days[0]?.day).toBe(day(30));
  });

  it('of more units than can be told exactly is told as the most that can', async () => {
    const { eventName, customerId } = await customerWithout(await makeMeter(shop));
    const most = 999_999_999_999_999;
    for (let times = 0; times < 11; times += 1) await report(shop, customerId, eventName, most);
    const { output } = meteringProcedures['metering.customer'];
    expect(output.parse(await metering(customerId)).usage).toMatchObject([
      { position: { reported: Number.MAX_SAFE_INTEGER, waiting: Number.MAX_SAFE_INTEGER } },
    ]);
    await deliver(shop, customerId);
    const read = meteringProcedures['metering.usage'].output.parse(
      await usage(customerId, eventName),
    );
    expect(read).toMatchObject({
      position: { reported: Number.MAX_SAFE_INTEGER, waiting: 0 },
      summary: Number.MAX_SAFE_INTEGER,
      difference: 0,
      causes: [],
    });
    const end = new Date();
    const start = daysAgo(1);
    const checked = await checkUsage(shop.target, { customerId, eventName, start, end });
    expect(checked).toMatchObject({ differences: [], compared: 1 });
  });

  it('differs by what is not sent, rejected, too old and unclear, the largest part first', async () => {
    const one = await customerOn();
    const { customerId, eventName, itemId } = one;
    await report(shop, customerId, eventName, 100);
    await deliver(shop, customerId);
    await report(shop, customerId, eventName, 3);
    const [rejected = ''] = await deliver(shop, customerId);
    rejectMeterEvent(shop.simulator.world, rejected, 'meter_event_invalid_value');
    await markEvent(shop, rejected, 'rejected');
    for (const [quantity, state] of [
      [5, 'too_old'],
      [2, 'unclear'],
    ] as const) {
      await report(shop, customerId, eventName, quantity);
      const [identifier = ''] = await queueUsage(shop, customerId);
      await markEvent(shop, identifier, state);
    }
    await report(shop, customerId, eventName, 4);
    await queueUsage(shop, customerId);
    await report(shop, customerId, eventName, 7);
    expect(await usage(customerId, eventName, itemId)).toMatchObject({
      position: { reported: 121, delivered: 100, waiting: 11 },
      summary: 100,
      difference: 21,
      causes: [
        { cause: 'not_sent', units: 11 },
        { cause: 'too_old', units: 5 },
        { cause: 'rejected', units: 3 },
        { cause: 'unclear', units: 2 },
      ],
    });
  });

  it('tells what it has not added up yet from what it has lost', async () => {
    const { customerId, eventName, itemId } = await customerOn();
    await report(shop, customerId, eventName, 9);
    // Stripe took it and has rejected it since, which the console has not been told yet.
    const [identifier = ''] = await deliver(shop, customerId, 10);
    rejectMeterEvent(shop.simulator.world, identifier, 'meter_event_invalid_value');
    expect(await usage(customerId, eventName, itemId)).toMatchObject({
      difference: 9,
      causes: [{ cause: 'not_aggregated', units: 9 }],
    });
    await markEvent(shop, identifier, 'sent', 20);
    expect((await usage(customerId, eventName, itemId)).causes).toEqual([
      { cause: 'not_in_stripe', units: 9 },
    ]);
  });

  it('has what others reported, which lessens the difference', async () => {
    const one = await customerOn();
    const { customerId, eventName, itemId } = one;
    await report(shop, customerId, eventName, 10);
    await deliver(shop, customerId);
    await reportElsewhere(one, 6);
    await report(shop, customerId, eventName, 2);
    const read = await usage(customerId, eventName, itemId);
    expect(read).toMatchObject({
      summary: 16,
      difference: -4,
      causes: [
        { cause: 'not_from_here', units: -6 },
        { cause: 'not_sent', units: 2 },
      ],
    });
    expect(read.days.at(-1)).toMatchObject({ reported: 12, summary: 16 });
  });

  it('of a meter that counts is how many reports there were', async () => {
    const { customerId, eventName, itemId } = await customerOn({ formula: 'count' });
    for (let time = 0; time < 3; time += 1) await report(shop, customerId, eventName, 1);
    await deliver(shop, customerId);
    await report(shop, customerId, eventName, 1);
    expect(await usage(customerId, eventName, itemId)).toMatchObject({
      position: { reported: 4, delivered: 3, waiting: 1 },
      summary: 3,
      difference: 1,
      causes: [{ cause: 'not_sent', units: 1 }],
      days: expect.arrayContaining([
        { day: new Date().toISOString().slice(0, 10), reported: 4, summary: 3 },
      ]),
    });
  });

  it('of a meter that takes the newest value has one cause without a number', async () => {
    const { eventName, ...who } = await customerWithout(await makeMeter(shop, 'last'));
    const { customerId } = who;
    const causes = async () => (await usage(customerId, eventName)).causes;
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * MINUTE_MS);

    await report(shop, customerId, eventName, 50, minutesAgo(9));
    await deliver(shop, customerId);
    expect(await usage(customerId, eventName)).toMatchObject({ summary: 50, causes: [] });
    await report(shop, customerId, eventName, 40, minutesAgo(8));
    expect(await usage(customerId, eventName)).toMatchObject({
      position: { reported: 40, delivered: 50, waiting: 40 },
      summary: 50,
      difference: -10,
    });
    expect(await causes()).toEqual([{ cause: 'not_sent', units: null }]);
    const [identifier = ''] = await deliver(shop, customerId);
    expect(await causes()).toEqual([]);
    rejectMeterEvent(shop.simulator.world, identifier, 'meter_event_invalid_value');
    expect(await causes()).toEqual([{ cause: 'not_aggregated', units: null }]);
    await shop.database.pool.query(
      `UPDATE credits_billing.meter_events SET sent_at = sent_at - interval '20 minutes' WHERE customer_id = $1`,
      [customerId],
    );
    expect(await causes()).toEqual([{ cause: 'not_in_stripe', units: null }]);
    for (const state of ['rejected', 'unclear', 'too_old'] as const) {
      await markEvent(shop, identifier, state);
      expect(await causes()).toEqual([{ cause: state, units: null }]);
    }
    await reportElsewhere({ ...who, eventName }, 41);
    expect(await causes()).toEqual([{ cause: 'not_from_here', units: null }]);
  });

  it('is 0 for a customer or a meter that is not in Stripe, and of nobody’s item not to be had', async () => {
    const one = await customerOn();
    const without = await shop.customer();
    expect(await usage(without, one.eventName)).toMatchObject({
      position: { reported: 0 },
      summary: 0,
      difference: 0,
      causes: [],
    });
    await shop.database.pool.query(
      `INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ('only_here', 'Only here', 'sum')`,
    );
    await report(shop, one.customerId, 'only_here', 5);
    expect(await usage(one.customerId, 'only_here')).toMatchObject({
      summary: 0,
      difference: 5,
      causes: [{ cause: 'not_sent', units: 5 }],
    });
    await expect(usage(without, one.eventName, one.itemId)).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(usage('nobody', one.eventName)).rejects.toMatchObject({ code: 'not_found' });
    await expect(usage(without, 'nothing')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('counts usage in the item’s own period only', async () => {
    const { customerId, eventName, itemId } = await customerOn({ interval: 'year' });
    await report(shop, customerId, eventName, 70, daysAgo(2));
    await report(shop, customerId, eventName, 8);
    await deliver(shop, customerId);
    const read = await usage(customerId, eventName, itemId);
    expect(read).toMatchObject({ position: { reported: 8 }, summary: 8, causes: [] });
    expect(read.days).toHaveLength(1);
    expect(await usage(customerId, eventName)).toMatchObject({ summary: 78, difference: 0 });
  });
});

describe('the next invoice', () => {
  const WITH_FEES: Tier[] = [
    { upTo: 10, unitAmount: '0', flatAmount: '500' },
    { upTo: 25, unitAmount: '0.5', flatAmount: null },
    { upTo: null, unitAmount: '0.333333333333', flatAmount: '150' },
  ];

  it.each([
    { tiers: TIERS, quantity: 12_345, interval: 'month' as const },
    { tiers: TIERS, quantity: 1_000, interval: 'year' as const },
    { tiers: WITH_FEES, quantity: 77, interval: 'month' as const },
    {
      tiers: [{ upTo: null, unitAmount: '0.02', flatAmount: null }],
      quantity: 1_234,
      interval: 'year' as const,
    },
  ])('has the lines of $quantity units by the $interval that the arithmetic says', async (how) => {
    const one = await customerOn(how);
    await report(shop, one.customerId, one.eventName, how.quantity);
    await deliver(shop, one.customerId);
    const { total, lines } = await previewNextInvoice(shop.target, one.subscriptionId);
    const expected = chargesOf(how.tiers, how.quantity).flatMap(({ unitsMinor, flatMinor }) =>
      flatMinor === 0 ? [unitsMinor] : [unitsMinor, flatMinor],
    );
    expect(lines.map(({ amount }) => amount.amountMinor)).toEqual(expected);
    expect(total).toEqual({ amountMinor: amountOf(how.tiers, how.quantity), currency: 'usd' });
    expect(lines.reduce((sum, { quantity }) => sum + (quantity ?? 0), 0)).toBe(how.quantity);
    expect(new Set(lines.map(({ priceId }) => priceId))).toEqual(new Set([one.priceId]));
  });

  it('of two metered prices on one subscription has the lines of both', async () => {
    const one = await customerOn();
    const other = await sellMeteredPrice(shop);
    await subscribe(
      shop.target,
      orderOf(one.customerId, other.id, { subscriptionId: one.subscriptionId }),
      stripeSideOf(shop.target),
    );
    await report(shop, one.customerId, one.eventName, 10);
    await report(shop, one.customerId, other.eventName, 20);
    await deliver(shop, one.customerId);
    const { total } = await previewNextInvoice(shop.target, one.subscriptionId);
    expect(total.amountMinor).toBe(amountOf(TIERS, 10) + amountOf(TIERS, 20));
  });

  it('is not to be had of a subscription that is not there or has ended', async () => {
    await expect(previewNextInvoice(shop.target, 'sub_none')).rejects.toMatchObject({
      code: 'not_found',
    });
    const one = await customerOn();
    await cancelSubscription(
      shop.target,
      { customerId: one.customerId, subscriptionId: one.subscriptionId, when: 'now' },
      stripeSideOf(shop.target),
    );
    await expect(previewNextInvoice(shop.target, one.subscriptionId)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('has ended'),
    });
  });
});
