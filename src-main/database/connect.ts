import type pg from 'pg';
import {
  assertSupportedVersion,
  type ConnectionReport,
  checkConnection,
} from './connection-checks.ts';
import { connectionError } from './connection-errors.ts';
import { parseConnectionUrl } from './connection-url.ts';
import { createPool, type PoolOptions } from './pool.ts';

/**
 * A pool that has connected once, to a server of a supported version.
 * Throws AppError with one code for each way to fail: `invalid_argument`, `database_unavailable`, `database_password`,
 * `database_not_found`, `database_tls`, `database_version`, `not_postgresql`, `not_permitted`.
 */
export async function openDatabase(options: PoolOptions): Promise<pg.Pool> {
  return connected(options, async (pool) => {
    const { rows } = await pool.query<{ number: number; version: string }>(
      `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version`,
    );
    assertSupportedVersion(rows[0]?.number ?? 0, rows[0]?.version ?? 'unknown');
    return pool;
  });
}

/**
 * Connects, looks, and disconnects: the Test button. Changes nothing on the server.
 * Throws as openDatabase does.
 */
export async function testConnection(options: PoolOptions): Promise<ConnectionReport> {
  const pool = await openDatabase({ ...options, max: 2 });
  const { target } = parseConnectionUrl(options.url, options);
  try {
    return await checkConnection(pool);
  } catch (error) {
    throw await connectionError(error, target);
  } finally {
    await pool.end();
  }
}

async function connected<T>(options: PoolOptions, work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const { target } = parseConnectionUrl(options.url, options);
  const pool = createPool(options);
  try {
    return await work(pool);
  } catch (error) {
    await pool.end().catch(() => undefined);
    throw await connectionError(error, target, {
      probeTimeoutMs: (options.connectionTimeoutSeconds ?? 3) * 1_000,
    });
  }
}
