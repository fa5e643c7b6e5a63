import pg from 'pg';
import { AppError } from '#shared/errors.ts';

// SQLSTATEs with which the server ends a connection; a connection that is lost otherwise has none.
const LOST_STATES = /^(08...|57P01|57P02|57P03|57P05|25P03|25P04)$/;
const LOST_CODES = /^(ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED|ENETRESET|ENETUNREACH|EHOSTUNREACH)$/;
const LOST_TEXT =
  /Connection terminated|connection error and is not queryable|Client was closed|socket hang up|Query read timeout/i;

/** Whether an error means that the connection was lost: the server, or the network, ended it. */
export function isLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof pg.DatabaseError) return LOST_STATES.test(error.code ?? '');
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return LOST_CODES.test(code) || LOST_TEXT.test(error.message);
}

/** For work that changes nothing, or of which nothing was sent yet. */
export function connectionLost(cause: unknown): AppError {
  return new AppError(
    'database_unavailable',
    'The connection to the database was lost; nothing was changed. Try again in a moment.',
    { cause },
  );
}

/**
 * A connection of a pool. Whatever keeps the database from giving one (it is away, full, closed for maintenance, or refuses the
 * login), nothing was sent: database_unavailable, with the reason as its cause.
 */
export async function takeConnection(pool: pg.Pool): Promise<pg.PoolClient> {
  return pool.connect().catch((error: unknown) => {
    throw connectionLost(error);
  });
}
