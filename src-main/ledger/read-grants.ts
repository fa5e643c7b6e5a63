import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import type { RunQuery } from '#main/database/run-query.ts';
import type { grantSchema, TransactionType } from '#shared/ipc/vocabulary.ts';

export type GrantData = z.input<typeof grantSchema>;

type GrantRow = {
  id: string;
  transaction_id: string;
  source: TransactionType;
  description: string;
  granted: number;
  remaining: number;
  priority: number;
  is_paid: boolean;
  expires_at: Date | null;
  created_at: Date;
};

/** What grants are read in: the order in which debits take from them. */
export const BURN_ORDER = sql`g.priority, g.expires_at, g.is_paid, g.id`;

/** The grants `g` of one customer that a condition chooses, in an order, at most `limit`. */
export async function listGrants(
  run: RunQuery,
  options: {
    customerId: string;
    where: RawBuilder<unknown>;
    orderBy: RawBuilder<unknown>;
    limit: number;
  },
): Promise<GrantData[]> {
  const rows = await run(sql<GrantRow>`
    SELECT g.id::text, g.transaction_id::text, t.transaction_type AS source, t.description, g.granted, g.remaining,
      g.priority, g.is_paid, g.expires_at, g.created_at
    FROM credits.credit_grants g
    JOIN credits.credit_transactions t ON t.customer_id = g.customer_id AND t.id = g.transaction_id
    WHERE g.customer_id = ${options.customerId} AND ${options.where}
    ORDER BY ${options.orderBy} LIMIT ${options.limit}`);
  return rows.map((row) => ({
    id: row.id,
    transactionId: row.transaction_id,
    source: row.source,
    description: row.description,
    granted: row.granted,
    remaining: row.remaining,
    priority: row.priority,
    isPaid: row.is_paid,
    expiresAt: row.expires_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  }));
}
