import type { StripeTarget } from '../stripe-target.ts';
import { type RunLease, takeRun } from './run-lease.ts';
import { continueRun } from './run-reconciliation.ts';
import type { Run } from './runs.ts';

/** Runs that this process does in the background. */
export type BackgroundRuns = {
  /** Goes on with a run until it is done, paused or failed. Throws `already_processed` where another one is under way. */
  readonly start: (target: StripeTarget, runId: string) => Promise<void>;
  /** Pauses a run of this process; resolves when it is. False where it is not one of this process's. */
  readonly pause: (runId: string) => Promise<boolean>;
  /** Pauses all of them. */
  readonly stop: () => Promise<void>;
};

/** Reconciliations outlive the page they were started on; a lease keeps two consoles from doing them at once. */
export function createBackgroundRuns(options: {
  onProgress: (run: Run) => void;
  onFailure: (runId: string, error: unknown) => void;
}): BackgroundRuns {
  const running = new Map<string, { controller: AbortController; done: Promise<void> }>();

  async function work(target: StripeTarget, lease: RunLease, signal: AbortSignal): Promise<void> {
    try {
      await continueRun(target, lease, { signal, onProgress: options.onProgress });
    } catch (error) {
      options.onFailure(lease.runId, error);
    } finally {
      running.delete(lease.runId);
    }
  }

  return {
    async start(target, runId) {
      if (running.has(runId)) return;
      const lease = await takeRun(target, runId);
      const controller = new AbortController();
      running.set(runId, { controller, done: work(target, lease, controller.signal) });
    },
    async pause(runId) {
      const found = running.get(runId);
      if (found === undefined) return false;
      found.controller.abort();
      await found.done;
      return true;
    },
    async stop() {
      const all = [...running.values()];
      for (const { controller } of all) controller.abort();
      await Promise.all(all.map(({ done }) => done));
    },
  };
}
