import type { JobName } from '#shared/ipc/jobs.ts';

/** The work on the ledger alone. */
export const LEDGER_JOBS = [
  'expiry',
  'allocations',
  'balance_watch',
  'notifications',
  'roll_ups',
] as const satisfies readonly JobName[];
export type LedgerJobName = (typeof LEDGER_JOBS)[number];

/** Of those, what is done in one place at a time, under a lease. */
export const LEASED_JOBS = [
  'expiry',
  'allocations',
  'balance_watch',
  'roll_ups',
] as const satisfies readonly LedgerJobName[];
export type LeasedJobName = (typeof LEASED_JOBS)[number];

/** The work with Stripe. */
export type StripeJobName = Exclude<JobName, LedgerJobName>;

/** Work with others, who may answer one worker and not the next: any number of workers share it, each under claims of its own. */
export type SharedJobName = Exclude<JobName, LeasedJobName>;

/** Whether a job is one of the ledger's. */
export function isLedgerJob(name: JobName): name is LedgerJobName {
  return LEDGER_JOBS.some((job) => job === name);
}

/** Seconds between two runs; of Stripe's jobs, which differ by account, what is shown until one ran. */
export const EVERY_SECONDS: Readonly<Record<JobName, number>> = {
  expiry: 60,
  allocations: 60,
  balance_watch: 2,
  notifications: 5,
  roll_ups: 60,
  stripe_events: 10,
  stripe_inbox: 2,
  refunds: 10,
  usage_outbox: 2,
  meter_errors: 60,
};

/**
 * Seconds after which a run that found nothing to do is written down all the same. Frequent jobs look without a word in
 * between: an idle workspace should not write to its disk every other second.
 */
export const RECORDED_EVERY_SECONDS = 60;

/** A job that goes wrong is tried again after so many seconds at most. */
export const LONGEST_PAUSE_SECONDS = 300;
/**
 * Seconds for which the error of one worker stays in view beside others that do well. More than the longest pause: while it
 * still goes wrong, it is noted again before.
 */
export const ERROR_KEPT_SECONDS = LONGEST_PAUSE_SECONDS + 60;
