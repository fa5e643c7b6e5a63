import { setTimeout as wait } from 'node:timers/promises';
import type { EmbeddedServer } from '#main/database/embedded-server.ts';
import { migrate } from '#main/database/migrate.ts';
import { AppError } from '#shared/errors.ts';
import type { DatabaseStatus } from '#shared/ipc/settings.ts';
import type { Log } from '../logging/log.ts';
import type { SavedConnection } from '../settings/settings-file.ts';
import { driverUrl } from './driver-url.ts';
import { startWorkspace, type WorkspaceStep } from './embedded-workspace.ts';
import { type OpenConnection, openConnection } from './open-connection.ts';
import type { SavedConnections } from './saved-connections.ts';

type State =
  | { status: 'connecting'; step?: WorkspaceStep }
  | { status: 'ready'; connectionId: string; open: OpenConnection; actor: string }
  | { status: 'needs_migration'; connectionId: string; open: OpenConnection }
  | { status: 'failed'; error: AppError };

export type ActiveConnection = ReturnType<typeof createActiveConnection>;

/** After a lost connection: how long to wait before each try, the last one for ever. */
const RECONNECT_SECONDS = [1, 2, 5, 10, 30];
/** How long a switch or the end waits for statements that still run on the connection before. */
const DRAIN_SECONDS = 10;

/**
 * The connection in use and its state: connecting, ready, needs_migration, failed. Switching takes no restart; what was asked
 * of a connection that is not the active one any more comes to nothing. A lost connection is looked for again by itself.
 */
export function createActiveConnection(options: {
  dataFolder: string;
  saved: SavedConnections;
  /** Whether a first start fills the embedded ledger with demo data. */
  demoData: boolean;
  /** The name that stands on rows of the embedded database. */
  embeddedActor: () => string;
  now: () => Date;
  log: Log;
  onChange: (status: DatabaseStatus) => void;
  /** Wraps what the driver throws while connecting. */
  toAppError: (error: unknown) => AppError;
}) {
  const { saved, log } = options;
  let state: State = { status: 'connecting' };
  let server: EmbeddedServer | undefined;
  /** Each attempt to connect has its own number; only the newest may set the state. */
  let attempt = 0;
  let stopped = false;
  const leftOver: OpenConnection[] = [];
  /** Opening and closing run one after the other: an embedded server is not started while it is being stopped. */
  let queue: Promise<unknown> = Promise.resolve();
  let reconnecting: AbortController | undefined;

  function setState(next: State): void {
    state = next;
    options.onChange(status());
  }

  function status(): DatabaseStatus {
    switch (state.status) {
      case 'connecting':
        return state.step ? { status: 'connecting', step: state.step } : { status: 'connecting' };
      case 'ready':
      case 'needs_migration':
        return { status: state.status, report: state.open.report };
      case 'failed':
        return { status: 'failed', code: state.error.code, message: state.error.message };
    }
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  }

  /** Takes what is open out of use at once: nobody may post on it while another connection is the chosen one. */
  function detach(next: State): void {
    if (state.status === 'ready' || state.status === 'needs_migration') leftOver.push(state.open);
    setState(next);
  }

  /** Ends what is not in use any more. Statements that run get a moment to finish. */
  async function closeLeftOver(): Promise<void> {
    const oldServer = server;
    server = undefined;
    await Promise.all(leftOver.splice(0).map(({ pool }) => drained(pool.end())));
    await oldServer
      ?.release()
      .catch((error: unknown) => log.error('The embedded database could not be stopped.', error));
  }

  async function open(
    connection: SavedConnection,
    password: string | undefined,
    onStep: (step: WorkspaceStep) => void,
  ): Promise<OpenConnection> {
    if (connection.kind === 'embedded') {
      server = await startWorkspace({
        dataFolder: options.dataFolder,
        demoData: options.demoData,
        log,
        onStep,
      });
      return openConnection({
        url: server.consoleUrl,
        actor: options.embeddedActor(),
        log: (message) => log.warn(message),
      });
    }
    return openConnection({
      url: connection.url ?? '',
      password: password ?? (await saved.passwordFor(connection.id, connection.url ?? '')),
      allowUnverifiedTls: connection.allowUnverifiedTls,
      log: (message) => log.warn(message),
    });
  }

  /**
   * Connects to the active connection, whatever was open before. `quiet`: a failure that is shown already stays shown until
   * the try succeeds.
   */
  function connect(
    how: { password?: string | undefined; quiet?: boolean } = {},
  ): Promise<DatabaseStatus> {
    attempt += 1;
    const own = attempt;
    const isCurrent = () => own === attempt && !stopped;
    if (!how.quiet) {
      reconnecting?.abort();
      reconnecting = undefined;
      detach({ status: 'connecting' });
    }
    return inTurn(async () => {
      if (!isCurrent()) return status();
      await closeLeftOver();
      const connection = saved.active();
      try {
        const opened = await open(connection, how.password, (step) => {
          if (!how.quiet && isCurrent()) setState({ status: 'connecting', step });
        });
        if (!isCurrent()) {
          await opened.pool.end();
          return status();
        }
        await saved
          .noteUse(connection.id, options.now(), how.password)
          .catch((error: unknown) => log.warn('The use of a connection was not noted.', error));
        setState(
          opened.report.schema === 'current'
            ? {
                status: 'ready',
                connectionId: connection.id,
                open: opened,
                actor: actorOf(connection, opened),
              }
            : { status: 'needs_migration', connectionId: connection.id, open: opened },
        );
        log.info(`Connected to ${connection.name}.`, opened.report);
      } catch (error) {
        const failure = options.toAppError(error);
        log.warn(`Connecting to ${connection.name} failed: ${failure.code}`, error);
        if (!isCurrent()) return status();
        if (how.quiet && state.status === 'failed' && state.error.message === failure.message) {
          return status();
        }
        setState({ status: 'failed', error: failure });
        // A server that is down comes back; a wrong password does not become right.
        void reconnect();
      }
      return status();
    });
  }

  function actorOf(connection: SavedConnection, opened: OpenConnection): string {
    return connection.kind === 'embedded' ? options.embeddedActor() : opened.report.role;
  }

  /** Tries again and again, ever more slowly, until it works or something else is asked for. */
  async function reconnect(): Promise<void> {
    if (reconnecting || stopped) return;
    const controller = new AbortController();
    reconnecting = controller;
    try {
      for (
        let count = 0;
        state.status === 'failed' && state.error.code === 'database_unavailable';
        count += 1
      ) {
        const seconds = RECONNECT_SECONDS[Math.min(count, RECONNECT_SECONDS.length - 1)] ?? 30;
        await wait(seconds * 1_000, undefined, { signal: controller.signal, ref: false });
        await connect({ quiet: true });
      }
    } catch {
      // Aborted: somebody asked for another connection, or the console ends.
    } finally {
      if (reconnecting === controller) reconnecting = undefined;
    }
  }

  return {
    status,
    connect,

    /** The open connection. Throws an AppError that says why there is none. */
    ready(): { connectionId: string; open: OpenConnection; actor: string } {
      switch (state.status) {
        case 'ready':
          return state;
        case 'connecting':
          throw new AppError(
            'database_unavailable',
            'The console is still connecting to the database. Nothing was changed. Try again in a moment.',
          );
        case 'needs_migration':
          throw schemaError(state.open.report.schema);
        case 'failed':
          throw state.error;
      }
    },

    /** True on a workspace that seed-demo filled. */
    hasDemoData: () => state.status === 'ready' && state.open.demoData,

    /** Where the embedded database lies, while it is in use. */
    clusterFolder: () => server?.clusterFolder,

    /** Asked after a failure that may mean a lost connection: looks, tells, and starts to look for it again. */
    async checkAlive(): Promise<void> {
      const checked = state;
      if (checked.status !== 'ready') return;
      try {
        await checked.open.pool.query('SELECT 1');
      } catch (error) {
        if (state !== checked || stopped) return;
        const failure = options.toAppError(error);
        log.warn('The connection to the database is lost.', error);
        detach({
          status: 'failed',
          error:
            failure.code === 'database_unavailable'
              ? failure
              : new AppError('database_unavailable', failure.message, { cause: error }),
        });
        void reconnect();
      }
    },

    /** Installs or updates the ledger where the state asks for it. Throws what migrating throws. */
    async migrate(): Promise<DatabaseStatus> {
      const connection = saved.active();
      if (state.status !== 'needs_migration' || state.connectionId !== connection.id) {
        return status();
      }
      if (state.open.report.schema === 'newer') throw schemaError('newer');
      const url = connection.url ?? '';
      const password = await saved.passwordFor(connection.id, url);
      const report = await migrate({ connectionString: driverUrl(url, password, connection) });
      log.info(`${connection.name} was migrated.`, report);
      return connect();
    },

    /** Ends connection and server. Nothing can be asked of it afterwards. */
    async stop(): Promise<void> {
      stopped = true;
      reconnecting?.abort();
      detach({
        status: 'failed',
        error: new AppError('database_unavailable', 'The console is closing. Nothing was changed.'),
      });
      await inTurn(closeLeftOver);
    },
  };
}

function schemaError(schema: 'missing' | 'outdated' | 'current' | 'newer'): AppError {
  if (schema === 'newer') {
    return new AppError(
      'schema_newer',
      'The ledger in this database is newer than this console. Nothing was changed. Update the console.',
    );
  }
  return schema === 'missing'
    ? new AppError(
        'schema_missing',
        'This database has no ledger yet. Nothing was changed. Install it under Settings → Database.',
      )
    : new AppError(
        'schema_outdated',
        'The ledger in this database is older than this console. Nothing was changed. Update it under Settings → Database.',
      );
}

/** Waits for the end of running statements, but not for ever. */
async function drained(ended: Promise<void>): Promise<void> {
  await Promise.race([
    ended.catch(() => undefined),
    wait(DRAIN_SECONDS * 1_000, undefined, { ref: false }),
  ]);
}
