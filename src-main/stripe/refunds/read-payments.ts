import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import type { RunQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { paymentSchema } from '#shared/ipc/billing.ts';
import type { TransactionType } from '#shared/ipc/vocabulary.ts';

export type PaymentData = z.input<typeof paymentSchema>;

type PaymentRow = {
  stripe_payment_id: string;
  transaction_id: string;
  transaction_type: TransactionType;
  description: string;
  created_at: Date;
  known: boolean;
  currency: string | null;
  paid_minor: number | null;
  refunded_minor: number;
  requested_minor: number;
  disputed_minor: number;
  lost_minor: number;
  refundable_minor: number;
  safe_refund_minor: number;
  granted: number;
  remaining: number;
  recovered: number;
  unrecovered: number;
};

/** A customer's provisioned payments with where each stands, newest first, at most `limit`. */
export async function listPayments(
  run: RunQuery,
  customerId: string,
  limit: number,
): Promise<PaymentData[]> {
  return readPayments(run, sql`p.customer_id = ${customerId}`, limit);
}

/** One provisioned payment. Errors: not_found. */
export async function getPayment(
  run: RunQuery,
  customerId: string,
  stripePaymentId: string,
): Promise<PaymentData> {
  const [payment] = await readPayments(
    run,
    sql`p.customer_id = ${customerId} AND p.stripe_payment_id = ${stripePaymentId}`,
    1,
  );
  if (payment) return payment;
  throw new AppError(
    'not_found',
    `The customer ${customerId} has no payment ${stripePaymentId}. Nothing was changed.`,
    { details: { entity: 'stripe_payment', id: stripePaymentId } },
  );
}

async function readPayments(
  run: RunQuery,
  where: RawBuilder<unknown>,
  limit: number,
): Promise<PaymentData[]> {
  // Chosen first: each position reads what went back of its payment.
  const rows = await run(sql<PaymentRow>`
    WITH chosen AS MATERIALIZED (
      SELECT p.customer_id, p.stripe_payment_id, p.account_id, p.amount_minor, t.id, t.transaction_type, t.description, t.created_at
      FROM credits.stripe_payments p
      JOIN credits.credit_transactions t ON t.customer_id = p.customer_id AND t.id = p.transaction_id
      WHERE ${where} ORDER BY t.id DESC LIMIT ${limit}
    )
    SELECT c.stripe_payment_id, c.id::text AS transaction_id, c.transaction_type, c.description, c.created_at,
      coalesce(c.account_id = s.account_id, false) AND c.amount_minor IS NOT NULL AS known,
      x.currency, x.paid_minor, x.refunded_minor, x.requested_minor, x.disputed_minor, x.lost_minor,
      coalesce(x.refundable_minor, 0) AS refundable_minor, x.safe_refund_minor,
      x.granted, x.remaining, x.recovered, x.unrecovered
    FROM chosen c CROSS JOIN credits_billing.stripe_settings s
    CROSS JOIN LATERAL credits.payment_position(c.customer_id, c.stripe_payment_id) x
    ORDER BY c.id DESC`);
  return rows.map((row) => ({
    stripePaymentId: row.stripe_payment_id,
    transactionId: row.transaction_id,
    type: row.transaction_type,
    description: row.description,
    known: row.known,
    currency: row.currency,
    paidMinor: row.paid_minor,
    refundedMinor: row.refunded_minor,
    requestedMinor: row.requested_minor,
    disputedMinor: row.disputed_minor,
    lostMinor: row.lost_minor,
    refundableMinor: row.known ? row.refundable_minor : 0,
    safeRefundMinor: row.known ? row.safe_refund_minor : 0,
    granted: row.granted,
    remaining: row.remaining,
    recovered: row.recovered,
    unrecovered: row.unrecovered,
    createdAt: row.created_at.toISOString(),
  }));
}
