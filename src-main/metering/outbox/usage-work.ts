import { giveUpLease, holdLease } from '#main/jobs/lease.ts';
import { repeatWork } from '#main/jobs/repeat-work.ts';
import { workerName } from '#main/jobs/worker-name.ts';
import { AppError } from '#shared/errors.ts';
import type { MeteringTarget } from '../metering-target.ts';
import { isUsageWaiting } from './claim-usage.ts';
import { readMeterErrors } from './read-meter-errors.ts';
import { sendUsage } from './send-usage.ts';

const SEND_EVERY_MS = 2_000;
/** While Stripe does not answer, rounds come seldomer, at most so long apart. */
const LONGEST_PAUSE_MS = 60_000;
/** More customers than this are told as one change of some. */
const TOLD_MAX = 20;

/**
 * Sends usage, and reads what Stripe rejected of it, until it is stopped. An error never ends it: it is logged, once for as
 * long as it stays the same, and tried again. `onChange`: meter events of this customer or (null) of some changed.
 */
export function startUsageWork(
  target: MeteringTarget,
  options: { readErrorsEveryMs: number; onChange: (customerId: string | null) => void },
): { stop: () => Promise<void> } {
  const worker = workerName();
  const lease = `meter-errors:${target.accountId}:${target.livemode ? 'live' : 'test'}`;
  const stopping = new AbortController();
  const { signal } = stopping;
  let failures = 0;
  let pause: { until: number; why: unknown } | undefined;

  function tell(customerIds: ReadonlySet<string>): void {
    if (customerIds.size > TOLD_MAX) options.onChange(null);
    else for (const customerId of customerIds) options.onChange(customerId);
  }

  async function send(): Promise<void> {
    if (signal.aborted) return;
    if (pause !== undefined && performance.now() < pause.until) throw pause.why;
    try {
      if (await isUsageWaiting(target)) {
        const { events, customerIds, problem } = await sendUsage(target, worker, { signal });
        tell(customerIds);
        if (events > 0) failures = 0;
        if (problem !== undefined) throw problem;
      }
      failures = 0;
      pause = undefined;
    } catch (error) {
      failures += 1;
      // What waits has got an error, whosever it is.
      options.onChange(null);
      pause = { until: performance.now() + pauseAfter(error, failures), why: error };
      throw error;
    }
  }

  async function readErrors(): Promise<void> {
    if (signal.aborted || !(await holdLease(target.database, lease, worker))) return;
    tell(await readMeterErrors(target));
  }

  const sending = repeatWork({
    everyMs: SEND_EVERY_MS,
    work: send,
    onError: (error) =>
      target.log.warn('Usage could not be sent to Stripe; it is tried again.', error),
  });
  const reading = repeatWork({
    everyMs: options.readErrorsEveryMs,
    work: readErrors,
    onError: (error) =>
      target.log.warn('Which usage Stripe rejected could not be read; it is tried again.', error),
  });
  return {
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
