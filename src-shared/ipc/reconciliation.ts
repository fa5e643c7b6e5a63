import { z } from 'zod';
import { creditsSchema } from '../credits.ts';
import { customerIdSchema, transactionIdSchema } from '../ids.ts';
import { moneySchema } from '../money.ts';
import { requiredText } from '../text.ts';
import { instantSchema } from '../time.ts';
import { ledgerProcedures } from './ledger.ts';
import { command, query } from './procedure.ts';
import { confirmedProductionField } from './vocabulary.ts';

export const FINDING_BUCKETS = [
  'missing_grant',
  'double_grant',
  'orphan_grant',
  'unclawed_refund',
  'amount_differs',
  'usage_differs',
] as const;
export type FindingBucket = (typeof FINDING_BUCKETS)[number];

export const reconciliationRunSchema = z.strictObject({
  id: z.uuid(),
  accountId: z.string(),
  since: instantSchema,
  until: instantSchema,
  /** paused: stopped by a person or by the end of the console, and goes on where it stopped. */
  state: z.enum(['running', 'paused', 'done', 'failed']),
  phase: z.enum(['sessions', 'invoices', 'refunds', 'disputes', 'ledger', 'usage', 'done']),
  /** Objects looked at so far. */
  checked: z.strictObject({
    sessions: z.number().int(),
    invoices: z.number().int(),
    refunds: z.number().int(),
    disputes: z.number().int(),
    ledger: z.number().int(),
    /** Periods of customers on meters. */
    usage: z.number().int(),
    /** Payments of other Stripe accounts, which were left out. */
    elsewhere: z.number().int(),
  }),
  findings: z.number().int(),
  openFindings: z.number().int(),
  error: z.string().nullable(),
  actor: z.string(),
  startedAt: instantSchema,
  finishedAt: instantSchema.nullable(),
});
export type ReconciliationRun = z.output<typeof reconciliationRunSchema>;

export const findingSchema = z.strictObject({
  runId: z.uuid(),
  /** The same difference has the same id in every run. */
  id: z.string(),
  bucket: z.enum(FINDING_BUCKETS),
  customerId: customerIdSchema.nullable(),
  customerName: z.string().nullable(),
  stripePaymentId: z.string().nullable(),
  stripeObjectId: z.string().nullable(),
  /** Where Stripe shows the object; null for the simulator's objects that have no page. */
  stripeUrl: z.string().nullable(),
  transactionId: transactionIdSchema.nullable(),
  expectedCredits: creditsSchema.nullable(),
  foundCredits: creditsSchema.nullable(),
  /** Of metered usage: the meter, the period in whole minutes, and units by the console and by Stripe. */
  usage: z
    .strictObject({
      eventName: z.string(),
      periodStart: instantSchema,
      periodEnd: instantSchema,
      expectedUnits: z.number(),
      foundUnits: z.number(),
    })
    .nullable(),
  price: moneySchema.nullable(),
  detail: z.string(),
  state: z.enum(['open', 'repaired']),
  repairedByTransactionId: transactionIdSchema.nullable(),
  repairedAt: instantSchema.nullable(),
});
export type Finding = z.output<typeof findingSchema>;

const findingPlace = { runId: z.uuid(), findingId: z.string().min(1).max(600) };

export const reconciliationProcedures = {
  /** The latest runs, newest first. */
  'reconciliation.runs': query({
    input: z.strictObject({}),
    output: z.strictObject({ runs: z.array(reconciliationRunSchema) }),
  }),
  /** Starts a run in the background (since null: when this account was connected). One runs at a time. Errors: stripe_*. */
  'reconciliation.start': command({
    input: z.strictObject({ since: instantSchema.nullable() }),
    output: reconciliationRunSchema,
  }),
  'reconciliation.pause': command({
    input: z.strictObject({ runId: z.uuid() }),
    output: reconciliationRunSchema,
  }),
  'reconciliation.resume': command({
    input: z.strictObject({ runId: z.uuid() }),
    output: reconciliationRunSchema,
  }),
  'reconciliation.findings': query({
    input: z.strictObject({ runId: z.uuid(), bucket: z.enum(FINDING_BUCKETS).nullable() }),
    output: z.strictObject({
      findings: z.array(findingSchema),
      counts: z.record(z.enum(FINDING_BUCKETS), z.number().int()),
    }),
  }),
  /** What a repair would post: looked at again in Stripe, then the same call, rolled back. Errors: stripe_*, not_found, already_processed. */
  'reconciliation.previewRepair': query({
    input: z.strictObject(findingPlace),
    output: z.strictObject({
      /** What the repair is, in a sentence; null where nothing may be repaired by itself, and `why` says why. */
      act: z.string().nullable(),
      why: z.string().nullable(),
      preview: ledgerProcedures['ledger.preview'].output.nullable(),
    }),
  }),
  /** Posts the reviewed repair: one entry, under the finding's own key, so that a repeat posts nothing. */
  'reconciliation.repair': command({
    input: z.strictObject({
      ...findingPlace,
      note: requiredText(1000),
      ...confirmedProductionField,
    }),
    output: z.strictObject({ finding: findingSchema }),
  }),
};
