import type { QueryTarget } from '#main/database/run-query.ts';
import type { Log } from '#main/logging/log.ts';
import type { NotificationSecrets } from '#main/notifications/secrets.ts';
import { AppError } from '#shared/errors.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { type LedgerJobs, type OnRun, startLedgerJobs } from './ledger-jobs.ts';
import type { LedgerJobName } from './schedule.ts';

/** The connected database, as far as jobs are concerned. */
type JobsDatabase = QueryTarget & {
  readonly connection: { readonly id: string };
  readonly abilities: ReadonlySet<Ability>;
};

export type WorkspaceJobs = {
  /**
   * Runs a job of the ledger now on this database and waits for its end. Throws `already_processed` where it runs elsewhere,
   * `not_permitted` where the role does not run jobs, `cancelled` where the console was connected to another database
   * meanwhile, and what the job itself meets.
   */
  readonly runNow: (database: Pick<JobsDatabase, 'pool'>, name: LedgerJobName) => Promise<void>;
  /** The database connection changed: makes the jobs follow. */
  readonly databaseChanged: () => void;
  /** Ends the jobs, and waits for what is under way. */
  readonly stop: () => Promise<void>;
};

/** The jobs of the connected workspace, where its role may run them: they begin with the connection and end with it. */
export function createWorkspaceJobs(options: {
  /** The connected database. Throws an AppError that says why there is none. */
  readonly database: () => JobsDatabase;
  readonly secretsOf: (connectionId: string) => NotificationSecrets;
  /** False: nothing runs by itself, only `runNow`. */
  readonly scheduled: boolean;
  readonly now: () => Date;
  readonly log: Log;
  readonly onRun: OnRun;
}): WorkspaceJobs {
  const { log } = options;
  let current: { pool: QueryTarget['pool']; jobs: LedgerJobs } | undefined;
  let ending: Promise<unknown> = Promise.resolve();
  let isStopped = false;

  function openDatabase(): JobsDatabase | undefined {
    if (isStopped) return undefined;
    try {
      const database = options.database();
      return database.abilities.has('administer') ? database : undefined;
    } catch {
      return undefined;
    }
  }

  function follow(): void {
    const database = openDatabase();
    if (current?.pool === database?.pool) return;
    const before = current?.jobs.stop();
    current = undefined;
    ending = Promise.all([ending, before]).catch((error: unknown) =>
      log.warn('The jobs ended badly.', error),
    );
    if (database === undefined) return;
    const { pool, kysely, connection } = database;
    const jobs = startLedgerJobs(
      {
        database: { pool, kysely },
        secrets: options.secretsOf(connection.id),
        now: options.now,
        log,
      },
      { onRun: options.onRun, onlyOnRequest: !options.scheduled },
    );
    current = { pool, jobs };
  }

  return {
    async runNow({ pool }, name) {
      // Throws what the connection says.
      if (!options.database().abilities.has('administer')) throw notPermitted();
      follow();
      if (current?.pool !== pool) throw switched();
      await current.jobs.runNow(name);
    },
    databaseChanged: follow,
    async stop() {
      isStopped = true;
      follow();
      await ending;
    },
  };
}

function notPermitted(): AppError {
  return new AppError(
    'not_permitted',
    'The database role in use may not run jobs. Nothing was changed. Ask whoever manages the database for the right.',
  );
}

function switched(): AppError {
  return new AppError(
    'cancelled',
    'The console was connected to another database meanwhile, so nothing was changed. Try again.',
  );
}
