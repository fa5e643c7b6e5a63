import { toInputError } from '#main/database/input-errors.ts';
import { connectionLost, isLost, takeConnection } from '#main/database/lost-connection.ts';
import type { QueryTarget } from '#main/database/run-query.ts';
import { toLedgerError } from '#main/ledger/ledger-errors.ts';
import { AppError } from '#shared/errors.ts';
import type { CustomerLanes } from './customer-lanes.ts';

/** Connections that may execute what credits_service may, shared fairly between customers. */
export type SpendingTarget = Pick<QueryTarget, 'pool'> & { lanes: CustomerLanes };

/** One statement, prepared once a connection under its name. */
export type LedgerStatement = {
  name: string;
  text: string;
  /** True where it changes something: a connection lost while it runs leaves its outcome open. */
  posts: boolean;
};

/** A statement that looks. */
export function reading(name: string, text: string): LedgerStatement {
  return { name: `spending.${name}`, text, posts: false };
}

/**
 * A statement that calls one function of the ledger in somebody's name, in one round trip. $1 is the actor, $2 the customer;
 * the call names the customer as `a.customer_id`, which exists only once the actor is set: so the one comes before the other,
 * whatever the planner makes of it. The setting ends with the statement.
 */
export function posting(name: string, select: string, call: string): LedgerStatement {
  return {
    name: `spending.${name}`,
    posts: true,
    text: `SELECT ${select}
      FROM set_config('credits.actor', $1, true) AS s (actor),
        LATERAL (SELECT CASE WHEN s.actor IS NOT NULL THEN $2::text END AS customer_id) a,
        LATERAL ${call} f`,
  };
}

/**
 * Runs one statement, which is a database transaction of its own: one round trip. Errors: the ledger's; invalid_argument;
 * database_unavailable where nothing was sent or nothing can have changed, and where the customer’s lanes stay full; outcome_unknown where the connection was lost
 * under a posting; the driver's where the server ended it otherwise, and changed nothing.
 */
export async function callLedger<Row>(
  target: SpendingTarget,
  statement: LedgerStatement,
  values: unknown[],
): Promise<Row[]> {
  if (!statement.posts) return runOn(target, statement, values);
  const [, customerId] = values;
  return target.lanes(String(customerId), () => runOn(target, statement, values));
}

async function runOn<Row>(
  { pool }: SpendingTarget,
  { name, text, posts }: LedgerStatement,
  values: unknown[],
): Promise<Row[]> {
  const client = await takeConnection(pool);
  let usable = true;
  try {
    const { rows } = await client.query({ name, text, values });
    return rows as Row[];
  } catch (error) {
    const lost = isLost(error);
    // What the server sent has a severity; anything else is the connection's end.
    usable = !lost && error instanceof Error && 'severity' in error;
    if (lost) throw posts ? outcomeUnknown(error) : connectionLost(error);
    throw toLedgerError(error) ?? toInputError(error) ?? error;
  } finally {
    client.release(!usable);
  }
}

/** As callLedger, for what returns one row always. */
export async function callForRow<Row>(
  target: SpendingTarget,
  statement: LedgerStatement,
  values: unknown[],
): Promise<Row> {
  const [row] = await callLedger<Row>(target, statement, values);
  if (row === undefined) throw new Error(`${statement.name} returned no row`);
  return row;
}

function outcomeUnknown(cause: unknown): AppError {
  return new AppError(
    'outcome_unknown',
    'The connection was lost before the answer came, so it is not known whether this was posted. Repeat it with the same key.',
    { cause },
  );
}
