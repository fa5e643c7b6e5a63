import { giveUpLease, holdLease } from '#main/jobs/lease.ts';
import { createRunRecorder } from '#main/jobs/record-runs.ts';
import { repeatWork } from '#main/jobs/repeat-work.ts';
import { workerName } from '#main/jobs/worker-name.ts';
import { AppError } from '#shared/errors.ts';
import type { JobName } from '#shared/ipc/jobs.ts';
import type { MeteringTarget } from '../metering-target.ts';
import { isUsageWaiting } from './claim-usage.ts';
import { readMeterErrors } from './read-meter-errors.ts';
import { sendUsage } from './send-usage.ts';

const SEND_EVERY_MS = 2_000;
/** While Stripe does not answer, rounds come seldomer, at most so long apart. */
const LONGEST_PAUSE_MS = 60_000;
/** More customers than this are told as one change of some. */
const TOLD_MAX = 20;

/** Sending usage, and reading what Stripe rejected of it, while it lasts. */
export type UsageWork = {
  /** Sends at once all that waits, the minute that is not over and later attempts included. Throws why something stays. */
  readonly sendNow: () => Promise<void>;
  /** Reads now what Stripe rejected, also where another worker does so. Throws what went wrong. */
  readonly readErrorsNow: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/**
 * Sends usage, and reads what Stripe rejected of it, until it is stopped. An error never ends it: it is logged, once for as
 * long as it stays the same, and tried again. `onChange`: meter events of this customer or (null) of some changed.
 */
export function startUsageWork(
  target: MeteringTarget,
  options: {
    readErrorsEveryMs: number;
    onChange: (customerId: string | null) => void;
    /** A run was noted with its job. */
    onRun?: ((name: JobName) => void) | undefined;
  },
): UsageWork {
  const worker = workerName();
  const lease = `meter-errors:${target.accountId}:${target.livemode ? 'live' : 'test'}`;
  const stopping = new AbortController();
  const { signal } = stopping;
  let failures = 0;
  let pause: { until: number; why: unknown } | undefined;
  const { onRun } = options;
  const sendRuns = createRunRecorder(target.database, {
    name: 'usage_outbox',
    everyMs: SEND_EVERY_MS,
    worker,
    signal,
    pauseMs: () => Math.max(0, (pause?.until ?? 0) - performance.now()),
    onRun,
  });
  const errorRuns = createRunRecorder(target.database, {
    name: 'meter_errors',
    everyMs: options.readErrorsEveryMs,
    worker,
    signal,
    onRun,
  });

  function tell(customerIds: ReadonlySet<string>): void {
    if (customerIds.size > TOLD_MAX) options.onChange(null);
    else for (const customerId of customerIds) options.onChange(customerId);
  }

  async function sendWaiting(): Promise<void> {
    if (signal.aborted) return;
    if (pause !== undefined && performance.now() < pause.until) throw pause.why;
    await sendRuns.run(() => send({ atOnce: false }));
  }

  async function send({ atOnce }: { atOnce: boolean }): Promise<number> {
    try {
      let sent = 0;
      if (atOnce || (await isUsageWaiting(target))) {
        const { events, customerIds, problem } = await sendUsage(target, worker, {
          atOnce,
          signal,
        });
        sent = events;
        tell(customerIds);
        if (events > 0) failures = 0;
        if (problem !== undefined) throw problem;
      }
      failures = 0;
      pause = undefined;
      return sent;
    } catch (error) {
      failures += 1;
      // What waits has got an error, whosever it is.
      options.onChange(null);
      pause = { until: performance.now() + pauseAfter(error, failures), why: error };
      throw error;
    }
  }

  async function readErrors({ force }: { force: boolean }): Promise<void> {
    if (signal.aborted) return;
    if (!(await holdLease(target.database, lease, worker)) && !force) return;
    await errorRuns.run(async () => {
      const customerIds = await readMeterErrors(target);
      tell(customerIds);
      return customerIds.size;
    });
  }

  const sending = repeatWork({
    everyMs: SEND_EVERY_MS,
    work: sendWaiting,
    onError: (error) =>
      target.log.warn('Usage could not be sent to Stripe; it is tried again.', error),
  });
  const reading = repeatWork({
    everyMs: options.readErrorsEveryMs,
    work: () => readErrors({ force: false }),
    onError: (error) =>
      target.log.warn('Which usage Stripe rejected could not be read; it is tried again.', error),
  });
  return {
    sendNow: () =>
      sending.between(() => {
        sendRuns.noteNext();
        return sendRuns.run(() => send({ atOnce: true }));
      }),
    readErrorsNow: () =>
      reading.between(() => {
        errorRuns.noteNext();
        return readErrors({ force: true });
      }),
    async stop() {
      stopping.abort(new AppError('cancelled', 'The work on usage was stopped.'));
      await Promise.all([sending.stop(), reading.stop()]);
      // Where the database is gone, the lease ends by itself.
      await giveUpLease(target.database, lease, worker).catch(() => undefined);
    },
  };
}

/** Milliseconds: as long as Stripe asks for, else longer with each failure. */
function pauseAfter(error: unknown, failures: number): number {
  const asked = error instanceof AppError ? error.details?.retryAfterSeconds : undefined;
  const own = Math.min(LONGEST_PAUSE_MS, SEND_EVERY_MS * 2 ** Math.min(failures - 1, 10));
  return typeof asked === 'number' ? Math.max(asked * 1_000, own) : own;
}
