import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import type { LedgerSession } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeDispute, StripeRefund } from '../gateway/gateway.ts';
import { orUndefined } from '../gateway/optional-answer.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { type Apply, applySync, type SyncOutcome } from './apply-sync.ts';
import { postedRows } from './posted-rows.ts';
import { settlePayment } from './provision.ts';

type MoneyBack = {
  id: string;
  kind: 'refund' | 'dispute';
  amountMinor: number;
  currency: string;
  status: string;
  reason: string | null;
  createdAt: Date;
  /** The console's own request for this refund. */
  requestId: string | null;
};

/** What led to the payment: a refund or dispute, and the console's own request for it. */
type About = { id: string; requestId?: string };

type Payment = { customer_id: string; stripe_payment_id: string };

/**
 * Makes the ledger agree with all refunds and disputes of one payment intent. Those of a payment that the ledger does not
 * know (yet) are written down, and settled with its grant. Errors: those of the gateway and of applySync.
 */
export async function syncMoneyBack(
  target: StripeTarget,
  paymentIntentId: string,
  finish?: (session: LedgerSession, outcome: SyncOutcome) => Promise<void>,
  about?: About,
): Promise<SyncOutcome> {
  const read = () => readMoneyBack(target, paymentIntentId, about);
  return applySync(target, paymentIntentId, read, finish);
}

/** Fetches what went back of a payment for a sync, or for a rehearsal of one. Errors: those of the gateway. */
export async function readMoneyBack(
  target: StripeTarget,
  paymentIntentId: string,
  about?: About,
): Promise<Apply> {
  const { gateway } = target;
  const [refunds, disputes] = await Promise.all([
    listed(() => gateway.listRefundsOfPayment(paymentIntentId), {
      known: () => knownOf(target, paymentIntentId, 'refund', about),
      get: gateway.getRefund,
    }),
    listed(() => gateway.listDisputesOfPayment(paymentIntentId), {
      known: () => knownOf(target, paymentIntentId, 'dispute', about),
      get: gateway.getDispute,
    }),
  ]);
  if (refunds instanceof AppError && disputes instanceof AppError) throw refunds;
  const all = [
    ...(refunds instanceof AppError ? [] : refunds.map(ofRefund)),
    ...(disputes instanceof AppError ? [] : disputes.map(ofDispute)),
  ];
  // The console's own refund stays its own, whatever becomes of its metadata.
  const own = all.find(({ id }) => id === about?.id);
  if (own && about?.requestId !== undefined) own.requestId = about.requestId;
  // In the order of their making, whichever event came first: partial refunds are rounded along it.
  all.sort((one, other) => one.createdAt.getTime() - other.createdAt.getTime());
  return (session) => applyMoneyBack(target, session, paymentIntentId, all);
}

/**
 * What the list has. A server that only plays Stripe may have no such list: then those that are known of, each asked for by its id;
 * the error where there is none.
 */
async function listed<Item>(
  list: () => Promise<Item[]>,
  one: { known: () => Promise<string[]>; get: (id: string) => Promise<Item> },
): Promise<Item[] | AppError> {
  try {
    return await list();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'stripe_not_found') throw error;
    const found: Item[] = [];
    for (const id of await one.known()) {
      const item = await orUndefined(one.get(id));
      if (item !== undefined) found.push(item);
    }
    return found.length === 0 ? error : found;
  }
}

async function knownOf(
  { database }: StripeTarget,
  paymentIntentId: string,
  kind: MoneyBack['kind'],
  about: About | undefined,
): Promise<string[]> {
  const rows = await runQuery(
    database,
    sql<{ id: string }>`
      SELECT id FROM credits_billing.money_back WHERE payment_intent_id = ${paymentIntentId} AND kind = ${kind} ORDER BY position`,
  );
  return [...new Set([...rows.map(({ id }) => id), ...(about ? [about.id] : [])])];
}

async function applyMoneyBack(
  target: StripeTarget,
  session: LedgerSession,
  paymentIntentId: string,
  all: MoneyBack[],
): Promise<SyncOutcome> {
  if (all.length === 0) {
    return {
      outcome: `No money of ${paymentIntentId} went back.`,
      ignored: true,
      transactions: [],
      customerIds: [],
    };
  }
  let payment: Payment | null = null;
  for (const each of all) payment = await record(target, session, paymentIntentId, each);
  const what = `${counted(all, 'refund')}${all.some(isRefund) && all.some(isDispute) ? ' and ' : ''}${counted(all, 'dispute')}`;
  if (payment === null) {
    return {
      outcome: `Noted ${what} of ${paymentIntentId}; the ledger knows no grant for this payment.`,
      ignored: false,
      transactions: [],
      customerIds: [],
    };
  }
  const { customer_id: customerId, stripe_payment_id: stripePaymentId } = payment;
  const transactions = await postedRows(session, customerId, () =>
    settlePayment(session, customerId, stripePaymentId),
  );
  return {
    outcome: `The credits of ${stripePaymentId} agree with ${what}.`,
    ignored: false,
    transactions,
    customerIds: [customerId],
  };
}

async function record(
  target: StripeTarget,
  session: LedgerSession,
  paymentIntentId: string,
  each: MoneyBack,
): Promise<Payment | null> {
  const { payment } = await session.call<{ payment: Payment | null }>({
    name: 'stripe.record_money_back',
    text: `SELECT (
      SELECT json_build_object('customer_id', f.customer_id, 'stripe_payment_id', f.stripe_payment_id)
      FROM credits.record_money_back(id => $1, kind => $2, account_id => $3, payment_intent_id => $4, amount_minor => $5,
        currency => $6, status => $7, reason => $8, created_at => $9, request_id => $10) f
      LIMIT 1) AS payment`,
    values: [
      each.id,
      each.kind,
      target.accountId,
      paymentIntentId,
      each.amountMinor,
      each.currency.toLowerCase(),
      each.status,
      each.reason,
      each.createdAt,
      each.requestId,
    ],
  });
  return payment;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function ofRefund(refund: StripeRefund): MoneyBack {
  const { refund_request: request } = refund.metadata;
  return {
    id: refund.id,
    kind: 'refund',
    amountMinor: refund.amountMinor,
    currency: refund.currency,
    status: refund.status,
    reason: refund.failureReason ?? refund.reason,
    createdAt: refund.createdAt,
    // Metadata can be edited by anybody who may use the account; what is no id is nothing of ours.
    requestId: request !== undefined && UUID.test(request) ? request : null,
  };
}

function ofDispute(dispute: StripeDispute): MoneyBack {
  return {
    id: dispute.id,
    kind: 'dispute',
    amountMinor: dispute.amountMinor,
    currency: dispute.currency,
    status: dispute.status,
    reason: dispute.reason,
    createdAt: dispute.createdAt,
    requestId: null,
  };
}

const isRefund = ({ kind }: MoneyBack) => kind === 'refund';
const isDispute = ({ kind }: MoneyBack) => kind === 'dispute';

function counted(all: MoneyBack[], kind: MoneyBack['kind']): string {
  const count = all.filter((each) => each.kind === kind).length;
  return count === 0 ? '' : `${count} ${kind}${count === 1 ? '' : 's'}`;
}
