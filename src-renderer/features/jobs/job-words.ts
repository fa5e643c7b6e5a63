import type { Job, JobName } from '#shared/ipc/jobs.ts';

type JobGroup = 'ledger' | 'stripe';

const JOBS: Record<JobName, { group: JobGroup; name: string; sentence: string }> = {
  expiry: {
    group: 'ledger',
    name: 'Expire credits and close holds that are over',
    sentence:
      'Takes what is left of grants past their expiry, and gives back what holds set aside.',
  },
  allocations: {
    group: 'ledger',
    name: 'Monthly credits of plans without Stripe',
    sentence:
      'Gives each customer of such a plan its credits once a month, by the plan’s rule for the rest.',
  },
  balance_watch: {
    group: 'ledger',
    name: 'Look for balances that fell',
    sentence: 'Raises one notification for each balance that fell below its threshold, or to zero.',
  },
  notifications: {
    group: 'ledger',
    name: 'Send e-mails and webhooks',
    sentence: 'Delivers the notifications that were raised, and tries again what did not arrive.',
  },
  roll_ups: {
    group: 'ledger',
    name: 'Fold usage into roll-ups',
    sentence: 'Adds new usage to the daily sums that the usage pages are read from.',
  },
  stripe_events: {
    group: 'stripe',
    name: 'Read Stripe’s events',
    sentence: 'Fetches what happened in Stripe since the last reading.',
  },
  stripe_inbox: {
    group: 'stripe',
    name: 'Handle Stripe’s events',
    sentence: 'Makes the ledger agree with what each event is about.',
  },
  refunds: {
    group: 'stripe',
    name: 'Finish refunds',
    sentence: 'Carries on with refunds whose answer from Stripe got lost.',
  },
  usage_outbox: {
    group: 'stripe',
    name: 'Send usage to Stripe',
    sentence: 'Turns reports of metered usage into meter events, and sends them.',
  },
  meter_errors: {
    group: 'stripe',
    name: 'Read what Stripe rejected',
    sentence: 'Marks the meter events that Stripe took and did not count.',
  },
};

/** What a job is called, what it does in one sentence, and whose work it is. */
export function jobWords(name: JobName) {
  return JOBS[name];
}

/** The groups of jobs in their order. */
export const JOB_GROUPS = [
  { id: 'ledger', label: 'Ledger' },
  { id: 'stripe', label: 'Stripe' },
] as const satisfies ReadonlyArray<{ id: JobGroup; label: string }>;

const OVERDUE_MS = 5 * 60_000;

/** Whether a run is due for more than five minutes and nobody is at it. */
export function isOverdue(job: Pick<Job, 'nextRunAt' | 'runningBy'>, now: Date): boolean {
  return (
    job.runningBy === null &&
    job.nextRunAt !== null &&
    now.getTime() - new Date(job.nextRunAt).getTime() > OVERDUE_MS
  );
}

/** From here on a number of waiting things stands out. */
const MANY_WAIT = 1_000;

/** How a number of waiting things is to be taken. */
export function backlogSize(backlog: number): 'none' | 'some' | 'many' {
  if (backlog === 0) return 'none';
  return backlog < MANY_WAIT ? 'some' : 'many';
}

/** Why a job cannot be run from here. `stripeUsable`: an account, or the simulator, can be asked. */
export function whyNotRun(name: JobName, { stripeUsable }: { stripeUsable: boolean }): string {
  return JOBS[name].group === 'stripe' && !stripeUsable
    ? 'No Stripe account can be used here.'
    : 'Your role may not run this job.';
}

/** A worker as a person reads it: the computer, and in full also the process. Other names stay as they are. */
export function workerWords(worker: string): { host: string; full: string } {
  const [, host, pid] = /^(.+):(\d+):[0-9a-f]+$/.exec(worker) ?? [];
  if (host === undefined || pid === undefined) return { host: worker, full: worker };
  return { host, full: `${host}, process ${pid}` };
}
