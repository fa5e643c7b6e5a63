import type { NotificationTarget } from '#main/notifications/notification-target.ts';
import { AppError } from '#shared/errors.ts';
import { findDueJobs, registerJobs } from './job-rows.ts';
import { ledgerWork } from './ledger-work.ts';
import { startNotificationJob } from './notification-job.ts';
import { repeatWork } from './repeat-work.ts';
import { type JobResult, type RunOutcome, runJob } from './run-job.ts';
import { EVERY_SECONDS, LEASED_JOBS, type LeasedJobName, type LedgerJobName } from './schedule.ts';
import { workerName } from './worker-name.ts';

const LOOK_EVERY_MS = 2_000;
/** A lease lasts 30 seconds. */
const RENEW_EVERY_MS = 10_000;

/** The jobs of one ledger, as this process runs them. */
export type LedgerJobs = {
  /** The name under which this process holds leases. */
  readonly worker: string;
  /**
   * Runs a job now, due or not, after the run of it that is under way here, and waits for its end. Throws `already_processed` where
   * it runs elsewhere at this moment, `delivery_failed` where notifications are due and none can be sent from here, `cancelled`
   * after `stop`, and what the job itself meets.
   */
  readonly runNow: (name: LedgerJobName) => Promise<void>;
  /** No run begins any more; tells those under way to stop, and waits for them. */
  readonly stop: () => Promise<void>;
};

/** Tells that a run ended and was noted; without a result it went wrong. */
export type OnRun = (name: LedgerJobName, result: JobResult | undefined) => void;

/**
 * Runs the work on the ledger that nobody asks for, until it is stopped: expiry with due holds, monthly credits of plans, the watch
 * on balances, notifications, roll-ups. Any number of processes may do this on one database: the rows of the jobs say when
 * one is due, and a lease sees to it that one of them does it; notifications are delivered by each, as far as it can. An error
 * ends nothing: it is noted with the job, told to the log once for as long as it stays the same, and tried again ever more
 * slowly, at least every 5 minutes.
 * The role needs the ability `administer`. `onlyOnRequest`: nothing by itself, only `runNow`.
 */
export function startLedgerJobs(
  target: NotificationTarget,
  options: {
    onRun?: OnRun;
    onlyOnRequest?: boolean;
    /** Milliseconds between two looks for what is due, notifications included. */
    lookEveryMs?: number;
    /** Milliseconds between two renewals of a lease. */
    renewEveryMs?: number;
  } = {},
): LedgerJobs {
  const { database, log } = target;
  const worker = workerName();
  const works = ledgerWork(target);
  const stopping = new AbortController();
  const running = new Map<LeasedJobName, Promise<unknown>>();
  const told = new Map<LeasedJobName, string>();
  const notifications = startNotificationJob(target, {
    worker,
    everyMs: options.lookEveryMs ?? EVERY_SECONDS.notifications * 1_000,
    onlyOnRequest: options.onlyOnRequest ?? false,
    onRun: (result) => options.onRun?.('notifications', result),
  });
  let isRegistered = false;

  async function register(): Promise<void> {
    if (isRegistered) return;
    await registerJobs(database, LEASED_JOBS);
    isRegistered = true;
  }

  /** Runs it once the run of it that is under way here is over. */
  function inTurn(name: LeasedJobName, force: boolean): Promise<RunOutcome> {
    const before = running.get(name);
    const run = (async () => {
      await before?.catch(() => undefined);
      stopping.signal.throwIfAborted();
      return runOnce(name, force);
    })();
    running.set(name, run);
    const forget = () => {
      if (running.get(name) === run) running.delete(name);
    };
    run.then(forget, forget);
    return run;
  }

  async function runOnce(name: LeasedJobName, force: boolean): Promise<RunOutcome> {
    try {
      const outcome = await runJob(
        target,
        { name, work: works[name] },
        {
          holder: worker,
          force,
          signal: stopping.signal,
          renewEveryMs: options.renewEveryMs ?? RENEW_EVERY_MS,
        },
      );
      if (typeof outcome !== 'string') {
        told.delete(name);
        options.onRun?.(name, outcome);
      }
      return outcome;
    } catch (error) {
      if (!stopping.signal.aborted) {
        tell(name, error);
        options.onRun?.(name, undefined);
      }
      throw error;
    }
  }

  function tell(name: LeasedJobName, error: unknown): void {
    const text = String(error);
    if (told.get(name) === text) return;
    told.set(name, text);
    log.warn(`The job ${name} went wrong; it is tried again.`, error);
  }

  const looking = options.onlyOnRequest
    ? undefined
    : repeatWork({
        everyMs: options.lookEveryMs ?? LOOK_EVERY_MS,
        async work() {
          await register();
          const idle = LEASED_JOBS.filter((name) => !running.has(name));
          if (idle.length === 0) return;
          // Not waited for: a long one keeps no other from its turn.
          for (const name of await findDueJobs(database, idle)) {
            if (!stopping.signal.aborted && !running.has(name))
              inTurn(name, false).catch(() => undefined);
          }
        },
        onError: (error) =>
          log.warn('Which jobs are due could not be looked up; it is tried again.', error),
      });

  return {
    worker,
    async runNow(name) {
      stopping.signal.throwIfAborted();
      if (name === 'notifications') return notifications.runNow();
      await register();
      if ((await inTurn(name, true)) === 'elsewhere') throw runsElsewhere();
    },
    async stop() {
      const why = new AppError(
        'cancelled',
        'The jobs were stopped; what was not done is done later.',
      );
      stopping.abort(why);
      // Each is told before any is waited for.
      const delivered = notifications.stop(why);
      await looking?.stop();
      await Promise.allSettled([...running.values(), delivered]);
    },
  };
}

function runsElsewhere(): AppError {
  return new AppError(
    'already_processed',
    'Another console or service runs this job at this moment. Nothing is done twice. Look at the job again in a moment.',
  );
}
