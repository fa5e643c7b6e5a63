import { readFileSync } from 'node:fs';
import pg from 'pg';
import { AppError } from '#shared/errors.ts';
import { type ConnectionTarget, parseConnectionUrl } from './connection-url.ts';

const INT8 = 20;
const INT8_ARRAY = 1016;
const DATE = 1082;
const TIMESTAMP_WITHOUT_ZONE = 1114;

/** Turns PostgreSQL's int8 text into a number. Throws RangeError beyond ±(2^53 − 1), where a number would be wrong. */
export function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`A bigint of the database is beyond the safe range: ${text}`);
  }
  return value;
}

const asText = (text: string) => text;

const PARSERS = new Map<number, (text: string) => unknown>([
  [INT8, parseInt8],
  [
    INT8_ARRAY,
    (text) =>
      text === '{}'
        ? []
        : text
            .slice(1, -1)
            .split(',')
            .map((item) => (item === 'NULL' ? null : parseInt8(item))),
  ],
  // A day is not an instant: as a JavaScript Date it would shift with the time zone of this computer.
  [DATE, asText],
  [TIMESTAMP_WITHOUT_ZONE, asText],
]);

/** How columns arrive: int8 as a safe integer, days as text (2026-01-31), numeric as text, timestamptz as Date. */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    (format === 'binary' ? undefined : PARSERS.get(oid)) ??
    pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
};

export type PoolOptions = {
  /** A PostgreSQL URL, with or without the password; see parseConnectionUrl. */
  url: string;
  /** Used when the URL holds none. */
  password?: string | undefined;
  allowUnverifiedTls?: boolean | undefined;
  /** Who acts: becomes `credits.actor` of every session, and so stands on every row it writes. */
  actor?: string | undefined;
  /**
   * A group role that every session acts as, whatever more its login may do. The login must be a member: else connecting fails
   * with SQLSTATE 42501. What the pool's user sends decides: a statement of somebody else's could take the role off again.
   */
  role?: 'credits_service';
  applicationName?: string;
  /** Most connections at once. */
  max?: number;
  /** The server cancels statements that run longer; 0 means no limit (exports, migrations). */
  statementTimeoutSeconds?: number;
  /**
   * A statement whose answer does not come for so long fails as a lost connection: where the network swallows everything, nobody is
   * there to cancel it, and the system would wait for a quarter of an hour. Longer than the statement's limit; default: none.
   */
  answerTimeoutSeconds?: number;
  connectionTimeoutSeconds?: number;
  /** Told about connections that were lost while idle; the pool replaces them by itself. */
  log?: (message: string) => void;
};

/**
 * A pool whose sessions are all alike: actor, limits, UTC, synchronous commit. Connects on first use.
 * Throws `invalid_argument` for a bad URL or actor, and `file_error` where the certificate file cannot be read.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const { target, password } = parseConnectionUrl(options.url, options);
  const statementTimeout = options.statementTimeoutSeconds ?? 60;
  const settings: Record<string, string> = {
    TimeZone: 'UTC',
    DateStyle: 'ISO, YMD',
    IntervalStyle: 'postgres',
    // An answer means that the entry is on the disk, whatever the server's default is.
    synchronous_commit: 'on',
    statement_timeout: `${statementTimeout}s`,
    // A console that hangs inside a transaction would stop every posting for that customer.
    idle_in_transaction_session_timeout: '60s',
    lock_timeout: '15s',
    ...(options.actor === undefined ? {} : { 'credits.actor': checkedActor(options.actor) }),
    // Last, so that the settings before it are the login's own to make.
    ...(options.role === undefined ? {} : { role: options.role }),
  };
  const names = Object.keys(settings);
  const values = Object.values(settings);
  // As values of a query, not as start-up options: nothing in an actor's name can become another setting, and
  // connection poolers that refuse start-up options work too.
  const apply = `SELECT ${names.map((name, index) => `set_config('${name}', $${index + 1}, false)`).join(', ')}`;

  const pool = new pg.Pool({
    Client: ClosingClient,
    host: target.host,
    port: target.port,
    database: target.database,
    user: target.user,
    // A function, so that neither PGPASSWORD nor a password file of this computer steps in for a missing one.
    password: () => password ?? options.password ?? '',
    ssl: tlsOptions(target),
    types: columnTypes,
    application_name: options.applicationName ?? 'credit-console',
    max: options.max ?? 8,
    connectionTimeoutMillis: (options.connectionTimeoutSeconds ?? 10) * 1_000,
    ...(options.answerTimeoutSeconds === undefined
      ? {}
      : { query_timeout: options.answerTimeoutSeconds * 1_000 }),
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // Awaited by the pool before it hands out the new connection; a failure fails the request for it.
    onConnect: async (client) => {
      await client.query(apply, values);
    },
  });
  // A connection in use reports its loss twice: to the query that waits, and as an event that, unheard, would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  // Unheard, the loss of an idle connection would end the process.
  pool.on('error', (error) => {
    options.log?.(`An idle database connection was lost: ${error.message}`);
  });
  targets.set(pool, target);
  return pool;
}

const targets = new WeakMap<pg.Pool, ConnectionTarget>();

/** Where a pool of createPool leads to; undefined for any other pool. */
export function targetOf(pool: pg.Pool): ConnectionTarget | undefined {
  return targets.get(pool);
}

/**
 * The driver leaves the socket open when it gives up by itself while logging in (no password, a server that cannot prove
 * who it is): the server would keep that session for a minute, and could drop no database meanwhile.
 */
class ClosingClient extends pg.Client {
  override connect(): Promise<pg.Client>;
  override connect(callback: (error: Error) => void): void;
  override connect(callback?: (error: Error) => void): Promise<pg.Client> | undefined {
    const connected = super.connect().catch((error: unknown) => {
      this.end().catch(() => undefined);
      throw error;
    });
    if (!callback) return connected;
    const report = callback as (error: Error | undefined) => void;
    connected.then(() => report(undefined), report);
    return undefined;
  }
}

const ACTOR_LENGTH_MAX = 200;

function checkedActor(actor: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this must refuse
  const misleading = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
  const text = actor.trim();
  if (text === '' || text.length > ACTOR_LENGTH_MAX || misleading.test(text)) {
    const why = `must be 1 to ${ACTOR_LENGTH_MAX} characters of plain text`;
    throw new AppError('invalid_argument', `The name of who acts ${why}. Nothing was changed.`, {
      fields: { actor: why },
    });
  }
  return text;
}

function tlsOptions(target: ConnectionTarget): pg.PoolConfig['ssl'] {
  if (target.tls === 'off') return false;
  if (target.tls === 'unverified') return { rejectUnauthorized: false };
  if (target.rootCertificateFile === undefined) return { rejectUnauthorized: true };
  try {
    return { rejectUnauthorized: true, ca: readFileSync(target.rootCertificateFile, 'utf8') };
  } catch (cause) {
    throw new AppError(
      'file_error',
      `The certificate file ${target.rootCertificateFile} cannot be read. Nothing was sent to the server. ` +
        'Check the path in sslrootcert.',
      { cause, fields: { url: 'The file named by sslrootcert cannot be read.' } },
    );
  }
}
