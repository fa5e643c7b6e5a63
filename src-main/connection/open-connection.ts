import { Kysely, PostgresDialect } from 'kysely';
import type { z } from 'zod';
import { openDatabase } from '#main/database/connect.ts';
import {
  checkConnection,
  type ConnectionReport as DatabaseReport,
} from '#main/database/connection-checks.ts';
import { parseConnectionUrl } from '#main/database/connection-url.ts';
import type { createPool, PoolOptions } from '#main/database/pool.ts';
import type { Database } from '#main/database/tables/database.ts';
import type { connectionReportSchema } from '#shared/ipc/settings.ts';
import { abilitiesOf } from './abilities.ts';

export type ConsolePool = ReturnType<typeof createPool>;
export type ConnectionReport = z.output<typeof connectionReportSchema>;

/** A database that answers, with what was found out about it. */
export type OpenConnection = {
  readonly pool: ConsolePool;
  readonly kysely: Kysely<Database>;
  readonly report: ConnectionReport;
  /** True on a workspace that seed-demo filled. */
  readonly demoData: boolean;
};

/** Connects and looks; the caller ends the pool. Throws what openDatabase throws. */
export async function openConnection(options: PoolOptions): Promise<OpenConnection> {
  const pool = await openDatabase(options);
  try {
    const report = toReport(await checkConnection(pool), options);
    const kysely = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
    const demoData = report.schema === 'current' && (await hasDemoData(kysely));
    return { pool, kysely, report, demoData };
  } catch (error) {
    await pool.end();
    throw error;
  }
}

/** What the database found, in the words of the contract. */
export function toReport(
  found: DatabaseReport,
  options: Pick<PoolOptions, 'url' | 'allowUnverifiedTls'>,
): ConnectionReport {
  const { target } = parseConnectionUrl(options.url, options);
  return {
    serverVersion: found.serverVersion,
    database: target.database,
    role: found.role,
    host: `${target.host}:${target.port}`,
    tls: found.tls.encrypted,
    fsync: found.fsync,
    synchronousCommit: !['off', 'local'].includes(found.synchronousCommit),
    schema: found.schema,
    canMigrate: found.canMigrate,
    abilities: abilitiesOf(found),
    roundTripMs: found.roundTripMs,
    warnings: found.warnings,
  };
}

/** A role that may not read the facts of the workspace sees none. */
async function hasDemoData(kysely: Kysely<Database>): Promise<boolean> {
  const fact = await kysely
    .selectFrom('credits.workspace_facts')
    .select('value')
    .where('name', '=', DEMO_DATA_FACT)
    .executeTakeFirst()
    .catch(() => undefined);
  return fact !== undefined && fact.value !== false;
}

/** The row of credits.workspace_facts that says whether seed-demo filled the workspace. */
export const DEMO_DATA_FACT = 'demo_data';
