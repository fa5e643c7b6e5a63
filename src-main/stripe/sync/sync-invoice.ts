import { sql } from 'kysely';
import type { LedgerSession } from '#main/ledger/ledger-session.ts';
import { creditsInWords } from '#shared/credits.ts';
import { AppError } from '#shared/errors.ts';
import type { CatalogPrice, PaidInvoice } from '../gateway/gateway.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { type Apply, applySync, type SyncOutcome } from './apply-sync.ts';
import { customerOfSubscription } from './customer-of-subscription.ts';
import { lockObject } from './lock-object.ts';
import { type Plan, planOfMetadata, planOfPrice } from './plan-of-price.ts';
import { postedRows } from './posted-rows.ts';
import { findProvisioned, provision, settlePayment } from './provision.ts';
import { readCredits, untrusted } from './read-order.ts';

/** Invoices that open a period. Others (prorations, manual ones, thresholds) bill within one and grant nothing. */
const PERIOD_REASONS = new Set(['subscription_create', 'subscription_cycle']);

/**
 * Allocates the credits of the period that a paid invoice opens, once. An invoice that opens none, or of a subscription
 * that no plan and no metadata gives credits to, is ignored. Errors: `stripe_metadata`, `not_found` where its customer is
 * not there, `stripe_other_mode`, those of the gateway and of applySync.
 */
export async function syncInvoice(
  target: StripeTarget,
  invoiceId: string,
  finish?: (session: LedgerSession, outcome: SyncOutcome) => Promise<void>,
): Promise<SyncOutcome> {
  return applySync(target, invoiceId, () => readInvoice(target, invoiceId), finish);
}

type Facts = {
  invoice: PaidInvoice;
  paymentIntentId: string | null;
  prices: ReadonlyMap<string, CatalogPrice>;
};

/** Fetches an invoice for a sync, or for a rehearsal of one. Errors: `stripe_other_mode`, those of the gateway. */
export async function readInvoice(target: StripeTarget, invoiceId: string): Promise<Apply> {
  const invoice = await target.gateway.getInvoice(invoiceId);
  if (invoice.livemode !== target.livemode) {
    throw new AppError(
      'stripe_other_mode',
      `${invoiceId} belongs to the other mode (test or live). Nothing was granted.`,
    );
  }
  const why = whyNot(invoice);
  if (why !== undefined) return async () => ignored(why);
  const prices = new Map<string, CatalogPrice>();
  for (const { priceId } of invoice.lines) {
    if (priceId === null || prices.has(priceId)) continue;
    const price = await target.gateway.findPrice(priceId);
    if (price !== undefined) prices.set(priceId, price);
  }
  const paymentIntentId = await target.gateway.paymentOfInvoice(invoiceId);
  return (session) => applyInvoice(target, session, { invoice, paymentIntentId, prices });
}

function whyNot({ id, status, billingReason, subscriptionId, lines }: PaidInvoice) {
  if (status !== 'paid') return `${id} is ${status}, not paid.`;
  if (subscriptionId === null || !PERIOD_REASONS.has(billingReason ?? '')) {
    return `${id} opens no period of a subscription (${billingReason ?? 'no reason'}).`;
  }
  return lines.length === 0 ? `${id} has no line of a subscription’s period.` : undefined;
}

async function applyInvoice(
  target: StripeTarget,
  session: LedgerSession,
  facts: Facts,
): Promise<SyncOutcome> {
  const { invoice, paymentIntentId } = facts;
  if (paymentIntentId !== null) await lockObject(session, paymentIntentId);
  const granted = await findProvisioned(session, {
    paymentIntentId,
    sessionId: null,
    invoiceId: invoice.id,
  });
  const allocation = granted ? undefined : await readAllocation(target, session, facts);
  if (granted === undefined && allocation === undefined) {
    return ignored(`${invoice.id} is of no plan, and its metadata gives no credits.`);
  }
  const period = allocation?.period ?? periodOf(invoice);
  if (allocation !== undefined && period.end <= period.start) {
    throw untrusted(invoice.id, 'it does not say which period it pays for');
  }
  const customerId =
    granted?.customer_id ??
    (await customerOfSubscription(session.run, {
      objectId: invoice.id,
      subscriptionId: invoice.subscriptionId,
      stripeCustomerId: invoice.customerId,
      metadata: invoice.subscriptionMetadata,
    }));
  const stripePaymentId = granted?.stripe_payment_id ?? invoice.id;
  const credits = granted?.credits ?? allocation?.credits ?? 0;
  const plan = allocation?.plan;
  const transactions = await postedRows(session, customerId, async () => {
    await provision(session, {
      customerId,
      stripePaymentId,
      credits,
      type: granted?.transaction_type ?? 'subscription_allocation',
      description: plan
        ? `${plan.name} plan, ${dayOf(period.start)} to ${dayOf(period.end)}`
        : `Subscription, ${dayOf(period.start)} to ${dayOf(period.end)}`,
      idempotencyKey: `stripe:invoice:${invoice.id}:${Math.floor(period.start.getTime() / 1_000)}`,
      accountId: target.accountId,
      currency: invoice.currency.toLowerCase(),
      amountMinor: invoice.amountPaidMinor,
      paymentIntentId,
      sessionId: null,
      invoiceId: invoice.id,
      paidAt: invoice.paidAt ?? invoice.createdAt,
      expiresAt: (plan?.rollover ?? 'expire') === 'expire' ? period.end : null,
      keepAtMost: plan?.rollover === 'cap' ? plan.rolloverCap : null,
      metadata: {
        invoice: invoice.id,
        subscription: invoice.subscriptionId ?? '',
        ...(plan ? { plan: plan.tier } : {}),
      },
    });
    await settlePayment(session, customerId, stripePaymentId);
  });
  return {
    outcome: granted
      ? `${invoice.id} was granted before: ${creditsInWords(credits)} to ${customerId}.`
      : `Allocated ${creditsInWords(credits)} to ${customerId} for ${invoice.id}.`,
    ignored: false,
    transactions,
    customerIds: [customerId],
  };
}

type Period = { start: Date; end: Date };
type Allocation = { plan: Plan | undefined; credits: number; period: Period };

/** What the invoice's period gives: the largest plan among its lines, else what metadata says. */
async function readAllocation(
  target: StripeTarget,
  session: LedgerSession,
  { invoice, prices }: Facts,
): Promise<Allocation | undefined> {
  // What bills usage alone, such as the last invoice of a plan that was sold with a metered price, opens no period.
  if (await isBilledByUse(target, session, invoice)) return undefined;
  let best: (Allocation & { plan: Plan }) | undefined;
  for (const line of invoice.lines) {
    const plan = await planOfPrice(session.run, target.accountId, {
      id: line.priceId,
      lookupKey: prices.get(line.priceId ?? '')?.lookupKey ?? null,
    });
    if (plan !== undefined && plan.credits > (best?.credits ?? 0)) {
      const period = { start: line.periodStart, end: line.periodEnd };
      best = { plan, credits: plan.credits, period };
    } else if (plan !== undefined) {
      best ??= { plan, credits: 0, period: periodOf(invoice) };
    }
  }
  const plan = best?.plan ?? (await planOfMetadata(session.run, invoice.subscriptionMetadata));
  if (plan !== undefined) {
    return plan.credits === 0
      ? undefined
      : (best ?? { plan, credits: plan.credits, period: periodOf(invoice) });
  }
  for (const line of invoice.lines) {
    const text = prices.get(line.priceId ?? '')?.metadata.credits;
    if (text === undefined || text === '') continue;
    const credits = readCredits(invoice.id, text, 'the metadata of its price');
    return { plan: undefined, credits, period: { start: line.periodStart, end: line.periodEnd } };
  }
  const text = invoice.subscriptionMetadata.credits;
  if (text === undefined || text === '') return undefined;
  const credits = readCredits(invoice.id, text, 'the metadata of its subscription');
  return { plan: undefined, credits, period: periodOf(invoice) };
}

/** Whether all lines of an invoice are of metered prices of the catalog. */
async function isBilledByUse(
  { accountId, livemode }: StripeTarget,
  { run }: LedgerSession,
  { lines }: PaidInvoice,
): Promise<boolean> {
  const priceIds = [...new Set(lines.map(({ priceId }) => priceId))];
  const metered = await run(sql`
    SELECT FROM credits_billing.stripe_metered_prices
    WHERE account_id = ${accountId} AND livemode = ${livemode} AND price_id = ANY (${priceIds}::text[])`);
  return metered.length === priceIds.length;
}

/** The period that is opened: of its lines the last one, as metered usage is billed for the period before. */
function periodOf({ lines, createdAt }: PaidInvoice): Period {
  const [last] = lines.toSorted(
    (one, other) => other.periodEnd.getTime() - one.periodEnd.getTime(),
  );
  return last
    ? { start: last.periodStart, end: last.periodEnd }
    : { start: createdAt, end: createdAt };
}

function dayOf(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}

function ignored(outcome: string): SyncOutcome {
  return { outcome, ignored: true, transactions: [], customerIds: [] };
}
