import { useQuery } from '@tanstack/react-query';
import { consoleQuery } from '#renderer/api/queries.ts';

/** How a customer stands: level, threshold, whether e-mails are suppressed, and the latest notifications. */
export function useCustomerAlerts(customerId: string) {
  return useQuery(consoleQuery('alerts.customer', { customerId }));
}
