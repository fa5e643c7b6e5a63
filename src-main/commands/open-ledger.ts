import { Kysely, PostgresDialect } from 'kysely';
import { openDatabase } from '#main/database/connect.ts';
import { parseConnectionUrl } from '#main/database/connection-url.ts';
import { resolveDataFolder } from '#main/database/data-folder.ts';
import { startEmbeddedServer } from '#main/database/embedded-server.ts';
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
  environment: Readonly<Record<string, string | undefined>>;
  actor: string;
  log: Log;
}): LedgerSource {
  const closing: (() => Promise<void>)[] = [];

  const dataFolder = () => resolveDataFolder({ ...options.environment });

  async function addressAs(as: 'person' | 'owner'): Promise<string> {
    if (options.databaseUrl !== undefined) return options.databaseUrl;
    const server = await startWorkspace({
      dataFolder: dataFolder(),
      // What the command line makes begins empty: seed-demo fills it as asked.
      demoData: false,
      log: options.log,
      onStep: () => undefined,
    });
    closing.push(server.release);
    return as === 'owner' ? server.superuserUrl : server.consoleUrl;
  }

  /** For migrate: the embedded server as it is, so that what is done to it can be told. */
  async function bareAddress(): Promise<string> {
    if (options.databaseUrl !== undefined) return options.databaseUrl;
    const server = await startEmbeddedServer({
      dataFolder: dataFolder(),
      log: (message) => options.log.info(message),
    });
    closing.push(server.release);
    return server.superuserUrl;
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
      return { pool, kysely, author: { actor: options.actor }, url };
    },
    async databaseAddress() {
      const url = await bareAddress();
      // Reached once on the console's own terms, so that what is wrong is told in its words.
      const pool = await openDatabase({ url, max: 1 });
      await pool.end();
      const { password } = parseConnectionUrl(url);
      return driverUrl(url, password, { allowUnverifiedTls: false });
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
