import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';

export type RunData = HandlerOutput<Contract['reconciliation.start']>;
export type FindingData = HandlerOutput<Contract['reconciliation.repair']>['finding'];
export type RepairPreviewData = HandlerOutput<Contract['reconciliation.previewRepair']>;

export const RUN_ID = '4f14e45f-ceea-467f-9c3e-2f6a3b1f0c11';

/** A run of the account acct_1 that is done and found nothing; each test changes what it is about. */
export function aRun(changes: Partial<RunData> = {}): RunData {
  return {
    id: RUN_ID,
    accountId: 'acct_1',
    since: '2026-10-23T00:00:00.000Z',
    until: '2026-11-22T08:00:00.000Z',
    state: 'done',
    phase: 'done',
    checked: {
      sessions: 1_204,
      invoices: 310,
      refunds: 12,
      disputes: 1,
      ledger: 1_514,
      usage: 42,
      elsewhere: 0,
    },
    findings: 0,
    openFindings: 0,
    error: null,
    actor: 'ada',
    startedAt: '2026-11-22T08:00:00.000Z',
    finishedAt: '2026-11-22T08:01:00.000Z',
    ...changes,
  };
}

/** Paid in Stripe and not granted. */
export function aFinding(changes: Partial<FindingData> = {}): FindingData {
  return {
    runId: RUN_ID,
    id: 'missing_grant:cs_1',
    bucket: 'missing_grant',
    customerId: 'user_1',
    customerName: 'Ada Lovelace',
    stripePaymentId: 'pi_1',
    stripeObjectId: 'cs_1',
    stripeUrl: null,
    transactionId: null,
    expectedCredits: 500,
    foundCredits: 0,
    usage: null,
    price: { amountMinor: 3_999, currency: 'usd' },
    detail: 'Paid in Stripe, and the ledger has granted nothing for it.',
    state: 'open',
    repairedByTransactionId: null,
    repairedAt: null,
    ...changes,
  };
}

export const NO_COUNTS = {
  missing_grant: 0,
  double_grant: 0,
  orphan_grant: 0,
  unclawed_refund: 0,
  amount_differs: 0,
  usage_differs: 0,
};
