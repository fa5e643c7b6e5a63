import type { RawBuilder } from 'kysely';
import pg from 'pg';
import { toInputError } from '#main/database/input-errors.ts';
import { connectionLost, isLost } from '#main/database/lost-connection.ts';
import type { QueryTarget, RunQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import { toLedgerError } from './ledger-errors.ts';

/** Who posts, and what is merged into the metadata of everything the call writes. */
export type Author = {
  actor: string;
  reasonCode?: string | undefined;
  caseLink?: string | undefined;
  /** Only where the function takes no words of its own. */
  note?: string | undefined;
};

/** One call of a function of the ledger, prepared once a connection under its name. */
export type LedgerCall = { name: string; text: string; values: unknown[] };

/** Calls a function of the ledger, and reads in the same database transaction. */
export type LedgerSession = {
  call: <Row>(call: LedgerCall) => Promise<Row>;
  run: RunQuery;
};

/**
 * Runs work that posts, in one database transaction: everything or nothing. What the work returns is read before the
 * commit, so that nothing but the commit's own answer can be lost after it.
 *
 * Errors: the ledger's; `database_unavailable` where nothing was sent yet; `outcome_unknown` where the connection was
 * lost while the posting or its commit was under way: repeat with the same idempotency key to learn the outcome.
 */
export async function post<Result>(
  target: QueryTarget,
  author: Author,
  work: (session: LedgerSession) => Promise<Result>,
): Promise<Result> {
  return inTransaction(target, author, 'COMMIT', work);
}

/** As `post`, but rolled back: what the same work would do. Nothing stays; a lost connection is `database_unavailable`. */
export async function rehearse<Result>(
  target: QueryTarget,
  author: Author,
  work: (session: LedgerSession) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  return inTransaction(target, author, 'ROLLBACK', work, signal);
}

async function inTransaction<Result>(
  target: QueryTarget,
  author: Author,
  ending: 'COMMIT' | 'ROLLBACK',
  work: (session: LedgerSession) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  signal?.throwIfAborted();
  const client = await target.pool.connect().catch((error: unknown) => {
    // Nothing was sent yet, so here a lost connection leaves nothing open.
    throw isLost(error) ? connectionLost(error) : error;
  });
  let phase: Phase = 'opening';
  let usable = false;
  try {
    await client.query('BEGIN');
    await client.query({
      name: 'ledger.author',
      // The login stands on every row by itself; it is not named twice.
      text: `SELECT set_config('credits.actor', CASE WHEN $1::text = session_user THEN '' ELSE $1 END, true),
        set_config('credits.context', $2, true)`,
      values: [author.actor, contextOf(author)],
    });
    const result = await work({
      async call<Row>(call: LedgerCall) {
        signal?.throwIfAborted();
        if (ending === 'COMMIT') phase = 'posting';
        const { rows } = await client.query(call);
        if (rows.length === 0) throw new Error(`${call.name} returned no row`);
        return rows[0] as Row;
      },
      async run<Row>(query: RawBuilder<Row>) {
        signal?.throwIfAborted();
        const { sql: text, parameters } = query.compile(target.kysely);
        return (await client.query(text, [...parameters])).rows;
      },
    });
    if (ending === 'COMMIT') phase = 'committing';
    const end = await client.query(ending);
    usable = true;
    if (end.command !== ending) {
      phase = 'opening';
      throw new Error(`${ending} was answered with ${end.command}`);
    }
    return result;
  } catch (error) {
    if (!usable && !isLost(error)) usable = await rolledBack(client);
    throw explain(error, phase);
  } finally {
    client.release(!usable);
  }
}

/** How far a posting is: from `posting` on, a lost connection leaves its outcome open. */
type Phase = 'opening' | 'posting' | 'committing';

async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  return client.query('ROLLBACK').then(
    () => true,
    () => false,
  );
}

// Lock not available, deadlock, serialization failure: other work was in the way, and the server undid ours.
const BUSY_STATES = /^(55P03|40P01|40001)$/;

function explain(error: unknown, phase: Phase): unknown {
  const known = toLedgerError(error) ?? toInputError(error);
  if (known || error instanceof AppError) return known ?? error;
  if (error instanceof pg.DatabaseError && BUSY_STATES.test(error.code ?? '')) {
    return new AppError(
      'database_unavailable',
      'Other work holds this customer’s account; nothing was changed. Try again in a moment.',
      { cause: error },
    );
  }
  const answered = error instanceof pg.DatabaseError && !isLost(error);
  if (phase === 'committing' && !answered) return outcomeUnknown(error);
  if (!isLost(error)) return error;
  return phase === 'posting' ? outcomeUnknown(error) : connectionLost(error);
}

function outcomeUnknown(cause: unknown): AppError {
  return new AppError(
    'outcome_unknown',
    'The connection was lost before the answer came, so it is not known whether this was posted. Try again from the same form: it posts once at most.',
    { cause },
  );
}

function contextOf(author: Author): string {
  const context = {
    ...(author.reasonCode === undefined ? {} : { reason_code: author.reasonCode }),
    ...(author.caseLink === undefined ? {} : { case_link: author.caseLink }),
    ...(author.note === undefined ? {} : { note: author.note }),
  };
  return Object.keys(context).length === 0 ? '' : JSON.stringify(context);
}
