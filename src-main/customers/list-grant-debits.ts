import { sql } from 'kysely';
import type { z } from 'zod';
import { decodeCursor, encodeCursor } from '#main/database/page-cursor.ts';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import type { customersProcedures } from '#shared/ipc/customers.ts';
import type { TransactionType } from '#shared/ipc/vocabulary.ts';

type Procedure = (typeof customersProcedures)['customers.grantDebits'];

type DebitRow = {
  id: string;
  transaction_type: TransactionType;
  description: string;
  feature: string | null;
  amount: number;
  created_at: Date;
};

/**
 * What one grant paid and what reversals put back on it, newest first: the amounts sum to what the grant gave away.
 * Errors: invalid_argument (a cursor of another list).
 */
export async function listGrantDebits(
  target: QueryTarget,
  { customerId, grantId, cursor, limit }: z.output<Procedure['input']>,
  signal?: AbortSignal,
): Promise<z.input<Procedure['output']>> {
  const scope = `customers.grantDebits ${grantId} ${customerId}`;
  const after = cursor === null ? null : (decodeCursor(scope, cursor)[0] ?? null);
  const rows = await runQuery(
    target,
    sql<DebitRow>`
      SELECT t.id::text, t.transaction_type, t.description, t.feature, u.amount, t.created_at
      FROM credits.credit_consumptions u
      JOIN credits.credit_transactions t ON t.customer_id = u.customer_id AND t.id = u.transaction_id
      WHERE u.customer_id = ${customerId} AND u.grant_id = ${grantId}
        AND (${after}::bigint IS NULL OR u.transaction_id < ${after}::bigint)
      ORDER BY u.transaction_id DESC LIMIT ${limit + 1}`,
    signal,
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    rows: shown.map((row) => ({
      transactionId: row.id,
      type: row.transaction_type,
      description: row.description,
      feature: row.feature,
      amount: row.amount,
      createdAt: row.created_at.toISOString(),
    })),
    nextCursor: rows.length > limit && last ? encodeCursor(scope, [last.id]) : null,
  };
}
