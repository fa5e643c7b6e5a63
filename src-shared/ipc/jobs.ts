import { z } from 'zod';
import { instantSchema } from '../time.ts';
import { command, query } from './procedure.ts';

/**
 * The work that runs by itself. Those of the ledger run in one place at a time, whichever console or service has the lease;
 * notifications and those of Stripe share their work and may run in several.
 */
export const JOB_NAMES = [
  'expiry',
  'allocations',
  'balance_watch',
  'notifications',
  'roll_ups',
  'stripe_events',
  'stripe_inbox',
  'refunds',
  'usage_outbox',
  'meter_errors',
] as const;
export type JobName = (typeof JOB_NAMES)[number];

/** What waits is counted up to one more than this, which stands for “more than so many”. */
export const JOB_BACKLOG_MAX = 10_000;

export const jobSchema = z.strictObject({
  name: z.enum(JOB_NAMES),
  /** Seconds between two runs. */
  everySeconds: z.number().int(),
  /** Of the last run, wherever it was; null: it never ran. */
  lastStartedAt: instantSchema.nullable(),
  lastFinishedAt: instantSchema.nullable(),
  /** How many things it did. */
  lastDone: z.number().int().nullable(),
  lastWorker: z.string().nullable(),
  nextRunAt: instantSchema.nullable(),
  /** Who runs it right now. */
  runningBy: z.string().nullable(),
  /** How many things wait to be done, at most JOB_BACKLOG_MAX + 1; null where nothing can be counted. */
  backlog: z.number().int().nullable(),
  /**
   * What went wrong last, and how often in a row; null once a run went well. Of those that run in several places: once the worker
   * that met it had such a run, or nobody met any for some minutes.
   */
  error: z
    .strictObject({ message: z.string(), at: instantSchema, failures: z.number().int() })
    .nullable(),
  /** Whether this console can run it now: it has the right, and for Stripe's jobs an account is connected. */
  canRun: z.boolean(),
});
export type Job = z.output<typeof jobSchema>;

export const jobsProcedures = {
  /** Every job with what it last did, in a fixed order. */
  'jobs.list': query({
    input: z.strictObject({}),
    output: z.strictObject({ rows: z.array(jobSchema) }),
  }),
  /**
   * Runs a job now and waits for its end. Errors: not_permitted, already_processed (it runs elsewhere at this moment), stripe_*,
   * delivery_failed (also: nothing of what is due can be sent from here), and whatever the job itself meets.
   */
  'jobs.runNow': command({ input: z.strictObject({ name: z.enum(JOB_NAMES) }), output: jobSchema }),
};
