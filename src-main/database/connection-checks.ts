import pg from 'pg';
import { AppError } from '#shared/errors.ts';
import type { ConnectionTarget } from './connection-url.ts';
import { type SchemaState, schemaState } from './migrate.ts';
import { targetOf } from './pool.ts';

/** The oldest server the ledger's SQL runs on. */
export const SERVER_VERSION_MIN = 15;

export type ConnectionReport = {
  /** Such as "18.4". */
  serverVersion: string;
  fsync: boolean;
  fullPageWrites: boolean;
  /** The default of this role and database there; the console's own sessions set it to `on`. */
  synchronousCommit: string;
  /** A standby, or a database that is set to read only: nothing can be posted. */
  readOnly: boolean;
  role: string;
  isSuperuser: boolean;
  memberOf: { reader: boolean; support: boolean; service: boolean; admin: boolean };
  /** Names of the functions of schema `credits` that the role may execute, in order. */
  executableFunctions: string[];
  schema: SchemaState;
  /** Whether the role has the privileges that migrating needs. */
  canMigrate: boolean;
  tls: { encrypted: boolean; version: string | null };
  /** The best of three. */
  roundTripMs: number;
  /** Sentences for people; none where all is well. */
  warnings: string[];
};

/** Throws `database_version` for a server older than PostgreSQL 15. `versionNumber` is server_version_num, such as 150004. */
export function assertSupportedVersion(versionNumber: number, version: string): void {
  if (Math.floor(versionNumber / 10_000) >= SERVER_VERSION_MIN) return;
  throw new AppError(
    'database_version',
    `The server is PostgreSQL ${version}; the ledger needs ${SERVER_VERSION_MIN} or later. Nothing was changed. ` +
      'Connect to a newer server, or have this one upgraded.',
    { details: { found: version, needed: SERVER_VERSION_MIN } },
  );
}

type ServerRow = {
  version: string;
  version_number: number;
  fsync: boolean;
  full_page_writes: boolean;
  synchronous_commit: string;
  read_only: boolean;
  role: string;
  is_superuser: boolean;
  tls: boolean;
  tls_version: string | null;
};

// reset_val: what the session had before the pool set its own value. The read-only default is read the same way.
const SERVER_QUERY = `
  SELECT current_setting('server_version') AS version,
         current_setting('server_version_num')::int AS version_number,
         current_setting('fsync')::bool AS fsync,
         current_setting('full_page_writes')::bool AS full_page_writes,
         (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit') AS synchronous_commit,
         pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS read_only,
         session_user::text AS role,
         (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) AS is_superuser,
         coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS tls,
         (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls_version`;

type PrivilegesRow = {
  reader: boolean;
  support: boolean;
  service: boolean;
  admin: boolean;
  functions: string[];
  can_migrate: boolean;
};

// USAGE, not MEMBER: a membership that is not inherited gives no privilege in an ordinary session.
// Migrating: the first time it makes roles and a schema; later it acts as the ledger's owner.
const PRIVILEGES_QUERY = `
  WITH groups AS (
    SELECT rolname, pg_has_role(session_user, oid, 'USAGE') AS used, pg_has_role(session_user, oid, 'MEMBER') AS member
      FROM pg_roles WHERE rolname LIKE 'credits\\_%'
  ), me AS (
    SELECT rolsuper, rolcreaterole, has_database_privilege(current_database(), 'CREATE') AS may_create
      FROM pg_roles WHERE rolname = session_user
  )
  SELECT coalesce((SELECT used FROM groups WHERE rolname = 'credits_reader'), false) AS reader,
         coalesce((SELECT used FROM groups WHERE rolname = 'credits_support'), false) AS support,
         coalesce((SELECT used FROM groups WHERE rolname = 'credits_service'), false) AS service,
         coalesce((SELECT used FROM groups WHERE rolname = 'credits_admin'), false) AS admin,
         ARRAY(
           SELECT DISTINCT p.proname::text
             FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname = 'credits' AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype
              AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')
            ORDER BY 1
         ) AS functions,
         me.rolsuper OR (
           me.may_create AND CASE
             WHEN EXISTS (SELECT FROM groups WHERE rolname = 'credits_owner')
             THEN (SELECT member FROM groups WHERE rolname = 'credits_owner')
             ELSE me.rolcreaterole
           END
         ) AS can_migrate
    FROM me`;

/**
 * What the console must know of a database before it works on it. Changes nothing.
 * Throws `database_version` for a server that is too old, and `not_permitted` where the role may not read the ledger
 * that is there; errors of the driver pass through.
 */
export async function checkConnection(pool: pg.Pool): Promise<ConnectionReport> {
  const client = await pool.connect();
  try {
    const server = (await client.query<ServerRow>(SERVER_QUERY)).rows[0];
    if (!server) throw new AppError('internal', 'The server gave no answer about itself.');
    assertSupportedVersion(server.version_number, server.version);
    const privileges = (await client.query<PrivilegesRow>(PRIVILEGES_QUERY)).rows[0];
    if (!privileges) throw new AppError('internal', 'The server gave no answer about the role.');

    const roundTrips: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      const begin = performance.now();
      await client.query('SELECT 1');
      roundTrips.push(performance.now() - begin);
    }
    const { reader, support, service, admin } = privileges;
    return {
      // Some builds add their own name: "16.4 (Debian 16.4-1)".
      serverVersion: server.version.split(' ')[0] ?? server.version,
      fsync: server.fsync,
      fullPageWrites: server.full_page_writes,
      synchronousCommit: server.synchronous_commit,
      readOnly: server.read_only,
      role: server.role,
      isSuperuser: server.is_superuser,
      memberOf: { reader, support, service, admin },
      executableFunctions: privileges.functions,
      schema: await readableSchemaState(client, server.role),
      canMigrate: privileges.can_migrate,
      tls: { encrypted: server.tls, version: server.tls_version },
      roundTripMs: Math.round(Math.min(...roundTrips) * 10) / 10,
      warnings: [...warningsOf(server), ...tlsWarnings(targetOf(pool), server.tls)],
    };
  } finally {
    client.release();
  }
}

async function readableSchemaState(client: pg.PoolClient, role: string): Promise<SchemaState> {
  try {
    return await schemaState(client);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === '42501')) throw error;
    throw new AppError(
      'not_permitted',
      `There is a ledger in this database, but "${role}" may not read it. Nothing was changed. ` +
        'Ask who runs the server to make it a member of credits_reader, credits_support or credits_admin.',
      { cause: error, details: { role } },
    );
  }
}

function warningsOf(server: ServerRow): string[] {
  const warnings: string[] = [];
  if (!server.fsync) {
    warnings.push(
      'fsync is off: a crash of the server or a power cut can lose or damage confirmed entries.',
    );
  }
  if (!server.full_page_writes) {
    warnings.push('full_page_writes is off: a power cut can damage the database.');
  }
  if (['off', 'local'].includes(server.synchronous_commit)) {
    warnings.push(
      `synchronous_commit is ${server.synchronous_commit} by default: the console sets it on for its own entries, but other programs' confirmed entries can be lost in a crash.`,
    );
  }
  if (server.read_only) {
    warnings.push('The database is read-only (a standby, or set so): nothing can be posted here.');
  }
  if (server.is_superuser) {
    warnings.push(
      'The login is a superuser: the ledger does not need that. Use a login that is a member of one of its roles.',
    );
  }
  return warnings;
}

function tlsWarnings(target: ConnectionTarget | undefined, encrypted: boolean): string[] {
  if (!target || target.isLoopback || target.tls === 'verify-full') return [];
  return [
    encrypted
      ? 'TLS is not verified: someone between here and the server could read and change everything.'
      : 'The connection is not encrypted: everyone between here and the server can read everything.',
  ];
}
