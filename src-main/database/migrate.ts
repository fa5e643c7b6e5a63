import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kysely, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { AppError } from '#shared/errors.ts';
import { SQL_FOLDER } from '../ledger/sql-folder.ts';
import * as ledger from './migrations/2026-11-22-ledger.ts';
import * as rollups from './migrations/2026-11-22-rollups.ts';
import * as stripe from './migrations/2026-11-22-stripe.ts';
import * as usageMetering from './migrations/2026-11-22-usage-metering.ts';
import * as usageService from './migrations/2026-11-22-usage-service.ts';

/** Every migration in order, by its file's name. Never edited once shipped. */
const MIGRATIONS = {
  '2026-11-22-ledger': ledger,
  '2026-11-22-rollups': rollups,
  '2026-11-22-stripe': stripe,
  '2026-11-22-usage-metering': usageMetering,
  '2026-11-22-usage-service': usageService,
};

export const GROUP_ROLES = [
  'credits_reader',
  'credits_support',
  'credits_service',
  'credits_admin',
] as const;
const OWNER = 'credits_owner';

export type SchemaState = 'missing' | 'outdated' | 'current' | 'newer';

export type MigrationReport = {
  /** The migrations that ran now, by name. */
  migrations: string[];
  /** True where the SQL functions were applied now because their text had changed. */
  functionsApplied: boolean;
};

type Queryable = Pick<pg.ClientBase, 'query'>;

/**
 * Installs the ledger or brings it up to date: roles, tables, then the SQL functions as a whole. Safe to repeat and to
 * run from several places at once (one waits for the other). Needs a role that may create roles and a schema.
 * Errors: not_permitted, schema_newer, and what connecting raises.
 */
export async function migrate(options: { connectionString: string }): Promise<MigrationReport> {
  const client = new pg.Client({
    connectionString: options.connectionString,
    application_name: 'credit-console migrate',
  });
  try {
    await client.connect();
    // A session lock for the migration alone; no rule about credits depends on it.
    await client.query('SELECT pg_advisory_lock(8726301455)');
    const state = await schemaState(client);
    if (state === 'newer') {
      throw new AppError(
        'schema_newer',
        'The ledger in this database is newer than this console. Nothing was changed. Update the console.',
      );
    }
    if (state === 'current') return { migrations: [], functionsApplied: false };
    await prepareOwner(client);
    const migrations = await migrateTables(options.connectionString);
    const functionsApplied = await applyFunctions(client);
    return { migrations, functionsApplied };
  } catch (error) {
    throw error instanceof pg.DatabaseError && error.code === '42501'
      ? new AppError(
          'not_permitted',
          `This database role may not install the ledger: ${error.message}. Nothing was changed. Use a role that may create roles and a schema.`,
          { cause: error },
        )
      : error;
  } finally {
    await client.end();
  }
}

/** Compares the ledger in the database with the one of this console. Needs no privilege but to read the state's tables. */
export async function schemaState(database: Queryable): Promise<SchemaState> {
  const found = await database.query<{ there: boolean }>(
    `SELECT count(*) = 2 AS there FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'credits' AND c.relname IN ('schema_state', 'schema_migrations')`,
  );
  if (!found.rows[0]?.there) return 'missing';
  const executed = await database.query<{ name: string }>(
    'SELECT name FROM credits.schema_migrations ORDER BY name',
  );
  const known = Object.keys(MIGRATIONS);
  const names = executed.rows.map((row) => row.name);
  if (names.some((name) => !known.includes(name))) return 'newer';
  const state = await database.query<{ functions_version: number; functions_hash: string }>(
    'SELECT functions_version, functions_hash FROM credits.schema_state',
  );
  const applied = state.rows[0];
  if (applied && applied.functions_version > FUNCTIONS_VERSION) return 'newer';
  if (names.length < known.length) return names.length === 0 ? 'missing' : 'outdated';
  return applied?.functions_hash === (await readFunctions()).hash ? 'current' : 'outdated';
}

/**
 * Counts up with each release whose SQL functions differ from the one before: an older console then sees that the
 * database is newer and leaves it alone, instead of taking its own older functions for an update.
 */
const FUNCTIONS_VERSION = 4;

async function prepareOwner(client: Queryable): Promise<void> {
  for (const role of [OWNER, ...GROUP_ROLES]) {
    // Roles belong to the whole server: another database's ledger may have made them, even at this very moment.
    await client.query(
      `DO $$ BEGIN
         CREATE ROLE ${role} NOLOGIN;
       EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
       END $$`,
    );
  }
  await client.query(
    `DO $$ BEGIN
       IF NOT pg_has_role(current_user, '${OWNER}', 'SET') THEN
         EXECUTE format('GRANT ${OWNER} TO %I', current_user);
       END IF;
     EXCEPTION WHEN undefined_object OR invalid_parameter_value THEN
       -- Before PostgreSQL 16 there is no privilege SET: membership is all.
       EXECUTE format('GRANT ${OWNER} TO %I', current_user);
     END $$`,
  );
  for (const [group, member] of [
    ['credits_reader', 'credits_support'],
    ['credits_support', 'credits_admin'],
    ['credits_service', 'credits_admin'],
  ]) {
    await client.query(
      `DO $$ BEGIN
         IF NOT pg_has_role('${member}', '${group}', 'MEMBER') THEN
           GRANT ${group} TO ${member};
         END IF;
       EXCEPTION WHEN unique_violation THEN NULL;
       END $$`,
    );
  }
  // Trigram search on customers. A trusted extension: CREATE on the database suffices.
  await client.query('CREATE EXTENSION IF NOT EXISTS pg_trgm');
  await client.query(
    `DO $$ BEGIN
       EXECUTE format('GRANT USAGE ON SCHEMA %I TO ${OWNER}', (
         SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
         WHERE e.extname = 'pg_trgm'));
     END $$`,
  );
  // The ledger, and beside it the work tables of its money side.
  for (const schema of ['credits', 'credits_billing']) {
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${OWNER}`);
  }
  await asOwner(client, [
    `CREATE TABLE IF NOT EXISTS credits.schema_state (
       only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
       functions_version integer NOT NULL,
       functions_hash text NOT NULL,
       applied_at timestamptz NOT NULL DEFAULT now()
     )`,
  ]);
}

async function migrateTables(connectionString: string): Promise<string[]> {
  const pool = new pg.Pool({
    connectionString,
    max: 1,
    application_name: 'credit-console migrate',
    options: `-c role=${OWNER}`,
  });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const migrator = new Migrator({
      db,
      provider: { getMigrations: async () => MIGRATIONS },
      migrationTableSchema: 'credits',
      migrationTableName: 'schema_migrations',
      migrationLockTableName: 'schema_migration_lock',
    });
    const { error, results } = await migrator.migrateToLatest();
    if (error) throw error;
    return (results ?? []).map((result) => result.migrationName);
  } finally {
    await db.destroy();
  }
}

/** Drops every function of the schema and makes it anew, in one transaction: no stale or overloaded one stays behind. */
async function applyFunctions(client: Queryable): Promise<boolean> {
  const { hash, statements } = await readFunctions();
  await asOwner(client, [
    // The order of the files says nothing about who calls whom.
    'SET LOCAL check_function_bodies = off',
    `DO $$
     DECLARE each record;
     BEGIN
       FOR each IN SELECT p.oid::regprocedure AS signature FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname = 'credits' AND p.prorettype <> 'trigger'::regtype
       LOOP EXECUTE 'DROP FUNCTION ' || each.signature; END LOOP;
     END $$`,
    ...statements,
    `INSERT INTO credits.schema_state (functions_version, functions_hash) VALUES (${FUNCTIONS_VERSION}, '${hash}')
     ON CONFLICT (only_row) DO UPDATE
     SET functions_version = excluded.functions_version, functions_hash = excluded.functions_hash, applied_at = now()`,
  ]);
  return true;
}

async function asOwner(client: Queryable, statements: string[]): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL ROLE ${OWNER}`);
    for (const statement of statements) await client.query(statement);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

/** The functions' files in name order, privileges last, and a hash over all of it. */
async function readFunctions(): Promise<{ hash: string; statements: string[] }> {
  const files = (await readdir(SQL_FOLDER)).filter((name) => name.endsWith('.sql')).sort();
  const functions = files.filter((name) => name !== 'privileges.sql');
  const statements = await Promise.all(
    [...functions, 'privileges.sql'].map((name) => readFile(join(SQL_FOLDER, name), 'utf8')),
  );
  const hash = createHash('sha256').update(statements.join('\n')).digest('hex');
  return { hash, statements };
}
