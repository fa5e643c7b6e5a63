import type { JobName } from '#shared/ipc/jobs.ts';

/** The work on the ledger alone: each in one place at a time, under a lease. */
export const LEDGER_JOBS = [
  'expiry',
  'allocations',
  'balance_watch',
  'notifications',
  'roll_ups',
] as const satisfies readonly JobName[];
export type LedgerJobName = (typeof LEDGER_JOBS)[number];

/** The work with Stripe: any number of workers share it, each under claims of its own. */
export type StripeJobName = Exclude<JobName, LedgerJobName>;

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
