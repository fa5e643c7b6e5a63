import { sql } from 'kysely';
import type { LedgerSession } from '#main/ledger/ledger-session.ts';
import { creditsInWords } from '#shared/credits.ts';
import { AppError } from '#shared/errors.ts';
import type { CheckoutSession } from '../gateway/gateway.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { type Apply, applySync, type SyncOutcome } from './apply-sync.ts';
import { lockObject } from './lock-object.ts';
import { postedRows } from './posted-rows.ts';
import { findProvisioned, linkWhereMissing, provision, settlePayment } from './provision.ts';
import {
  assertCustomer,
  checkOrder,
  customerLinkedTo,
  hasCustomer,
  isAboutCredits,
  type Order,
  type OwnCheckout,
  readOrder,
} from './read-order.ts';

/**
 * Makes the ledger agree with a checkout session: a paid one (or one of zero amount) is granted once, together with what
 * already went back for it; the console's own note of it follows in any state. A session that has nothing to do with
 * credits is ignored. Errors: `stripe_metadata` where it cannot be trusted (the note then says refused), `not_found` where
 * its customer is not there, `stripe_other_mode`, those of the gateway and of applySync.
 */
export async function syncCheckoutSession(
  target: StripeTarget,
  sessionId: string,
  finish?: (session: LedgerSession, outcome: SyncOutcome) => Promise<void>,
): Promise<SyncOutcome> {
  try {
    return await applySync(target, sessionId, () => readCheckout(target, sessionId), finish);
  } catch (error) {
    if (error instanceof AppError && error.code === 'stripe_metadata') {
      // The transaction that refused was rolled back with all it wrote.
      await target.database.pool.query(
        `UPDATE credits_billing.checkouts SET state = 'refused', error = $2, url = NULL, changed_at = clock_timestamp()
         WHERE session_id = $1 AND state <> 'paid'`,
        [sessionId, error.message],
      );
    }
    throw error;
  }
}

/** Fetches a session for a sync, or for a rehearsal of one. Errors: `stripe_other_mode`, those of the gateway. */
export async function readCheckout(target: StripeTarget, sessionId: string): Promise<Apply> {
  const checkout = await target.gateway.getCheckoutSession(sessionId);
  if (checkout.livemode !== target.livemode) {
    throw new AppError(
      'stripe_other_mode',
      `${sessionId} belongs to the other mode (test or live). Nothing was granted.`,
    );
  }
  const linkable = checkout.status === 'complete' && (await canBeLinked(target, checkout));
  return async (session) => {
    switch (checkout.mode) {
      case 'payment':
        return applyPurchase(target, session, checkout, linkable);
      case 'subscription':
        return applySubscriptionStart(session, checkout, linkable);
      default:
        return ignored(`${checkout.id} takes no payment.`);
    }
  };
}

/** A Stripe customer that was deleted meanwhile stays unlinked, in whatever order the events come. */
async function canBeLinked(target: StripeTarget, checkout: CheckoutSession): Promise<boolean> {
  if (checkout.customerId === null) return false;
  const customer = await target.gateway.findCustomer(checkout.customerId);
  return customer !== undefined && !customer.deleted;
}

async function applyPurchase(
  target: StripeTarget,
  session: LedgerSession,
  checkout: CheckoutSession,
  linkable: boolean,
): Promise<SyncOutcome> {
  if (checkout.paymentIntentId !== null) await lockObject(session, checkout.paymentIntentId);
  const isPaid = checkout.status === 'complete' && checkout.paymentStatus !== 'unpaid';
  const granted = await findProvisioned(session, {
    paymentIntentId: checkout.paymentIntentId,
    sessionId: checkout.id,
    invoiceId: null,
  });
  if (granted !== undefined) return applyGranted(target, session, checkout, granted);
  const own = await readOwnCheckout(session, checkout.id);
  if (own === undefined && !isAboutCredits(checkout)) {
    return ignored(`${checkout.id} is not a purchase of credits.`);
  }
  if (!isPaid) return applyUnpaid(session, checkout);
  const order = readOrder(checkout);
  return grant(target, session, { checkout, order, own, linkable });
}

/** Granted before, perhaps by a back end under another of its ids: facts are filled in, and what went back is settled. */
async function applyGranted(
  target: StripeTarget,
  session: LedgerSession,
  checkout: CheckoutSession,
  granted: NonNullable<Awaited<ReturnType<typeof findProvisioned>>>,
): Promise<SyncOutcome> {
  const { customer_id: customerId, stripe_payment_id: stripePaymentId, credits } = granted;
  const transactions = await postedRows(session, customerId, async () => {
    if (checkout.amountMinor !== null && checkout.currency !== null) {
      await provision(session, {
        ...factsOf(target, checkout),
        customerId,
        stripePaymentId,
        credits,
        type: granted.transaction_type,
        description: '',
        currency: checkout.currency.toLowerCase(),
        amountMinor: checkout.amountMinor,
      });
    }
    await settlePayment(session, customerId, stripePaymentId);
  });
  await noteState(session, checkout, { state: 'paid', stripePaymentId });
  return {
    outcome: `${checkout.id} was granted before: ${creditsInWords(credits)} to ${customerId}.`,
    ignored: false,
    transactions,
    customerIds: [customerId],
  };
}

async function grant(
  target: StripeTarget,
  session: LedgerSession,
  bought: {
    checkout: CheckoutSession;
    order: Order;
    own: OwnCheckout | undefined;
    linkable: boolean;
  },
): Promise<SyncOutcome> {
  const { checkout, order, own } = bought;
  const linkedCustomerId = await customerLinkedTo(session.run, checkout.customerId);
  checkOrder(checkout, order, { own, linkedCustomerId });
  const { customerId, credits } = order;
  await assertCustomer(session.run, customerId);
  const facts = factsOf(target, checkout);
  const stripePaymentId = checkout.paymentIntentId ?? checkout.id;
  const transactions = await postedRows(session, customerId, async () => {
    await provision(session, {
      ...facts,
      customerId,
      stripePaymentId,
      credits,
      type: 'purchase',
      description: `${order.kind === 'credit_topup' ? 'Top-up' : 'Purchase'} of ${creditsInWords(credits)}`,
      currency: order.currency,
      amountMinor: order.amountMinor,
    });
    await settlePayment(session, customerId, stripePaymentId);
  });
  if (bought.linkable && linkedCustomerId === undefined && checkout.customerId !== null) {
    await linkWhereMissing(session, customerId, checkout.customerId);
  }
  await noteState(session, checkout, { state: 'paid', stripePaymentId });
  return {
    outcome: `Granted ${creditsInWords(credits)} to ${customerId} for ${checkout.id}.`,
    ignored: false,
    transactions,
    customerIds: [customerId],
  };
}

function factsOf(target: StripeTarget, checkout: CheckoutSession) {
  return {
    idempotencyKey: `stripe:checkout:${checkout.id}`,
    accountId: target.accountId,
    paymentIntentId: checkout.paymentIntentId,
    sessionId: checkout.id,
    invoiceId: null,
    paidAt: checkout.createdAt,
    expiresAt: null,
    keepAtMost: null,
    metadata: { checkout_session: checkout.id, kind: checkout.metadata.type ?? 'credit_purchase' },
  };
}

async function applyUnpaid(
  session: LedgerSession,
  checkout: CheckoutSession,
): Promise<SyncOutcome> {
  if (checkout.status === 'open') {
    return noted(session, checkout, { state: 'open' }, `${checkout.id} is open and not paid yet.`);
  }
  if (checkout.status === 'expired') {
    return noted(session, checkout, { state: 'expired' }, `${checkout.id} expired unpaid.`);
  }
  const intent = checkout.paymentIntentStatus;
  if (intent === 'requires_payment_method' || intent === 'canceled') {
    const error = 'The payment failed. Nothing was paid and nothing was granted.';
    return noted(
      session,
      checkout,
      { state: 'failed', error },
      `The payment of ${checkout.id} failed.`,
    );
  }
  return noted(
    session,
    checkout,
    { state: 'processing' },
    `${checkout.id} is complete; the bank has still to pay.`,
  );
}

/** A subscription's credits come with its invoices; the session tells whose Stripe customer it is. */
async function applySubscriptionStart(
  session: LedgerSession,
  checkout: CheckoutSession,
  linkable: boolean,
): Promise<SyncOutcome> {
  const own = await readOwnCheckout(session, checkout.id);
  const customerId = own?.customerId ?? checkout.metadata.user_id;
  const isPaid = checkout.status === 'complete' && checkout.paymentStatus !== 'unpaid';
  if (!isPaid) {
    return own === undefined
      ? ignored(`${checkout.id} is not paid yet.`)
      : applyUnpaid(session, checkout);
  }
  const linkedCustomerId = await customerLinkedTo(session.run, checkout.customerId);
  if (
    customerId !== undefined &&
    linkedCustomerId === undefined &&
    linkable &&
    checkout.customerId !== null
  ) {
    const isElsewhere =
      own === undefined && !startsPlan(checkout) && !(await hasCustomer(session.run, customerId));
    if (isElsewhere) return ignored(`${checkout.id} is no subscription of a customer here.`);
    await assertCustomer(session.run, customerId);
    await linkWhereMissing(session, customerId, checkout.customerId);
  }
  const outcome = await noted(
    session,
    checkout,
    { state: 'paid' },
    `${checkout.id} started the subscription ${checkout.subscriptionId ?? ''}`
      .trimEnd()
      .concat('.'),
  );
  return { ...outcome, ignored: own === undefined && customerId === undefined };
}

/** Whether a session says that it starts one of the plans; a company may well sell other subscriptions to the same users. */
function startsPlan({ metadata: { type, plan, tier } }: CheckoutSession): boolean {
  return type === 'subscription' || (plan ?? tier ?? '') !== '';
}

async function readOwnCheckout(
  session: LedgerSession,
  sessionId: string,
): Promise<OwnCheckout | undefined> {
  const [own] = await session.run(sql<OwnCheckout>`
    SELECT kind, customer_id AS "customerId", credits FROM credits_billing.checkouts WHERE session_id = ${sessionId}`);
  return own;
}

type Note = {
  state: 'open' | 'processing' | 'paid' | 'failed' | 'expired';
  stripePaymentId?: string;
  error?: string;
};

/** Keeps the console's own note of a checkout up to date; answers with its customers. What is paid stays paid. */
async function noteState(
  session: LedgerSession,
  checkout: CheckoutSession,
  note: Note,
): Promise<string[]> {
  const rows = await session.run(sql<{ customer_id: string }>`
    UPDATE credits_billing.checkouts
    SET state = ${note.state}, url = ${checkout.status === 'open' ? checkout.url : null}, expires_at = ${checkout.expiresAt},
      stripe_payment_id = coalesce(${note.stripePaymentId ?? null}, stripe_payment_id), error = ${note.error ?? null},
      changed_at = clock_timestamp()
    WHERE session_id = ${checkout.id} AND (state <> 'paid' OR ${note.state} = 'paid')
    RETURNING customer_id`);
  return rows.map((row) => row.customer_id);
}

async function noted(
  session: LedgerSession,
  checkout: CheckoutSession,
  note: Note,
  outcome: string,
): Promise<SyncOutcome> {
  const customerIds = await noteState(session, checkout, note);
  return { outcome, ignored: false, transactions: [], customerIds };
}

function ignored(outcome: string): SyncOutcome {
  return { outcome, ignored: true, transactions: [], customerIds: [] };
}
