import { repeatWork } from '#main/jobs/repeat-work.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { finishRefunds } from './finish-refunds.ts';

const EVERY_MS = 10_000;

/**
 * Finishes refunds that were asked for and whose answer never came, such as when a console ended in between: all of them at
 * once at the start, then each as its turn comes. An error ends nothing; it is tried again.
 */
export function startRefundWork(
  target: StripeTarget,
  { onBillingChange }: { onBillingChange: (customerId: string | null) => void },
): { stop: () => Promise<void> } {
  let isFirst = true;
  return repeatWork({
    everyMs: EVERY_MS,
    async work() {
      const { finished } = await finishRefunds(target, { all: isFirst });
      isFirst = false;
      for (const customerId of new Set(finished.map((request) => request.customerId))) {
        onBillingChange(customerId);
      }
    },
    onError: (error) =>
      target.log.warn('Unfinished refunds could not be looked for; it is tried again.', error),
  });
}
