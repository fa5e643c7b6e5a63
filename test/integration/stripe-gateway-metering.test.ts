import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#main/logging/log.ts';
import type { StripeGateway, StripeMeter } from '#main/stripe/gateway/gateway.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import { advance, rejectMeterEvent } from '#main/stripe-simulator/billing-control.ts';
import { payCheckout } from '#main/stripe-simulator/control.ts';
import { type Simulator, startSimulator } from '#main/stripe-simulator/simulator.ts';
import { amountOf, chargesOf, type Tier } from '#shared/metered-price.ts';
import { failureOf } from '#test/support/failure-of.ts';
import {
  type AskedOfStripe,
  failing,
  scriptedGatewayForEachTest,
} from '#test/support/scripted-stripe.ts';
import { stripeFor } from '#test/support/stripe-simulator.ts';

const START = new Date('2026-11-20T10:00:30Z');
const day = 86_400;
const graduated: Tier[] = [
  { upTo: 1_000, unitAmount: '10', flatAmount: null },
  { upTo: 10_000, unitAmount: '5', flatAmount: null },
  { upTo: null, unitAmount: '2', flatAmount: null },
];
const perUnit = (unitAmount: string): Tier[] => [{ upTo: null, unitAmount, flatAmount: null }];

/** A simulator whose clock stands still, and what tests of metering ask of it through the gateway. */
async function startMetering() {
  const simulator: Simulator = await startSimulator({ now: () => START.getTime() / 1_000 });
  const base = { host: '127.0.0.1', port: simulator.port };
  const gatewayOf = (key: string) => createStripeGateway({ key, base, log: silentLog });
  const gateway = gatewayOf('sk_test_metering');
  const stripe = stripeFor(simulator);
  let count = 0;
  const next = (name: string) => {
    count += 1;
    return `${name}_${count}`;
  };

  async function customer(): Promise<string> {
    const of = { userId: next('user'), email: null, name: null };
    return (await gateway.createCustomer(of, next('customer'))).id;
  }
  function meter(formula: 'sum' | 'count' | 'last' = 'sum'): Promise<StripeMeter> {
    const eventName = next('tokens');
    return gateway.createMeter({ eventName, name: 'Tokens', formula }, next('meter'));
  }
  async function price(
    meterId: string,
    tiers: readonly Tier[],
    more: { lookupKey?: string; interval?: 'month' | 'year' } = {},
  ): Promise<string> {
    const product = await gateway.createProduct({ name: 'Tokens', metadata: {} }, next('product'));
    const wanted = {
      productId: product.id,
      meterId,
      currency: 'usd',
      interval: 'month' as const,
      tiers,
      lookupKey: next('metered'),
      metadata: { kind: 'metered' },
      ...more,
    };
    return (await gateway.createMeteredPrice(wanted, next('price'))).id;
  }
  async function plan(): Promise<string> {
    const { id } = await stripe.prices.create({
      currency: 'usd',
      unit_amount: 900,
      recurring: { interval: 'month' },
      product_data: { name: 'Base' },
    });
    return id;
  }
  function subscribe(
    customerId: string,
    priceId: string,
    collection: 'charge_automatically' | 'send_invoice' = 'charge_automatically',
  ) {
    return gateway.createSubscription(
      { customerId, priceId, collection, metadata: { user_id: 'ada' } },
      next('subscription'),
    );
  }
  /** Usage as it is sent, of now and one unit unless it says otherwise. */
  const usage = (eventName: string, stripeCustomerId: string, more: object = {}) => ({
    identifier: next('usage'),
    eventName,
    stripeCustomerId,
    value: 1,
    occurredAt: START,
    ...more,
  });
  const restrictedTo = (...permissions: string[]) => {
    const key = `rk_test_${next('restricted')}`;
    simulator.permit(key, permissions);
    return gatewayOf(key);
  };
  return {
    simulator,
    gateway,
    stripe,
    next,
    customer,
    meter,
    price,
    plan,
    subscribe,
    usage,
    restrictedTo,
  };
}

type Metering = Awaited<ReturnType<typeof startMetering>>;

const bench = {} as Metering;
beforeEach(async () => {
  Object.assign(bench, await startMetering());
});
afterEach(() => bench.simulator.close());

describe('a meter', () => {
  it.each(['sum', 'count', 'last'] as const)(
    'of formula %s is made once for one key',
    async (formula) => {
      const wanted = { eventName: 'llm_tokens', name: 'LLM tokens', formula };
      const made = await bench.gateway.createMeter(wanted, 'meter:1');
      expect(made).toEqual({
        id: expect.stringMatching(/^mtr_/),
        eventName: 'llm_tokens',
        name: 'LLM tokens',
        formula,
        active: true,
        customerKey: 'stripe_customer_id',
        valueKey: 'value',
      });
      expect(await bench.gateway.createMeter(wanted, 'meter:1')).toEqual(made);
      expect(await bench.gateway.findMeter('llm_tokens')).toEqual(made);
      expect(await bench.gateway.findMeter('llm')).toBeUndefined();
    },
  );

  it('is deactivated, still found, and reactivated', async () => {
    const { id, eventName } = await bench.meter();
    await bench.gateway.setMeterActive(id, false);
    expect(await bench.gateway.findMeter(eventName)).toMatchObject({ id, active: false });
    await bench.gateway.setMeterActive(id, true);
    expect(await bench.gateway.findMeter(eventName)).toMatchObject({ id, active: true });
    const again = await failureOf(bench.gateway.setMeterActive(id, true));
    expect(again.code).toBe('stripe_refused');
    const none = await failureOf(bench.gateway.setMeterActive('mtr_none', false));
    expect(none.code).toBe('stripe_not_found');
  });

  it('that is active is found before one of the same name that is not', async () => {
    const { id, eventName } = await bench.meter();
    await bench.gateway.setMeterActive(id, false);
    const second = { eventName, name: 'Second', formula: 'last' as const };
    const { id: activeId } = await bench.gateway.createMeter(second, 'meter:second');
    expect(await bench.gateway.findMeter(eventName)).toMatchObject({ id: activeId, active: true });
    await bench.gateway.setMeterActive(activeId, false);
    expect(await bench.gateway.findMeter(eventName)).toMatchObject({ active: false });
  });

  it('is found among more than a page of them', async () => {
    for (let index = 0; index < 101; index += 1) {
      await bench.stripe.billing.meters.create({
        display_name: 'Meter',
        event_name: `event_${index}`,
        default_aggregation: { formula: 'sum' },
      });
    }
    expect(await bench.gateway.findMeter('event_0')).toMatchObject({ eventName: 'event_0' });
  });

  it('cannot be made twice for one event name', async () => {
    const { eventName } = await bench.meter();
    const error = await failureOf(
      bench.gateway.createMeter({ eventName, name: 'Other', formula: 'sum' }, 'meter:other'),
    );
    expect(error).toMatchObject({
      code: 'stripe_refused',
      details: { code: 'resource_already_exists' },
    });
  });
});

describe('a metered price', () => {
  it('of one tier without a fee is a price per unit, with its decimals', async () => {
    const { id: meterId } = await bench.meter();
    const id = await bench.price(meterId, perUnit('0.000000000001'), { interval: 'year' });
    const price = await bench.stripe.prices.retrieve(id, { expand: ['tiers'] });
    expect(price).toMatchObject({
      billing_scheme: 'per_unit',
      currency: 'usd',
      tiers_mode: null,
      unit_amount: null,
      metadata: { kind: 'metered' },
      recurring: { interval: 'year', usage_type: 'metered', meter: meterId },
    });
    expect(String(price.unit_amount_decimal)).toBe('0.000000000001');
    expect(price.tiers).toBeNull();
  });

  it('of several tiers is graduated, with fees and decimals as they were given', async () => {
    const { id: meterId } = await bench.meter();
    const tiers: Tier[] = [
      { upTo: 1_000, unitAmount: '0', flatAmount: '500' },
      { upTo: 10_000, unitAmount: '0.02', flatAmount: null },
      { upTo: null, unitAmount: '10.5', flatAmount: '0.25' },
    ];
    const id = await bench.price(meterId, tiers, { lookupKey: 'tokens' });
    const price = await bench.stripe.prices.retrieve(id, { expand: ['tiers'] });
    expect(price).toMatchObject({
      billing_scheme: 'tiered',
      tiers_mode: 'graduated',
      unit_amount_decimal: null,
      lookup_key: 'tokens',
      recurring: { interval: 'month' },
    });
    expect(
      price.tiers?.map((tier) => [
        tier.up_to,
        String(tier.unit_amount_decimal),
        tier.flat_amount_decimal && String(tier.flat_amount_decimal),
      ]),
    ).toEqual([
      [1_000, '0', '500'],
      [10_000, '0.02', null],
      [null, '10.5', '0.25'],
    ]);
  });

  it('of one tier with a fee keeps the fee', async () => {
    const { id: meterId } = await bench.meter();
    const id = await bench.price(meterId, [{ upTo: null, unitAmount: '3', flatAmount: '700' }]);
    const price = await bench.stripe.prices.retrieve(id, { expand: ['tiers'] });
    expect(price.tiers).toMatchObject([{ up_to: null, unit_amount: 3, flat_amount: 700 }]);
  });

  it('takes the lookup key over from the one before', async () => {
    const { id: meterId } = await bench.meter();
    const first = await bench.price(meterId, perUnit('1'), { lookupKey: 'tokens' });
    const second = await bench.price(meterId, graduated, { lookupKey: 'tokens' });
    expect(await bench.gateway.findPriceByLookupKey('tokens')).toMatchObject({
      id: second,
      amountMinor: null,
      interval: 'month',
    });
    expect((await bench.stripe.prices.retrieve(first)).lookup_key).toBeNull();
  });

  it('is refused on a meter that is not active, or not there', async () => {
    const { id } = await bench.meter();
    await bench.gateway.setMeterActive(id, false);
    expect(await failureOf(bench.price(id, graduated))).toMatchObject({
      code: 'stripe_refused',
      details: { code: 'archived_meter' },
    });
    expect((await failureOf(bench.price('mtr_none', graduated))).code).toBe('stripe_not_found');
  });
});

describe('a subscription by use', () => {
  it('is charged at once or by an invoice that is sent, and says what meter its items have', async () => {
    const { id: meterId } = await bench.meter();
    const priceId = await bench.price(meterId, graduated, { lookupKey: 'tokens' });
    const customerId = await bench.customer();
    const made = await bench.subscribe(customerId, priceId);
    expect(made).toMatchObject({
      customerId,
      status: 'active',
      livemode: false,
      cancelAtPeriodEnd: false,
      cancelAt: null,
      metadata: { user_id: 'ada' },
      items: [
        {
          id: expect.stringMatching(/^si_/),
          priceId,
          lookupKey: 'tokens',
          meterId,
          currentPeriodStart: START,
          currentPeriodEnd: new Date('2026-12-20T10:00:30Z'),
        },
      ],
    });
    expect(await bench.gateway.getSubscription(made.id)).toEqual(made);
    const sent = await bench.subscribe(customerId, priceId, 'send_invoice');
    expect(await bench.stripe.subscriptions.retrieve(sent.id)).toMatchObject({
      collection_method: 'send_invoice',
      days_until_due: 30,
    });
  });

  it('is made once for one key, and refused for what is not there', async () => {
    const customerId = await bench.customer();
    const priceId = await bench.price((await bench.meter()).id, graduated);
    const wanted = {
      customerId,
      priceId,
      collection: 'charge_automatically' as const,
      metadata: {},
    };
    const { id } = await bench.gateway.createSubscription(wanted, 'subscription:1');
    expect((await bench.gateway.createSubscription(wanted, 'subscription:1')).id).toBe(id);
    const none = { ...wanted, customerId: 'cus_none' };
    const error = await failureOf(bench.gateway.createSubscription(none, 'subscription:2'));
    expect(error.code).toBe('stripe_not_found');
  });

  it('can join a plan, and is then billed with it', async () => {
    const customerId = await bench.customer();
    const { id: meterId, eventName } = await bench.meter();
    const planId = await bench.plan();
    const { id } = await bench.subscribe(customerId, planId);
    const item = { subscriptionId: id, priceId: await bench.price(meterId, graduated) };
    await bench.gateway.addSubscriptionItem(item, 'item:1');
    await bench.gateway.addSubscriptionItem(item, 'item:1');
    const { items } = await bench.gateway.getSubscription(id);
    expect(items.map((each) => [each.priceId, each.meterId])).toEqual([
      [planId, null],
      [item.priceId, meterId],
    ]);
    await bench.gateway.sendUsage(bench.usage(eventName, customerId, { value: 1_001 }));
    const preview = await bench.gateway.previewInvoice(id);
    expect(preview.totalMinor).toBe(10_005 + 900);
    const twice = await failureOf(bench.gateway.addSubscriptionItem(item, 'item:2'));
    expect(twice.code).toBe('stripe_refused');
  });

  it('ends with its period, unless that is taken back', async () => {
    const priceId = await bench.price((await bench.meter()).id, graduated);
    const { id } = await bench.subscribe(await bench.customer(), priceId);
    await bench.gateway.cancelSubscription(id, 'period_end');
    expect(await bench.gateway.getSubscription(id)).toMatchObject({
      status: 'active',
      cancelAtPeriodEnd: true,
      cancelAt: new Date('2026-12-20T10:00:30Z'),
    });
    await bench.gateway.cancelSubscription(id, 'keep');
    expect(await bench.gateway.getSubscription(id)).toMatchObject({
      cancelAtPeriodEnd: false,
      cancelAt: null,
    });
  });

  it('that ends now bills what was used, and then has no next invoice', async () => {
    const customerId = await bench.customer();
    const { id: meterId, eventName } = await bench.meter();
    const { id } = await bench.subscribe(customerId, await bench.price(meterId, graduated));
    await bench.gateway.sendUsage(bench.usage(eventName, customerId, { value: 1_001 }));
    await bench.gateway.cancelSubscription(id, 'now');
    expect((await bench.gateway.getSubscription(id)).status).toBe('canceled');
    const [invoice] = (await bench.stripe.invoices.list({ subscription: id })).data;
    expect(invoice).toMatchObject({ total: 10_005, status: 'paid' });
    for (const late of [
      bench.gateway.previewInvoice(id),
      bench.gateway.cancelSubscription(id, 'now'),
    ]) {
      expect((await failureOf(late)).code).toBe('stripe_not_found');
    }
    const kept = await failureOf(bench.gateway.cancelSubscription(id, 'keep'));
    expect(kept.code).toBe('stripe_refused');
  });

  it('can be bought at a checkout together with a plan', async () => {
    const customerId = await bench.customer();
    const { id: meterId, eventName } = await bench.meter();
    const planId = await bench.plan();
    const meteredPriceId = await bench.price(meterId, graduated);
    const session = await bench.gateway.createCheckoutSession(
      {
        mode: 'subscription',
        priceId: planId,
        meteredPriceId,
        customerId,
        clientReferenceId: 'ada',
        metadata: { user_id: 'ada' },
        successUrl: 'https://shop.example/thanks',
        cancelUrl: 'https://shop.example/back',
      },
      'session:1',
    );
    expect(session.amountMinor).toBe(900);
    payCheckout(bench.simulator.world, session.id, { method: 'card' });
    const { subscriptionId } = await bench.gateway.getCheckoutSession(session.id);
    const bought = await bench.gateway.getSubscription(subscriptionId ?? '');
    expect(bought.items.map((each) => [each.priceId, each.meterId])).toEqual([
      [planId, null],
      [meteredPriceId, meterId],
    ]);
    await bench.gateway.sendUsage(bench.usage(eventName, customerId, { value: 10 }));
    expect((await bench.gateway.previewInvoice(bought.id)).totalMinor).toBe(1_000);
  });
});

describe('usage that is sent', () => {
  it('counts once, also when it is sent again', async () => {
    const customerId = await bench.customer();
    const { id: meterId, eventName } = await bench.meter();
    const sent = bench.usage(eventName, customerId, { value: 25 });
    expect(await bench.gateway.sendUsage(sent)).toBe('accepted');
    expect(await bench.gateway.sendUsage(sent)).toBe('duplicate');
    expect(await bench.gateway.sendUsage({ ...sent, value: 26 })).toBe('duplicate');
    expect(await bench.gateway.sendUsage({ ...sent, identifier: 'other' })).toBe('accepted');
    expect(
      bench.simulator.world.meterEvents.map(({ identifier, value, timestamp, customer }) => [
        identifier,
        value,
        timestamp,
        customer,
      ]),
    ).toEqual([
      [sent.identifier, '25', Math.floor(START.getTime() / 1_000), customerId],
      ['other', '25', Math.floor(START.getTime() / 1_000), customerId],
    ]);
    const [row] = await bench.gateway.listUsage({
      meterId,
      stripeCustomerId: customerId,
      start: new Date('2026-11-20T10:00:00Z'),
      end: new Date('2026-11-20T10:01:00Z'),
    });
    expect(row?.value).toBe(50);
  });

  it('at the time it happened, with fifteen digits', async () => {
    const customerId = await bench.customer();
    const { eventName } = await bench.meter();
    const occurredAt = new Date('2026-11-19T23:59:59.900Z');
    const sent = bench.usage(eventName, customerId, { occurredAt, value: 999_999_999_999_999 });
    expect(await bench.gateway.sendUsage(sent)).toBe('accepted');
    expect(bench.simulator.world.meterEvents).toMatchObject([
      { value: '999999999999999', timestamp: Date.parse('2026-11-19T23:59:59Z') / 1_000 },
    ]);
  });

  it('too long after it happened is told from what is refused', async () => {
    const { eventName } = await bench.meter();
    const customerId = await bench.customer();
    const ago = (days: number, seconds = 0) =>
      bench.usage(eventName, customerId, {
        occurredAt: new Date(START.getTime() - (days * day + seconds) * 1_000),
      });
    expect(await bench.gateway.sendUsage(ago(35))).toBe('accepted');
    expect(await bench.gateway.sendUsage(ago(35, 1))).toBe('too_old');
    const future = await failureOf(bench.gateway.sendUsage(ago(0, -301)));
    expect(future.code).toBe('stripe_refused');
    expect(bench.simulator.world.meterEvents).toHaveLength(1);
  });

  it.each([
    ['more than fifteen digits', { value: 1_000_000_000_000_000 }],
    ['a part of a unit', { value: 0.5 }],
    ['an identifier of more than a hundred letters', { identifier: 'x'.repeat(101) }],
  ])('with %s is refused', async (_, more) => {
    const { eventName } = await bench.meter();
    const usage = bench.usage(eventName, await bench.customer(), more);
    expect((await failureOf(bench.gateway.sendUsage(usage))).code).toBe('stripe_refused');
    expect(bench.simulator.world.meterEvents).toEqual([]);
  });

  it('to a meter that is not active is refused, and taken once it is active again', async () => {
    const { id, eventName } = await bench.meter();
    const usage = bench.usage(eventName, await bench.customer());
    await bench.gateway.setMeterActive(id, false);
    expect((await failureOf(bench.gateway.sendUsage(usage))).code).toBe('stripe_not_found');
    await bench.gateway.setMeterActive(id, true);
    expect(await bench.gateway.sendUsage(usage)).toBe('accepted');
  });

  it('whose answer was lost, or a 500, counts once when it is sent again', async () => {
    const customerId = await bench.customer();
    const { eventName } = await bench.meter();
    const path = '/v1/billing/meter_events';
    // stripe-node tries three times.
    bench.simulator.faults.add({ kind: 'cut_after', path, times: 3 });
    const lost = bench.usage(eventName, customerId);
    expect((await failureOf(bench.gateway.sendUsage(lost))).code).toBe('stripe_unavailable');
    expect(await bench.gateway.sendUsage(lost)).toBe('duplicate');
    bench.simulator.faults.add({ kind: '500', path, times: 1 });
    const failed = bench.usage(eventName, customerId);
    expect((await failureOf(bench.gateway.sendUsage(failed))).code).toBe('stripe_unavailable');
    expect(await bench.gateway.sendUsage(failed)).toBe('accepted');
    expect(bench.simulator.world.meterEvents.map(({ identifier }) => identifier)).toEqual([
      lost.identifier,
      failed.identifier,
    ]);
  });

  it('is taken back within a day, and is then gone', async () => {
    const customerId = await bench.customer();
    const { id: meterId, eventName } = await bench.meter();
    const keep = bench.usage(eventName, customerId, { value: 2 });
    const undo = bench.usage(eventName, customerId, { value: 40 });
    for (const usage of [keep, undo]) await bench.gateway.sendUsage(usage);
    expect(await bench.gateway.cancelUsage(undo)).toBe('cancelled');
    expect(await bench.gateway.cancelUsage(undo)).toBe('gone');
    const query = {
      meterId,
      stripeCustomerId: customerId,
      start: new Date('2026-11-20T10:00:00Z'),
      end: new Date('2026-11-20T10:01:00Z'),
    };
    expect(await bench.gateway.listUsage(query)).toMatchObject([{ value: 2 }]);
    advance(bench.simulator.world, START.getTime() / 1_000 + day + 1);
    expect((await failureOf(bench.gateway.cancelUsage(keep))).code).toBe('stripe_refused');
    const unknown = await failureOf(
      bench.gateway.cancelUsage({ eventName, identifier: 'never sent' }),
    );
    expect(unknown.code).toBe('stripe_refused');
    expect(await bench.gateway.listUsage(query)).toMatchObject([{ value: 2 }]);
  });
});

describe('usage that is read', () => {
  const times = [
    '2026-11-18T23:59:59Z',
    '2026-11-19T00:00:00Z',
    '2026-11-19T10:30:00Z',
    '2026-11-20T09:59:59Z',
  ];
  const read = (formula: 'sum' | 'count' | 'last', by?: 'day' | 'hour') =>
    bench.meter(formula).then(async ({ id: meterId, eventName }) => {
      const stripeCustomerId = await bench.customer();
      for (const [index, time] of times.entries()) {
        const more = { occurredAt: new Date(time), value: 10 ** index };
        await bench.gateway.sendUsage(bench.usage(eventName, stripeCustomerId, more));
      }
      await bench.gateway.sendUsage(bench.usage(eventName, await bench.customer()));
      const rows = await bench.gateway.listUsage({
        meterId,
        stripeCustomerId,
        start: new Date('2026-11-18T00:00:00Z'),
        end: new Date(by === 'day' ? '2026-11-21T00:00:00Z' : '2026-11-20T10:00:00Z'),
        ...(by === undefined ? {} : { by }),
      });
      return rows.map(({ start, end, value }) => [
        start.toISOString().slice(0, 16),
        end.toISOString().slice(0, 16),
        value,
      ]);
    });

  it.each([
    ['sum', 1_111],
    ['count', 4],
    ['last', 1_000],
  ] as const)('as a whole is one row by the formula %s', async (formula, value) => {
    expect(await read(formula)).toEqual([['2026-11-18T00:00', '2026-11-20T10:00', value]]);
  });

  it('by day is in days of UTC, oldest first', async () => {
    expect(await read('sum', 'day')).toEqual([
      ['2026-11-18T00:00', '2026-11-19T00:00', 1],
      ['2026-11-19T00:00', '2026-11-20T00:00', 110],
      ['2026-11-20T00:00', '2026-11-21T00:00', 1_000],
    ]);
  });

  it('by hour is in hours', async () => {
    expect(await read('last', 'hour')).toEqual([
      ['2026-11-18T23:00', '2026-11-19T00:00', 1],
      ['2026-11-19T00:00', '2026-11-19T01:00', 10],
      ['2026-11-19T10:00', '2026-11-19T11:00', 100],
      ['2026-11-20T09:00', '2026-11-20T10:00', 1_000],
    ]);
  });

  it('is whole over more than a page of hours', async () => {
    const { id: meterId, eventName } = await bench.meter();
    const stripeCustomerId = await bench.customer();
    const start = new Date('2026-11-15T00:00:00Z');
    const hourAt = (index: number) => new Date(start.getTime() + index * 3_600_000);
    for (let index = 0; index < 120; index += 1) {
      const more = { occurredAt: hourAt(index), value: index + 1 };
      await bench.gateway.sendUsage(bench.usage(eventName, stripeCustomerId, more));
    }
    const query = { meterId, stripeCustomerId, start, end: hourAt(120) };
    const rows = await bench.gateway.listUsage({ ...query, by: 'hour' });
    expect(rows.map(({ value }) => value)).toEqual(Array.from({ length: 120 }, (_, at) => at + 1));
    expect(await bench.gateway.listUsage(query)).toMatchObject([{ value: 7_260 }]);
  });

  it('is refused between whole minutes', async () => {
    const { id: meterId } = await bench.meter();
    const query = { meterId, stripeCustomerId: await bench.customer(), start: START, end: START };
    const error = await failureOf(bench.gateway.listUsage(query));
    expect(error).toMatchObject({
      code: 'stripe_refused',
      details: { parameter: 'start_time' },
    });
  });
});

describe('reports of rejected usage', () => {
  it('name the event, the meter and the cause, oldest first', async () => {
    const { id: meterId, eventName } = await bench.meter();
    const first = bench.usage(eventName, await bench.customer());
    const second = bench.usage(eventName, 'cus_none');
    expect(await bench.gateway.listMeterErrors({ since: new Date(0) })).toEqual([]);
    for (const usage of [first, second]) {
      expect(await bench.gateway.sendUsage(usage)).toBe('accepted');
    }
    rejectMeterEvent(bench.simulator.world, first.identifier, 'no_meter');
    expect(await bench.gateway.listMeterErrors({ since: START })).toEqual([
      {
        id: expect.stringMatching(/^evt_/),
        createdAt: START,
        meterId,
        errorCount: 1,
        named: [
          {
            identifier: second.identifier,
            code: 'meter_event_customer_not_found',
            message: "No such customer: 'cus_none'",
          },
        ],
      },
      {
        id: expect.stringMatching(/^evt_/),
        createdAt: START,
        meterId: null,
        errorCount: 1,
        named: [
          {
            identifier: first.identifier,
            code: 'no_meter',
            message: expect.stringContaining(eventName),
          },
        ],
      },
    ]);
  });

  it('are read whole over several pages, and from an instant on', async () => {
    const { eventName } = await bench.meter();
    const { world } = bench.simulator;
    const identifiers: string[] = [];
    const customerId = await bench.customer();
    for (let index = 0; index < 250; index += 1) {
      const usage = bench.usage(eventName, customerId);
      await bench.gateway.sendUsage(usage);
      identifiers.push(usage.identifier);
    }
    for (const [index, identifier] of identifiers.entries()) {
      if (index === 120) advance(world, START.getTime() / 1_000 + 60);
      rejectMeterEvent(world, identifier, 'archived_meter');
    }
    const named = async (since: Date) =>
      (await bench.gateway.listMeterErrors({ since })).flatMap((report) =>
        report.named.map(({ identifier }) => identifier),
      );
    expect(await named(START)).toEqual(identifiers);
    const minuteLater = new Date(START.getTime() + 60_000);
    expect(await named(minuteLater)).toEqual(identifiers.slice(120));
    expect(await named(new Date(minuteLater.getTime() + 1))).toEqual([]);
  });
});

describe('a preview', () => {
  it('has a line for each tier that is reached', async () => {
    const customerId = await bench.customer();
    const { id: meterId, eventName } = await bench.meter();
    const priceId = await bench.price(meterId, graduated);
    const { id } = await bench.subscribe(customerId, priceId);
    await bench.gateway.sendUsage(bench.usage(eventName, customerId, { value: 12_000 }));
    const preview = await bench.gateway.previewInvoice(id);
    expect(preview).toMatchObject({ currency: 'usd', totalMinor: 10_000 + 45_000 + 4_000 });
    expect(preview.lines).toEqual(
      [
        ['1000', '10', 10_000],
        ['9000', '5', 45_000],
        ['2000', '2', 4_000],
      ].map(([units, unitAmount, amountMinor], index) => ({
        description: expect.stringContaining(`${units} × Tokens (Tier ${index + 1} at`),
        quantity: Number(units),
        unitAmount,
        amountMinor,
        priceId,
        periodStart: START,
        periodEnd: new Date('2026-12-20T10:00:30Z'),
      })),
    );
  });

  it('of many tiers is whole, also beyond the lines that come with it', async () => {
    const customerId = await bench.customer();
    const { id: meterId, eventName } = await bench.meter();
    const tiers: Tier[] = Array.from({ length: 60 }, (_, index) => ({
      upTo: index < 59 ? (index + 1) * 10 : null,
      unitAmount: '0.3',
      flatAmount: '7',
    }));
    const { id } = await bench.subscribe(customerId, await bench.price(meterId, tiers));
    await bench.gateway.sendUsage(bench.usage(eventName, customerId, { value: 1_000 }));
    const { lines, totalMinor } = await bench.gateway.previewInvoice(id);
    expect(lines.map(({ amountMinor }) => amountMinor)).toEqual(
      chargesOf(tiers, 1_000).flatMap(({ unitsMinor, flatMinor }) => [unitsMinor, flatMinor]),
    );
    expect(totalMinor).toBe(amountOf(tiers, 1_000));
  });
});

describe('an amount', () => {
  const amount = fc
    .record({ whole: fc.nat(500), decimals: fc.stringMatching(/^[0-9]{0,12}$/) })
    .map(({ whole, decimals }) => (decimals === '' ? `${whole}` : `${whole}.${decimals}`));
  const tierList = fc
    .array(
      fc.record({
        size: fc.integer({ min: 1, max: 5_000 }),
        unitAmount: amount,
        flatAmount: fc.option(amount),
      }),
      { minLength: 1, maxLength: 8 },
    )
    .map((sized): Tier[] => {
      let reached = 0;
      return sized.map(({ size, ...amounts }, index) => {
        reached += size;
        return { upTo: index === sized.length - 1 ? null : reached, ...amounts };
      });
    });
  /** At the ends of tiers, in them, and none at all. */
  const priced = tierList.chain((tiers) =>
    fc.record({
      tiers: fc.constant(tiers),
      quantity: fc.oneof(
        fc.constantFrom(0, ...tiers.flatMap(({ upTo }) => (upTo === null ? [] : [upTo, upTo + 1]))),
        fc.nat(50_000),
      ),
    }),
  );

  it('is what Stripe previews and then bills, for any tiers and quantity', async () => {
    const { id: meterId, eventName } = await bench.meter();
    await fc.assert(
      fc.asyncProperty(priced, async ({ tiers, quantity }) => {
        const customerId = await bench.customer();
        const priceId = await bench.price(meterId, tiers);
        const { id } = await bench.subscribe(customerId, priceId);
        if (quantity > 0) {
          await bench.gateway.sendUsage(bench.usage(eventName, customerId, { value: quantity }));
        }
        const preview = await bench.gateway.previewInvoice(id);
        expect(preview.totalMinor).toBe(amountOf(tiers, quantity));
        const used = preview.lines.filter((line) => line.priceId === priceId);
        expect(used.reduce((sum, line) => sum + line.amountMinor, 0)).toBe(preview.totalMinor);
        expect(used.reduce((sum, line) => sum + (line.quantity ?? 0), 0)).toBe(quantity);
        await bench.gateway.cancelSubscription(id, 'now');
        const [invoice] = (await bench.stripe.invoices.list({ subscription: id, limit: 1 })).data;
        expect(invoice?.total).toBe(preview.totalMinor);
      }),
      { numRuns: 25 },
    );
  });
});

describe('a restricted key', () => {
  it.each<[string, string[], (gateway: StripeGateway) => Promise<unknown>]>([
    ['rak_billing_meter_read', [], (gateway) => gateway.findMeter('tokens')],
    [
      'rak_billing_meter_write',
      ['rak_billing_meter_read'],
      (gateway) => gateway.createMeter({ eventName: 'a', name: 'A', formula: 'sum' }, 'meter:a'),
    ],
    ['rak_billing_meter_write', [], (gateway) => gateway.setMeterActive('mtr_1', false)],
    [
      'rak_billing_meter_event_write',
      ['rak_billing_meter_write'],
      (gateway) => gateway.sendUsage(bench.usage('a', 'cus_1')),
    ],
    [
      'rak_billing_meter_event_write',
      [],
      (gateway) => gateway.cancelUsage({ eventName: 'a', identifier: 'b' }),
    ],
    ['rak_event_read', [], (gateway) => gateway.listMeterErrors({ since: START })],
    ['rak_subscription_write', [], (gateway) => gateway.cancelSubscription('sub_1', 'now')],
    ['rak_invoice_write', ['rak_invoice_read'], (gateway) => gateway.previewInvoice('sub_1')],
  ])('without %s is told so', async (needs, permissions, call) => {
    expect(await failureOf(call(bench.restrictedTo(...permissions)))).toMatchObject({
      code: 'stripe_permission',
      details: { needs },
    });
  });
});

describe('another server', () => {
  const { gatewayTo } = scriptedGatewayForEachTest();
  const usage = {
    identifier: 'usage:1',
    eventName: 'tokens',
    stripeCustomerId: 'cus_1',
    value: 1,
    occurredAt: START,
  };
  const accepted = { object: 'billing.meter_event', livemode: false };
  const report = {
    id: 'evt_1',
    object: 'v2.core.event',
    type: 'v1.billing.meter.no_meter_found',
    created: '2026-11-20T10:00:30.500Z',
    livemode: false,
  };
  const told = {
    ...report,
    data: { reason: { error_count: 3, error_types: [] } },
  };

  it.each<[string, ReturnType<typeof failing>]>([
    ['as Stripe says it', failing(404, { message: 'Unrecognized request URL' })],
    ['in the words of API v2', failing(404, { code: 'not_found', message: 'Not found' })],
    ['without words', { status: 404, json: {} }],
    ['in HTML', { status: 404, text: '<h1>Not found</h1>' }],
  ])('that has no events of API v2 says so %s', async (_, answer) => {
    const { gateway } = await gatewayTo(() => answer);
    const error = await failureOf(gateway.listMeterErrors({ since: START }));
    expect(error.code).toBe('stripe_not_found');
  });

  it.each([{}, { data: null }, { object: 'list' }])(
    'that answers %j to a list of reports is not taken for Stripe',
    async (json) => {
      const { gateway } = await gatewayTo(() => ({ json }));
      const error = await failureOf(gateway.listMeterErrors({ since: START }));
      expect(error.code).toBe('stripe_unavailable');
    },
  );

  it('that lists reports without what they tell is asked for each', async () => {
    const { gateway, asked } = await gatewayTo(({ path }) => ({
      json: path.endsWith('/evt_1')
        ? told
        : { data: [report, { ...report, id: 'evt_2', type: 'other' }], next_page_url: null },
    }));
    expect(await gateway.listMeterErrors({ since: START })).toEqual([
      {
        id: 'evt_1',
        createdAt: new Date(report.created),
        meterId: null,
        errorCount: 3,
        named: [],
      },
    ]);
    expect(asked.map(({ path }) => path)).toEqual(['/v2/core/events', '/v2/core/events/evt_1']);
  });

  it.each([
    [{ message: 'An event already exists with identifier usage:1.' }, 'duplicate'],
    [{ code: 'duplicate_meter_event', message: 'Already there' }, 'duplicate'],
    [
      { message: 'A meter event with a duplicate identifier has already been submitted.' },
      'duplicate',
    ],
    [{ message: 'The timestamp must be within the past 35 calendar days.' }, 'too_old'],
    [{ code: 'timestamp_too_far_in_past', message: 'Too late' }, 'too_old'],
  ])('that refuses usage with %j', async (said, outcome) => {
    const { gateway } = await gatewayTo(() => failing(400, said));
    expect(await gateway.sendUsage(usage)).toBe(outcome);
  });

  it('gets usage as text, and no key that would repeat an old answer', async () => {
    const { gateway, asked } = await gatewayTo(() => ({ json: accepted }));
    for (let time = 0; time < 2; time += 1) await gateway.sendUsage(usage);
    expect(asked[0]?.parameters).toEqual({
      event_name: 'tokens',
      identifier: 'usage:1',
      timestamp: String(START.getTime() / 1_000),
      payload: { stripe_customer_id: 'cus_1', value: '1' },
    });
    const keys = asked.map(({ headers }: AskedOfStripe) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(2);
  });

  it('that answers usage with something else may or may not have it', async () => {
    const { gateway } = await gatewayTo(() => ({ json: { ok: true } }));
    expect((await failureOf(gateway.sendUsage(usage))).code).toBe('stripe_unavailable');
  });

  it('that does not list the lines of a preview has given the first ones', async () => {
    const line = {
      id: 'il_1',
      amount: 10,
      description: 'Tokens',
      quantity: 1,
      period: { start: 0, end: 60 },
      pricing: null,
    };
    const { gateway } = await gatewayTo(({ path }) =>
      path === '/v1/invoices/create_preview'
        ? {
            json: {
              id: 'upcoming_in_1',
              object: 'invoice',
              livemode: false,
              currency: 'usd',
              total: 110,
              lines: { object: 'list', data: [line], has_more: true },
            },
          }
        : failing(404, { message: 'No such invoice' }),
    );
    expect(await gateway.previewInvoice('sub_1')).toEqual({
      currency: 'usd',
      totalMinor: 110,
      lines: [
        {
          description: 'Tokens',
          quantity: 1,
          unitAmount: null,
          amountMinor: 10,
          priceId: null,
          periodStart: new Date(0),
          periodEnd: new Date(60_000),
        },
      ],
    });
  });
});
