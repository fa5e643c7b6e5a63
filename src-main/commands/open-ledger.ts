import { Kysely, PostgresDialect } from 'kysely';
import { openDatabase } from '#main/database/connect.ts';
import { resolveDataFolder } from '#main/database/data-folder.ts';
import { type SchemaState, schemaState } from '#main/database/migrate.ts';
import type { Database } from '#main/database/tables/database.ts';
import { AppError } from '#shared/errors.ts';
import { driverUrl } from '../connection/driver-url.ts';
import { startWorkspace } from '../connection/embedded-workspace.ts';
import type { Log } from '../logging/log.ts';
import type { OpenLedger } from './command.ts';

export type LedgerSource = {
  openLedger: (as?: 'person' | 'owner') => Promise<OpenLedger>;
  databaseAddress: () => Promise<string>;
  /** Ends connections, and the embedded server where no other console uses it. */
  close: () => Promise<void>;
};

/**
 * The ledger that the command line works on: at a URL, or the embedded one of the data folder, whose server is started or,
 * where a console runs, shared. Nothing is connected or started before it is asked for.
 */
export function ledgerSource(options: {
  /** undefined: the embedded one. */
  databaseUrl: string | undefined;
  actor: string;
  log: Log;
}): LedgerSource {
  const closing: (() => Promise<void>)[] = [];

  async function addressAs(as: 'person' | 'owner'): Promise<string> {
    if (options.databaseUrl !== undefined) return options.databaseUrl;
    const server = await startWorkspace({
      dataFolder: resolveDataFolder(),
      // What the command line makes begins empty: seed-demo fills it as asked.
      demoData: false,
      log: options.log,
      onStep: () => undefined,
    });
    closing.push(server.release);
    return as === 'owner' ? server.superuserUrl : server.consoleUrl;
  }

  return {
    async openLedger(as = 'person') {
      const url = await addressAs(as);
      const pool = await openDatabase({
        url,
        actor: options.actor,
        applicationName: 'credit-console cli',
        max: 4,
        // Seeding and checking take as long as they take.
        statementTimeoutSeconds: 0,
      });
      closing.push(() => pool.end());
      assertCurrent(await schemaState(pool));
      const kysely = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
      return { pool, kysely, author: { actor: options.actor } };
    },
    async databaseAddress() {
      const url = await addressAs('owner');
      // Reached once on the console's own terms, so that what is wrong is told in its words.
      const pool = await openDatabase({ url, max: 1 });
      await pool.end();
      return driverUrl(url, undefined, { allowUnverifiedTls: false });
    },
    async close() {
      for (const close of closing.reverse()) await close();
    },
  };
}

function assertCurrent(state: SchemaState): void {
  switch (state) {
    case 'current':
      return;
    case 'missing':
      throw new AppError(
        'schema_missing',
        'This database has no ledger yet. Nothing was changed. Install it with the command migrate.',
      );
    case 'outdated':
      throw new AppError(
        'schema_outdated',
        'The ledger in this database is older than this console. Nothing was changed. Update it with the command migrate.',
      );
    case 'newer':
      throw new AppError(
        'schema_newer',
        'The ledger in this database is newer than this console. Nothing was changed. Update the console.',
      );
  }
}
