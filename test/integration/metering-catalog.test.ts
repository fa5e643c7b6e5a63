import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLog } from '#main/logging/log.ts';
import { bindFeature } from '#main/metering/catalog/bind-feature.ts';
import { createMeter } from '#main/metering/catalog/create-meter.ts';
import { createPrice } from '#main/metering/catalog/create-price.ts';
import { listMeteringCatalog } from '#main/metering/catalog/list-metering-catalog.ts';
import { setMeterActive } from '#main/metering/catalog/set-meter-active.ts';
import { setPriceActive } from '#main/metering/catalog/set-price-active.ts';
import { syncMetering } from '#main/metering/catalog/sync-metering.ts';
import type { MeteringTarget } from '#main/metering/metering-target.ts';
import type { StripeGateway } from '#main/stripe/gateway/gateway.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import { startSimulator } from '#main/stripe-simulator/simulator.ts';
import { failureOf } from '#test/support/failure-of.ts';
import { isDeath, mortal, openStripeShop, type StripeShop } from '#test/support/stripe-shop.ts';
import { stripeFor } from '#test/support/stripe-simulator.ts';

let shop: StripeShop;
let stripe: Stripe;
let eventName = '';
let priceId = '';
let number = 0;

beforeAll(async () => {
  shop = await openStripeShop();
  stripe = stripeFor(shop.simulator);
});
afterAll(() => shop.close());
beforeEach(async () => {
  // What a test left must not be what the next one's sync meets.
  for (const table of ['feature_meters', 'subscription_items', 'stripe_metered_prices']) {
    await shop.database.pool.query(`DELETE FROM credits_billing.${table}`);
  }
  for (const table of ['metered_prices', 'stripe_meters', 'meters']) {
    await shop.database.pool.query(`DELETE FROM credits_billing.${table}`);
  }
  shop.simulator.faults.clear();
  number += 1;
  eventName = `calls_${number}`;
  priceId = `calls_usd_${number}`;
});

type MeterChange = Partial<Parameters<typeof createMeter>[1]>;
type PriceChange = Partial<Parameters<typeof createPrice>[1]>;

const meterOf = (change: MeterChange = {}) => ({
  eventName,
  name: 'API calls',
  formula: 'sum' as const,
  ...change,
});
const priceOf = (change: PriceChange = {}) => ({
  id: priceId,
  name: 'API calls',
  eventName,
  currency: 'usd',
  interval: 'month' as const,
  tiers: [
    { upTo: 1_000, unitAmount: '10', flatAmount: null },
    { upTo: 10_000, unitAmount: '5', flatAmount: '250' },
    { upTo: null, unitAmount: '0.02', flatAmount: null },
  ],
  ...change,
});
const makeMeter = (change: MeterChange = {}, target: MeteringTarget = shop.target) =>
  createMeter(target, meterOf(change));
const makePrice = (change: PriceChange = {}, target: MeteringTarget = shop.target) =>
  createPrice(target, priceOf(change));
const list = () => listMeteringCatalog(shop.target.database);

async function meterListed(name = eventName) {
  return (await list()).meters.find((meter) => meter.eventName === name);
}
async function priceListed(id = priceId) {
  return (await list()).prices.find((price) => price.id === id);
}

function metersInStripe(name = eventName, simulator = shop.simulator): Stripe.Billing.Meter[] {
  return [...simulator.world.collection('meters').newestFirst()].filter(
    (meter) => meter.event_name === name,
  );
}
function pricesInStripe(id = priceId, simulator = shop.simulator): Stripe.Price[] {
  return [...simulator.world.collection('prices').newestFirst()].filter(
    (price) => price.metadata.metered_price === id,
  );
}
function productsInStripe(id = priceId, simulator = shop.simulator): Stripe.Product[] {
  return [...simulator.world.collection('products').newestFirst()].filter(
    (product) => product.metadata.metered_price === id,
  );
}
/** Everything that was ever changed at the simulator. */
const changes = () => shop.simulator.world.collection('events').count();

/** The target with some calls of its gateway in place of the real ones, which they are given. */
function withCalls(
  calls: (real: StripeGateway) => Partial<StripeGateway>,
  target: MeteringTarget = shop.target,
): MeteringTarget {
  return { ...target, gateway: { ...target.gateway, ...calls(target.gateway) } };
}
/** The target, and the calls that its gateway got. */
function noting(): { target: MeteringTarget; calls: string[] } {
  const calls: string[] = [];
  const gateway = new Proxy(shop.target.gateway, {
    get(real, name: keyof StripeGateway) {
      calls.push(name);
      return real[name];
    },
  });
  return { target: { ...shop.target, gateway }, calls };
}
const lost = () => Promise.reject(new Error('the console was closed'));

async function subscriptionOn(meter: string, status: string, more: { account?: string } = {}) {
  const account = more.account ?? shop.target.accountId;
  const id = `${status}_${meter}_${account}`;
  await shop.database.pool.query(
    `INSERT INTO credits_billing.subscriptions (id, account_id, customer_id, status) VALUES ($1, $2, 'ada', $3)`,
    [`sub_${id}`, account, status],
  );
  await shop.database.pool.query(
    `INSERT INTO credits_billing.subscription_items (id, subscription_id, account_id, customer_id, price_id, event_name,
       current_period_start, current_period_end) VALUES ($1, $2, $3, 'ada', 'price_1', $4, now(), now() + interval '1 month')`,
    [`si_${id}`, `sub_${id}`, account, meter],
  );
  return `sub_${id}`;
}

describe('a meter', () => {
  it.each(['sum', 'count', 'last'] as const)(
    'of formula %s is made here and in Stripe',
    async (formula) => {
      await makeMeter({ formula });
      const [meter] = metersInStripe();
      expect(meter).toMatchObject({
        display_name: 'API calls',
        event_name: eventName,
        default_aggregation: { formula },
        customer_mapping: { type: 'by_id', event_payload_key: 'stripe_customer_id' },
        value_settings: { event_payload_key: 'value' },
        status: 'active',
      });
      expect(await meterListed()).toEqual({
        eventName,
        name: 'API calls',
        formula,
        active: true,
        link: { state: 'current', stripeId: meter?.id, stripeUrl: null },
        changedAt: expect.stringMatching(/^\d{4}-/),
        changedBy: 'test_admin',
      });
    },
  );

  it('that is made again with the same content is the one that is there', async () => {
    await makeMeter();
    const before = [await meterListed(), changes()];
    await makeMeter();
    expect([await meterListed(), changes()]).toEqual(before);
  });

  it('of a taken event name is refused before anything is asked of Stripe', async () => {
    await makeMeter();
    const { target, calls } = noting();
    for (const other of [{ formula: 'last' as const }, { name: 'Other calls' }]) {
      await expect(makeMeter(other, target)).rejects.toMatchObject({
        code: 'invalid_argument',
        fields: { eventName: 'is taken' },
      });
    }
    expect(calls).toEqual([]);
    expect(await meterListed()).toMatchObject({ name: 'API calls', formula: 'sum' });

    await setMeterActive(shop.target, { eventName, active: false });
    await expect(makeMeter({}, target)).rejects.toMatchObject({
      fields: { eventName: 'is taken' },
    });
    expect(calls).toEqual([]);
  });

  it('that Stripe has with the same content is taken over, and made active', async () => {
    const there = await stripe.billing.meters.create({
      event_name: eventName,
      display_name: 'Made in the dashboard',
      default_aggregation: { formula: 'sum' },
    });
    await stripe.billing.meters.deactivate(there.id);
    await makeMeter();
    expect(metersInStripe().map(({ id, status }) => [id, status])).toEqual([[there.id, 'active']]);
    expect((await meterListed())?.link).toMatchObject({ state: 'current', stripeId: there.id });
  });

  const others: [string, Partial<Stripe.Billing.MeterCreateParams>, string][] = [
    ['formula', { default_aggregation: { formula: 'last' } }, 'its formula is last, not sum'],
    [
      'customer',
      { customer_mapping: { type: 'by_id', event_payload_key: 'customer' } },
      'it reads the customer from “customer”',
    ],
    [
      'value',
      { value_settings: { event_payload_key: 'tokens' } },
      'it reads the value from “tokens”',
    ],
    ['window', { event_time_window: 'day' }, 'only the newest event of each day'],
  ];
  it.each(others)(
    'that Stripe has with another %s is refused, and nothing is changed anywhere',
    async (_, how, why) => {
      const there = await stripe.billing.meters.create({
        event_name: eventName,
        display_name: 'Other',
        default_aggregation: { formula: 'sum' },
        ...how,
      });
      const before = changes();
      const failure = await failureOf(makeMeter());
      expect(failure).toMatchObject({
        code: 'invalid_argument',
        fields: { eventName: 'is another meter in Stripe' },
        details: { stripeMeterId: there.id },
      });
      expect(failure.message).toContain(there.id);
      expect(failure.message).toContain(why);
      expect(changes()).toBe(before);
      expect(await meterListed()).toBeUndefined();
    },
  );

  it('stays here, not linked, where Stripe does not answer, and the same again links it', async () => {
    shop.simulator.faults.add({ kind: '503' });
    const failure = await failureOf(makeMeter());
    expect(failure.code).toBe('stripe_unavailable');
    expect(failure.message).toContain('saved in the console');
    expect(await meterListed()).toMatchObject({
      active: true,
      link: { state: 'unlinked', stripeId: null, stripeUrl: null },
    });
    shop.simulator.faults.clear();
    await expect(makeMeter({ formula: 'count' })).rejects.toMatchObject({
      fields: { eventName: 'is taken' },
    });
    await makeMeter();
    expect((await meterListed())?.link.state).toBe('current');
    expect(metersInStripe()).toHaveLength(1);
  });

  it('whose creation Stripe did and did not tell is found again', async () => {
    shop.simulator.faults.add({
      kind: 'cut_after',
      method: 'POST',
      path: '/v1/billing/meters',
      times: 3,
    });
    await expect(makeMeter()).rejects.toMatchObject({ code: 'stripe_unavailable' });
    expect((await meterListed())?.link.state).toBe('unlinked');
    await makeMeter();
    expect(metersInStripe()).toHaveLength(1);
    expect((await meterListed())?.link.state).toBe('current');
  });

  it('is deactivated and activated here and in Stripe; a repeat changes nothing', async () => {
    await makeMeter();
    await setMeterActive(shop.target, { eventName, active: false });
    expect(metersInStripe()[0]?.status).toBe('inactive');
    const off = await meterListed();
    expect(off).toMatchObject({ active: false, link: { state: 'current' } });
    const before = changes();
    await setMeterActive(shop.target, { eventName, active: false });
    expect([changes(), await meterListed()]).toEqual([before, off]);

    await setMeterActive(shop.target, { eventName, active: true });
    expect(metersInStripe().map(({ status }) => status)).toEqual(['active']);
    expect(await meterListed()).toMatchObject({ active: true, link: { state: 'current' } });
    await expect(
      setMeterActive(shop.target, { eventName: 'nowhere', active: false }),
    ).rejects.toMatchObject({ code: 'not_found', details: { entity: 'meter', id: 'nowhere' } });
  });

  it('differs where Stripe did not answer, and the same again or a sync puts it right', async () => {
    await makeMeter();
    for (const again of [
      () => setMeterActive(shop.target, { eventName, active: false }),
      () => syncMetering(shop.target),
    ]) {
      await setMeterActive(shop.target, { eventName, active: true });
      shop.simulator.faults.add({ kind: '503', method: 'POST' });
      await expect(setMeterActive(shop.target, { eventName, active: false })).rejects.toMatchObject(
        { code: 'stripe_unavailable' },
      );
      expect(await meterListed()).toMatchObject({ active: false, link: { state: 'differs' } });
      expect(metersInStripe()[0]?.status).toBe('active');
      shop.simulator.faults.clear();
      await again();
      expect((await meterListed())?.link.state).toBe('current');
      expect(metersInStripe()[0]?.status).toBe('inactive');
    }
  });

  it('in use is not deactivated, and what uses it is named', async () => {
    await makeMeter();
    await makePrice();
    await bindFeature(shop.target.database, 'ada', {
      feature: 'ai_analysis',
      planTier: 'pro',
      eventName,
      mode: 'both',
    });
    const running = await subscriptionOn(eventName, 'past_due');
    await subscriptionOn(eventName, 'canceled');
    await subscriptionOn(eventName, 'active', { account: 'acct_before' });
    const off = () => setMeterActive(shop.target, { eventName, active: false });
    const { target, calls } = noting();
    expect((await failureOf(setMeterActive(target, { eventName, active: false }))).details).toEqual(
      {
        usedBy: [
          `the price ${priceId}`,
          'the feature ai_analysis on the plan pro',
          `the subscription ${running} of customer ada`,
        ],
      },
    );
    expect(calls).toEqual([]);
    expect((await meterListed())?.active).toBe(true);

    await setPriceActive(shop.target, { id: priceId, active: false });
    await bindFeature(shop.target.database, 'ada', {
      feature: 'ai_analysis',
      planTier: 'pro',
      eventName,
      mode: null,
    });
    const failure = await failureOf(off());
    expect(failure).toMatchObject({
      code: 'invalid_argument',
      details: { usedBy: [`the subscription ${running} of customer ada`] },
    });
    expect(failure.message).toContain(running);
    await shop.database.pool.query(
      'UPDATE credits_billing.subscription_items SET removed_at = now() WHERE subscription_id = $1',
      [running],
    );
    await off();
    expect((await meterListed())?.active).toBe(false);
  });

  it('that is inactive and was never linked leaves one of its name in Stripe alone', async () => {
    shop.simulator.faults.add({ kind: '503' });
    await expect(makeMeter()).rejects.toMatchObject({ code: 'stripe_unavailable' });
    shop.simulator.faults.clear();
    const other = await stripe.billing.meters.create({
      event_name: eventName,
      display_name: 'Another system’s',
      default_aggregation: { formula: 'last' },
    });
    await expect(syncMetering(shop.target)).rejects.toMatchObject({ code: 'invalid_argument' });
    await setMeterActive(shop.target, { eventName, active: false });
    await syncMetering(shop.target);
    expect((await stripe.billing.meters.retrieve(other.id)).status).toBe('active');
    expect(await meterListed()).toMatchObject({ active: false, link: { state: 'unlinked' } });
  });

  it('that is inactive and was never linked is no reason for a sync to stop one like it in Stripe', async () => {
    const other = await stripe.billing.meters.create({
      event_name: eventName,
      display_name: 'Another system’s',
      default_aggregation: { formula: 'sum' },
    });
    await shop.database.pool.query(
      `INSERT INTO credits_billing.meters (event_name, name, formula, active) VALUES ($1, 'API calls', 'sum', false)`,
      [eventName],
    );
    await syncMetering(shop.target);
    expect((await stripe.billing.meters.retrieve(other.id)).status).toBe('active');
    expect((await meterListed())?.link.state).toBe('unlinked');
  });

  it('whose place in Stripe another meter took is not linked to that one', async () => {
    await makeMeter();
    const [ours] = metersInStripe();
    await stripe.billing.meters.deactivate(ours?.id ?? '');
    const other = await stripe.billing.meters.create({
      event_name: eventName,
      display_name: 'API calls',
      default_aggregation: { formula: 'sum' },
    });
    const failure = await failureOf(syncMetering(shop.target));
    expect(failure).toMatchObject({
      code: 'invalid_argument',
      details: { stripeMeterId: other.id },
    });
    expect(failure.message).toContain(ours?.id);
    expect((await meterListed())?.link.stripeId).toBe(ours?.id);
  });
});

describe('a metered price', () => {
  beforeEach(() => makeMeter());

  it('with tiers is made here and in Stripe, on its meter, with a product of its own', async () => {
    await makePrice();
    const [{ id = '', product = '' } = {}] = pricesInStripe();
    const price = await stripe.prices.retrieve(id, { expand: ['tiers'] });
    expect(price).toMatchObject({
      active: true,
      currency: 'usd',
      lookup_key: `metered_${priceId}`,
      metadata: { metered_price: priceId, event_name: eventName },
      billing_scheme: 'tiered',
      tiers_mode: 'graduated',
      recurring: { interval: 'month', usage_type: 'metered', meter: metersInStripe()[0]?.id },
    });
    expect(
      price.tiers?.map((tier) => [
        tier.up_to,
        String(tier.unit_amount_decimal),
        tier.flat_amount_decimal === null ? null : String(tier.flat_amount_decimal),
      ]),
    ).toEqual([
      [1_000, '10', null],
      [10_000, '5', '250'],
      [null, '0.02', null],
    ]);
    expect(productsInStripe()).toMatchObject([{ id: product, name: 'API calls', active: true }]);
    expect(await priceListed()).toEqual({
      ...priceOf(),
      active: true,
      link: { state: 'current', stripeId: id, stripeUrl: null },
      changedAt: expect.stringMatching(/^\d{4}-/),
      changedBy: 'test_admin',
    });
  });

  it('of one tier is a price per unit, with its decimals and by the year', async () => {
    await makePrice({
      tiers: [{ upTo: null, unitAmount: '0.000000000001', flatAmount: null }],
      interval: 'year',
      currency: 'eur',
    });
    const [price] = pricesInStripe();
    expect(price).toMatchObject({
      billing_scheme: 'per_unit',
      currency: 'eur',
      recurring: { interval: 'year', usage_type: 'metered' },
    });
    expect(String(price?.unit_amount_decimal)).toMatch(/^(0\.000000000001|1e-12)$/);
  });

  it('that is made again with the same content is the one that is there; with another the id is taken', async () => {
    await makePrice();
    const before = [await priceListed(), changes()];
    await makePrice();
    expect([await priceListed(), changes()]).toEqual(before);
    await makeMeter({ eventName: `${eventName}.other` });
    const { target, calls } = noting();
    const others: PriceChange[] = [
      { name: 'Other' },
      { currency: 'eur' },
      { interval: 'year' },
      { eventName: `${eventName}.other` },
      { tiers: [{ upTo: null, unitAmount: '10', flatAmount: null }] },
    ];
    for (const other of others) {
      await expect(makePrice(other, target)).rejects.toMatchObject({
        code: 'invalid_argument',
        fields: { id: 'is taken' },
      });
    }
    expect(calls).toEqual([]);
    expect(pricesInStripe()).toHaveLength(1);
  });

  it('on no meter, or on an inactive one, is refused before anything is written or asked of Stripe', async () => {
    const { target, calls } = noting();
    await expect(makePrice({ eventName: 'nowhere' }, target)).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { eventName: 'is no meter' },
    });
    await setMeterActive(shop.target, { eventName, active: false });
    await expect(makePrice({}, target)).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { eventName: 'is inactive' },
    });
    expect(calls).toEqual([]);
    expect((await list()).prices).toEqual([]);
  });

  it('under whose lookup key Stripe has another price is refused, and nothing is changed anywhere', async () => {
    const other = await stripe.prices.create({
      currency: 'usd',
      unit_amount: 1,
      lookup_key: `metered_${priceId}`,
      metadata: { metered_price: priceId, event_name: eventName },
      product_data: { name: 'Of another workspace' },
    });
    const before = changes();
    const failure = await failureOf(makePrice());
    expect(failure).toMatchObject({
      code: 'invalid_argument',
      fields: { id: 'is another price in Stripe' },
      details: { stripePriceId: other.id },
    });
    expect(changes()).toBe(before);
    expect(await priceListed()).toBeUndefined();
  });

  it('brings its meter to Stripe too, where that is not linked', async () => {
    await shop.database.pool.query('DELETE FROM credits_billing.stripe_meters');
    await makePrice();
    expect((await meterListed())?.link.state).toBe('current');
    expect(metersInStripe()).toHaveLength(1);
    expect(pricesInStripe()).toHaveLength(1);
  });

  it('is archived and brought back in Stripe; a repeat changes nothing', async () => {
    await makePrice();
    const set = (active: boolean) => setPriceActive(shop.target, { id: priceId, active });
    await set(false);
    expect(pricesInStripe()[0]?.active).toBe(false);
    const off = await priceListed();
    expect(off).toMatchObject({ active: false, link: { state: 'current' } });
    const before = changes();
    await set(false);
    expect([changes(), await priceListed()]).toEqual([before, off]);
    await expect(makePrice()).rejects.toMatchObject({ fields: { id: 'is taken' } });

    const productId = productsInStripe()[0]?.id ?? '';
    await stripe.products.update(productId, { active: false });
    await set(true);
    expect(pricesInStripe().map(({ active }) => active)).toEqual([true]);
    expect((await stripe.products.retrieve(productId)).active).toBe(true);
    expect(await priceListed()).toMatchObject({ active: true, link: { state: 'current' } });
    await expect(
      setPriceActive(shop.target, { id: 'nowhere', active: true }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  it('that is put back on sale has its meter made active in Stripe too', async () => {
    await makePrice();
    await setPriceActive(shop.target, { id: priceId, active: false });
    await stripe.billing.meters.deactivate(metersInStripe()[0]?.id ?? '');
    await setPriceActive(shop.target, { id: priceId, active: true });
    expect(metersInStripe().map(({ status }) => status)).toEqual(['active']);
  });

  it('that is off sale and was never linked leaves another one under its lookup key alone', async () => {
    shop.simulator.faults.add({ kind: '503' });
    await expect(makePrice()).rejects.toMatchObject({ code: 'stripe_unavailable' });
    shop.simulator.faults.clear();
    const other = await stripe.prices.create({
      currency: 'usd',
      unit_amount: 1,
      lookup_key: `metered_${priceId}`,
      product_data: { name: 'Of another workspace' },
    });
    await expect(syncMetering(shop.target)).rejects.toMatchObject({ code: 'invalid_argument' });
    await setPriceActive(shop.target, { id: priceId, active: false });
    await syncMetering(shop.target);
    expect((await stripe.prices.retrieve(other.id)).active).toBe(true);
    expect((await priceListed())?.link.state).toBe('unlinked');
  });

  it('is not activated while its meter is inactive', async () => {
    await makePrice();
    await setPriceActive(shop.target, { id: priceId, active: false });
    await setMeterActive(shop.target, { eventName, active: false });
    await expect(setPriceActive(shop.target, { id: priceId, active: true })).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { eventName: 'is inactive' },
    });
    expect((await priceListed())?.active).toBe(false);
    expect(pricesInStripe()[0]?.active).toBe(false);
  });

  it('differs where Stripe did not answer, until the same again or a sync', async () => {
    await makePrice();
    for (const again of [
      () => setPriceActive(shop.target, { id: priceId, active: false }),
      () => syncMetering(shop.target),
    ]) {
      await setPriceActive(shop.target, { id: priceId, active: true });
      shop.simulator.faults.add({ kind: '503', method: 'POST' });
      await expect(
        setPriceActive(shop.target, { id: priceId, active: false }),
      ).rejects.toMatchObject({ code: 'stripe_unavailable' });
      expect(await priceListed()).toMatchObject({ active: false, link: { state: 'differs' } });
      shop.simulator.faults.clear();
      await again();
      expect((await priceListed())?.link.state).toBe('current');
      expect(pricesInStripe().map(({ active }) => active)).toEqual([false]);
    }
  });

  it('that Stripe refuses stays here, not linked, and does not stop a sync of the others', async () => {
    const refusing = withCalls((real) => ({
      createMeteredPrice: (price, key) =>
        price.metadata.metered_price === priceId
          ? real.createMeteredPrice({ ...price, currency: 'x' }, `${key}:refused`)
          : real.createMeteredPrice(price, key),
    }));
    const failure = await failureOf(makePrice({}, refusing));
    expect(failure.code).toBe('stripe_refused');
    expect((await priceListed())?.link.state).toBe('unlinked');
    shop.simulator.faults.add({ kind: '503' });
    const other = `${priceId}_z`;
    await expect(makePrice({ id: other })).rejects.toMatchObject({ code: 'stripe_unavailable' });
    shop.simulator.faults.clear();
    expect((await priceListed(other))?.link.state).toBe('unlinked');
    await expect(syncMetering(refusing)).rejects.toMatchObject({ code: 'stripe_refused' });
    expect((await priceListed(other))?.link.state).toBe('current');
    // Once it is not sold, nothing has to be made in Stripe.
    await setPriceActive(refusing, { id: priceId, active: false });
    await syncMetering(refusing);
    expect(pricesInStripe()).toEqual([]);
  });
});

describe('a console that is closed half-way', () => {
  it('before or after Stripe made something leaves nothing twice once it is repeated', async () => {
    const cases: [string, (real: StripeGateway) => Partial<StripeGateway>][] = [
      ['before the meter', () => ({ createMeter: lost })],
      [
        'after the meter',
        (real) => ({ createMeter: (...given) => real.createMeter(...given).then(lost) }),
      ],
      ['before the product', () => ({ createProduct: lost })],
      [
        'after the product',
        (real) => ({ createProduct: (...given) => real.createProduct(...given).then(lost) }),
      ],
      ['before the price', () => ({ createMeteredPrice: lost })],
      [
        'after the price',
        (real) => ({
          createMeteredPrice: (...given) => real.createMeteredPrice(...given).then(lost),
        }),
      ],
    ];
    for (const [when, calls] of cases) {
      eventName = `calls_${number}.${when.replaceAll(' ', '_')}`;
      priceId = `usd_${number}_${when.replaceAll(' ', '_')}`;
      const closing = withCalls(calls);
      const attempt = async (target: MeteringTarget) => {
        await makeMeter({}, target);
        await makePrice({}, target);
      };
      await expect(attempt(closing), when).rejects.toThrow('the console was closed');
      expect(await meterListed(), when).toBeDefined();
      await attempt(shop.target);
      expect(metersInStripe(), when).toHaveLength(1);
      expect(productsInStripe(), when).toHaveLength(1);
      expect(pricesInStripe(), when).toHaveLength(1);
      expect((await meterListed())?.link.state, when).toBe('current');
      expect((await priceListed())?.link.state, when).toBe('current');
    }
  });

  it('at any step of anything loses nothing, and the same again ends it', async () => {
    const attempt = async (target: MeteringTarget) => {
      await makeMeter({}, target);
      await makePrice({}, target);
      await setPriceActive(target, { id: priceId, active: false });
      await setMeterActive(target, { eventName, active: false });
    };
    const whole = mortal(shop.target, Number.POSITIVE_INFINITY);
    await attempt(whole.target);
    const steps = whole.steps();
    expect(steps).toBeGreaterThan(80);
    for (let diesAt = 1; diesAt <= steps; diesAt += 1) {
      eventName = `calls_${number}.${diesAt}`;
      priceId = `usd_${number}_${diesAt}`;
      const step = `step ${diesAt}`;
      await expect(attempt(mortal(shop.target, diesAt).target), step).rejects.toSatisfy(isDeath);
      const there = [await meterListed(), await priceListed()];
      if (there[0]?.active !== false) {
        // What is not made is made; what is made is not made again, unless it is off sale already.
        if (there[1]?.active !== false) {
          await makeMeter();
          await makePrice();
        }
        await setPriceActive(shop.target, { id: priceId, active: false });
      }
      await setMeterActive(shop.target, { eventName, active: false });
      expect(
        metersInStripe().map(({ status }) => status),
        step,
      ).toEqual(['inactive']);
      expect(
        pricesInStripe().map(({ active }) => active),
        step,
      ).toEqual([false]);
      expect(productsInStripe(), step).toHaveLength(1);
      expect((await meterListed())?.link.state, step).toBe('current');
      expect((await priceListed())?.link.state, step).toBe('current');
    }
    const before = changes();
    await syncMetering(shop.target);
    expect(changes()).toBe(before);
  });

  it('and is opened a day later finds what it made', async () => {
    const closing = withCalls((real) => ({
      createMeteredPrice: (...given) => real.createMeteredPrice(...given).then(lost),
    }));
    await makeMeter();
    await expect(makePrice({}, closing)).rejects.toThrow('the console was closed');
    shop.simulator.world.kept('idempotency').clear();
    await syncMetering(shop.target);
    expect(pricesInStripe()).toHaveLength(1);
    expect(productsInStripe()).toHaveLength(1);
    expect((await priceListed())?.link.stripeId).toBe(pricesInStripe()[0]?.id);
  });
});

describe('two consoles', () => {
  it('that make the same make it once', async () => {
    const other: MeteringTarget = { ...shop.target, actor: 'grace' };
    await Promise.all([makeMeter(), makeMeter({}, other)]);
    await Promise.all([makePrice(), makePrice({}, other)]);
    await Promise.all([syncMetering(shop.target), syncMetering(other)]);
    expect(metersInStripe()).toHaveLength(1);
    expect(productsInStripe()).toHaveLength(1);
    expect(pricesInStripe()).toHaveLength(1);
    expect(await meterListed()).toMatchObject({ link: { state: 'current' } });
    expect(await priceListed()).toMatchObject({ link: { state: 'current' } });
  });

  it('that make different things of one name: one wins, the other is told', async () => {
    const outcomes = await Promise.allSettled([makeMeter(), makeMeter({ formula: 'last' })]);
    const refused = outcomes.filter((each) => each.status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]?.reason).toMatchObject({ code: 'invalid_argument' });
    expect(metersInStripe()).toHaveLength(1);
    expect(metersInStripe()[0]?.default_aggregation.formula).toBe((await meterListed())?.formula);
  });

  it('that decide otherwise while one waits for Stripe end where the console stands', async () => {
    await makeMeter();
    await makePrice();
    let decide: () => Promise<void> = () =>
      setPriceActive(shop.target, { id: priceId, active: true });
    const slow = withCalls((real) => ({
      updatePrice: async (id, change) => {
        const now = decide;
        decide = async () => undefined;
        await now();
        await real.updatePrice(id, change);
      },
    }));
    await setPriceActive(slow, { id: priceId, active: false });
    expect(await priceListed()).toMatchObject({ active: true, link: { state: 'current' } });
    expect(pricesInStripe().map(({ active }) => active)).toEqual([true]);

    await setPriceActive(shop.target, { id: priceId, active: false });
    let turn: () => Promise<void> = () => setMeterActive(shop.target, { eventName, active: true });
    const late = withCalls((real) => ({
      setMeterActive: async (id, active) => {
        const now = turn;
        turn = async () => undefined;
        await now();
        await real.setMeterActive(id, active);
      },
    }));
    await setMeterActive(late, { eventName, active: false });
    expect(await meterListed()).toMatchObject({ active: true, link: { state: 'current' } });
    expect(metersInStripe().map(({ status }) => status)).toEqual(['active']);
  });

  it('that both deactivate a meter both succeed', async () => {
    await makeMeter();
    const off = { eventName, active: false };
    const first = withCalls((real) => ({
      setMeterActive: async (id, active) => {
        await setMeterActive(shop.target, off);
        await real.setMeterActive(id, active);
      },
    }));
    await setMeterActive(first, off);
    expect(await meterListed()).toMatchObject({ active: false, link: { state: 'current' } });
  });

  it('do not put a price on a meter that the other deactivates', async () => {
    await makeMeter();
    const outcomes = await Promise.allSettled([
      makePrice(),
      setMeterActive(shop.target, { eventName, active: false }),
    ]);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    const [meter, price] = [await meterListed(), await priceListed()];
    expect([meter?.active, price?.active ?? false]).toEqual(
      outcomes[0].status === 'fulfilled' ? [true, true] : [false, false],
    );
  });
});

describe('a sync', () => {
  it('writes nothing where everything is as it should be', async () => {
    await makeMeter();
    await makePrice();
    const before = changes();
    await syncMetering(shop.target);
    expect(changes()).toBe(before);
  });

  it('puts right what was changed in Stripe', async () => {
    await makeMeter();
    await makePrice();
    const [price] = pricesInStripe();
    await stripe.prices.update(price?.id ?? '', { active: false, metadata: { event_name: 'x' } });
    await stripe.products.update(price?.product as string, { active: false });
    await stripe.billing.meters.deactivate(metersInStripe()[0]?.id ?? '');
    await syncMetering(shop.target);
    expect(metersInStripe().map(({ status }) => status)).toEqual(['active']);
    expect(pricesInStripe()).toMatchObject([
      { id: price?.id, active: true, metadata: { event_name: eventName } },
    ]);
    expect(productsInStripe()[0]?.active).toBe(true);
  });

  it('after the workspace was bound to another account makes everything there that is active', async () => {
    await makeMeter();
    await makePrice();
    await makePrice({ id: `${priceId}_old` });
    await setPriceActive(shop.target, { id: `${priceId}_old`, active: false });
    const before = await list();
    const other = await startSimulator();
    const settings = 'UPDATE credits_billing.stripe_settings SET account_id = $1, simulated = $2';
    try {
      const target: MeteringTarget = {
        ...shop.target,
        accountId: other.world.accountId,
        gateway: createStripeGateway({
          key: 'sk_test_other',
          base: { host: '127.0.0.1', port: other.port },
          log: silentLog,
        }),
      };
      await shop.database.pool.query(settings, [target.accountId, false]);
      const unlinked = await list();
      expect([...unlinked.meters, ...unlinked.prices].map(({ link }) => link.state)).toEqual([
        'unlinked',
        'unlinked',
        'unlinked',
      ]);
      await syncMetering(target);
      const there = metersInStripe(eventName, other)[0]?.id;
      expect((await meterListed())?.link).toEqual({
        state: 'current',
        stripeId: there,
        stripeUrl: `https://dashboard.stripe.com/test/meters/${there}`,
      });
      const sold = pricesInStripe(priceId, other)[0]?.id;
      expect((await priceListed())?.link).toEqual({
        state: 'current',
        stripeId: sold,
        stripeUrl: `https://dashboard.stripe.com/test/prices/${sold}`,
      });
      expect((await priceListed(`${priceId}_old`))?.link.state).toBe('unlinked');
      expect(pricesInStripe(`${priceId}_old`, other)).toEqual([]);
    } finally {
      await shop.database.pool.query(settings, [shop.target.accountId, true]);
      await other.close();
    }
    expect(await list()).toEqual(before);
  });

  it('with a key that lacks a permission says which, and the key with it goes on', async () => {
    const key = `rk_test_metering${number}`;
    const base = { host: '127.0.0.1', port: shop.simulator.port };
    const target = {
      ...shop.target,
      gateway: createStripeGateway({ key, base, log: silentLog }),
    };
    const steps: [string[], string | null][] = [
      [['rak_account_read'], 'rak_billing_meter_read'],
      [['rak_billing_meter_read'], 'rak_billing_meter_write'],
      [['rak_billing_meter_write'], null],
    ];
    for (const [permissions, needs] of steps) {
      shop.simulator.permit(key, permissions);
      if (needs === null) await makeMeter({}, target);
      else {
        await expect(makeMeter({}, target)).rejects.toMatchObject({
          code: 'stripe_permission',
          details: { needs },
        });
        expect((await meterListed())?.link.state).toBe('unlinked');
      }
    }
    await expect(makePrice({}, target)).rejects.toMatchObject({
      code: 'stripe_permission',
      details: { needs: 'rak_plan_read' },
    });
    expect((await priceListed())?.link.state).toBe('unlinked');
    shop.simulator.permit(key, ['rak_billing_meter_write', 'rak_plan_write', 'rak_product_write']);
    await syncMetering(target);
    expect((await priceListed())?.link.state).toBe('current');
    expect(pricesInStripe()).toHaveLength(1);
  });
});

describe('a feature', () => {
  const bind = (change: Partial<Parameters<typeof bindFeature>[2]> = {}) =>
    bindFeature(shop.target.database, 'ada', {
      feature: 'ai_analysis',
      planTier: null,
      eventName,
      mode: 'report',
      ...change,
    });
  const bound = async () => (await list()).featureMeters;

  it('is bound to a meter for everybody and by plan, bound anew, and unbound', async () => {
    await makeMeter();
    const second = `${eventName}.second`;
    await makeMeter({ eventName: second });
    const forAll = { feature: 'ai_analysis', planTier: null, eventName, mode: 'report' };
    await bind();
    await bind({ planTier: 'pro', mode: 'both' });
    expect(await bound()).toEqual([forAll, { ...forAll, planTier: 'pro', mode: 'both' }]);
    await bind({ planTier: 'pro', eventName: second });
    expect(await bound()).toEqual([forAll, { ...forAll, planTier: 'pro', eventName: second }]);
    // Another one than the person saw.
    await expect(bind({ planTier: 'pro', mode: null })).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { eventName: `is ${second} by now` },
    });
    await bind({ mode: null });
    await bind({ mode: null });
    await bind({ planTier: 'pro', eventName: second, mode: null });
    expect(await bound()).toEqual([]);
  });

  it('is not bound where feature, plan or meter are not there, or the meter does not fit', async () => {
    await makeMeter();
    await makeMeter({ eventName: `${eventName}.last`, formula: 'last' });
    await makeMeter({ eventName: `${eventName}.off` });
    await setMeterActive(shop.target, { eventName: `${eventName}.off`, active: false });
    const refused: [Partial<Parameters<typeof bindFeature>[2]>, object][] = [
      [
        { feature: 'nothing' },
        { code: 'not_found', details: { entity: 'feature', id: 'nothing' } },
      ],
      [{ planTier: 'gold' }, { code: 'not_found', details: { entity: 'plan', id: 'gold' } }],
      [
        { eventName: 'nowhere' },
        { code: 'invalid_argument', fields: { eventName: 'is no meter' } },
      ],
      [
        { eventName: `${eventName}.last` },
        { code: 'invalid_argument', fields: { eventName: 'does not sum' } },
      ],
      [
        { eventName: `${eventName}.off` },
        { code: 'invalid_argument', fields: { eventName: 'is inactive' } },
      ],
    ];
    for (const [change, failure] of refused) {
      await expect(bind(change), JSON.stringify(change)).rejects.toMatchObject(failure);
    }
    expect(await bound()).toEqual([]);
  });

  it('waits for who deactivates its meter, and is then not bound', async () => {
    await makeMeter();
    const client = await shop.database.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('SELECT FROM credits_billing.meters WHERE event_name = $1 FOR UPDATE', [
        eventName,
      ]);
      const binding = failureOf(bind());
      await vi.waitFor(async () => {
        const { rows } = await shop.database.pool.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        expect(rows).toHaveLength(1);
      });
      await client.query('UPDATE credits_billing.meters SET active = false WHERE event_name = $1', [
        eventName,
      ]);
      await client.query('COMMIT');
      expect(await binding).toMatchObject({ fields: { eventName: 'is inactive' } });
    } finally {
      client.release();
    }
    expect(await bound()).toEqual([]);
  });

  it('that is not in use any more can be unbound, and not bound', async () => {
    await makeMeter();
    await shop.database.pool.query(
      `INSERT INTO credits.feature_costs (feature, valid_from, cost, active) VALUES
         ('translate', '-infinity', 3, true), ('upcoming', now() + interval '1 day', 3, true)`,
    );
    expect((await list()).features).toEqual([
      'advanced_search',
      'ai_analysis',
      'basic_search',
      'export_report',
      'translate',
    ]);
    await bind({ feature: 'translate' });
    await shop.database.pool.query(
      `INSERT INTO credits.feature_costs (feature, valid_from, cost, active) VALUES ('translate', now(), 3, false)`,
    );
    expect((await list()).features).not.toContain('translate');
    expect(await bound()).toHaveLength(1);
    for (const feature of ['translate', 'upcoming']) {
      await expect(bind({ feature, mode: 'both' })).rejects.toMatchObject({ code: 'not_found' });
    }
    await bind({ feature: 'translate', mode: null });
    expect(await bound()).toEqual([]);
  });
});
