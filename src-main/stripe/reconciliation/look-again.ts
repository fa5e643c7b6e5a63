import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { checkInvoices } from './check-invoices.ts';
import { checkGrant } from './check-ledger.ts';
import { checkMoneyBack } from './check-money-back.ts';
import { checkSessions } from './check-sessions.ts';
import { checkUsage } from './check-usage.ts';
import type { Checked, Difference, Span } from './finding.ts';
import {
  keepFinding,
  toUsage,
  USAGE_COLUMNS,
  type UsageColumns,
  withoutRepaired,
} from './findings.ts';

const PAGE_FINDINGS = 20;

/** Everything counts: what was found is looked at however old it is. */
const ALWAYS: Span = { since: new Date(0), isResponsibleFor: () => true };

type Found = Pick<Difference, 'stripeObjectId' | 'customerId' | 'transactionId' | 'usage'>;

/** What differs now about the object, grant or usage that a difference was found at; what was repaired is left out. */
export async function checkAgain(target: StripeTarget, found: Found): Promise<Difference[]> {
  return withoutRepaired(target, (await checkFound(target, found)).differences);
}

/** Whether an id is that of a refund or dispute. */
export function isMoneyBack(objectId: string): boolean {
  return /^(re|pyr|dp|du)_/.test(objectId);
}

async function checkFound(
  target: StripeTarget,
  { stripeObjectId: id, customerId, transactionId, usage }: Found,
): Promise<Checked> {
  const { gateway } = target;
  if (usage !== null && customerId !== null) {
    const { eventName, periodStart: start, periodEnd: end } = usage;
    return checkUsage(target, { customerId, eventName, start, end });
  }
  if (id === null) {
    if (customerId === null || transactionId === null) throw new Error('a finding of nothing');
    return checkGrant(target, { customerId, transactionId });
  }
  if (id.startsWith('cs_')) {
    return checkSessions(target, ALWAYS, [await gateway.getCheckoutSession(id)]);
  }
  if (id.startsWith('in_')) return checkInvoices(target, ALWAYS, [await gateway.getInvoice(id)]);
  return id.startsWith('d')
    ? checkMoneyBack(target, ALWAYS, 'dispute', [await gateway.getDispute(id)])
    : checkMoneyBack(target, ALWAYS, 'refund', [await gateway.getRefund(id)]);
}

/**
 * Looks once more at the next differences that a run found: an event may have been under way when its object was compared, and
 * its difference is gone since, or another one now. Answers with the place to go on from; null at the end.
 */
export async function lookAgainPage(
  target: StripeTarget,
  run: { id: string; place: string | null },
): Promise<string | null> {
  const rows = await runQuery(
    target.database,
    sql<Omit<Found, 'usage'> & UsageColumns & { id: string }>`
      SELECT f.id, f.stripe_object_id AS "stripeObjectId", f.customer_id AS "customerId",
        f.transaction_id::text AS "transactionId", ${USAGE_COLUMNS}
      FROM credits_billing.reconciliation_findings f
      WHERE f.run_id = ${run.id} AND f.state = 'open' AND f.id > ${run.place ?? ''} ORDER BY f.id LIMIT ${PAGE_FINDINGS}`,
  );
  const found = rows.map(toUsage);
  const now: Difference[] = [];
  for (const each of found) now.push(...(await checkAgain(target, each)));
  const gone = found.filter(({ id }) => !now.some((difference) => difference.id === id));
  const next = found.length < PAGE_FINDINGS ? null : (found.at(-1)?.id ?? null);
  await post(target.database, { actor: target.actor }, async (session) => {
    await session.run(sql`
      DELETE FROM credits_billing.reconciliation_findings
      WHERE run_id = ${run.id} AND id = ANY (${gone.map(({ id }) => id)}) AND state = 'open'`);
    for (const each of now) await session.run(keepFinding(run.id, each));
    await session.run(
      sql`UPDATE credits_billing.reconciliation_runs SET place = ${next} WHERE id = ${run.id}`,
    );
  });
  return next;
}
