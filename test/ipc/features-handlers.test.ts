import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Input } from '#shared/ipc/procedure.ts';
import { type ConsoleDoor, openConsoleDoor } from '#test/support/console-door.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let admin: ConsoleDoor;
let reader: ConsoleDoor;
let support: ConsoleDoor;
let production: ConsoleDoor;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query(`SELECT credits.ensure_customer('c1')`);
  await database.pool.query(`SELECT credits.add_credits('c1', 8, 'bonus', 'Welcome')`);
  admin = await openConsoleDoor({ url: database.urlFor('test_admin') });
  reader = await openConsoleDoor({ url: database.urlFor('test_reader') });
  support = await openConsoleDoor({ url: database.urlFor('test_support') });
  production = await openConsoleDoor({
    url: database.urlFor('test_admin'),
    environment: 'production',
  });
});
afterAll(async () => {
  for (const door of [admin, reader, support, production]) await door.close();
  await database.drop();
});

const LATER = '2031-01-01T00:00:00.000Z';
const days = { from: '2026-11-01', to: '2026-11-30', timeZone: 'Europe/Berlin' };
const price: Input<Contract['features.setCost']> = {
  isNew: true,
  feature: 'translate_page',
  cost: 3,
  unit: 'page',
  active: true,
  validFrom: null,
  confirmedProduction: false,
};
const scheduled = { feature: 'basic_search', validFrom: LATER, confirmedProduction: false };
const told = (door: ConsoleDoor) =>
  door.events.filter(({ type }) => type === 'features.changed').length;
const costs = async () =>
  (await database.pool.query('SELECT * FROM credits.feature_costs ORDER BY 1, 2')).rows;

describe('features through the window’s door', () => {
  it('are listed, priced and withdrawn, and each change is told', async () => {
    const set = await admin.call('features.setCost', price);
    expect(set).toMatchObject({ cost: 3, unit: 'page', changedBy: 'test_admin' });
    await admin.call('features.setCost', { ...price, ...scheduled, isNew: false });
    expect(told(admin)).toBe(2);
    const { rows } = await reader.call('features.list', days);
    expect(rows.map(({ feature }) => feature)).toEqual([
      'advanced_search',
      'ai_analysis',
      'basic_search',
      'export_report',
      'translate_page',
    ]);
    expect(rows[2]?.scheduled).toMatchObject([{ cost: 3, validFrom: LATER }]);
    expect(rows[4]).toMatchObject({ current: set });
    expect(rows[4]?.trend).toHaveLength(30);
    expect(await admin.call('features.withdrawCost', scheduled)).toEqual({});
    expect(told(admin)).toBe(3);
    expect((await reader.call('features.history', { feature: 'basic_search' })).rows).toMatchObject(
      [{ cost: 1, validFrom: null, changedBy: null }],
    );
  });

  it('are deactivated at the price that somebody else has just set', async () => {
    const known = { ...price, feature: 'ai_analysis', isNew: false };
    await admin.call('features.setCost', { ...known, cost: 30, unit: 'report' });
    const inactive = await production.call('features.setCost', {
      ...known,
      cost: null,
      unit: null,
      active: false,
      confirmedProduction: true,
    });
    expect(inactive).toMatchObject({ cost: 30, unit: 'report', active: false });
    await expect(
      admin.call('features.setCost', { ...known, feature: 'new_one', isNew: true, cost: null }),
    ).rejects.toMatchObject({ code: 'invalid_argument', fields: { cost: expect.any(String) } });
  });

  it('cannot be repriced without the ability, and nothing is told of what was refused', async () => {
    const before = await costs();
    for (const door of [reader, support]) {
      const changed = { ...price, isNew: false, cost: 99 };
      await expect(door.call('features.setCost', changed)).rejects.toMatchObject({
        code: 'not_permitted',
      });
      await expect(door.call('features.withdrawCost', scheduled)).rejects.toMatchObject({
        code: 'not_permitted',
      });
      expect(told(door)).toBe(0);
    }
    const tellings = told(admin);
    await expect(
      admin.call('features.setCost', { ...price, feature: 'basic_search' }),
    ).rejects.toMatchObject({ code: 'invalid_argument', fields: { feature: 'is in use' } });
    await expect(
      admin.call('features.setCost', { ...price, isNew: false, feature: 'unheard_of' }),
    ).rejects.toMatchObject({ code: 'not_found' });
    await expect(admin.call('features.withdrawCost', scheduled)).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(told(admin)).toBe(tellings);
    expect(await costs()).toEqual(before);
  });

  it('of production are repriced once that is confirmed', async () => {
    const changed = { ...price, isNew: false, cost: 4 };
    await expect(production.call('features.setCost', changed)).rejects.toMatchObject({
      code: 'confirmation_required',
    });
    await expect(production.call('features.withdrawCost', scheduled)).rejects.toMatchObject({
      code: 'confirmation_required',
    });
    expect(
      await production.call('features.setCost', { ...changed, confirmedProduction: true }),
    ).toMatchObject({ cost: 4 });
  });

  it('can be tried out by whoever may read', async () => {
    const use = { customerId: 'c1', feature: 'advanced_search', quantity: 1 };
    expect(await reader.call('features.simulate', use)).toMatchObject({
      mode: 'credits',
      required: 5,
      sufficient: true,
      availableAfter: 3,
      grants: [{ source: 'bonus', remaining: 8, taken: 5 }],
    });
    expect(await reader.call('features.simulate', { ...use, quantity: 2 })).toMatchObject({
      sufficient: false,
      missing: 2,
      availableAfter: null,
    });
    await expect(
      reader.call('features.simulate', { ...use, feature: 'unheard_of' }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are listed for at most 366 days', async () => {
    await expect(
      reader.call('features.list', { ...days, from: '2025-01-01' }),
    ).rejects.toMatchObject({ code: 'invalid_argument', fields: { to: expect.any(String) } });
  });
});
