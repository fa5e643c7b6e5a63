import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { creditsInWords } from '#shared/credits.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { opensPeriod } from './check-invoices.ts';
import type { Checked, Difference } from './finding.ts';
import { listProvisioned, type ProvisionedPayment, readStanding } from './provisioned-payments.ts';

/** A grant of the ledger that Stripe's lists did not account for. */
type Unseen = {
  place: string;
  customerId: string;
  transactionId: string;
  type: 'purchase' | 'subscription_allocation';
  stripePaymentId: string | null;
  accountId: string | null;
};

const PAGE_ROWS = 50;

const SELECT_GRANT = sql`
  SELECT to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || ' ' || t.id AS place,
    t.customer_id AS "customerId", t.id::text AS "transactionId", t.transaction_type AS type,
    t.stripe_payment_id AS "stripePaymentId", p.account_id AS "accountId"
  FROM credits.credit_transactions t
  LEFT JOIN credits.stripe_payments p ON p.stripe_payment_id = t.stripe_payment_id`;

/**
 * Looks up, one by one, the ledger's grants of a span that Stripe's side did not account for: those whose payment is not
 * there or was not paid are orphans, those whose payment is granted under another of its ids too are doubles. Answers with
 * the place to go on from; null at the end.
 */
export async function checkLedgerPage(
  target: StripeTarget,
  run: { id: string; since: Date; until: Date },
  place: string | null,
): Promise<Checked & { next: string | null }> {
  const [after, afterId] = place === null ? [run.since.toISOString(), '0'] : place.split(' ');
  const rows = await runQuery(
    target.database,
    sql<Unseen>`${SELECT_GRANT}
      LEFT JOIN credits_billing.reconciliation_seen s ON s.run_id = ${run.id} AND s.stripe_payment_id = t.stripe_payment_id
      WHERE t.transaction_type <> 'usage' AND t.transaction_type IN ('purchase', 'subscription_allocation')
        -- A plan that no payment stands behind allocates without one.
        AND (t.transaction_type = 'purchase' OR t.stripe_payment_id IS NOT NULL)
        AND (t.created_at, t.id) > (${after}::timestamptz, ${afterId}::bigint) AND t.created_at <= ${run.until}
        AND s.stripe_payment_id IS NULL
      ORDER BY t.created_at, t.id LIMIT ${PAGE_ROWS}`,
  );
  return {
    ...(await checkGrants(target, rows)),
    next: rows.length < PAGE_ROWS ? null : (rows.at(-1)?.place ?? null),
  };
}

/** Compares one grant of the ledger with Stripe, as its page does. */
export async function checkGrant(
  target: StripeTarget,
  { customerId, transactionId }: { customerId: string; transactionId: string },
): Promise<Checked> {
  const rows = await runQuery(
    target.database,
    sql<Unseen>`${SELECT_GRANT} WHERE t.customer_id = ${customerId} AND t.id = ${transactionId}::bigint`,
  );
  return checkGrants(target, rows);
}

async function checkGrants(target: StripeTarget, rows: readonly Unseen[]): Promise<Checked> {
  const here = rows.filter(({ accountId }) => accountId === null || accountId === target.accountId);
  const others = await listProvisioned(
    target,
    here.flatMap(({ stripePaymentId }) => stripePaymentId ?? []),
  );
  const differences: Difference[] = [];
  for (const row of here) {
    const difference = await differenceOf(target, row, others);
    if (difference !== undefined) differences.push(difference);
  }
  return {
    differences,
    seenPaymentIds: [],
    compared: here.length,
    elsewhere: rows.length - here.length,
  };
}

async function differenceOf(
  target: StripeTarget,
  row: Unseen,
  others: readonly ProvisionedPayment[],
): Promise<Difference | undefined> {
  const { customerId, transactionId, stripePaymentId } = row;
  const why = await whyOrphan(target, row);
  const first =
    stripePaymentId === null
      ? undefined
      : others.find((payment) =>
          [payment.paymentIntentId, payment.sessionId, payment.invoiceId].includes(stripePaymentId),
        );
  const isDouble = first !== undefined && first.stripePaymentId !== stripePaymentId;
  if (why === undefined && !isDouble) return undefined;
  const { unsettled } = await readStanding(target, row);
  // Taken back again, by whomever.
  if (unsettled === 0) return undefined;
  const bucket = why === undefined ? 'double_grant' : 'orphan_grant';
  return {
    id: `${bucket}:${stripePaymentId ?? `${customerId}:${transactionId}`}`,
    bucket,
    customerId,
    stripePaymentId,
    stripeObjectId: null,
    transactionId,
    expectedCredits: 0,
    foundCredits: unsettled,
    amountMinor: null,
    currency: null,
    detail:
      why === undefined
        ? `Paid once and granted more than once: this grant goes by ${stripePaymentId}, and another by ${first?.stripePaymentId}.`
        : `${creditsInWords(unsettled)} were granted. ${why}`,
    obstacle: null,
    usage: null,
  };
}

/** Why Stripe does not stand behind a grant; undefined where it does. */
async function whyOrphan(target: StripeTarget, row: Unseen): Promise<string | undefined> {
  const { gateway } = target;
  const id = row.stripePaymentId;
  if (id === null) return 'The grant names no Stripe payment.';
  if (id.startsWith('pi_')) return whyUnpaid(target, id);
  if (id.startsWith('ch_') || id.startsWith('py_')) {
    const paymentIntentId = await found(() => gateway.paymentOfCharge(id));
    if (paymentIntentId === undefined) return `Stripe has no charge ${id} in this account.`;
    return paymentIntentId === null ? undefined : whyUnpaid(target, paymentIntentId);
  }
  if (id.startsWith('cs_')) {
    const session = await found(() => gateway.getCheckoutSession(id));
    if (session === undefined) return `Stripe has no checkout ${id} in this account.`;
    return session.status === 'complete' && session.paymentStatus !== 'unpaid'
      ? undefined
      : 'The checkout was not paid.';
  }
  if (id.startsWith('in_')) {
    const invoice = await found(() => gateway.getInvoice(id));
    if (invoice === undefined) return `Stripe has no invoice ${id} in this account.`;
    if (invoice.status !== 'paid') return `The invoice is ${invoice.status}, not paid.`;
    const isWithinPeriod =
      row.type === 'subscription_allocation' &&
      invoice.subscriptionId !== null &&
      !opensPeriod(invoice);
    return isWithinPeriod
      ? `The invoice opens no period of its subscription (${invoice.billingReason}).`
      : undefined;
  }
  return `${id} is not an id of a Stripe payment.`;
}

async function whyUnpaid({ gateway }: StripeTarget, id: string): Promise<string | undefined> {
  const payment = await gateway.findPayment(id);
  if (payment === undefined) return `Stripe has no payment ${id} in this account.`;
  return payment.status === 'succeeded' ? undefined : `The payment is ${payment.status}, not paid.`;
}

async function found<Value>(get: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await get();
  } catch (error) {
    if (error instanceof AppError && error.code === 'stripe_not_found') return undefined;
    throw error;
  }
}
