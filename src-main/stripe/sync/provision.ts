import type { LedgerSession } from '#main/ledger/ledger-session.ts';

/** A payment as provision_payment takes it: credits whole, money in minor units of its currency. */
export type Provision = {
  customerId: string;
  /** The payment intent's id, or the session's or invoice's where that is what it goes by. */
  stripePaymentId: string;
  credits: number;
  type: 'purchase' | 'subscription_allocation';
  description: string;
  idempotencyKey: string;
  accountId: string;
  currency: string;
  amountMinor: number;
  paymentIntentId: string | null;
  sessionId: string | null;
  invoiceId: string | null;
  paidAt: Date | null;
  expiresAt: Date | null;
  /** A plan's rollover with a cap: of earlier allocations this many credits stay. */
  keepAtMost: number | null;
  metadata: Record<string, string>;
};

/** A payment that provisioned credits before, by whichever of its ids. */
export type Provisioned = {
  customer_id: string;
  stripe_payment_id: string;
  credits: number;
  transaction_type: Provision['type'];
};

/** Grants the credits of a payment, once. Errors: those of credits.provision_payment. */
export async function provision(session: LedgerSession, payment: Provision): Promise<void> {
  await session.call<{ id: string }>({
    name: 'stripe.provision',
    text: `SELECT f.id::text AS id FROM credits.provision_payment(customer_id => $1, stripe_payment_id => $2, amount => $3,
      transaction_type => $4, description => $5, idempotency_key => $6, account_id => $7, currency => $8, amount_minor => $9,
      payment_intent_id => $10, session_id => $11, invoice_id => $12, paid_at => $13, expires_at => $14, keep_at_most => $15,
      metadata => $16) f`,
    values: [
      payment.customerId,
      payment.stripePaymentId,
      payment.credits,
      payment.type,
      payment.description,
      payment.idempotencyKey,
      payment.accountId,
      payment.currency,
      payment.amountMinor,
      payment.paymentIntentId,
      payment.sessionId,
      payment.invoiceId,
      payment.paidAt,
      payment.expiresAt,
      payment.keepAtMost,
      JSON.stringify(payment.metadata),
    ],
  });
}

/** The payment that provisioned under any of these ids, if there is one. */
export async function findProvisioned(
  session: LedgerSession,
  ids: { paymentIntentId: string | null; sessionId: string | null; invoiceId: string | null },
): Promise<Provisioned | undefined> {
  const { found } = await session.call<{ found: Provisioned | null }>({
    name: 'stripe.find_provisioned',
    text: `SELECT (
      SELECT json_build_object('customer_id', p.customer_id, 'stripe_payment_id', p.stripe_payment_id, 'credits', t.amount,
        'transaction_type', t.transaction_type)
      FROM credits.stripe_payments p
      JOIN credits.credit_transactions t ON t.customer_id = p.customer_id AND t.id = p.transaction_id
      WHERE p.stripe_payment_id IN ($1, $2, $3) OR p.payment_intent_id = $1 OR p.session_id = $2 OR p.invoice_id = $3
      LIMIT 1) AS found`,
    values: [ids.paymentIntentId, ids.sessionId, ids.invoiceId],
  });
  return found ?? undefined;
}

/** Makes the credits of a payment follow the money that went back for it. Errors: those of credits.settle_payment. */
export async function settlePayment(
  session: LedgerSession,
  customerId: string,
  stripePaymentId: string,
): Promise<void> {
  await session.call<{ posted: number }>({
    name: 'stripe.settle',
    text: `SELECT count(*) AS posted FROM credits.settle_payment(customer_id => $1, stripe_payment_id => $2)`,
    values: [customerId, stripePaymentId],
  });
}

/** Notes whose Stripe customer it is, where the customer has none yet. Errors: already_processed (another customer's). */
export async function linkWhereMissing(
  session: LedgerSession,
  customerId: string,
  stripeCustomerId: string,
): Promise<void> {
  await session.call<{ id: string }>({
    name: 'stripe.link_where_missing',
    text: 'SELECT f.id FROM credits.ensure_customer(id => $1, stripe_customer_id => $2) f',
    values: [customerId, stripeCustomerId],
  });
}
