import { listJobs } from '#main/jobs/list-jobs.ts';
import { isLedgerJob } from '#main/jobs/schedule.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { JobName, jobsProcedures } from '#shared/ipc/jobs.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { HandlerDependencies } from './dependencies.ts';
import { assertSameDatabase } from './target-on.ts';

/** The work that runs by itself: what it last did, and running it now. */
export function jobsHandlers(
  console: Pick<HandlerDependencies, 'database' | 'databaseFor' | 'jobs' | 'stripe'>,
): Pick<Handlers<Contract>, keyof typeof jobsProcedures> {
  type Database = ReturnType<typeof console.database>;

  async function list(database: Database, signal?: AbortSignal) {
    const { abilities } = database;
    const withStripe =
      abilities.has('manageStripe') &&
      (await console.stripe.target().then(
        () => true,
        () => false,
      ));
    const mayRun = (name: JobName) =>
      isLedgerJob(name) ? abilities.has('administer') : withStripe;
    return listJobs(database, mayRun, signal);
  }

  async function run(name: JobName): Promise<Database> {
    if (isLedgerJob(name)) {
      const database = console.databaseFor('administer');
      await console.jobs.runNow(database, name);
      return database;
    }
    const database = console.databaseFor('manageStripe');
    assertSameDatabase((await console.stripe.target()).database, database);
    await console.stripe.runJob(name);
    return database;
  }

  return {
    'jobs.list': async (_, { signal }) => ({ rows: await list(console.database(), signal) }),
    'jobs.runNow': async ({ name }) => {
      const row = (await list(await run(name))).find((job) => job.name === name);
      if (row === undefined) throw new Error(`the job ${name} is not listed`);
      return row;
    },
  };
}
