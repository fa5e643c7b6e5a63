import type { QueryTarget } from '#main/database/run-query.ts';
import type { Log } from '#main/logging/log.ts';
import { AppError } from '#shared/errors.ts';
import { beginRun, endRun, failRun, leaseOf } from './job-rows.ts';
import { giveUpLease, holdLease } from './lease.ts';
import { runError } from './run-error.ts';
import type { LeasedJobName } from './schedule.ts';

/** What a run did. */
export type JobResult = {
  /** How many things. */
  readonly done: number;
  /** Whom it concerned, where the job knows that. */
  readonly customerIds?: ReadonlySet<string>;
};

/** What a job does in a run, until nothing is left to do or the signal aborts. */
export type JobWork = (signal: AbortSignal) => Promise<JobResult>;

/** A run as it ended. elsewhere: another runner has the job now; not_due: another one did it a moment ago. */
export type RunOutcome = 'elsewhere' | 'not_due' | JobResult;

/**
 * Runs a job once, in one place: under its lease, which is renewed while it lasts and given up at the end. What came of it is
 * noted with the job. Throws what the work throws (noted, and the next run comes later), and `already_processed` where the
 * lease was lost meanwhile, as by a computer that slept: the work is told to stop and nothing is noted. Whatever both did
 * at the same time is safe: the lease only spares double work, the functions of the ledger and the claims of the outboxes
 * see to it that a thing is done once. A run that is killed leaves its lease, and is repeated once that has run out.
 */
export async function runJob(
  target: { readonly database: QueryTarget; readonly log: Log },
  job: { readonly name: LeasedJobName; readonly work: JobWork },
  options: { holder: string; force: boolean; signal: AbortSignal; renewEveryMs: number },
): Promise<RunOutcome> {
  const { database, log } = target;
  const { holder, signal } = options;
  const held = { name: job.name, holder };
  const lease = leaseOf(job.name);
  if (!(await holdLease(database, lease, holder))) return 'elsewhere';
  const giveUp = () => giveUpLease(database, lease, holder);
  if (!(await beginRun(database, held, options))) {
    await giveUp();
    return 'not_due';
  }

  const lost = new AbortController();
  const keeping = keepLease(database, lease, { ...options, onLost: () => lost.abort(takenOver()) });
  let result: JobResult;
  try {
    result = await job.work(AbortSignal.any([signal, lost.signal]));
  } catch (error) {
    await keeping.stop();
    if (lost.signal.aborted) throw lost.signal.reason;
    // Where the database is gone, the lease ends by itself.
    const noted = signal.aborted ? giveUp() : failRun(database, held, { message: runError(error) });
    await noted.catch((failure: unknown) =>
      log.warn(`How the job ${job.name} ended could not be noted.`, failure),
    );
    throw error;
  }
  await keeping.stop();
  if (!(await endRun(database, held, result))) throw takenOver();
  return result;
}

function keepLease(
  database: QueryTarget,
  lease: string,
  { holder, renewEveryMs, onLost }: { holder: string; renewEveryMs: number; onLost: () => void },
): { stop: () => Promise<void> } {
  let renewing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    renewing = renewing.then(async () => {
      // A database that does not answer is told by the work itself.
      const isHeld = await holdLease(database, lease, holder).catch(() => true);
      if (!isHeld) onLost();
    });
  }, renewEveryMs);
  return {
    // A renewal that is still under way would take the lease again after it was given up.
    async stop() {
      clearInterval(timer);
      await renewing;
    },
  };
}

function takenOver(): AppError {
  return new AppError(
    'already_processed',
    'Another console or service took this job over meanwhile. Nothing was done twice. Look at the job again in a moment.',
  );
}
