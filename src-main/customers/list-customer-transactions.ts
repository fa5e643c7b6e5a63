import { sql } from 'kysely';
import type { z } from 'zod';
import { decodeCursor, encodeCursor } from '#main/database/page-cursor.ts';
import { type QueryTarget, readSnapshot } from '#main/database/run-query.ts';
import { readTransactions, withoutExactInstant } from '#main/ledger/read-transactions.ts';
import type { customersProcedures } from '#shared/ipc/customers.ts';

type Procedure = (typeof customersProcedures)['customers.transactions'];

/**
 * One customer's newest transactions. Paged by id, which rises for one customer.
 * Errors: invalid_argument (a cursor of another list).
 */
export async function listCustomerTransactions(
  target: QueryTarget,
  { customerId, cursor, limit }: z.output<Procedure['input']>,
  signal?: AbortSignal,
): Promise<z.input<Procedure['output']>> {
  const scope = `customers.transactions ${customerId}`;
  const after = cursor === null ? undefined : decodeCursor(scope, cursor)[0];
  const rows = await readSnapshot(target, signal, (run) =>
    readTransactions(
      run,
      sql`SELECT * FROM credits.credit_transactions
        WHERE customer_id = ${customerId} AND ${after === undefined ? sql`true` : sql`id < ${after}`}
        ORDER BY id DESC LIMIT ${limit + 1}`,
      sql`t.id DESC`,
    ),
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    rows: shown.map(withoutExactInstant),
    nextCursor: rows.length > limit && last ? encodeCursor(scope, [last.id]) : null,
  };
}
