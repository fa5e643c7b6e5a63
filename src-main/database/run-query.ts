import type { Kysely, RawBuilder } from 'kysely';
import pg from 'pg';
import { AppError } from '#shared/errors.ts';
import { toInputError } from './input-errors.ts';
import { connectionLost, isLost } from './lost-connection.ts';
import type { Database } from './tables/database.ts';

/** What a query needs: Kysely writes it, a connection of the pool runs it. */
export type QueryTarget = { readonly kysely: Kysely<Database>; readonly pool: pg.Pool };

/** Runs queries on one connection, one after the other. */
export type RunQuery = <Row>(query: RawBuilder<Row>) => Promise<Row[]>;

/**
 * Runs one query and returns its rows. When the signal aborts, the server is told to stop it, and the promise rejects
 * with the signal's reason once it has.
 */
export async function runQuery<Row>(
  target: QueryTarget,
  query: RawBuilder<Row>,
  signal?: AbortSignal,
): Promise<Row[]> {
  return onConnection(target, signal, (run) => run(query));
}

/**
 * Runs several queries that must agree with each other on one snapshot of the database, read-only. `local` are settings
 * for this work alone, such as `work_mem`.
 */
export async function readSnapshot<Result>(
  target: QueryTarget,
  signal: AbortSignal | undefined,
  work: (run: RunQuery) => Promise<Result>,
  local: Readonly<Record<string, string>> = {},
): Promise<Result> {
  return onConnection(target, signal, async (run, client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    try {
      for (const [name, value] of Object.entries(local)) {
        await client.query('SELECT set_config($1, $2, true)', [name, value]);
      }
      const result = await work(run);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  });
}

async function onConnection<Result>(
  target: QueryTarget,
  signal: AbortSignal | undefined,
  work: (run: RunQuery, client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted();
  const client = await target.pool.connect().catch((error: unknown) => {
    throw explain(error);
  });
  let cancelling: Promise<void> | undefined;
  const cancel = () => {
    cancelling = cancelBackend(target.pool, client);
  };
  let broken = false;
  try {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', cancel, { once: true });
    return await work(async (query) => {
      signal?.throwIfAborted();
      const { sql, parameters } = query.compile(target.kysely);
      const { rows } = await client.query(sql, [...parameters]);
      return rows;
    }, client);
  } catch (error) {
    broken = !(error instanceof pg.DatabaseError || error instanceof AppError);
    throw signal?.aborted ? signal.reason : explain(error);
  } finally {
    signal?.removeEventListener('abort', cancel);
    // Not given back while a cancel request is under way, and then not at all: it would hit the next one's query.
    await cancelling;
    client.release(broken || cancelling !== undefined);
  }
}

function explain(error: unknown): unknown {
  return toInputError(error) ?? (isLost(error) ? connectionLost(error) : error);
}

/** Tells the server to stop what this connection runs. From outside the pool: all of it may be busy with such queries. */
async function cancelBackend(pool: pg.Pool, client: pg.PoolClient): Promise<void> {
  const { processID } = client as pg.PoolClient & { processID?: number };
  if (processID === undefined) return;
  // The password is hidden from a spread, so it is named.
  const messenger = new pg.Client({ ...pool.options, password: pool.options.password });
  messenger.on('error', () => undefined);
  try {
    await messenger.connect();
    await messenger.query('SELECT pg_cancel_backend($1)', [processID]);
  } catch {
    // The query then runs to its end or its time limit; nobody waits for its rows.
  } finally {
    await messenger.end().catch(() => undefined);
  }
}
