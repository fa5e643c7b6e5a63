import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import type { PaidInvoice } from '../gateway/gateway.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { readInvoice } from '../sync/sync-invoice.ts';
import { differingAmount, doubleGrant } from './compare-grants.ts';
import { type Checked, type Difference, moneyOf, type Span } from './finding.ts';
import { listProvisioned, type ProvisionedPayment } from './provisioned-payments.ts';
import { rehearseGrant } from './rehearse-sync.ts';

const PERIOD_REASONS = ['subscription_create', 'subscription_cycle'];

/** Whether an invoice pays a new period, the only kind that allocates. */
export function opensPeriod({ billingReason }: Pick<PaidInvoice, 'billingReason'>): boolean {
  return PERIOD_REASONS.includes(billingReason ?? '');
}

/** Compares paid invoices that open a period with the ledger: each is allocated once, with the credits its price was sold with. */
export async function checkInvoices(
  target: StripeTarget,
  span: Span,
  invoices: readonly PaidInvoice[],
): Promise<Checked> {
  const opening = invoices.filter(
    (invoice) => invoice.status === 'paid' && opensPeriod(invoice) && invoice.lines.length > 0,
  );
  const granted = await listProvisioned(
    target,
    opening.map(({ id }) => id),
  );
  const sold = await readSoldCredits(target, opening);
  const differences: Difference[] = [];
  let compared = 0;
  for (const invoice of opening) {
    const paidAt = invoice.paidAt ?? invoice.createdAt;
    const [first, ...further] = granted.filter((payment) =>
      [payment.stripePaymentId, payment.invoiceId].includes(invoice.id),
    );
    const newest = Math.max(
      paidAt.getTime(),
      ...[first, ...further].map((payment) => payment?.grantedAt.getTime() ?? 0),
    );
    if (newest < span.since.getTime()) continue;
    if (first === undefined) {
      const missing = await missingGrant(target, invoice);
      if (missing === 'none') continue;
      compared += 1;
      if (missing !== 'granted') differences.push(missing);
      continue;
    }
    compared += 1;
    for (const payment of further) {
      differences.push(...(await doubleGrant(target, placeOf(invoice), payment)));
    }
    differences.push(...(await wrongAmount(target, invoice, first, sold)));
  }
  return {
    differences,
    seenPaymentIds: granted.map(({ stripePaymentId }) => stripePaymentId),
    compared,
    elsewhere: 0,
  };
}

/** 'none': it is about something else than credits; 'granted': a back end granted it under its payment's id. */
async function missingGrant(
  target: StripeTarget,
  invoice: PaidInvoice,
): Promise<Difference | 'none' | 'granted'> {
  const rehearsed = await rehearseGrant(target, () => readInvoice(target, invoice.id));
  if (rehearsed.ok && rehearsed.granted === null) {
    return rehearsed.ignored ? 'none' : 'granted';
  }
  return {
    ...placeOf(invoice),
    id: `missing_grant:${invoice.id}`,
    bucket: 'missing_grant',
    customerId: rehearsed.ok ? rehearsed.customerId : null,
    transactionId: null,
    expectedCredits: rehearsed.ok ? rehearsed.granted : null,
    foundCredits: 0,
    detail: rehearsed.ok
      ? 'Paid in Stripe, and the ledger has allocated nothing for its period.'
      : `Paid in Stripe and not allocated: ${rehearsed.why}`,
    obstacle: rehearsed.ok ? null : rehearsed.why,
    usage: null,
  };
}

/** What each plan price of these invoices gives a period: fixed when it was sold, whatever became of the plan. */
async function readSoldCredits(
  target: StripeTarget,
  invoices: readonly PaidInvoice[],
): Promise<ReadonlyMap<string, number>> {
  const priceIds = invoices.flatMap(({ lines }) =>
    lines.flatMap(({ priceId }) => (priceId === null ? [] : [priceId])),
  );
  const rows = await runQuery(
    target.database,
    sql<{ priceId: string; credits: number }>`
      SELECT price_id AS "priceId", credits FROM credits_billing.catalog_prices
      WHERE account_id = ${target.accountId} AND item_kind = 'plan' AND price_id = ANY (${priceIds})`,
  );
  return new Map(rows.map(({ priceId, credits }) => [priceId, credits]));
}

/**
 * The largest of an invoice's plans is what its period gives. Only prices of the catalog say for good what they give: with
 * another plan among its lines, or none of the catalog's, nothing can be said about the amount.
 */
async function wrongAmount(
  target: StripeTarget,
  invoice: PaidInvoice,
  payment: ProvisionedPayment,
  sold: ReadonlyMap<string, number>,
): Promise<Difference[]> {
  const priceIds = invoice.lines.flatMap(({ priceId }) => (priceId === null ? [] : [priceId]));
  const known = priceIds.flatMap((id) => sold.get(id) ?? []);
  if (known.length === 0) return [];
  const expected = Math.max(...known);
  if (expected === 0 || expected === payment.credits) return [];
  for (const id of priceIds.filter((each) => !sold.has(each))) {
    const price = await target.gateway.findPrice(id);
    if (price?.lookupKey?.startsWith('plan_')) return [];
  }
  return differingAmount(target, placeOf(invoice), payment, expected);
}

function placeOf(invoice: PaidInvoice) {
  return {
    stripePaymentId: invoice.id,
    stripeObjectId: invoice.id,
    ...moneyOf(invoice.amountPaidMinor, invoice.currency),
  };
}
