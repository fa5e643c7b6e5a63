import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Desktop } from '#main/console.ts';
import { settingsHandlers } from '#main/ipc/settings-handlers.ts';
import type { ConsoleEvent } from '#shared/ipc/events.ts';
import { settingsProcedures } from '#shared/ipc/settings.ts';
import { asSuperuser, urlOf } from '#test/support/postgres-server.ts';
import { createTestConsole, type TestConsole } from '#test/support/test-console.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

const context = { signal: new AbortController().signal, traceId: 'trace' };
const preferences = { theme: 'dark', timeZone: 'Europe/Berlin' } as const;

let database: TestDatabase;
let emptyDatabase: string;
beforeAll(async () => {
  const server = inject('postgresServer');
  database = await createTestDatabase();
  emptyDatabase = `${database.name}_empty`;
  await asSuperuser(server, 'postgres', (client) =>
    client.query(`CREATE DATABASE ${emptyDatabase}`),
  );
});
afterAll(async () => {
  await asSuperuser(inject('postgresServer'), 'postgres', (client) =>
    client.query(`DROP DATABASE ${emptyDatabase} WITH (FORCE)`),
  );
  await database.drop();
});

const opened: TestConsole[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.dispose();
});

async function openConsole(options: Parameters<typeof createTestConsole>[0]) {
  const test = await createTestConsole(options);
  opened.push(test);
  const events: ConsoleEvent[] = [];
  test.console.events.on((event) => events.push(event));
  return { ...test, handlers: settingsHandlers(test.console), events };
}

/** What the window was told last of the database. */
function newestDatabase(events: ConsoleEvent[]) {
  return events.filter((event) => event.type === 'database.changed').at(-1)?.database;
}

/** Splits a URL of the test server into what is shown and what is secret. */
function withoutPassword(url: string) {
  const shown = new URL(url);
  const password = decodeURIComponent(shown.password);
  shown.password = '';
  return { url: shown.href, password };
}

const fields = {
  name: 'Team',
  color: 'red',
  environment: 'production',
  allowUnverifiedTls: false,
} as const;

describe('the session', () => {
  it('tells connection, state, who acts and the preferences, as the contract says', async () => {
    const { console, handlers } = await openConsole({ url: database.urlFor('test_support') });
    await console.start();
    const session = settingsProcedures['settings.session'].output.parse(
      await handlers['settings.session']({}, context),
    );
    expect(session).toMatchObject({
      connection: { id: 'team', name: 'Team', password: 'memory' },
      database: { status: 'ready', report: { role: 'test_support', schema: 'current' } },
      actor: 'test_support',
      demoData: false,
    });
  });

  it('shows abilities by what the role may execute', async () => {
    const reader = await openConsole({ url: database.urlFor('test_reader') });
    await reader.console.start();
    expect([...reader.console.database().abilities]).toEqual(['export']);
    expect(() => reader.console.databaseFor('grant')).toThrow(
      expect.objectContaining({ code: 'not_permitted' }),
    );
    const support = await openConsole({ url: database.urlFor('test_support') });
    await support.console.start();
    expect([...support.console.database().abilities].sort()).toEqual([
      'addNote',
      'adjust',
      'ensureCustomer',
      'export',
      'extendGrant',
      'grant',
      'refund',
      'releaseHold',
      'reverse',
      'sell',
      'setAlerts',
    ]);
  });

  it('asks once more before anything is posted on production', async () => {
    const { console } = await openConsole({
      url: database.urlFor('test_support'),
      environment: 'production',
    });
    await console.start();
    expect(() => console.databaseFor('grant', { confirmedProduction: false })).toThrow(
      expect.objectContaining({ code: 'confirmation_required' }),
    );
    expect(console.databaseFor('grant', { confirmedProduction: true }).actor).toBe('test_support');
    expect(console.database().report.role).toBe('test_support');
  });
});

describe('preferences', () => {
  it('change one by one, are saved, and are told to the window', async () => {
    const { handlers, events, console } = await openConsole({ url: database.ownerUrl });
    await handlers['settings.updatePreferences'](preferences, context);
    const result = await handlers['settings.updatePreferences']({ density: 'compact' }, context);
    expect(result).toMatchObject({ ...preferences, density: 'compact' });
    expect(console.settings.current().preferences).toEqual(result);
    expect(events).toContainEqual({ type: 'session.changed' });
  });

  it('refuse a name that would mislead a reader of the ledger', async () => {
    const { handlers } = await openConsole({ url: database.ownerUrl });
    for (const actorName of ['a\u0000b', 'abc\u202edef']) {
      await expect(
        handlers['settings.updatePreferences']({ actorName }, context),
      ).rejects.toMatchObject({
        code: 'invalid_argument',
        fields: { actorName: expect.any(String) },
      });
    }
  });

  it('take an emptied name as none', async () => {
    const { handlers } = await openConsole({ url: database.ownerUrl });
    const set = await handlers['settings.updatePreferences']({ actorName: ' Ada ' }, context);
    expect(set.actorName).toBe('Ada');
    const emptied = await handlers['settings.updatePreferences']({ actorName: '  ' }, context);
    expect(emptied.actorName).toBeNull();
  });
});

describe('connections', () => {
  it('keep every field over saving, editing, and a restart; the password is in no file', async () => {
    const first = await openConsole({ url: database.ownerUrl });
    const saved = await first.handlers['connections.save'](
      { id: null, ...fields, url: 'postgresql://ada:s3cret-pass@db.example:5433/credits' },
      context,
    );
    expect(saved).toMatchObject({ ...fields, password: 'memory', kind: 'url' });
    expect(saved.url).toBe('postgresql://ada@db.example:5433/credits?sslmode=verify-full');
    const renamed = await first.handlers['connections.save'](
      { id: saved.id, ...fields, name: 'Renamed', url: saved.url ?? '' },
      context,
    );
    expect(renamed).toEqual({ ...saved, name: 'Renamed' });

    const again = await openConsole({ dataFolder: first.dataFolder });
    const list = await again.handlers['connections.list']({}, context);
    expect(list.connections.find(({ id }) => id === saved.id)).toEqual({
      ...renamed,
      // It was kept in memory only, and that memory is gone.
      password: 'missing',
    });
    for (const file of await readdir(first.dataFolder)) {
      expect(await readFile(join(first.dataFolder, file), 'utf8')).not.toContain('s3cret-pass');
    }
    expect(first.logLines.join()).not.toContain('s3cret-pass');
  });

  it('send a stored password to no other server and no other login', async () => {
    const { handlers, console } = await openConsole({ url: database.ownerUrl });
    const saved = await handlers['connections.save'](
      { id: null, ...fields, url: 'postgresql://ada:s3cret@db.example/credits' },
      context,
    );
    for (const url of [
      'postgresql://ada@evil.example/credits',
      'postgresql://ada@db.example:5433/credits',
      'postgresql://root@db.example/credits',
    ]) {
      expect(await console.connections.passwordFor(saved.id, url)).toBeUndefined();
    }
    expect(
      await console.connections.passwordFor(saved.id, 'postgresql://ada@db.example/other'),
    ).toBe('s3cret');
    const moved = await handlers['connections.save'](
      { id: saved.id, ...fields, url: 'postgresql://ada@evil.example/credits' },
      context,
    );
    expect(moved.password).toBe('none');
    expect(await console.secrets.get(saved.id)).toBeUndefined();
  });

  it('that are embedded take name, colour and environment only', async () => {
    const { handlers } = await openConsole({ url: database.ownerUrl });
    const saved = await handlers['connections.save'](
      { id: 'embedded', ...fields, url: 'postgresql://evil@evil.example/x' },
      context,
    );
    expect(saved).toMatchObject({
      id: 'embedded',
      kind: 'embedded',
      url: null,
      name: 'Team',
      color: 'red',
      environment: 'production',
    });
  });

  it('in use, and the embedded one, cannot be removed', async () => {
    const { handlers } = await openConsole({ url: database.ownerUrl });
    for (const id of ['team', 'embedded']) {
      await expect(handlers['connections.remove']({ id }, context)).rejects.toMatchObject({
        code: 'invalid_argument',
      });
    }
    await expect(handlers['connections.remove']({ id: 'gone' }, context)).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('that are removed take their password along', async () => {
    const { handlers, console } = await openConsole({ url: database.ownerUrl });
    const { id } = await handlers['connections.save'](
      { id: null, ...fields, url: 'postgresql://ada:s3cret@db.example/credits' },
      context,
    );
    await handlers['connections.remove']({ id }, context);
    expect(await console.secrets.get(id)).toBeUndefined();
    expect((await handlers['connections.list']({}, context)).connections).toHaveLength(2);
  });

  it('are tested without being saved', async () => {
    const { handlers } = await openConsole({ url: database.ownerUrl });
    const report = await handlers['connections.test'](
      { id: null, url: database.urlFor('test_reader'), allowUnverifiedTls: false },
      context,
    );
    expect(settingsProcedures['connections.test'].output.parse(report)).toMatchObject({
      role: 'test_reader',
      abilities: ['export'],
      schema: 'current',
    });
    expect((await handlers['connections.list']({}, context)).connections).toHaveLength(2);
  });

  it('are tested with the stored password where none is given', async () => {
    const { handlers, console } = await openConsole({ url: database.urlFor('test_support') });
    const url = console.connections.get('team').url ?? '';
    const report = await handlers['connections.test'](
      { id: 'team', url, allowUnverifiedTls: false },
      context,
    );
    expect(report.role).toBe('test_support');
  });

  it.each([
    [
      'a wrong password',
      (url: URL) => Object.assign(url, { password: 'wrong' }),
      'database_password',
    ],
    [
      'a wrong database',
      (url: URL) => Object.assign(url, { pathname: '/nowhere' }),
      'database_not_found',
    ],
    [
      'a port where nothing listens',
      (url: URL) => Object.assign(url, { port: '1' }),
      'database_unavailable',
    ],
    [
      'a host that does not exist',
      (url: URL) => Object.assign(url, { hostname: 'nowhere.invalid' }),
      'database_unavailable',
    ],
  ])('to %s say so, and nothing is saved', async (_what, change, code) => {
    const { handlers, logLines } = await openConsole({ url: database.ownerUrl });
    const url = change(new URL(database.ownerUrl)).href;
    await expect(
      handlers['connections.test']({ id: null, url, allowUnverifiedTls: true }, context),
    ).rejects.toMatchObject({ code });
    expect((await handlers['connections.list']({}, context)).connections).toHaveLength(2);
    expect(logLines.join()).not.toContain(new URL(database.ownerUrl).password);
  });

  it.each([
    '',
    'http://db.example/x',
    'postgresql://',
    'postgresql://db.example',
    'file:///etc/passwd',
  ])('to the address %j are refused by field', async (url) => {
    const { handlers } = await openConsole({ url: database.ownerUrl });
    await expect(
      handlers['connections.save']({ id: null, ...fields, url }, context),
    ).rejects.toMatchObject({ code: 'invalid_argument', fields: { url: expect.any(String) } });
  });
});

describe('switching', () => {
  it('takes no restart, tells the window, and leaves the other connection', async () => {
    const { console, handlers, events } = await openConsole({
      url: database.urlFor('test_support'),
    });
    await console.start();
    const before = console.database();
    const { id } = await handlers['connections.save'](
      { id: null, ...fields, url: database.urlFor('test_reader') },
      context,
    );
    events.length = 0;
    const status = await handlers['connections.switch']({ id, password: undefined }, context);
    expect(status).toMatchObject({ status: 'ready', report: { role: 'test_reader' } });
    expect(console.database().report.role).toBe('test_reader');
    expect(before.pool.ended).toBe(true);
    expect(events.map(({ type }) => type)).toContain('session.changed');
    expect(events).toContainEqual({ type: 'database.changed', database: { status: 'connecting' } });
    expect(newestDatabase(events)).toEqual(status);
    expect((await handlers['connections.list']({}, context)).activeId).toBe(id);
  });

  it('takes a password where it is missing, and keeps it once it worked', async () => {
    const { handlers, console } = await openConsole({ url: database.ownerUrl });
    const { url, password } = withoutPassword(database.urlFor('test_reader'));
    const { id } = await handlers['connections.save']({ id: null, ...fields, url }, context);
    const refused = await handlers['connections.switch']({ id, password: 'wrong' }, context);
    expect(refused).toMatchObject({ status: 'failed', code: 'database_password' });
    expect(await console.secrets.get(id)).toBeUndefined();
    const taken = await handlers['connections.switch']({ id, password }, context);
    expect(taken.status).toBe('ready');
    expect(await console.secrets.get(id)).toBe(password);
  });

  it('ends with the newest choice when several come at once', async () => {
    const { console, handlers } = await openConsole({ url: database.urlFor('test_support') });
    const { id } = await handlers['connections.save'](
      { id: null, ...fields, url: database.urlFor('test_reader') },
      context,
    );
    await Promise.all([
      handlers['connections.switch']({ id, password: undefined }, context),
      handlers['connections.switch']({ id: 'team', password: undefined }, context),
      handlers['connections.switch']({ id, password: undefined }, context),
    ]);
    expect(console.database().report.role).toBe('test_reader');
  });

  it('to a database that does not answer says why, and trying again is possible', async () => {
    const { console, handlers } = await openConsole({ url: database.ownerUrl });
    const { id } = await handlers['connections.save'](
      { id: null, ...fields, url: 'postgresql://ada@127.0.0.1:1/credits' },
      context,
    );
    const failed = await handlers['connections.switch']({ id, password: undefined }, context);
    expect(failed).toMatchObject({ status: 'failed', code: 'database_unavailable' });
    expect(() => console.database()).toThrow(
      expect.objectContaining({ code: 'database_unavailable' }),
    );
    await handlers['connections.save'](
      { id, ...fields, url: database.urlFor('test_reader') },
      context,
    );
    expect(await handlers['connections.retry']({}, context)).toMatchObject({ status: 'ready' });
  });
});

describe('a team’s database without a ledger', () => {
  it('is never migrated by opening it, and on production only when confirmed', async () => {
    const server = inject('postgresServer');
    const { console, handlers } = await openConsole({
      url: urlOf(server, emptyDatabase),
      environment: 'production',
    });
    expect(await console.start()).toMatchObject({
      status: 'needs_migration',
      report: { schema: 'missing', canMigrate: true },
    });
    expect(() => console.database()).toThrow(expect.objectContaining({ code: 'schema_missing' }));
    await expect(
      handlers['connections.migrate']({ confirmedProduction: false }, context),
    ).rejects.toMatchObject({ code: 'confirmation_required' });
    expect(await handlers['connections.retry']({}, context)).toMatchObject({
      status: 'needs_migration',
    });
    expect(
      await handlers['connections.migrate']({ confirmedProduction: true }, context),
    ).toMatchObject({ status: 'ready', report: { schema: 'current' } });
  });
});

describe('a connection that is lost', () => {
  it('is noticed, told, and found again by itself', async () => {
    const { console, events } = await openConsole({ url: database.urlFor('test_support') });
    await console.start();
    const server = inject('postgresServer');
    await asSuperuser(server, 'postgres', async (client) => {
      await client.query('ALTER ROLE test_support CONNECTION LIMIT 0');
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = 'test_support'`,
        [database.name],
      );
    });
    try {
      await console.connection.checkAlive();
      expect(console.connection.status()).toMatchObject({
        status: 'failed',
        code: 'database_unavailable',
      });
    } finally {
      await asSuperuser(server, 'postgres', (client) =>
        client.query('ALTER ROLE test_support CONNECTION LIMIT -1'),
      );
    }
    await expect.poll(() => console.connection.status().status, { timeout: 20_000 }).toBe('ready');
    expect(newestDatabase(events)).toMatchObject({ status: 'ready' });
    expect((await console.database().pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});

describe('the desktop', () => {
  function desktop(): Desktop & { calls: string[] } {
    const calls: string[] = [];
    return {
      calls,
      chooseSaveFile: async () => undefined,
      showInFolder: (file) => calls.push(`show ${file}`),
      openFolder: async (folder) => void calls.push(`open ${folder}`),
      openLink: async (url) => void calls.push(`link ${url}`),
      notify: () => undefined,
    };
  }

  it('shows only files that an export of this session wrote', async () => {
    const port = desktop();
    const { console, handlers } = await openConsole({ url: database.ownerUrl, desktop: port });
    const exportId = '8f14e45f-ceea-467f-9c3e-2f6a3b1f0c11';
    await expect(handlers['settings.showExport']({ exportId }, context)).rejects.toMatchObject({
      code: 'not_found',
    });
    console.exportedFiles.set(exportId, '/home/ada/log.csv');
    await handlers['settings.showExport']({ exportId }, context);
    expect(port.calls).toEqual(['show /home/ada/log.csv']);
  });

  it('opens the console’s own folders and no other', async () => {
    const port = desktop();
    const { handlers, dataFolder } = await openConsole({ url: database.ownerUrl, desktop: port });
    await handlers['settings.openFolder']({ folder: 'data' }, context);
    await handlers['settings.openFolder']({ folder: 'logs' }, context);
    expect(port.calls).toEqual([`open ${dataFolder}`, `open ${join(dataFolder, 'logs')}`]);
  });

  it('is not there on the command line, and that is said', async () => {
    const { handlers } = await openConsole({ url: database.ownerUrl });
    await expect(
      handlers['settings.openFolder']({ folder: 'data' }, context),
    ).rejects.toMatchObject({
      code: 'file_error',
    });
  });
});

describe('the embedded database', () => {
  it('is started, migrated without asking, left empty when told so, and stopped', async () => {
    const { console, handlers, events } = await openConsole({});
    expect(await console.start()).toMatchObject({
      status: 'ready',
      report: { schema: 'current', fsync: true, synchronousCommit: true },
    });
    const { rows } = await console
      .database()
      .pool.query('SELECT count(*)::int AS customers FROM credits.customers');
    expect(rows).toEqual([{ customers: 0 }]);
    expect(console.database().abilities.has('grant')).toBe(true);
    const steps = events.flatMap((event) =>
      event.type === 'database.changed' && event.database.status === 'connecting'
        ? [event.database.step]
        : [],
    );
    expect(steps).toEqual([undefined, 'starting_server', 'migrating']);
    expect((await handlers['settings.about']({}, context)).clusterFolder).not.toBeNull();
    expect(await handlers['settings.session']({}, context)).toMatchObject({ demoData: false });

    // Who acts is set where a connection begins: a new name takes effect at once.
    await handlers['settings.updatePreferences']({ actorName: 'Ada Lovelace' }, context);
    const actor = await console
      .database()
      .pool.query(`SELECT current_setting('credits.actor') AS actor`);
    expect(actor.rows).toEqual([{ actor: 'Ada Lovelace' }]);
    expect(console.actor()).toBe('Ada Lovelace');

    await console.stop();
    expect(() => console.database()).toThrow();
  });
});
