import { createRunRecorder } from '#main/jobs/record-runs.ts';
import { repeatWork } from '#main/jobs/repeat-work.ts';
import { workerName } from '#main/jobs/worker-name.ts';
import type { JobName } from '#shared/ipc/jobs.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { finishRefunds } from './finish-refunds.ts';

const EVERY_MS = 10_000;

/** Finishing refunds, while it lasts. */
export type RefundWork = {
  /** Tries all of them now, whether it is their turn or not. Throws what went wrong with looking for them. */
  readonly finishNow: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/**
 * Finishes refunds that were asked for and whose answer never came, such as when a console ended in between: all of them at
 * once at the start, then each as its turn comes. An error ends nothing; it is tried again.
 */
export function startRefundWork(
  target: StripeTarget,
  options: {
    onBillingChange: (customerId: string | null) => void;
    /** A run was noted with its job. */
    onRun?: ((name: JobName) => void) | undefined;
  },
): RefundWork {
  const runs = createRunRecorder(target.database, {
    name: 'refunds',
    everyMs: EVERY_MS,
    worker: workerName(),
    onRun: options.onRun,
  });
  let all = true;
  const work = repeatWork({
    everyMs: EVERY_MS,
    work: () =>
      runs.run(async () => {
        const { finished } = await finishRefunds(target, { all });
        all = false;
        for (const customerId of new Set(finished.map((request) => request.customerId))) {
          options.onBillingChange(customerId);
        }
        return finished.length;
      }),
    onError: (error) =>
      target.log.warn('Unfinished refunds could not be looked for; it is tried again.', error),
  });
  return {
    async finishNow() {
      all = true;
      runs.noteNext();
      await work.now();
    },
    stop: work.stop,
  };
}
