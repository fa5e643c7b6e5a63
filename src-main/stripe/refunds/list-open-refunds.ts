import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import type { RunQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { refundRequestSchema } from '#shared/ipc/billing.ts';
import type { ClawbackPolicy } from '#shared/ipc/stripe.ts';

export type RefundRequestData = z.input<typeof refundRequestSchema>;

type RequestRow = {
  id: string;
  customer_id: string;
  stripe_payment_id: string;
  currency: string;
  amount_minor: number;
  policy: ClawbackPolicy;
  credits: number;
  state: RefundRequestData['state'];
  money_back_id: string | null;
  error: string | null;
  reason: string;
  actor: string;
  created_at: Date;
};

/** Refund requests that wait for Stripe, oldest first, at most `limit`. */
export async function listOpenRefunds(run: RunQuery, limit: number): Promise<RefundRequestData[]> {
  return readRequests(run, sql`r.state = 'requested' ORDER BY r.created_at, r.id LIMIT ${limit}`);
}

/** A customer's refund requests, newest first, at most `limit`. */
export async function listCustomerRefunds(
  run: RunQuery,
  customerId: string,
  limit: number,
): Promise<RefundRequestData[]> {
  return readRequests(
    run,
    sql`r.customer_id = ${customerId} ORDER BY r.created_at DESC, r.id DESC LIMIT ${limit}`,
  );
}

/** One refund request. Errors: not_found. */
export async function getRefundRequest(run: RunQuery, id: string): Promise<RefundRequestData> {
  const [request] = await readRequests(run, sql`r.id = ${id}`);
  if (request) return request;
  throw new AppError('not_found', `There is no refund request ${id}. Nothing was changed.`, {
    details: { entity: 'refund_request', id },
  });
}

async function readRequests(
  run: RunQuery,
  which: RawBuilder<unknown>,
): Promise<RefundRequestData[]> {
  const rows = await run(sql<RequestRow>`
    SELECT r.id, r.customer_id, r.stripe_payment_id, p.currency, r.amount_minor, r.policy, r.credits, r.state,
      r.money_back_id, r.error, r.reason, r.actor, r.created_at
    FROM credits_billing.refund_requests r
    JOIN credits.stripe_payments p ON p.stripe_payment_id = r.stripe_payment_id
    WHERE ${which}`);
  return rows.map((row) => ({
    id: row.id,
    customerId: row.customer_id,
    stripePaymentId: row.stripe_payment_id,
    price: { amountMinor: row.amount_minor, currency: row.currency },
    policy: row.policy,
    credits: row.credits,
    state: row.state,
    refundId: row.money_back_id,
    error: row.error,
    reason: row.reason,
    actor: row.actor,
    createdAt: row.created_at.toISOString(),
  }));
}
