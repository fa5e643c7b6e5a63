import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { AppError } from '#shared/errors.ts';
import type { ConsoleEvent } from '#shared/ipc/events.ts';
import type { Ability, DatabaseStatus } from '#shared/ipc/settings.ts';
import { type ActiveConnection, createActiveConnection } from './connection/active-connection.ts';
import type { ConnectionReport, ConsolePool } from './connection/open-connection.ts';
import { createSavedConnections, type SavedConnections } from './connection/saved-connections.ts';
import type { Database } from './database/tables/database.ts';
import { createEmitter, type Emitter } from './emitter.ts';
import { toAppError } from './ipc/wire-errors.ts';
import { createWorkspaceJobs, type WorkspaceJobs } from './jobs/workspace-jobs.ts';
import type { Log } from './logging/log.ts';
import { startUsageWork } from './metering/outbox/usage-work.ts';
import { type DesktopNotice, startDesktopNotices } from './notifications/desktop-notices.ts';
import { connectionSecrets, forgetNotificationSecrets } from './notifications/secrets.ts';
import type { SecretStore } from './settings/secret-store.ts';
import {
  EMBEDDED_ID,
  openSettingsFile,
  type SavedConnection,
  type SettingsFile,
} from './settings/settings-file.ts';
import { startEventWork } from './stripe/inbox/event-work.ts';
import {
  type BackgroundRuns,
  createBackgroundRuns,
} from './stripe/reconciliation/background-runs.ts';
import {
  createStripeWorkspace,
  type StripeWorkspace,
} from './stripe/workspace/stripe-workspace.ts';
import type { CreateGateway } from './stripe/workspace/workspace-options.ts';

/** How long the end waits for jobs and for what is under way with Stripe; whatever it was is taken up again later. */
const STOP_WORK_WITHIN_MS = 6_000;
/** More customers than this are told as one change of some. */
const TOLD_MAX = 20;

/** The active connection, ready for use: current schema, checked role. */
export type ReadyDatabase = {
  readonly pool: ConsolePool;
  readonly kysely: Kysely<Database>;
  readonly connection: SavedConnection;
  readonly report: ConnectionReport;
  readonly abilities: ReadonlySet<Ability>;
  /** What stands on rows as who acts; the pool's sessions have it as `credits.actor` where it is not the login. */
  readonly actor: string;
};

/** What the host's desktop does for the console. The command line and the tests have none of it. */
export type Desktop = {
  /** Asks where to save; undefined when the person dismissed it. */
  readonly chooseSaveFile: (suggestedName: string) => Promise<string | undefined>;
  readonly showInFolder: (file: string) => void;
  readonly openFolder: (folder: string) => Promise<void>;
  readonly openLink: (url: string) => Promise<void>;
  /** Shows a notice beside all windows, where the system can; `onClick`: the person wants to see more. */
  readonly notify: (notice: DesktopNotice, onClick: () => void) => void;
};

/** What About says of the program that hosts the console. */
export type HostVersions = {
  readonly version: string;
  readonly electron: string;
  readonly chrome: string;
  readonly runtimeNote: string | null;
};

export type ConsoleOptions = {
  readonly dataFolder: string;
  readonly log: Log;
  readonly logFile: string;
  readonly secrets: SecretStore;
  readonly versions: HostVersions;
  readonly desktop?: Desktop | undefined;
  /** Whether a first start on an empty data folder fills the ledger with demo data. */
  readonly demoData: boolean;
  /** How Stripe is spoken to; a test's own speaks to a simulator in Stripe's place. */
  readonly createStripeGateway?: CreateGateway;
  /** Whether the jobs of the ledger (expiry, notifications …) run by themselves; else only when somebody asks. Default true. */
  readonly jobs?: boolean;
  readonly now?: () => Date;
};

/** The application: everything the window, the command line and the tests do goes through one of these. */
export type Console = {
  readonly dataFolder: string;
  readonly logFile: string;
  readonly versions: HostVersions;
  readonly log: Log;
  readonly now: () => Date;
  readonly events: Emitter<ConsoleEvent>;
  readonly desktop: Desktop | undefined;
  readonly settings: SettingsFile;
  readonly secrets: SecretStore;
  readonly connections: SavedConnections;
  readonly connection: ActiveConnection;
  /** The Stripe account of the active connection's workspace, or its simulator. */
  readonly stripe: StripeWorkspace;
  /** Reconciliations that this console does in the background. */
  readonly reconciliations: BackgroundRuns;
  /** The jobs of the active connection's ledger, which this console shares with others. */
  readonly jobs: WorkspaceJobs;
  /** Files that exports of this session wrote, by exportId: what `settings.showExport` may show. */
  readonly exportedFiles: Map<string, string>;
  /** Connects to the active connection. Resolves with the state that came of it; never rejects because of it. */
  readonly start: () => Promise<DatabaseStatus>;
  /** To read with. Throws AppError (database_unavailable, schema_missing …) unless the connection is ready. */
  readonly database: () => ReadyDatabase;
  /**
   * To change something with: as `database`, and throws `not_permitted` where the role lacks the ability, and
   * `confirmation_required` on a production connection unless confirmed. Pass `confirmedProduction` for whatever posts.
   */
  readonly databaseFor: (
    ability: Ability,
    question?: { readonly confirmedProduction: boolean },
  ) => ReadyDatabase;
  /** Who acts: on the embedded database the set name or the system's user, on a team's the login. */
  readonly actor: () => string;
  /** Ends connections, and the embedded server where no other console uses it. */
  readonly stop: () => Promise<void>;
};

/**
 * Builds the application from its parts; Electron, the command line and the tests host it. Makes the data folder where it is
 * missing. Throws AppError `file_error` or `database_folder` where the folder cannot be used.
 */
export function createConsole(options: ConsoleOptions): Console {
  const { log, dataFolder, secrets } = options;
  const now = options.now ?? (() => new Date());
  makeDataFolder(dataFolder);
  const settings = openSettingsFile(dataFolder, log, now);
  const savedConnections = createSavedConnections(settings, secrets);
  const events = createEmitter<ConsoleEvent>((error) => log.error('A listener failed.', error));
  const connections: SavedConnections = {
    ...savedConnections,
    async remove(id) {
      await savedConnections.remove(id);
      await forgetNotificationSecrets(secrets, id);
      await stripe.forget(id);
    },
  };
  const embeddedActor = () => settings.current().preferences.actorName ?? systemUser();
  const connection = createActiveConnection({
    dataFolder,
    saved: connections,
    demoData: options.demoData,
    embeddedActor,
    now,
    log,
    onChange: (database) => events.emit({ type: 'database.changed', database }),
    toAppError: (error) => toAppError(error, 'query') ?? unexpected(error),
  });

  function database(): ReadyDatabase {
    const { connectionId, open, actor } = connection.ready();
    return {
      pool: open.pool,
      kysely: open.kysely,
      report: open.report,
      // The one that is open, which may not be the chosen one any more.
      connection: connections.get(connectionId),
      abilities: new Set(open.report.abilities),
      actor,
    };
  }

  function databaseFor(
    ability: Ability,
    question?: { readonly confirmedProduction: boolean },
  ): ReadyDatabase {
    const ready = database();
    if (!ready.abilities.has(ability)) {
      throw new AppError(
        'not_permitted',
        `The database role “${ready.report.role}” may not do this. Nothing was changed. Ask whoever manages the database for the right.`,
        { details: { needs: ability } },
      );
    }
    if (question) assertConfirmed(ready.connection, question.confirmedProduction);
    return ready;
  }

  const stripe = createStripeWorkspace({
    settings,
    secrets,
    simulatorFolder: path.join(dataFolder, 'simulator'),
    activeId: () => settings.current().activeId,
    database,
    databaseFor,
    assertConfirmed,
    // Each of these brings a server or Stripe's own package along, so it is loaded when it is needed.
    createGateway: async (how) => {
      if (options.createStripeGateway) return options.createStripeGateway(how);
      const { createStripeGateway } = await import('./stripe/gateway/stripe-gateway.ts');
      return createStripeGateway(how);
    },
    async startSimulator({ port, ...how }) {
      const { startSimulator } = await import('./stripe-simulator/simulator.ts');
      const simulator = await startSimulator(port === undefined ? how : { ...how, port });
      return {
        url: simulator.url,
        port: simulator.port,
        accountId: simulator.world.accountId,
        close: simulator.close,
      };
    },
    startEventWork,
    startUsageWork,
    async startWebhookServer({ onChange, ...how }) {
      const { startWebhookServer } = await import('./service/webhook-server.ts');
      const server = await startWebhookServer({ ...how, onReceived: onChange });
      return { url: `${server.url}/stripe/webhook`, close: server.close };
    },
    pollEveryMs: pollIntervals(process.env.CREDIT_CONSOLE_STRIPE_POLL_MS),
    now,
    log,
    onChange: () => events.emit({ type: 'stripe.changed' }),
    onBillingChange: (customerId) => {
      events.emit({ type: 'billing.changed', customerId });
      events.emit({ type: 'ledger.changed', customerId });
    },
    onMeteringChange: (customerId) => events.emit({ type: 'metering.changed', customerId }),
    onJobRun: () => events.emit({ type: 'jobs.changed' }),
  });
  const jobs = createWorkspaceJobs({
    database,
    secretsOf: (connectionId) => connectionSecrets(secrets, connectionId),
    scheduled: options.jobs ?? true,
    now,
    log,
    onRun(name, result) {
      events.emit({ type: 'jobs.changed' });
      // A run that went wrong may have done some before.
      if ((name === 'expiry' || name === 'allocations') && result?.done !== 0) {
        events.emit({ type: 'ledger.changed', customerId: null });
      }
      if (name !== 'balance_watch' && name !== 'notifications') return;
      const customerIds = [...(result?.customerIds ?? [])];
      if (customerIds.length > 0 && customerIds.length <= TOLD_MAX) {
        for (const customerId of customerIds) events.emit({ type: 'alerts.changed', customerId });
      } else if (result === undefined || customerIds.length > 0 || result.done > 0) {
        events.emit({ type: 'alerts.changed', customerId: null });
      }
    },
  });
  const reconciliations = createBackgroundRuns({
    onProgress: ({ id }) => events.emit({ type: 'reconciliation.changed', runId: id }),
    onFailure: (runId, error) => {
      log.warn(`The reconciliation ${runId} ended early.`, error);
      events.emit({ type: 'reconciliation.changed', runId });
    },
  });
  events.on((event) => {
    if (event.type === 'database.changed' || event.type === 'session.changed') {
      stripe.databaseChanged();
    }
    if (event.type === 'database.changed') jobs.databaseChanged();
    // A reconciliation stays with the database it was started on, and can be taken up there again.
    if (event.type === 'database.changed' && event.database.status !== 'ready') {
      reconciliations.stop().catch((error: unknown) => log.warn('Pausing failed.', error));
    }
  });

  const { desktop } = options;
  const notices = desktop
    ? startDesktopNotices({
        database: () => (connection.status().status === 'ready' ? database() : undefined),
        notify: (notice) =>
          desktop.notify(notice, () => events.emit({ type: 'navigate', to: '/alerts' })),
        onRaised: () => events.emit({ type: 'alerts.changed', customerId: null }),
        log,
      })
    : undefined;
  events.on(({ type }) => {
    // What is there when the database is opened is not news.
    if (type === 'database.changed') notices?.wake();
  });

  return {
    dataFolder,
    logFile: options.logFile,
    versions: options.versions,
    log,
    now,
    events,
    desktop,
    settings,
    secrets,
    connections,
    connection,
    stripe,
    reconciliations,
    jobs,
    exportedFiles: new Map(),
    start: () => connection.connect(),
    database,
    databaseFor,
    actor: () => {
      const active = connections.active();
      if (active.id === EMBEDDED_ID) return embeddedActor();
      const status = connection.status();
      return 'report' in status ? status.report.role : loginOf(active);
    },
    async stop() {
      // What is being done by itself, or handled for Stripe, still has its database to finish on.
      const ended = Promise.all([
        notices?.stop(),
        stripe.stop(),
        reconciliations.stop(),
        jobs.stop(),
      ]).catch((error: unknown) =>
        log.error('The work in the background was not ended well.', error),
      );
      await Promise.race([ended, wait(STOP_WORK_WITHIN_MS, undefined, { ref: false })]);
      await connection.stop();
    },
  };
}

/** Milliseconds between two readings of Stripe's events. The simulator is on this computer, so it may be asked more often. */
function pollIntervals(shortened: string | undefined): { simulator: number; stripe: number } {
  const asked = Number(shortened);
  const limit = shortened !== undefined && asked >= 100 ? asked : Number.POSITIVE_INFINITY;
  return { simulator: Math.min(3_000, limit), stripe: Math.min(10_000, limit) };
}

/** The second question of a production connection. Throws `confirmation_required`. */
export function assertConfirmed(connection: SavedConnection, confirmed: boolean): void {
  if (connection.environment !== 'production' || confirmed) return;
  throw new AppError(
    'confirmation_required',
    `“${connection.name}” is production. Nothing was changed yet: confirm once more.`,
  );
}

/** Makes the data folder where it is missing, private to its user. Throws AppError `file_error` where it cannot serve. */
export function makeDataFolder(dataFolder: string): void {
  try {
    // The folders above are left as usual; only the console's own is private.
    mkdirSync(path.dirname(dataFolder), { recursive: true });
    try {
      mkdirSync(dataFolder, { mode: 0o700 });
    } catch (error) {
      if (!statSync(dataFolder).isDirectory()) throw error;
    }
    accessSync(dataFolder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new AppError(
      'file_error',
      `The data folder ${dataFolder} cannot be used (${code}). Nothing was changed. Make it a folder that you can write to, or choose another one with CREDIT_CONSOLE_DATA.`,
      { cause },
    );
  }
}

function systemUser(): string {
  try {
    return os.userInfo().username || 'unknown';
  } catch {
    // A user without an entry in the system's list, as in some containers.
    return process.env.USER || 'unknown';
  }
}

function loginOf(connection: SavedConnection): string {
  return connection.url === null ? '' : decodeURIComponent(new URL(connection.url).username);
}

function unexpected(cause: unknown): AppError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AppError(
    'internal',
    `The database could not be opened: ${reason}. Nothing was changed. Try again; the log says more.`,
    { cause },
  );
}
