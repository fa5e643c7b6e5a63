import { walkMoney } from '#test/e2e/support/walk-money.ts';
import type { Stories, Tour } from './stories.ts';

/** Stripe: settings, catalog, a sale, a refund, a dispute, events and reconciliation, on the built-in simulator. */
export async function tourMoney(tour: Tour, { busy }: Stories): Promise<void> {
  await walkMoney(tour, busy, (screen) => tour.photographer.take(screen));
}
