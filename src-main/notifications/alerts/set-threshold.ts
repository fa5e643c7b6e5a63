import type { QueryTarget } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { type CustomerAlertsData, readCustomerAlerts } from './customer-alerts.ts';

/**
 * Sets a customer's own threshold, in credits; null: as the plan or the workspace says. A threshold that is raised above the
 * balance tells nobody, nor do the debits that follow: only one that takes the balance below it. Errors: not_found, those of
 * `post`.
 */
export async function setThreshold(
  target: QueryTarget,
  actor: string,
  { customerId, threshold }: { customerId: string; threshold: number | null },
): Promise<CustomerAlertsData> {
  return post(target, { actor }, async (session) => {
    await session.call({
      name: 'alerts.set_threshold',
      text: 'SELECT f.id FROM credits.set_low_balance_threshold(customer_id => $1, threshold => $2) f',
      values: [customerId, threshold],
    });
    return readCustomerAlerts(session.run, customerId);
  });
}
