import { sql } from 'kysely';
import { type LedgerSession, post } from '#main/ledger/ledger-session.ts';
import { type Preview, previewWork } from '#main/ledger/preview-act.ts';
import { creditsInWords } from '#shared/credits.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { type Apply, applySync, type SyncOutcome } from '../sync/apply-sync.ts';
import { readCheckout } from '../sync/sync-checkout-session.ts';
import { readInvoice } from '../sync/sync-invoice.ts';
import { findPayment, readSettling } from './check-money-back.ts';
import { type Difference, repairKey } from './finding.ts';
import { type Finding, getFinding } from './findings.ts';
import { checkAgain, isMoneyBack } from './look-again.ts';
import { listRepaired, readStanding } from './provisioned-payments.ts';

/** How a difference is repaired: making the ledger agree with the object in Stripe, or one entry that corrects the ledger. */
type Repair =
  | { way: 'sync'; act: string; objectId: string; read: () => Promise<Apply> }
  | { way: 'entry'; act: string; post: (session: LedgerSession) => Promise<string> }
  /** Nothing is left to do; the row that did it, where it was a repair. */
  | { way: 'none'; act: string; transactionId: string | null };

type Plan = { repair: Repair; why: null } | { repair: null; why: string };
type Place = { runId: string; findingId: string };

const USAGE_BY_HAND =
  'No entry of the ledger mends units. On the customer’s Metered tab, send a rejected event again, add usage that Stripe is missing, or cancel an event that is too much.';

/**
 * What a repair would post: the difference looked at again in Stripe, then the very same work, rolled back. Nothing where it
 * cannot be done by itself, and why.
 */
export async function previewRepair(
  target: StripeTarget,
  place: Place,
): Promise<{ act: string | null; why: string | null; preview: Preview | null }> {
  const finding = await getFinding(target.database, place);
  const { repair, why } = await planRepair(target, finding);
  if (repair === null) return { act: null, why, preview: null };
  const { customerId } = finding;
  if (customerId === null) return { act: repair.act, why: null, preview: null };
  const apply = repair.way === 'sync' ? await repair.read() : undefined;
  try {
    const { preview } = await previewWork(
      target.database,
      { actor: target.actor, customerId },
      async (session) => {
        let transactionId: string | null = null;
        if (apply !== undefined) transactionId = await mainRow(session, await apply(session));
        else if (repair.way === 'entry') transactionId = await repair.post(session);
        return { transactionId, result: undefined };
      },
    );
    return { act: repair.act, why: null, preview };
  } catch (error) {
    // What the ledger or the object has against it is what the person should read before anything else.
    if (error instanceof AppError && error.code !== 'database_unavailable') {
      return { act: null, why: error.message, preview: null };
    }
    throw error;
  }
}

/**
 * Posts the repair of a difference, once: under a key made of the difference, or by the sync that posts nothing where all
 * agrees already. Marks the finding in the same transaction; one that is repaired already is answered as it is. `note` goes to
 * the metadata of everything it posts. Errors: `stripe_refused` where it cannot be repaired by itself, those of the ledger
 * and of the gateway.
 */
export async function repairFinding(
  target: StripeTarget,
  place: Place,
  note: string,
): Promise<Finding> {
  const finding = await getFinding(target.database, place);
  if (finding.state === 'repaired') return finding;
  const { repair, why } = await planRepair(target, finding);
  if (repair === null) throw new AppError('stripe_refused', `${why} Nothing was changed.`);
  if (repair.way === 'sync') {
    const finish = async (session: LedgerSession, outcome: SyncOutcome) =>
      markRepaired(session, place, await mainRow(session, outcome));
    await applySync(target, repair.objectId, repair.read, finish, note);
  } else {
    await post(target.database, { actor: target.actor, note }, async (session) => {
      const [open] = await session.run(sql`
        SELECT FROM credits_billing.reconciliation_findings
        WHERE run_id = ${place.runId} AND id = ${place.findingId} AND state = 'open' FOR UPDATE`);
      // Two people at once: the second one finds it done.
      if (open === undefined) return;
      const transactionId =
        repair.way === 'entry' ? await repair.post(session) : repair.transactionId;
      await markRepaired(session, place, transactionId);
    });
  }
  return getFinding(target.database, place);
}

/** The row that a sync is about: the grant, else what was taken or given back last. */
async function mainRow(
  session: LedgerSession,
  { transactions }: SyncOutcome,
): Promise<string | null> {
  const [row] = await session.run(sql<{ id: string }>`
    SELECT t.id::text FROM credits.credit_transactions t
    JOIN unnest(${transactions.map(({ customerId }) => customerId)}::text[],
      ${transactions.map(({ transactionId }) => transactionId)}::bigint[]) AS posted (customer_id, id)
      ON t.customer_id = posted.customer_id AND t.id = posted.id
    ORDER BY t.transaction_type IN ('purchase', 'subscription_allocation') DESC,
      t.transaction_type IN ('clawback', 'reversal') DESC, t.id DESC LIMIT 1`);
  return row?.id ?? null;
}

async function markRepaired(
  session: LedgerSession,
  { runId, findingId }: Place,
  transactionId: string | null,
): Promise<void> {
  await session.run(sql`
    UPDATE credits_billing.reconciliation_findings
    SET state = 'repaired', repaired_by_transaction_id = ${transactionId}::bigint, repaired_at = clock_timestamp()
    WHERE run_id = ${runId} AND id = ${findingId} AND state = 'open'`);
}

async function planRepair(target: StripeTarget, finding: Finding): Promise<Plan> {
  const now = (await checkAgain(target, finding)).find(({ id }) => id === finding.id);
  if (now === undefined) return planNothing(target, finding);
  if (now.obstacle !== null) return { repair: null, why: now.obstacle };
  const { stripeObjectId } = now;
  switch (now.bucket) {
    case 'missing_grant':
      return now.id === `missing_grant:${stripeObjectId}`
        ? planGrant(target, stripeObjectId)
        : planAdd(now, now.expectedCredits ?? 0);
    case 'unclawed_refund':
      return planSettling(target, now, 'Take back the credits of the money that went back');
    case 'amount_differs':
      return stripeObjectId !== null && isMoneyBack(stripeObjectId)
        ? planSettling(target, now, 'Make the credits follow the money')
        : planAmount(target, now);
    case 'double_grant':
    case 'orphan_grant':
      return planTakeBack(now, now.foundCredits ?? 0);
    case 'usage_differs':
      return { repair: null, why: USAGE_BY_HAND };
  }
}

/** The difference is gone: repaired in another run or by hand, or an event came after all. */
async function planNothing(target: StripeTarget, { id, customerId }: Finding): Promise<Plan> {
  const key = repairKey(id);
  const repaired =
    customerId === null ? undefined : (await listRepaired(target, [{ customerId, key }])).get(key);
  return {
    repair: {
      way: 'none',
      act: 'Close it: Stripe and the ledger agree by now, and nothing is posted',
      transactionId: repaired ?? null,
    },
    why: null,
  };
}

function planGrant(target: StripeTarget, objectId: string | null): Plan {
  if (objectId === null) return { repair: null, why: 'Stripe’s object is not known.' };
  const read = () =>
    objectId.startsWith('in_') ? readInvoice(target, objectId) : readCheckout(target, objectId);
  return { repair: { way: 'sync', act: 'Grant what was paid for', objectId, read }, why: null };
}

async function planSettling(
  target: StripeTarget,
  { stripePaymentId }: Difference,
  act: string,
): Promise<Plan> {
  const payment = await findPayment(target, stripePaymentId ?? '');
  if (payment === undefined) return { repair: null, why: 'The ledger knows no such payment.' };
  return {
    repair: {
      way: 'sync',
      act,
      objectId: payment.paymentIntentId,
      read: () => readSettling(target, payment),
    },
    why: null,
  };
}

/** Too many credits are taken back, as far as they are left; too few are added. */
async function planAmount(target: StripeTarget, now: Difference): Promise<Plan> {
  const { customerId, transactionId, expectedCredits, foundCredits } = now;
  if (
    customerId === null ||
    transactionId === null ||
    expectedCredits === null ||
    foundCredits === null
  ) {
    return { repair: null, why: 'What is expected is not known.' };
  }
  if (foundCredits < expectedCredits) return planAdd(now, expectedCredits - foundCredits);
  const { unsettled } = await readStanding(target, { customerId, transactionId });
  return planTakeBack(now, Math.min(foundCredits - expectedCredits, unsettled));
}

function planAdd({ id, customerId, stripeObjectId, stripePaymentId }: Difference, credits: number) {
  const values = [
    customerId,
    credits,
    `Reconciliation: not granted for ${stripeObjectId ?? stripePaymentId}`,
    repairKey(id),
  ];
  const repair: Repair = {
    way: 'entry',
    act: `Add the ${creditsInWords(credits)} that are missing`,
    post: async (session) => {
      const { id: transactionId } = await session.call<{ id: string }>({
        name: 'reconcile.add',
        text: `SELECT f.id::text AS id FROM credits.add_credits(customer_id => $1, amount => $2, transaction_type => 'adjustment',
          description => $3, idempotency_key => $4) f`,
        values,
      });
      return transactionId;
    },
  };
  return { repair, why: null };
}

/**
 * Takes back credits of one grant that should not be there, as far as they are left; what is spent is recorded as not
 * recovered where the grant goes by a payment.
 */
function planTakeBack(now: Difference, credits: number): Plan {
  const { customerId, transactionId, stripePaymentId, id } = now;
  const call =
    stripePaymentId === null
      ? {
          name: 'reconcile.reverse',
          text: `SELECT f.id::text AS id FROM (
              SELECT coalesce(sum(o.remaining), 0)::bigint AS credits FROM credits.own_grants($1, $2) o
            ) own, LATERAL credits.reverse_transaction(customer_id => $1, transaction_id => $2, reason => $3,
              amount => least(own.credits, $4::bigint), idempotency_key => $5) f`,
          values: [
            customerId,
            transactionId,
            'Reconciliation: no payment stands behind it',
            credits,
            repairKey(id),
          ],
        }
      : {
          name: 'reconcile.claw_back',
          text: `SELECT f.id::text AS id FROM credits.claw_back(customer_id => $1, stripe_payment_id => $2, amount => $3,
            policy => 'remaining', idempotency_key => $4, metadata => '{"kind": "reconciliation"}') f`,
          values: [customerId, stripePaymentId, credits, repairKey(id)],
        };
  const repair: Repair = {
    way: 'entry',
    act: `Take back ${creditsInWords(credits)}, as far as they are left`,
    post: async (session) => (await session.call<{ id: string }>(call)).id,
  };
  return { repair, why: null };
}
