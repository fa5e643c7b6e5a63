import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

const pack: Input<Contract['catalog.savePackage']> = {
  isNew: true,
  id: 'starter',
  name: 'Starter',
  credits: 50,
  currency: 'eur',
  amountMinor: 499,
  active: true,
  confirmedProduction: false,
};

async function stateOf(id: string, name: 'catalog.list' | 'catalog.compare' = 'catalog.list') {
  const { packages, comparedAt } = await door.call(name, {});
  const link = packages.find((each) => each.id === id)?.link;
  return { state: link?.state, differences: link?.differences, comparedAt };
}

describe('the catalog', () => {
  it('is changed in the console, written to Stripe, compared, and put right', async () => {
    expect(await door.call('catalog.savePackage', pack)).toMatchObject({
      price: { amountMinor: 499, currency: 'eur' },
      changedBy: 'test_admin',
      link: { state: 'unlinked', priceId: null },
    });
    const synced = await door.call('catalog.sync', { item: null, confirmedProduction: false });
    expect(synced.packages.map(({ link }) => link.state)).toEqual(
      synced.packages.map(() => 'current'),
    );
    expect(synced.comparedAt).toBeNull();

    const { link } = synced.packages.find(({ id }) => id === 'starter') ?? {};
    stripe.simulator.world.collection('prices').update(link?.priceId ?? '', { active: false });
    expect(await stateOf('starter')).toMatchObject({ state: 'current', comparedAt: null });
    expect(await stateOf('starter', 'catalog.compare')).toMatchObject({
      state: 'drifted',
      differences: ['The price is archived in Stripe.'],
    });
    // What was found stays until the item is written to Stripe again.
    expect(await stateOf('starter')).toMatchObject({
      state: 'drifted',
      comparedAt: expect.any(String),
    });
    await door.call('catalog.sync', {
      item: { kind: 'package', id: 'starter' },
      confirmedProduction: false,
    });
    expect(await stateOf('starter')).toMatchObject({ state: 'current', differences: [] });
    expect(await stateOf('starter', 'catalog.compare')).toMatchObject({ state: 'current' });
  });

  it('refuses an id that is taken, and an item that is not there', async () => {
    await expect(
      door.call('catalog.savePackage', { ...pack, id: 'credits_100' }),
    ).rejects.toMatchObject({ code: 'invalid_argument', fields: { id: 'is in use' } });
    await expect(
      door.call('catalog.sync', {
        item: { kind: 'plan', id: 'nowhere' },
        confirmedProduction: false,
      }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  it('can be read by every role, and changed by those that manage Stripe', async () => {
    for (const role of ['test_reader', 'test_support'] as const) {
      const other = await openConsoleDoor({ url: stripe.database.urlFor(role) });
      try {
        expect((await other.call('catalog.list', {})).packages.length).toBeGreaterThan(2);
        for (const call of [
          () => other.call('catalog.savePackage', { ...pack, id: 'mine' }),
          () => other.call('catalog.sync', { item: null, confirmedProduction: false }),
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
      await expect(
        production.call('catalog.savePackage', { ...pack, id: 'p1' }),
      ).rejects.toMatchObject({
        code: 'confirmation_required',
      });
      const saved = { ...pack, id: 'p1', confirmedProduction: true };
      expect(await production.call('catalog.savePackage', saved)).toMatchObject({ id: 'p1' });
      for (const call of [
        () => production.call('catalog.compare', {}),
        () => production.call('catalog.sync', { item: null, confirmedProduction: true }),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'stripe_not_connected' });
      }
    } finally {
      await production.close();
    }
  });
});
