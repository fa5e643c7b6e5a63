import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import type { RunQuery } from '#main/database/run-query.ts';
import type { TransactionType, transactionSchema } from '#shared/ipc/vocabulary.ts';

export type TransactionData = z.input<typeof transactionSchema>;

type TransactionRow = {
  id: string;
  customer_id: string;
  customer_name: string | null;
  customer_email: string | null;
  amount: number;
  balance_after: number;
  transaction_type: TransactionType;
  description: string;
  feature: string | null;
  stripe_payment_id: string | null;
  idempotency_key: string | null;
  reverses_id: string | null;
  reversed: number;
  actor: string;
  reason_code: string | null;
  case_link: string | null;
  created_at: Date;
  created_at_exact: string;
};

/** A transaction, and its instant to the microsecond: what a page of the log ends with. */
export type LoggedTransaction = TransactionData & { readonly createdAtExact: string };

/** The transactions of a query (whole rows of the log), newest first, with their customers and what was reversed of them. */
export async function readTransactions(
  run: RunQuery,
  rowsOfLog: RawBuilder<unknown>,
  orderBy: RawBuilder<unknown> = sql`t.created_at DESC, t.id DESC`,
): Promise<LoggedTransaction[]> {
  // The joins run over the chosen rows only: a page, never the log.
  const rows = await run(sql<TransactionRow>`
    WITH chosen AS MATERIALIZED (${rowsOfLog})
    SELECT t.id::text, t.customer_id, c.name AS customer_name, c.email AS customer_email, t.amount, t.balance_after,
      t.transaction_type, t.description, t.feature, t.stripe_payment_id, t.idempotency_key, t.reverses_id::text,
      coalesce(r.reversed, 0)::bigint AS reversed, t.actor, t.metadata ->> 'reason_code' AS reason_code,
      t.metadata ->> 'case_link' AS case_link, t.created_at, ${exactInstant(sql`t.created_at`)} AS created_at_exact
    FROM chosen t
    LEFT JOIN credits.customers c ON c.id = t.customer_id
    LEFT JOIN LATERAL (
      SELECT sum(abs(v.amount)) AS reversed FROM credits.credit_transactions v
      WHERE v.customer_id = t.customer_id AND v.reverses_id = t.id
    ) r ON true
    ORDER BY ${orderBy}`);
  return rows.map((row) => ({
    id: row.id,
    customerId: row.customer_id,
    customerName: row.customer_name,
    customerEmail: row.customer_email,
    amount: row.amount,
    balanceAfter: row.balance_after,
    type: row.transaction_type,
    description: row.description,
    feature: row.feature,
    stripePaymentId: row.stripe_payment_id,
    idempotencyKey: row.idempotency_key,
    reversesId: row.reverses_id,
    reversed: row.reversed,
    actor: row.actor,
    reasonCode: row.reason_code,
    caseLink: row.case_link,
    createdAt: row.created_at.toISOString(),
    createdAtExact: row.created_at_exact,
  }));
}

/** An instant as text that keeps its microseconds: a JavaScript Date would lose them, and a keyset page rows with them. */
export function exactInstant(instant: RawBuilder<unknown>): RawBuilder<string> {
  return sql<string>`to_char(${instant} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** The row as the contract knows it. */
export function withoutExactInstant({
  createdAtExact: _,
  ...transaction
}: LoggedTransaction): TransactionData {
  return transaction;
}
