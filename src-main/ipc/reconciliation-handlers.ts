import type { z } from 'zod';
import { stripePageOf } from '#main/stripe/gateway/stripe-page.ts';
import { countFindings, type Finding, listFindings } from '#main/stripe/reconciliation/findings.ts';
import { previewRepair, repairFinding } from '#main/stripe/reconciliation/repair-finding.ts';
import { startRun } from '#main/stripe/reconciliation/run-reconciliation.ts';
import { getRun, listRuns, toReconciliationRun } from '#main/stripe/reconciliation/runs.ts';
import { AppError } from '#shared/errors.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import {
  FINDING_BUCKETS,
  type FindingBucket,
  type findingSchema,
  type reconciliationProcedures,
} from '#shared/ipc/reconciliation.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import type { HandlerDependencies } from './dependencies.ts';
import { targetOn } from './target-on.ts';

/** Stripe against the ledger: runs in the background, what they found, and repairs. */
export function reconciliationHandlers(
  console: HandlerDependencies,
): Pick<Handlers<Contract>, keyof typeof reconciliationProcedures> {
  const runs = console.reconciliations;

  return {
    'reconciliation.runs': async () => ({
      runs: (await listRuns(console.database())).map(toReconciliationRun),
    }),

    'reconciliation.start': async ({ since }) => {
      const target = await targetOn(console, console.databaseFor('manageStripe'));
      const run = await startRun(target, since === null ? undefined : new Date(since));
      await runs.start(target, run.id);
      return toReconciliationRun(await getRun(target.database, run.id));
    },
    'reconciliation.pause': async ({ runId }) => {
      const database = console.databaseFor('manageStripe');
      const isOwn = await runs.pause(runId);
      const run = await getRun(database, runId);
      if (!isOwn && run.state === 'running') {
        throw new AppError(
          'already_processed',
          'Another console on this database does this reconciliation. It goes on; pause it there.',
        );
      }
      return toReconciliationRun(run);
    },
    'reconciliation.resume': async ({ runId }) => {
      const target = await targetOn(console, console.databaseFor('manageStripe'));
      const run = await getRun(target.database, runId);
      if (run.state !== 'done') await runs.start(target, runId);
      return toReconciliationRun(await getRun(target.database, runId));
    },

    'reconciliation.findings': async ({ runId, bucket }) => {
      const database = console.database();
      const [findings, counts, page] = await Promise.all([
        listFindings(database, { runId, bucket }),
        countFindings(database, runId),
        console.stripe.status(),
      ]);
      return {
        findings: findings.map((finding) => toRow(finding, page)),
        counts: Object.fromEntries(
          FINDING_BUCKETS.map((each) => [each, counts[each] ?? 0]),
        ) as Record<FindingBucket, number>,
      };
    },
    'reconciliation.previewRepair': async (place) =>
      previewRepair(await targetOn(console, console.databaseFor('manageStripe')), place),
    'reconciliation.repair': async ({ runId, findingId, note, ...question }) => {
      const target = await targetOn(console, console.databaseFor('manageStripe', question));
      const finding = await repairFinding(target, { runId, findingId }, note);
      console.events.emit({ type: 'reconciliation.changed', runId });
      if (finding.customerId !== null) {
        console.events.emit({ type: 'ledger.changed', customerId: finding.customerId });
        console.events.emit({ type: 'billing.changed', customerId: finding.customerId });
      }
      return { finding: toRow(finding, await console.stripe.status()) };
    },
  };
}

function toRow(
  finding: Finding,
  status: Pick<StripeStatus, 'mode'>,
): z.input<typeof findingSchema> {
  return {
    runId: finding.runId,
    id: finding.id,
    bucket: finding.bucket,
    customerId: finding.customerId,
    customerName: finding.customerName,
    stripePaymentId: finding.stripePaymentId,
    stripeObjectId: finding.stripeObjectId,
    stripeUrl: stripePageOf(finding.stripeObjectId ?? finding.stripePaymentId, status),
    transactionId: finding.transactionId,
    expectedCredits: finding.expectedCredits,
    foundCredits: finding.foundCredits,
    usage: finding.usage && {
      ...finding.usage,
      periodStart: finding.usage.periodStart.toISOString(),
      periodEnd: finding.usage.periodEnd.toISOString(),
    },
    price:
      finding.amountMinor === null || finding.currency === null
        ? null
        : { amountMinor: finding.amountMinor, currency: finding.currency },
    detail: finding.detail,
    state: finding.state,
    repairedByTransactionId: finding.repairedByTransactionId,
    repairedAt: finding.repairedAt?.toISOString() ?? null,
  };
}
