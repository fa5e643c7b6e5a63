import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleDoor, openConsoleDoor } from '#test/support/console-door.ts';
import { startTcpProxy, type TcpProxy } from '#test/support/tcp-proxy.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let door: ConsoleDoor;

beforeAll(async () => {
  database = await createTestDatabase();
  door = await openConsoleDoor({ url: database.urlFor('test_admin') });
});
afterAll(async () => {
  await door.close();
  await database.drop();
});

const rights = {
  name: '  shop ',
  scopes: ['read' as const, 'use' as const],
  requestsPerSecond: 20,
  confirmedProduction: false,
};

describe('keys of the service', () => {
  it('are made, listed, changed and revoked, and the window is told each time', async () => {
    const told = () => door.events.filter(({ type }) => type === 'api_keys.changed').length;
    const before = told();
    const { key, apiKey } = await door.call('keys.create', rights);
    expect(key).toMatch(/^cck_/);
    expect(apiKey).toMatchObject({ name: 'shop', createdBy: 'test_admin', lastUsedAt: null });
    expect(await door.call('keys.list', {})).toEqual({ rows: [apiKey] });
    const changed = await door.call('keys.update', {
      ...rights,
      id: apiKey.id,
      name: 'billing',
      scopes: ['report'],
    });
    expect(changed).toEqual({ ...apiKey, name: 'billing', scopes: ['report'] });
    const question = { id: apiKey.id, confirmedProduction: false };
    const revoked = await door.call('keys.revoke', question);
    expect(revoked).toMatchObject({ revokedBy: 'test_admin', revokedAt: expect.any(String) });
    expect(await door.call('keys.revoke', question)).toEqual(revoked);
    expect(told()).toBe(before + 4);
    await expect(door.call('keys.update', { ...rights, id: apiKey.id })).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(told()).toBe(before + 4);
  });

  it('that two people change at once keep what each of them changed', async () => {
    const { apiKey } = await door.call('keys.create', rights);
    const change = { id: apiKey.id, confirmedProduction: false };
    await door.call('keys.update', { ...change, scopes: ['read'] });
    // A form that was opened before: a new name gives back no right that was taken.
    expect(await door.call('keys.update', { ...change, name: 'renamed' })).toEqual({
      ...apiKey,
      name: 'renamed',
      scopes: ['read'],
    });
    expect(await door.call('keys.update', change)).toMatchObject({ name: 'renamed' });
    await door.call('keys.revoke', change);
  });

  it('are looked at by every role, and made by admins alone', async () => {
    for (const role of ['test_reader', 'test_support'] as const) {
      const other = await openConsoleDoor({ url: database.urlFor(role) });
      try {
        const { rows } = await other.call('keys.list', {});
        expect(rows.length).toBeGreaterThan(0);
        const id = rows[0]?.id ?? '';
        for (const call of [
          () => other.call('keys.create', rights),
          () => other.call('keys.update', { ...rights, id }),
          () => other.call('keys.revoke', { id, confirmedProduction: false }),
        ]) {
          await expect(call()).rejects.toMatchObject({ code: 'not_permitted' });
        }
      } finally {
        await other.close();
      }
    }
  });

  it('whose answer is lost may have been made: the window is told, and shows it', async () => {
    const url = database.urlFor('test_admin');
    const proxy = await startTcpProxy({ port: Number(new URL(url).port) });
    const through = await openConsoleDoor({ url: proxy.urlThrough(url) });
    try {
      const watch = (connection: TcpProxy['connections'][number]) => {
        let makesKey = false;
        connection.onClientData = (data) => {
          makesKey ||= data.includes('INSERT INTO credits_billing.api_keys');
          if (makesKey && data.includes('COMMIT')) void connection.loseAnswer();
        };
      };
      for (const connection of proxy.connections) watch(connection);
      proxy.onConnection = watch;
      through.events.splice(0);
      const made = through.call('keys.create', { ...rights, name: 'lost' });
      await expect(made).rejects.toMatchObject({ code: 'outcome_unknown' });
      expect(through.events).toContainEqual({ type: 'api_keys.changed' });
      expect((await door.call('keys.list', {})).rows[0]).toMatchObject({ name: 'lost' });
    } finally {
      await through.close();
      await proxy.close();
    }
  });

  it('ask once more on a production connection', async () => {
    const production = await openConsoleDoor({
      url: database.urlFor('test_admin'),
      environment: 'production',
    });
    try {
      await expect(production.call('keys.create', rights)).rejects.toMatchObject({
        code: 'confirmation_required',
      });
      expect(
        await production.call('keys.create', { ...rights, confirmedProduction: true }),
      ).toMatchObject({ apiKey: { name: 'shop' } });
    } finally {
      await production.close();
    }
  });
});
