import { sql } from 'kysely';
import type { z } from 'zod';
import { decodeCursor, encodeCursor } from '#main/database/page-cursor.ts';
import { type QueryTarget, readSnapshot } from '#main/database/run-query.ts';
import { readTransactions, withoutExactInstant } from '#main/ledger/read-transactions.ts';
import type { transactionsProcedures } from '#shared/ipc/transactions.ts';
import { conditionOf } from './transaction-filter.ts';

type Procedure = (typeof transactionsProcedures)['transactions.list'];

const SCOPE = 'transactions.list';

/**
 * One page of the log over all customers, newest first by (created_at, id): ids of different customers are not in the
 * order of time. Errors: invalid_argument (a cursor of another list).
 */
export async function listTransactions(
  target: QueryTarget,
  { filter, cursor, limit }: z.output<Procedure['input']>,
  signal?: AbortSignal,
): Promise<z.input<Procedure['output']>> {
  const after = cursor === null ? null : decodeCursor(SCOPE, cursor);
  const older = after
    ? sql`(t.created_at, t.id) < (${after[0]}::timestamptz, ${after[1]}::bigint)`
    : sql`true`;
  const rows = await readSnapshot(target, signal, (run) =>
    readTransactions(
      run,
      sql`SELECT t.* FROM credits.credit_transactions t WHERE ${conditionOf(filter)} AND ${older}
        ORDER BY t.created_at DESC, t.id DESC LIMIT ${limit + 1}`,
    ),
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    rows: shown.map(withoutExactInstant),
    nextCursor:
      rows.length > limit && last ? encodeCursor(SCOPE, [last.createdAtExact, last.id]) : null,
  };
}
