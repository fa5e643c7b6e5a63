import { sql } from 'kysely';
import { readSnapshot, runQuery } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { AppError, type ErrorCode } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { syncMoneyBack } from '../sync/sync-money-back.ts';
import { assertBound } from '../workspace/assert-bound.ts';
import { getRefundRequest, type RefundRequestData } from './list-open-refunds.ts';

export type Finished = {
  request: RefundRequestData;
  /** Stripe refused it for good, just now. */
  refusal?: AppError;
  /** Why it is not known yet how it ended. */
  problem?: AppError;
};

/** So many a round; the next round takes the others. */
const ROUND_MAX = 50;

/** What would meet the next request too. */
const AWAY: ReadonlySet<ErrorCode> = new Set(['stripe_unavailable', 'stripe_rate_limited']);

/**
 * Finishes the refund requests that wait for Stripe: those whose turn it is (5 seconds after the last attempt, then twice
 * as long each time, at most an hour), or `all` of them, as at a start. Where Stripe does not answer, the round ends. Errors: those of the database.
 */
export async function finishRefunds(
  target: StripeTarget,
  { all = false }: { all?: boolean } = {},
): Promise<{ finished: RefundRequestData[]; waiting: number }> {
  const isDue = sql`r.changed_at < clock_timestamp()
    - least(interval '5 seconds' * power(2, least(r.attempts, 12)), interval '1 hour')`;
  const open = await runQuery(
    target.database,
    sql<{ id: string }>`
      SELECT r.id FROM credits_billing.refund_requests r
      JOIN credits.stripe_payments p ON p.stripe_payment_id = r.stripe_payment_id
      WHERE r.state = 'requested' AND p.account_id = ${target.accountId} AND ${all ? sql`true` : isDue}
      ORDER BY r.created_at, r.id LIMIT ${ROUND_MAX}`,
  );
  const finished: RefundRequestData[] = [];
  for (const { id } of open) {
    try {
      const { request, problem } = await finishRefund(target, id);
      if (request.state !== 'requested') finished.push(request);
      if (problem === undefined) continue;
      target.log.warn(`The refund ${id} is not finished yet.`, problem);
      if (AWAY.has(problem.code)) break;
    } catch (error) {
      // One that goes wrong in a way nobody expected does not keep the others waiting.
      if (error instanceof AppError) throw error;
      target.log.error(`The refund ${id} could not be finished; it is tried again.`, error);
    }
  }
  return { finished, waiting: open.length - finished.length };
}

/**
 * Finishes one refund request, or tries to: asks Stripe for the refund unless it has it already, and makes the credits
 * follow. Safe to repeat, and by several at once. Errors: not_found, and those of the database.
 */
export async function finishRefund(target: StripeTarget, id: string): Promise<Finished> {
  const read = () => readSnapshot(target.database, undefined, (run) => getRefundRequest(run, id));
  const request = await beginAttempt(target, id);
  if (request === undefined) return { request: await read() };
  let refundId: string;
  try {
    if (request.accountId !== target.accountId) throw otherAccount(request);
    await assertBound(target);
    refundId = await askForRefund(target, request);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (!isFinal(error)) return { request: await noteProblem(target, id, error), problem: error };
    await refuse(target, request, error);
    const refused = await read();
    return refused.state === 'refused'
      ? { request: refused, refusal: error }
      : { request: refused };
  }
  try {
    await syncMoneyBack(target, request.paymentIntentId, undefined, {
      id: refundId,
      requestId: id,
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { request: await noteProblem(target, id, error), problem: error };
  }
  const finished = await read();
  if (finished.state !== 'requested') return { request: finished };
  const problem = new AppError(
    'stripe_unavailable',
    'Stripe took the refund and does not list it yet. It is looked for again by itself.',
  );
  return { request: await noteProblem(target, id, problem), problem };
}

type OpenRequest = {
  id: string;
  customerId: string;
  paymentIntentId: string;
  accountId: string | null;
  amountMinor: number;
  stripeReason: 'requested_by_customer' | 'duplicate' | 'fraudulent';
  attempts: number;
};

/** Counts the attempt before anything is asked of Stripe: from the second on, Stripe may have the refund already. */
async function beginAttempt(target: StripeTarget, id: string): Promise<OpenRequest | undefined> {
  const [request] = await runQuery(
    target.database,
    sql<OpenRequest>`
      UPDATE credits_billing.refund_requests r SET attempts = r.attempts + 1, changed_at = clock_timestamp()
      FROM credits.stripe_payments p
      WHERE r.id = ${id} AND r.state = 'requested' AND p.stripe_payment_id = r.stripe_payment_id
      RETURNING r.id, r.customer_id AS "customerId", p.payment_intent_id AS "paymentIntentId", p.account_id AS "accountId",
        r.amount_minor AS "amountMinor", coalesce(r.metadata ->> 'stripe_reason', 'requested_by_customer') AS "stripeReason",
        r.attempts`,
  );
  return request;
}

/** Answers with the refund's id. */
async function askForRefund(target: StripeTarget, request: OpenRequest): Promise<string> {
  const { id, paymentIntentId, amountMinor, stripeReason } = request;
  // Stripe forgets our key after a day, so the refund itself is looked for.
  const before = request.attempts > 1 ? await findRefund(target, request) : undefined;
  if (before !== undefined) return before;
  try {
    const made = await target.gateway.createRefund(
      { paymentIntentId, amountMinor, reason: stripeReason, requestId: id },
      `refund:${id}`,
    );
    return made.id;
  } catch (error) {
    // Refused, perhaps, because somebody else finished it in this very moment.
    const isRefused = error instanceof AppError && isFinal(error);
    const there = isRefused ? await findRefund(target, request) : undefined;
    if (there === undefined) throw error;
    return there;
  }
}

async function findRefund(target: StripeTarget, request: OpenRequest): Promise<string | undefined> {
  const refunds = await target.gateway.listRefundsOfPayment(request.paymentIntentId);
  return refunds.find((refund) => refund.metadata.refund_request === request.id)?.id;
}

/** Stripe answered that it will not; after any other error the outcome is open, or can still become a good one. */
function isFinal(error: AppError): boolean {
  return error.code === 'stripe_refused' || error.code === 'stripe_not_found';
}

async function refuse(target: StripeTarget, request: OpenRequest, why: AppError): Promise<void> {
  await post(target.database, { actor: target.actor }, (session) =>
    session.call({
      name: 'stripe.refuse_refund',
      text: 'SELECT f.id FROM credits.refuse_refund(customer_id => $1, request_id => $2, why => $3) f',
      values: [request.customerId, request.id, why.message.slice(0, 1_000)],
    }),
  );
}

async function noteProblem(
  target: StripeTarget,
  id: string,
  problem: AppError,
): Promise<RefundRequestData> {
  await runQuery(
    target.database,
    sql`UPDATE credits_billing.refund_requests SET error = ${problem.message.slice(0, 1_000)}, changed_at = clock_timestamp()
      WHERE id = ${id} AND state = 'requested'`,
  );
  return readSnapshot(target.database, undefined, (run) => getRefundRequest(run, id));
}

function otherAccount(request: OpenRequest): AppError {
  return new AppError(
    'stripe_other_account',
    `The payment ${request.paymentIntentId} belongs to another Stripe account. The refund waits for a console that is connected to it.`,
  );
}
