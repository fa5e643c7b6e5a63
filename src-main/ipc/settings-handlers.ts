import { release } from 'node:os';
import path from 'node:path';
import { testConnection } from '#main/database/connect.ts';
import { parseConnectionUrl } from '#main/database/connection-url.ts';
import { startEmbeddedServer } from '#main/database/embedded-server.ts';
import { AppError } from '#shared/errors.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { Preferences, settingsProcedures } from '#shared/ipc/settings.ts';
import { requiredText } from '#shared/text.ts';
import { toReport } from '../connection/open-connection.ts';
import { assertConfirmed, type Console, type Desktop } from '../console.ts';
import { EMBEDDED_ID } from '../settings/settings-file.ts';

/** Settings, connections, About, and what the desktop is asked for. */
export function settingsHandlers(
  console: Console,
): Pick<Handlers<Contract>, keyof typeof settingsProcedures> {
  const { settings, connections, connection } = console;

  function desktop(): Desktop {
    if (console.desktop) return console.desktop;
    throw new AppError('file_error', 'There is no desktop to open this on. Nothing was opened.');
  }

  return {
    'settings.session': async () => {
      const { preferences } = settings.current();
      return {
        connection: await connections.describe(connections.active()),
        database: connection.status(),
        actor: console.actor(),
        preferences,
        timeZone: preferences.timeZone ?? systemTimeZone(),
        demoData: connection.hasDemoData(),
      };
    },

    'settings.about': async () => {
      const status = connection.status();
      return {
        version: console.versions.version,
        electron: console.versions.electron,
        chrome: console.versions.chrome,
        node: process.versions.node,
        postgresql: 'report' in status ? status.report.serverVersion : null,
        platform: `${process.platform} ${process.arch} ${release()}`,
        dataFolder: console.dataFolder,
        logFile: console.logFile,
        clusterFolder: connection.clusterFolder() ?? null,
        runtimeNote: console.versions.runtimeNote,
        keyStore: (await console.secrets.keyStore()) ?? null,
      };
    },

    'settings.updatePreferences': async (change) => {
      const actorName = readActorName(change.actorName);
      const before = settings.current().preferences;
      const { preferences } = await settings.update((current) => ({
        ...current,
        preferences: {
          ...current.preferences,
          ...withoutUndefined(change),
          ...(actorName === undefined ? {} : { actorName }),
        },
      }));
      console.events.emit({ type: 'session.changed' });
      // Who acts is set where a connection begins.
      if (preferences.actorName !== before.actorName && connections.active().id === EMBEDDED_ID) {
        await connection.connect();
      }
      return preferences;
    },

    'connections.list': async () => ({
      connections: await connections.list(),
      activeId: settings.current().activeId,
      keyStoreAvailable: (await console.secrets.keyStore()) !== undefined,
    }),

    'connections.test': async ({ id, url, allowUnverifiedTls }) => {
      if (id === EMBEDDED_ID) return testEmbedded(console);
      const parsed = parseConnectionUrl(url, { allowUnverifiedTls });
      const password =
        parsed.password ??
        (id === null ? undefined : await connections.passwordFor(id, parsed.url));
      const options = { url: parsed.url, password, allowUnverifiedTls };
      return toReport(await testConnection(options), options);
    },

    'connections.save': async ({ id, ...fields }) => {
      const before = id === null ? undefined : connections.get(id);
      const passwordBefore = id === null ? undefined : await console.secrets.get(id);
      const saved = await connections.save(id, fields);
      const isActive = saved.id === settings.current().activeId;
      const leadsElsewhere =
        before?.url !== saved.url ||
        before?.allowUnverifiedTls !== saved.allowUnverifiedTls ||
        passwordBefore !== (await console.secrets.get(saved.id));
      console.events.emit({ type: 'session.changed' });
      if (isActive && leadsElsewhere) await connection.connect();
      return saved;
    },

    'connections.remove': async ({ id }) => {
      await connections.remove(id);
      return {};
    },

    'connections.switch': async ({ id, password }) => {
      await connections.makeActive(id);
      const switched = connection.connect({ password });
      console.events.emit({ type: 'session.changed' });
      return switched;
    },

    'connections.retry': () => connection.connect(),

    'connections.migrate': async ({ confirmedProduction }) => {
      assertConfirmed(connections.active(), confirmedProduction);
      return connection.migrate();
    },

    'settings.openFolder': async ({ folder }) => {
      await desktop().openFolder(
        folder === 'data' ? console.dataFolder : path.dirname(console.logFile),
      );
      return {};
    },

    'settings.showExport': async ({ exportId }) => {
      const file = console.exportedFiles.get(exportId);
      if (file === undefined) {
        throw new AppError(
          'not_found',
          'No file of this export is known any more. Nothing was opened.',
        );
      }
      desktop().showInFolder(file);
      return {};
    },

    'settings.openCaseLink': async ({ url }) => {
      await desktop().openLink(url);
      return {};
    },
  };
}

/** The embedded database is looked at through a server of its own use: it may not be the active one. */
async function testEmbedded(console: Console) {
  const server = await startEmbeddedServer({
    dataFolder: console.dataFolder,
    log: (message) => console.log.info(message),
  });
  try {
    const options = { url: server.consoleUrl };
    return toReport(await testConnection(options), options);
  } finally {
    await server.release();
  }
}

/** A name that may stand on rows; null for an emptied field, undefined where it was not asked to change. */
function readActorName(name: Preferences['actorName'] | undefined): string | null | undefined {
  if (name === undefined || name === null) return name;
  if (name.trim() === '') return null;
  const parsed = requiredText(100).safeParse(name);
  if (parsed.success) return parsed.data;
  const why = parsed.error.issues[0]?.message ?? 'cannot be used';
  throw new AppError('invalid_argument', `This name ${why}. Nothing was changed.`, {
    fields: { actorName: why },
  });
}

function withoutUndefined<T extends object>(
  object: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function systemTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}
