import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import type { StripeTarget } from '../stripe-target.ts';

/** A grant of the ledger for a Stripe payment. */
export type ProvisionedPayment = {
  stripePaymentId: string;
  customerId: string;
  transactionId: string;
  credits: number;
  paymentIntentId: string | null;
  sessionId: string | null;
  invoiceId: string | null;
  grantedAt: Date;
};

/**
 * The ledger's grants for payments that go by any of these ids. Of one payment, that with Stripe's facts comes first (what
 * goes back is settled with it), then the oldest.
 */
export async function listProvisioned(
  target: StripeTarget,
  ids: readonly string[],
): Promise<ProvisionedPayment[]> {
  if (ids.length === 0) return [];
  const wanted = [...new Set(ids)];
  return runQuery(
    target.database,
    sql<ProvisionedPayment>`
      SELECT p.stripe_payment_id AS "stripePaymentId", p.customer_id AS "customerId", p.transaction_id::text AS "transactionId",
        t.amount AS credits, p.payment_intent_id AS "paymentIntentId", p.session_id AS "sessionId", p.invoice_id AS "invoiceId",
        t.created_at AS "grantedAt"
      FROM credits.stripe_payments p
      JOIN credits.credit_transactions t ON t.customer_id = p.customer_id AND t.id = p.transaction_id
      WHERE p.stripe_payment_id = ANY (${wanted}) OR p.payment_intent_id = ANY (${wanted}) OR p.session_id = ANY (${wanted})
        OR p.invoice_id = ANY (${wanted})
      ORDER BY p.account_id IS NULL, t.created_at, t.id`,
  );
}

/** What is left standing of one grant, in credits, whoever spent them. */
export type Standing = {
  /** What it added, less what people reversed and reconciliation took back. */
  credits: number;
  /** What clawbacks may still take: that, less what others have asked for. */
  unsettled: number;
  /** What clawbacks and reversals took or asked for, reconciliation's own left out. */
  taken: number;
};

/** Reads what is left standing of a grant, as the ledger's own payment_unsettled counts. */
export async function readStanding(
  target: StripeTarget,
  { customerId, transactionId }: { customerId: string; transactionId: string },
): Promise<Standing> {
  const [row] = await runQuery(
    target.database,
    sql<{ credits: number; reversed: number; asked: number; repaired: number }>`
      WITH provisioned AS (
        SELECT t.* FROM credits.credit_transactions t WHERE t.customer_id = ${customerId} AND t.id = ${transactionId}::bigint
      ), clawbacks AS (
        SELECT c.metadata ->> 'kind' AS kind,
          CASE WHEN v.amount = -c.amount THEN 0 ELSE (c.metadata ->> 'asked')::bigint - coalesce(v.amount, 0) END AS asked
        FROM provisioned p
        JOIN credits.credit_transactions c ON c.customer_id = p.customer_id AND c.stripe_payment_id = p.stripe_payment_id
          AND c.transaction_type = 'clawback'
        CROSS JOIN LATERAL (
          SELECT sum(r.amount) AS amount FROM credits.credit_transactions r
          WHERE r.customer_id = c.customer_id AND r.reverses_id = c.id
        ) v
      )
      SELECT p.amount AS credits,
        (SELECT coalesce(sum(-r.amount), 0) FROM credits.credit_transactions r
          WHERE r.customer_id = p.customer_id AND r.reverses_id = p.id)::bigint AS reversed,
        (SELECT coalesce(sum(c.asked), 0) FROM clawbacks c)::bigint AS asked,
        (SELECT coalesce(sum(c.asked), 0) FROM clawbacks c WHERE c.kind = 'reconciliation')::bigint AS repaired
      FROM provisioned p`,
  );
  if (row === undefined) throw new Error(`the ledger has no transaction ${transactionId}`);
  return {
    credits: row.credits - row.reversed - row.repaired,
    unsettled: row.credits - row.reversed - row.asked,
    taken: row.reversed + row.asked - row.repaired,
  };
}

/** The rows that repairs with these keys posted already, by their keys. */
export async function listRepaired(
  target: StripeTarget,
  repairs: readonly { customerId: string; key: string }[],
): Promise<ReadonlyMap<string, string>> {
  if (repairs.length === 0) return new Map();
  const rows = await runQuery(
    target.database,
    sql<{ key: string; id: string }>`
      SELECT t.idempotency_key AS key, t.id::text AS id
      FROM unnest(${repairs.map(({ customerId }) => customerId)}::text[], ${repairs.map(({ key }) => key)}::text[]) AS r (customer_id, key)
      JOIN credits.credit_transactions t ON t.customer_id = r.customer_id AND t.idempotency_key = r.key`,
  );
  return new Map(rows.map(({ key, id }) => [key, id]));
}
