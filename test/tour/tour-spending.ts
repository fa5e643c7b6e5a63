import { walkSpending } from '#test/e2e/support/walk-spending.ts';
import type { Stories, Tour } from './stories.ts';

/** Spending: features and what they cost, alerts and how they are told, keys of the service, jobs. */
export async function tourSpending(tour: Tour, { busy }: Stories): Promise<void> {
  await walkSpending(tour, busy, (screen) => tour.photographer.take(screen));
}
