import { readUsage } from '#main/analytics/read-usage.ts';
import { createRecentTopCustomers } from '#main/analytics/recent-top-customers.ts';
import type { analyticsProcedures } from '#shared/ipc/analytics.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { HandlerDependencies } from './dependencies.ts';

/** Usage over all customers. */
export function analyticsHandlers(
  console: HandlerDependencies,
): Pick<Handlers<Contract>, keyof typeof analyticsProcedures> {
  const recentTopCustomers = createRecentTopCustomers(console.now);
  return {
    'analytics.usage': (input, { signal }) => readUsage(console.database(), input, signal),
    'analytics.topCustomers': async (input, { signal }) => {
      const { rows, computedAt } = await recentTopCustomers(console.database(), input, signal);
      return { rows, computedAt: computedAt.toISOString() };
    },
  };
}
