import { sql } from 'kysely';
import { readSnapshot, runQuery } from '#main/database/run-query.ts';
import { creditsInWords } from '#shared/credits.ts';
import { AppError } from '#shared/errors.ts';
import type { CheckoutSession } from '../gateway/gateway.ts';
import type { StripeTarget } from '../stripe-target.ts';
import {
  checkOrder,
  customerLinkedTo,
  isAboutCredits,
  type Order,
  type OwnCheckout,
  readOrder,
} from '../sync/read-order.ts';
import { readCheckout } from '../sync/sync-checkout-session.ts';
import { differingAmount, doubleGrant } from './compare-grants.ts';
import { asCustomerId, type Checked, type Difference, moneyOf, type Span } from './finding.ts';
import { listProvisioned, type ProvisionedPayment, readStanding } from './provisioned-payments.ts';
import { rehearseGrant } from './rehearse-sync.ts';

/** Compares paid checkout sessions with the ledger: each is granted once, to its customer, with the credits that were ordered. */
export async function checkSessions(
  target: StripeTarget,
  span: Span,
  sessions: readonly CheckoutSession[],
): Promise<Checked> {
  const ordered = await readOrdered(target, sessions);
  const paid = sessions.filter(
    (session) => isPaid(session) && (isAboutCredits(session) || ordered.has(session.id)),
  );
  const granted = await listProvisioned(
    target,
    paid.flatMap(({ id, paymentIntentId }) =>
      paymentIntentId === null ? [id] : [id, paymentIntentId],
    ),
  );
  const differences: Difference[] = [];
  let compared = 0;
  for (const session of paid) {
    const order = ordered.get(session.id);
    const [first, ...further] = granted.filter((payment) => isOf(payment, session));
    if (first === undefined) {
      // What the console itself ordered is its own to follow, however old.
      if (order === undefined && !span.isResponsibleFor(session.createdAt)) continue;
      compared += 1;
      differences.push(...(await missingGrant(target, session, order)));
      continue;
    }
    // Created before, and granted before: not of this span.
    const newest = Math.max(
      session.createdAt.getTime(),
      ...[first, ...further].map(({ grantedAt }) => grantedAt.getTime()),
    );
    if (newest < span.since.getTime()) continue;
    compared += 1;
    for (const payment of further) {
      differences.push(...(await doubleGrant(target, placeOf(session), payment)));
    }
    if (disagrees(session, order, first)) {
      differences.push(...(await judge(target, session, first)));
    }
  }
  return {
    differences,
    seenPaymentIds: granted.map(({ stripePaymentId }) => stripePaymentId),
    compared,
    elsewhere: 0,
  };
}

function isPaid({ status, paymentStatus, mode }: CheckoutSession): boolean {
  return mode === 'payment' && status === 'complete' && paymentStatus !== 'unpaid';
}

function isOf(payment: ProvisionedPayment, session: CheckoutSession): boolean {
  const ids = [session.id, session.paymentIntentId];
  return [payment.stripePaymentId, payment.paymentIntentId, payment.sessionId].some(
    (id) => id !== null && ids.includes(id),
  );
}

/** What the console wrote down of these sessions, where it made them. */
async function readOrdered(
  target: StripeTarget,
  sessions: readonly CheckoutSession[],
): Promise<ReadonlyMap<string, OwnCheckout>> {
  const rows = await runQuery(
    target.database,
    sql<OwnCheckout & { sessionId: string }>`
      SELECT session_id AS "sessionId", kind, customer_id AS "customerId", credits FROM credits_billing.checkouts
      WHERE session_id = ANY (${sessions.map(({ id }) => id)}) AND kind <> 'subscription'`,
  );
  return new Map(rows.map((row) => [row.sessionId, row]));
}

async function missingGrant(
  target: StripeTarget,
  session: CheckoutSession,
  order: OwnCheckout | undefined,
): Promise<Difference[]> {
  const rehearsed = await rehearseGrant(target, () => readCheckout(target, session.id));
  // Nothing to grant: it was granted meanwhile, or sells something else.
  if (rehearsed.ok && rehearsed.granted === null) return [];
  return [
    {
      ...placeOf(session),
      id: `missing_grant:${session.id}`,
      bucket: 'missing_grant',
      customerId: rehearsed.ok
        ? rehearsed.customerId
        : (order?.customerId ?? asCustomerId(session.metadata.user_id)),
      transactionId: null,
      expectedCredits: rehearsed.ok ? rehearsed.granted : (order?.credits ?? null),
      foundCredits: 0,
      detail: rehearsed.ok
        ? 'Paid in Stripe, and the ledger has granted nothing for it.'
        : `Paid in Stripe and not granted: ${rehearsed.why}`,
      obstacle: rehearsed.ok ? null : rehearsed.why,
      usage: null,
    },
  ];
}

/** Whether what Stripe's list shows, or what the console ordered, is something else than what was granted. */
function disagrees(
  { metadata }: CheckoutSession,
  order: OwnCheckout | undefined,
  { customerId, credits }: ProvisionedPayment,
): boolean {
  const isOther = (stated: string | undefined, granted: string) =>
    stated !== undefined && stated !== '' && stated !== granted;
  return (
    isOther(metadata.user_id, customerId) ||
    isOther(metadata.credits, String(credits)) ||
    (order !== undefined && (order.customerId !== customerId || order.credits !== credits))
  );
}

/** Says what a granted session differs in, by the rules that an event's grant goes by. */
async function judge(
  target: StripeTarget,
  session: CheckoutSession,
  payment: ProvisionedPayment,
): Promise<Difference[]> {
  const place = placeOf(session);
  const { order, why } = await readTrusted(target, session.id);
  if (order === null) {
    const standing = await readStanding(target, payment);
    // Taken back again, whatever was granted.
    if (standing.unsettled === 0) return [];
    return [
      {
        ...place,
        id: `amount_differs:${payment.stripePaymentId}:untrusted`,
        bucket: 'amount_differs',
        customerId: payment.customerId,
        stripePaymentId: payment.stripePaymentId,
        transactionId: payment.transactionId,
        expectedCredits: null,
        foundCredits: standing.credits,
        detail: `Granted ${creditsInWords(payment.credits)} to ${payment.customerId}; what Stripe has of it contradicts itself or that: ${why}.`,
        obstacle: `Which side is right is for a person to say: ${why}. Put it right in Stripe; where the ledger is wrong, correct it by hand.`,
        usage: null,
      },
    ];
  }
  if (order.customerId !== payment.customerId) {
    return wrongCustomer(target, place, { order, payment });
  }
  return differingAmount(target, place, payment, order.credits);
}

/** What was ordered, where it can be trusted; else why not. */
async function readTrusted(
  target: StripeTarget,
  sessionId: string,
): Promise<{ order: Order; why: null } | { order: null; why: string }> {
  const session = await target.gateway.getCheckoutSession(sessionId);
  const own = (await readOrdered(target, [session])).get(sessionId);
  try {
    const order = readOrder(session);
    const linkedCustomerId = await readSnapshot(target.database, undefined, (run) =>
      customerLinkedTo(run, session.customerId),
    );
    checkOrder(session, order, { own, linkedCustomerId });
    return { order, why: null };
  } catch (error) {
    if (error instanceof AppError && error.code === 'stripe_metadata') {
      return { order: null, why: String(error.details?.why ?? error.message) };
    }
    throw error;
  }
}

/** Granted to somebody else: too much on one account, and missing on another. */
async function wrongCustomer(
  target: StripeTarget,
  place: ReturnType<typeof placeOf>,
  { order, payment }: { order: Order; payment: ProvisionedPayment },
): Promise<Difference[]> {
  const { unsettled } = await readStanding(target, payment);
  const detail = `Bought for ${order.customerId}, granted to ${payment.customerId}.`;
  const missing: Difference = {
    ...place,
    id: `missing_grant:${place.stripeObjectId}:${order.customerId}`,
    bucket: 'missing_grant',
    customerId: order.customerId,
    transactionId: null,
    expectedCredits: order.credits,
    foundCredits: 0,
    detail,
    obstacle: null,
    usage: null,
  };
  if (unsettled === 0) return [missing];
  return [
    missing,
    {
      ...place,
      id: `orphan_grant:${payment.stripePaymentId}:${payment.customerId}`,
      bucket: 'orphan_grant',
      customerId: payment.customerId,
      stripePaymentId: payment.stripePaymentId,
      transactionId: payment.transactionId,
      expectedCredits: 0,
      foundCredits: unsettled,
      detail,
      obstacle: null,
      usage: null,
    },
  ];
}

function placeOf(session: CheckoutSession) {
  return {
    stripePaymentId: session.paymentIntentId ?? session.id,
    stripeObjectId: session.id,
    ...moneyOf(session.amountMinor, session.currency),
  };
}
