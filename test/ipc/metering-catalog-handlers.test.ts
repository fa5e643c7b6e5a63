import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Input } from '#shared/ipc/procedure.ts';
import { type ConsoleDoor, openConsoleDoor } from '#test/support/console-door.ts';
import { openStripeDoor, type StripeDoor } from '#test/support/stripe-door.ts';

let stripe: StripeDoor;
let door: ConsoleDoor;

beforeAll(async () => {
  stripe = await openStripeDoor();
  door = stripe.door;
});
afterAll(() => stripe.close());
beforeEach(() => stripe.simulator.faults.clear());

const confirmed = { confirmedProduction: false };
const meter: Input<Contract['metering.createMeter']> = {
  eventName: 'api_calls',
  name: 'API calls',
  formula: 'sum',
  ...confirmed,
};
const price: Input<Contract['metering.createPrice']> = {
  id: 'api_calls_usd',
  name: 'API calls',
  eventName: 'api_calls',
  currency: 'usd',
  interval: 'month',
  tiers: [
    { upTo: 1_000, unitAmount: '10', flatAmount: null },
    { upTo: null, unitAmount: '0.02', flatAmount: null },
  ],
  ...confirmed,
};
const binding: Input<Contract['metering.bindFeature']> = {
  feature: 'ai_analysis',
  planTier: null,
  eventName: 'api_calls',
  mode: 'report',
  ...confirmed,
};

const told = () => door.events.filter(({ type }) => type === 'metering.changed');
const rows = async (table: string) =>
  (await stripe.database.pool.query(`SELECT * FROM credits_billing.${table}`)).rows;

describe('the metering catalog', () => {
  it('is made, deactivated, synced and bound, and each change is told', async () => {
    expect(await door.call('metering.catalog', {})).toEqual({
      meters: [],
      prices: [],
      featureMeters: [],
      features: ['advanced_search', 'ai_analysis', 'basic_search', 'export_report'],
    });
    expect((await door.call('metering.createMeter', meter)).meters).toMatchObject([
      { eventName: 'api_calls', changedBy: 'test_admin', link: { state: 'current' } },
    ]);
    expect((await door.call('metering.createPrice', price)).prices).toMatchObject([
      { id: 'api_calls_usd', tiers: price.tiers, active: true, link: { state: 'current' } },
    ]);
    expect((await door.call('metering.bindFeature', binding)).featureMeters).toEqual([
      { feature: 'ai_analysis', planTier: null, eventName: 'api_calls', mode: 'report' },
    ]);
    const off = { eventName: 'api_calls', active: false, ...confirmed };
    await expect(door.call('metering.setMeterActive', off)).rejects.toMatchObject({
      code: 'invalid_argument',
      details: { usedBy: ['the price api_calls_usd', 'the feature ai_analysis'] },
    });
    await door.call('metering.bindFeature', { ...binding, mode: null });
    const archived = await door.call('metering.setPriceActive', {
      id: 'api_calls_usd',
      active: false,
      ...confirmed,
    });
    expect(archived.prices).toMatchObject([{ active: false, link: { state: 'current' } }]);
    expect((await door.call('metering.setMeterActive', off)).meters).toMatchObject([
      { active: false, link: { state: 'current' } },
    ]);
    const synced = await door.call('metering.sync', confirmed);
    expect(synced).toEqual(await door.call('metering.catalog', {}));
    expect(told()).toEqual(
      Array.from({ length: 8 }, () => ({ type: 'metering.changed', customerId: null })),
    );
  });

  it('tells a change that Stripe stopped half-way', async () => {
    const before = told().length;
    stripe.simulator.faults.add({ kind: '503', path: '/v1/billing' });
    await expect(
      door.call('metering.createMeter', { ...meter, eventName: 'half_way' }),
    ).rejects.toMatchObject({ code: 'stripe_unavailable' });
    expect(told()).toHaveLength(before + 1);
    const { meters } = await door.call('metering.catalog', {});
    expect(meters.find(({ eventName }) => eventName === 'half_way')?.link.state).toBe('unlinked');
    stripe.simulator.faults.clear();
    const { meters: synced } = await door.call('metering.sync', confirmed);
    expect(synced.map(({ link }) => link.state)).toEqual(['current', 'current']);
  });

  const tier = (upTo: number | null, unitAmount = '1', flatAmount: string | null = null) => ({
    upTo,
    unitAmount,
    flatAmount,
  });
  const badTiers: [string, ReturnType<typeof tier>[]][] = [
    ['that overlap', [tier(100), tier(100), tier(null)]],
    ['that go down', [tier(100), tier(50), tier(null)]],
    ['without an end', [tier(100), tier(200)]],
    ['with two ends', [tier(null), tier(null)]],
    ['that begin with nothing', [tier(0), tier(null)]],
    ['of part of a unit', [tier(1.5), tier(null)]],
    ['of more units than Stripe counts', [tier(1_000_000_000_000_000), tier(null)]],
    ['with 13 decimals', [tier(null, '0.0000000000001')]],
    ['with a fee of 13 decimals', [tier(null, '1', '0.0000000000001')]],
    ['with a huge amount', [tier(null, '1000000000000')]],
    ['with a negative amount', [tier(null, '-1')]],
    ['with an amount that is no number', [tier(null, '1e3')]],
    ['of which there are none', []],
    [
      'of which there are 101',
      Array.from({ length: 101 }, (_, at) => tier(at === 100 ? null : at + 1)),
    ],
  ];

  it.each(badTiers)('refuses tiers %s before anything is written or sent', async (_, tiers) => {
    await refusedUntouched(() =>
      door.call('metering.createPrice', { ...price, id: 'bad', eventName: 'half_way', tiers }),
    );
  });

  const badCalls: [string, () => Promise<unknown>][] = [
    [
      'an event name with a space',
      () => door.call('metering.createMeter', { ...meter, eventName: 'a b' }),
    ],
    [
      'an event name of 101 letters',
      () => door.call('metering.createMeter', { ...meter, eventName: 'a'.repeat(101) }),
    ],
    [
      'a meter without a name',
      () => door.call('metering.createMeter', { ...meter, eventName: 'bad', name: ' ' }),
    ],
    [
      'a formula that Stripe lacks',
      () =>
        door.call('metering.createMeter', { ...meter, eventName: 'bad', formula: 'max' as 'sum' }),
    ],
    [
      'a taken event name',
      () => door.call('metering.createMeter', { ...meter, eventName: 'half_way', formula: 'last' }),
    ],
    ['a taken id', () => door.call('metering.createPrice', { ...price, name: 'Another' })],
    ['a price id of capitals', () => door.call('metering.createPrice', { ...price, id: 'BAD' })],
    [
      'a price by the week',
      () => door.call('metering.createPrice', { ...price, id: 'bad', interval: 'week' as 'month' }),
    ],
    [
      'a currency that is none',
      () => door.call('metering.createPrice', { ...price, id: 'bad', currency: 'us' }),
    ],
    [
      'an unknown meter',
      () => door.call('metering.createPrice', { ...price, id: 'bad', eventName: 'unknown' }),
    ],
    [
      'a binding to an unknown meter',
      () => door.call('metering.bindFeature', { ...binding, eventName: 'unknown' }),
    ],
  ];

  it.each(badCalls)('refuses %s before anything is written or sent', async (_, call) => {
    await refusedUntouched(call);
  });

  /** The call is an invalid argument; no row is written, and Stripe is not asked anything. */
  async function refusedUntouched(call: () => Promise<unknown>): Promise<void> {
    const all = async () =>
      Promise.all(['meters', 'metered_prices', 'feature_meters', 'stripe_meters'].map(rows));
    const before = await all();
    stripe.simulator.faults.add({ kind: '503' });
    await expect(call()).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(stripe.simulator.faults.list().map(({ hits }) => hits)).toEqual([0]);
    expect(await all()).toEqual(before);
  }

  it('can be read by every role, and changed by those that manage Stripe', async () => {
    for (const role of ['test_reader', 'test_support'] as const) {
      const other = await openConsoleDoor({ url: stripe.database.urlFor(role) });
      try {
        expect((await other.call('metering.catalog', {})).meters.length).toBeGreaterThan(0);
        for (const call of [
          () => other.call('metering.createMeter', { ...meter, eventName: 'mine' }),
          () =>
            other.call('metering.setMeterActive', {
              eventName: 'half_way',
              active: false,
              ...confirmed,
            }),
          () => other.call('metering.createPrice', { ...price, id: 'mine' }),
          () =>
            other.call('metering.setPriceActive', {
              id: 'api_calls_usd',
              active: true,
              ...confirmed,
            }),
          () => other.call('metering.sync', confirmed),
          () => other.call('metering.bindFeature', binding),
        ]) {
          await expect(call()).rejects.toMatchObject({ code: 'not_permitted' });
        }
      } finally {
        await other.close();
      }
    }
  });

  it('asks once more on a production connection, and says what is missing without Stripe', async () => {
    const production = await openConsoleDoor({
      url: stripe.database.urlFor('test_admin'),
      environment: 'production',
    });
    try {
      const bound = { ...binding, eventName: 'half_way' };
      await expect(production.call('metering.bindFeature', bound)).rejects.toMatchObject({
        code: 'confirmation_required',
      });
      const asked = { ...bound, confirmedProduction: true };
      expect((await production.call('metering.bindFeature', asked)).featureMeters).toHaveLength(1);
      for (const call of [
        () =>
          production.call('metering.createMeter', {
            ...meter,
            eventName: 'p1',
            confirmedProduction: true,
          }),
        () => production.call('metering.sync', { confirmedProduction: true }),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'stripe_not_connected' });
      }
      expect((await rows('meters')).map(({ event_name }) => event_name)).not.toContain('p1');
    } finally {
      await production.close();
    }
  });
});
