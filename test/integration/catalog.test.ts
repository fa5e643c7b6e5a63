import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compareCatalog } from '#main/catalog/compare-catalog.ts';
import { listCatalog } from '#main/catalog/list-catalog.ts';
import { savePackage } from '#main/catalog/save-package.ts';
import { savePlan } from '#main/catalog/save-plan.ts';
import { syncCatalog } from '#main/catalog/sync-catalog.ts';
import { toCredits } from '#shared/credits.ts';
import { isDeath, mortal, openStripeShop, type StripeShop } from '#test/support/stripe-shop.ts';
import { stripeFor } from '#test/support/stripe-simulator.ts';

let shop: StripeShop;
let stripe: Stripe;
let packageId = '';
let number = 0;

beforeAll(async () => {
  shop = await openStripeShop();
  stripe = stripeFor(shop.simulator);
});
afterAll(() => shop.close());
beforeEach(() => {
  shop.simulator.faults.clear();
  number += 1;
  packageId = `pack_${number}`;
});

const list = () => listCatalog(shop.target.database, undefined);
const compared = async () =>
  listCatalog(shop.target.database, await compareCatalog(shop.target, new Date()));
const sync = (id = packageId) => syncCatalog(shop.target, 'ada', { kind: 'package', id });

async function linkOf(catalog: Awaited<ReturnType<typeof list>>, id = packageId) {
  const found = catalog.packages.find((each) => each.id === id);
  if (!found) throw new Error(`no package ${id}`);
  return found.link;
}

function save(change: Partial<Parameters<typeof savePackage>[2]> = {}, isNew = false) {
  return savePackage(shop.target.database, 'ada', {
    isNew,
    id: packageId,
    name: `Pack ${number}`,
    credits: toCredits(1_000),
    currency: 'usd',
    amountMinor: 1_999,
    active: true,
    confirmedProduction: false,
    ...change,
  });
}

async function pricesOf(id = packageId): Promise<Stripe.Price[]> {
  const product = productsOf(id)[0];
  if (!product) return [];
  const [active, archived] = await Promise.all(
    [true, false].map((is) => stripe.prices.list({ product: product.id, active: is, limit: 100 })),
  );
  return [...(active?.data ?? []), ...(archived?.data ?? [])];
}

function productsOf(id = packageId): Stripe.Product[] {
  return [...shop.simulator.world.collection('products').newestFirst()].filter(
    (product) => product.metadata.package === id,
  );
}

function versions() {
  return shop.simulator.world.collection('events').count();
}

describe('a fresh workspace', () => {
  it('sells three packages and has four plans, which no Stripe account knows yet', async () => {
    const { packages, plans, comparedAt } = await list();
    expect(
      packages.map(({ id, name, credits, price, link }) => [id, name, credits, price, link.state]),
    ).toEqual([
      ['credits_100', '100 credits', 100, { amountMinor: 999, currency: 'usd' }, 'unlinked'],
      ['credits_500', '500 credits', 500, { amountMinor: 3_999, currency: 'usd' }, 'unlinked'],
      ['credits_2000', '2,000 credits', 2_000, { amountMinor: 9_999, currency: 'usd' }, 'unlinked'],
    ]);
    expect(plans.map(({ tier, monthlyCredits, price }) => [tier, monthlyCredits, price])).toEqual([
      ['free', 10, null],
      ['basic', 100, null],
      ['pro', 500, null],
      ['enterprise', 5_000, null],
    ]);
    expect(plans.every(({ link }) => link.state === 'not_sold')).toBe(true);
    expect(comparedAt).toBeNull();
  });

  it('is written to Stripe whole, with lookup keys and metadata, and a repeat writes nothing', async () => {
    await syncCatalog(shop.target, 'ada', null);
    const { data } = await stripe.prices.list({
      lookup_keys: ['package_credits_100', 'package_credits_500', 'package_credits_2000'],
      expand: ['data.product'],
    });
    expect(
      data
        .map((price) => [price.lookup_key, price.unit_amount, price.metadata, price.recurring])
        .sort(),
    ).toEqual([
      ['package_credits_100', 999, { package: 'credits_100', credits: '100' }, null],
      ['package_credits_2000', 9_999, { package: 'credits_2000', credits: '2000' }, null],
      ['package_credits_500', 3_999, { package: 'credits_500', credits: '500' }, null],
    ]);
    expect(data.map((price) => (price.product as Stripe.Product).name).sort()).toEqual([
      '100 credits',
      '2,000 credits',
      '500 credits',
    ]);
    const before = versions();
    await syncCatalog(shop.target, 'ada', null);
    expect(versions()).toBe(before);
    const { packages, comparedAt } = await compared();
    expect(packages.map(({ link }) => [link.state, link.differences])).toEqual([
      ['current', []],
      ['current', []],
      ['current', []],
    ]);
    expect(comparedAt).not.toBeNull();
  });
});

describe('an item that is saved', () => {
  it('is told who changed it, and saving it as it stands changes nothing', async () => {
    const saved = await save({}, true);
    expect(saved).toMatchObject({
      id: packageId,
      credits: 1_000,
      changedBy: 'ada',
      link: { state: 'unlinked' },
    });
    expect(await save()).toEqual(saved);
    const changed = await save({ amountMinor: 2_499 });
    expect(changed.price).toEqual({ amountMinor: 2_499, currency: 'usd' });
    expect(changed.changedAt > saved.changedAt).toBe(true);
  });

  it('is refused where the id is taken, or there is none to change', async () => {
    await save({}, true);
    await expect(save({}, true)).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { id: 'is in use' },
    });
    await expect(save({ id: 'nowhere' })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('as a plan needs a cap with the rule “up to a cap”, and has none with the others', async () => {
    const plan = {
      isNew: true,
      tier: `team_${number}`,
      name: 'Team',
      monthlyCredits: toCredits(800),
      rollover: 'cap' as const,
      rolloverCap: null,
      price: { currency: 'usd', amountMinor: 4_900 },
      active: true,
      allocatesWithoutSubscription: false,
      lowBalanceThreshold: null,
      confirmedProduction: false,
    };
    const database = shop.target.database;
    await expect(savePlan(database, 'ada', plan)).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { rolloverCap: 'is required' },
    });
    const saved = await savePlan(database, 'ada', { ...plan, rolloverCap: toCredits(400) });
    expect(saved).toMatchObject({ rollover: 'cap', rolloverCap: 400, link: { state: 'unlinked' } });
    await expect(
      savePlan(database, 'ada', {
        ...plan,
        isNew: false,
        rollover: 'keep',
        rolloverCap: toCredits(1),
      }),
    ).rejects.toMatchObject({ fields: { rolloverCap: 'goes with the rule “up to a cap” only' } });
    await syncCatalog(shop.target, 'ada', { kind: 'plan', id: plan.tier });
    const { data } = await stripe.prices.list({ lookup_keys: [`plan_${plan.tier}`] });
    expect(data[0]).toMatchObject({
      unit_amount: 4_900,
      recurring: { interval: 'month' },
      metadata: { plan: plan.tier, credits: '800' },
    });
    // Not sold any more: its price is archived, and the plan goes on for customers that have it.
    await savePlan(database, 'ada', {
      ...{ ...plan, isNew: false, rollover: 'keep' as const, rolloverCap: null },
      price: null,
    });
    await syncCatalog(shop.target, 'ada', { kind: 'plan', id: plan.tier });
    expect((await stripe.prices.retrieve(data[0]?.id ?? '')).active).toBe(false);
    const { plans } = await list();
    expect(plans.find(({ tier }) => tier === plan.tier)?.link.state).toBe('not_sold');
  });

  it('as a plan keeps whether it gives its credits without a subscription, and its threshold', async () => {
    const database = shop.target.database;
    const plan = {
      ...{ isNew: true, tier: `tier_${number}`, name: 'Free tier', monthlyCredits: toCredits(50) },
      ...{ rollover: 'expire' as const, rolloverCap: null, price: null, active: true },
      ...{ allocatesWithoutSubscription: true, lowBalanceThreshold: toCredits(0) },
      confirmedProduction: false,
    };
    const read = async () => (await list()).plans.find(({ tier }) => tier === plan.tier);
    const saved = await savePlan(database, 'ada', plan);
    expect(saved).toMatchObject({ allocatesWithoutSubscription: true, lowBalanceThreshold: 0 });
    expect(await read()).toMatchObject(saved);
    const again = { ...plan, isNew: false };
    expect(await savePlan(database, 'bob', again)).toEqual(saved);
    for (const change of [
      { allocatesWithoutSubscription: false, lowBalanceThreshold: toCredits(0) },
      { allocatesWithoutSubscription: false, lowBalanceThreshold: null },
      { allocatesWithoutSubscription: true, lowBalanceThreshold: toCredits(25) },
    ]) {
      await savePlan(database, 'bob', { ...again, ...change });
      expect(await read()).toMatchObject({ ...change, changedBy: 'bob' });
    }
  });

  it('with another amount or credits gets a new price, and the old one is archived', async () => {
    await save({}, true);
    await sync();
    await save({ amountMinor: 2_499 });
    expect(await linkOf(await list())).toMatchObject({
      state: 'changed',
      differences: ['Stripe has USD 19.99, the console USD 24.99.'],
    });
    await sync();
    await save({ amountMinor: 2_499, credits: toCredits(1_200) });
    expect((await linkOf(await list())).differences).toEqual([
      'Stripe has 1000 credits, the console 1200.',
    ]);
    await sync();
    expect(productsOf()).toHaveLength(1);
    const prices = await pricesOf();
    expect(
      prices.map(({ unit_amount, metadata, active, lookup_key }) => [
        unit_amount,
        metadata.credits,
        active,
        lookup_key,
      ]),
    ).toEqual([
      [2_499, '1200', true, `package_${packageId}`],
      [2_499, '1000', false, null],
      [1_999, '1000', false, null],
    ]);
    const { rows } = await shop.database.pool.query(
      `SELECT price_id, credits, is_current FROM credits_billing.catalog_prices WHERE item_id = $1 ORDER BY created_at`,
      [packageId],
    );
    expect(rows.map(({ credits, is_current }) => [credits, is_current])).toEqual([
      [1_000, false],
      [1_000, false],
      [1_200, true],
    ]);
    expect((await linkOf(await compared())).state).toBe('current');
  });

  it('that goes back to an earlier amount does not get the earlier, archived price', async () => {
    await save({}, true);
    await sync();
    await save({ amountMinor: 2_499 });
    await sync();
    await save({ amountMinor: 1_999 });
    await sync();
    const active = (await pricesOf()).filter((price) => price.active);
    expect(active.map(({ unit_amount, lookup_key }) => [unit_amount, lookup_key])).toEqual([
      [1_999, `package_${packageId}`],
    ]);
    expect((await linkOf(await compared())).state).toBe('current');
  });

  it('with another name keeps its price', async () => {
    await save({}, true);
    await sync();
    await save({ name: 'Bigger pack' });
    expect((await linkOf(await list())).differences).toEqual([
      `Stripe calls it “Pack ${number}”, the console “Bigger pack”.`,
    ]);
    await sync();
    expect(productsOf().map(({ name }) => name)).toEqual(['Bigger pack']);
    expect(await pricesOf()).toHaveLength(1);
    expect((await linkOf(await list())).state).toBe('current');
  });

  it('that is not for sale is archived in Stripe, and comes back with the same price', async () => {
    await save({}, true);
    await sync();
    await save({ active: false });
    expect(await linkOf(await list())).toMatchObject({
      state: 'changed',
      differences: ['It is for sale in Stripe, and not in the console.'],
    });
    await sync();
    expect(productsOf()[0]?.active).toBe(false);
    expect((await linkOf(await compared())).state).toBe('current');
    await save({ active: true });
    await sync();
    expect(productsOf()[0]?.active).toBe(true);
    expect(await pricesOf()).toHaveLength(1);
    expect((await linkOf(await compared())).state).toBe('current');
  });

  it('has the amount that Stripe counts in, also in currencies of no and of three decimals', async () => {
    await save({ currency: 'jpy', amountMinor: 500 }, true);
    await sync();
    await save({ currency: 'kwd', amountMinor: 1_230 });
    expect((await linkOf(await list())).differences).toEqual([
      'Stripe has JPY 500, the console KWD 1.230.',
    ]);
    await sync();
    expect((await pricesOf()).map(({ currency, unit_amount }) => [currency, unit_amount])).toEqual([
      ['kwd', 1_230],
      ['jpy', 500],
    ]);
  });
});

describe('what is changed in Stripe', () => {
  const cases: [string, (price: Stripe.Price, product: string) => Promise<unknown>, RegExp][] = [
    [
      'a price that is archived',
      (price) => stripe.prices.update(price.id, { active: false }),
      /The price is archived in Stripe/,
    ],
    [
      'a lookup key that is gone',
      (price, product) =>
        stripe.prices.create({
          product,
          currency: 'usd',
          unit_amount: 1,
          lookup_key: price.lookup_key ?? '',
          transfer_lookup_key: true,
        }),
      /has lost its lookup key package_pack_/,
    ],
    [
      'a product of another name',
      (_, product) => stripe.products.update(product, { name: 'Cheap credits' }),
      /Stripe calls it “Cheap credits”, the console “Pack/,
    ],
    [
      'a product that is archived',
      (_, product) => stripe.products.update(product, { active: false }),
      /It is archived in Stripe, and for sale in the console/,
    ],
    [
      'credits that were edited',
      (price) => stripe.prices.update(price.id, { metadata: { credits: '9999' } }),
      /Stripe has 9999 credits, the console 1000/,
    ],
    [
      'credits that were removed',
      (price) => stripe.prices.update(price.id, { metadata: { credits: '' } }),
      /Stripe has no number of credits, the console 1000/,
    ],
    [
      'metadata of the product',
      (_, product) => stripe.products.update(product, { metadata: { package: 'other' } }),
      /The product’s metadata “package” is not pack_/,
    ],
  ];

  it.each(cases)('is found and put right: %s', async (_, change, difference) => {
    await save({}, true);
    await sync();
    const [price] = await pricesOf();
    if (!price) throw new Error('no price');
    await change(price, price.product as string);
    const link = await linkOf(await compared());
    expect(link.state).toBe('drifted');
    expect(link.differences.join(' ')).toMatch(difference);
    await sync();
    expect(await linkOf(await compared())).toMatchObject({ state: 'current', differences: [] });
    const active = (await pricesOf()).filter((each) => each.active);
    expect(active.map(({ unit_amount, metadata }) => [unit_amount, metadata.credits])).toEqual([
      [1_999, '1000'],
    ]);
  });

  it('is found and put right: a product that was deleted with its price', async () => {
    await save({}, true);
    await sync();
    const [price] = await pricesOf();
    const { world } = shop.simulator;
    world.collection('prices').remove(price?.id ?? '');
    world.collection('products').remove((price?.product as string) ?? '');
    expect(await linkOf(await compared())).toMatchObject({
      state: 'drifted',
      differences: ['The price is not in Stripe any more.'],
    });
    await sync();
    expect(productsOf()).toHaveLength(1);
    expect((await linkOf(await compared())).state).toBe('current');
  });
});

describe('writing to Stripe that breaks off', () => {
  it('at any step leaves nothing twice once it is repeated', async () => {
    await save({}, true);
    const whole = mortal(shop.target, Number.POSITIVE_INFINITY);
    await syncCatalog(whole.target, 'ada', { kind: 'package', id: packageId });
    const steps = whole.steps();
    expect(steps).toBeGreaterThan(15);
    for (let diesAt = 1; diesAt <= steps; diesAt += 1) {
      packageId = `pack_${number}_${diesAt}`;
      await save({ isNew: true });
      const dying = mortal(shop.target, diesAt).target;
      await expect(
        syncCatalog(dying, 'ada', { kind: 'package', id: packageId }),
        `step ${diesAt}`,
      ).rejects.toSatisfy(isDeath);
      await sync();
      expect(productsOf(), `step ${diesAt}`).toHaveLength(1);
      expect(await pricesOf(), `step ${diesAt}`).toHaveLength(1);

      await save({ amountMinor: 2_499 });
      await syncCatalog(mortal(shop.target, diesAt).target, 'ada', {
        kind: 'package',
        id: packageId,
      }).catch((error: unknown) => expect(error).toSatisfy(isDeath));
      await sync();
      expect(
        (await pricesOf()).map(({ unit_amount, active }) => [unit_amount, active]),
        `step ${diesAt}`,
      ).toEqual([
        [2_499, true],
        [1_999, false],
      ]);
      expect((await linkOf(await list())).state).toBe('current');
    }
  });

  it('because answers are lost is safe to repeat', async () => {
    await save({}, true);
    for (const path of ['/v1/products', '/v1/prices']) {
      shop.simulator.faults.add({ kind: 'cut_after', method: 'POST', path, times: 3 });
      await expect(sync()).rejects.toMatchObject({ code: 'stripe_unavailable' });
    }
    await sync();
    expect(productsOf()).toHaveLength(1);
    expect(await pricesOf()).toHaveLength(1);
  });

  it('by two consoles at once makes one product and one current price', async () => {
    await save({}, true);
    await Promise.allSettled([sync(), sync(), sync()]);
    await sync();
    expect(productsOf()).toHaveLength(1);
    expect((await pricesOf()).filter(({ active }) => active)).toHaveLength(1);
    expect((await linkOf(await compared())).state).toBe('current');
  });
});
