import { sql } from 'kysely';
import { type RunQuery, runQuery } from '#main/database/run-query.ts';
import { rehearse } from '#main/ledger/ledger-session.ts';
import { creditsInWords } from '#shared/credits.ts';
import type { StripeDispute, StripeRefund } from '../gateway/gateway.ts';
import type { StripeTarget } from '../stripe-target.ts';
import type { Apply } from '../sync/apply-sync.ts';
import { provision } from '../sync/provision.ts';
import { readMoneyBack } from '../sync/sync-money-back.ts';
import { type Checked, type Difference, moneyOf, type Span } from './finding.ts';
import { readStanding } from './provisioned-payments.ts';

/** A refund or dispute as Stripe shows it, as far as credits depend on it. */
type Shown = {
  id: string;
  kind: 'refund' | 'dispute';
  paymentIntentId: string;
  amountMinor: number;
  currency: string;
  status: string;
};

/** What the ledger has of a payment whose money went back. */
type Payment = {
  paymentIntentId: string;
  customerId: string;
  stripePaymentId: string;
  transactionId: string;
  credits: number;
  type: 'purchase' | 'subscription_allocation';
  /** False where a back end granted without saying what was paid: nothing that went back can then be settled. */
  known: boolean;
  wanted: number;
  settled: number;
};
type NotedItem = { id: string; status: string; amountMinor: number };

type Listed = Pick<
  StripeRefund | StripeDispute,
  'id' | 'paymentIntentId' | 'chargeId' | 'amountMinor' | 'currency' | 'status' | 'createdAt'
>;

/**
 * Compares refunds or disputes with the ledger: where making it agree with all that went back of a payment would post
 * something, that is a difference, one a payment. Disputes that are open may still go either way and post nothing.
 */
export async function checkMoneyBack(
  target: StripeTarget,
  span: Span,
  kind: Shown['kind'],
  listed: readonly Listed[],
): Promise<Checked> {
  const noted = await readNoted(target, listed);
  const shown: Shown[] = [];
  for (const { createdAt, chargeId, paymentIntentId, ...each } of listed) {
    if (!span.isResponsibleFor(createdAt) && !noted.has(each.id)) continue;
    const payment =
      paymentIntentId ??
      (chargeId === null ? null : await target.gateway.paymentOfCharge(chargeId));
    if (payment !== null) shown.push({ ...each, kind, paymentIntentId: payment });
  }
  const payments = await readPayments(target, shown);
  const differences: Difference[] = [];
  let compared = 0;
  for (const payment of payments.values()) {
    const own = shown.filter(({ paymentIntentId }) => paymentIntentId === payment.paymentIntentId);
    compared += own.length;
    const unlike = own.find(
      (each) => goneMinor(kind, each) !== goneMinor(kind, noted.get(each.id)),
    );
    const about = unlike ?? own[0];
    if (about === undefined) continue;
    const isUnsettled = payment.known
      ? payment.wanted !== payment.settled
      : own.some((each) => goneMinor(kind, each) > 0);
    if (unlike !== undefined || isUnsettled) {
      differences.push(...(await differenceOf(target, payment, about)));
    }
  }
  return { differences, seenPaymentIds: [], compared, elsewhere: 0 };
}

/** Money that is with the customer (again), as credits.money_back_claims counts it. */
function goneMinor(
  kind: Shown['kind'],
  item: Pick<Shown, 'status' | 'amountMinor'> | undefined,
): number {
  if (item === undefined) return 0;
  const isGone =
    kind === 'refund'
      ? !['failed', 'canceled'].includes(item.status)
      : ['lost', 'appeal_needs_response', 'appeal_under_review'].includes(item.status);
  return isGone ? item.amountMinor : 0;
}

/** What the sync would post now, rolled back; nothing where nothing is left to take or to give back. */
async function differenceOf(
  target: StripeTarget,
  payment: Payment,
  about: Shown,
): Promise<Difference[]> {
  const { customerId, stripePaymentId, settled } = payment;
  const apply = await readSettling(target, payment);
  const after = await rehearse(target.database, { actor: target.actor }, async (session) => {
    const { transactions } = await apply(session);
    const ids = transactions.map(({ transactionId }) => transactionId);
    const [posted] = await session.run(sql<{ rows: number }>`
      SELECT count(*)::integer AS rows FROM credits.credit_transactions
      WHERE customer_id = ${customerId} AND id = ANY (${ids}::bigint[]) AND stripe_payment_id = ${stripePaymentId}
        AND transaction_type IN ('clawback', 'reversal')`);
    return { rows: posted?.rows ?? 0, ...(await readPosition(session.run, payment)) };
  });
  if (after.rows === 0) return [];
  // A back end that grants by itself may well claw back by itself too.
  if (!payment.known && (await readStanding(target, payment)).taken >= after.wanted) return [];
  const isUnclawed = after.settled > settled;
  const what = `${about.kind === 'refund' ? 'The refund' : 'The dispute'} is ${about.status} in Stripe.`;
  return [
    {
      id: `${isUnclawed ? 'unclawed_refund' : 'amount_differs'}:${stripePaymentId}:back:${after.settled}`,
      bucket: isUnclawed ? 'unclawed_refund' : 'amount_differs',
      customerId,
      stripePaymentId,
      stripeObjectId: about.id,
      transactionId: payment.transactionId,
      expectedCredits: after.settled,
      foundCredits: settled,
      ...moneyOf(about.amountMinor, about.currency),
      detail: `${what} The money that went back stands for ${creditsInWords(after.settled)}; clawbacks settle ${creditsInWords(settled)}.`,
      obstacle: null,
      usage: null,
    },
  ];
}

/** The work that makes credits follow all that went back of a payment. Errors: those of the gateway. */
export async function readSettling(
  target: StripeTarget,
  payment: Pick<
    Payment,
    'paymentIntentId' | 'customerId' | 'stripePaymentId' | 'credits' | 'type' | 'known'
  >,
): Promise<Apply> {
  const { paymentIntentId, known, customerId, stripePaymentId, credits, type } = payment;
  const apply = await readMoneyBack(target, paymentIntentId);
  const paid = known ? undefined : await target.gateway.findPayment(paymentIntentId);
  if (paid === undefined) return apply;
  return async (session) => {
    // The facts that were missing; the grant itself is there and stays.
    await provision(session, {
      customerId,
      stripePaymentId,
      credits,
      type,
      description: '',
      idempotencyKey: `reconcile:facts:${paymentIntentId}`,
      accountId: target.accountId,
      currency: paid.currency.toLowerCase(),
      amountMinor: paid.amountReceivedMinor,
      paymentIntentId,
      sessionId: null,
      invoiceId: null,
      paidAt: null,
      expiresAt: null,
      keepAtMost: null,
      metadata: {},
    });
    return apply(session);
  };
}

/** A payment of the ledger, with what its refunds come to. */
export async function findPayment(
  target: StripeTarget,
  stripePaymentId: string,
): Promise<Payment | undefined> {
  const payments = await readPayments(target, [{ paymentIntentId: stripePaymentId }]);
  return [...payments.values()].find((payment) => payment.stripePaymentId === stripePaymentId);
}

async function readPayments(
  target: StripeTarget,
  shown: readonly Pick<Shown, 'paymentIntentId'>[],
): Promise<ReadonlyMap<string, Payment>> {
  const ids = [...new Set(shown.map(({ paymentIntentId }) => paymentIntentId))];
  if (ids.length === 0) return new Map();
  const rows = await runQuery(
    target.database,
    sql<Payment>`
      SELECT coalesce(p.payment_intent_id, p.stripe_payment_id) AS "paymentIntentId", p.customer_id AS "customerId",
        p.stripe_payment_id AS "stripePaymentId", p.transaction_id::text AS "transactionId", o.granted AS credits,
        t.transaction_type AS type, p.amount_minor IS NOT NULL AND p.payment_intent_id IS NOT NULL AS known, o.wanted, o.settled
      FROM credits.stripe_payments p
      JOIN credits.credit_transactions t ON t.customer_id = p.customer_id AND t.id = p.transaction_id
      CROSS JOIN LATERAL credits.payment_position(p.customer_id, p.stripe_payment_id) o
      WHERE p.payment_intent_id = ANY (${ids}) OR p.stripe_payment_id = ANY (${ids})
      -- Of two grants for one payment, money that goes back is settled with the one that has Stripe's facts.
      ORDER BY p.payment_intent_id IS NOT NULL`,
  );
  return new Map(rows.map((row) => [row.paymentIntentId, row]));
}

async function readPosition(
  run: RunQuery,
  { customerId, stripePaymentId }: Payment,
): Promise<{ wanted: number; settled: number }> {
  const [row] = await run(sql<{ wanted: number; settled: number }>`
    SELECT wanted, settled FROM credits.payment_position(${customerId}, ${stripePaymentId})`);
  return row ?? { wanted: 0, settled: 0 };
}

async function readNoted(
  target: StripeTarget,
  listed: readonly Pick<Listed, 'id'>[],
): Promise<ReadonlyMap<string, NotedItem>> {
  if (listed.length === 0) return new Map();
  const rows = await runQuery(
    target.database,
    sql<NotedItem>`
      SELECT id, status, amount_minor AS "amountMinor" FROM credits_billing.money_back
      WHERE id = ANY (${listed.map(({ id }) => id)})`,
  );
  return new Map(rows.map((row) => [row.id, row]));
}
