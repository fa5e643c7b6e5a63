import type { Contract } from '#shared/ipc/contract.ts';
import { JOB_NAMES } from '#shared/ipc/jobs.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';

export type JobData = HandlerOutput<Contract['jobs.runNow']>;

/** An instant so many seconds from now, for what the page shows relative to now. */
export function secondsFromNow(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString();
}

/** A job that ran three minutes ago, went well, and comes again in a while. */
export function aJob(changes: Partial<JobData> = {}): JobData {
  return {
    name: 'expiry',
    everySeconds: 60,
    lastStartedAt: secondsFromNow(-190),
    lastFinishedAt: secondsFromNow(-189),
    lastDone: 12,
    lastWorker: 'ledger-1:4711:0a1b2c3d',
    nextRunAt: secondsFromNow(45),
    runningBy: null,
    backlog: 0,
    error: null,
    canRun: true,
    ...changes,
  };
}

/** Every job, each as aJob with what is changed of it. */
export function allJobs(
  changes: Partial<Record<JobData['name'], Partial<JobData>>> = {},
): JobData[] {
  return JOB_NAMES.map((name) => aJob({ name, ...changes[name] }));
}
