import { walkMetering } from '#test/e2e/support/walk-metering.ts';
import type { Stories, Tour } from './stories.ts';

/** Metered usage: meters, prices, delivery, a customer's usage and its corrections, on the built-in simulator. */
export async function tourMetering(tour: Tour, { busy }: Stories): Promise<void> {
  await walkMetering(tour, busy, (screen) => tour.photographer.take(screen));
}
