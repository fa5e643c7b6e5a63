import { type InfiniteData, type QueryClient, useQueryClient } from '@tanstack/react-query';
import { consoleQuery } from '#renderer/api/queries.ts';
import type { Notification } from '#shared/ipc/alerts.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Output } from '#shared/ipc/procedure.ts';

type LogPages = InfiniteData<Output<Contract['alerts.notifications']>>;
export type CustomerAlertsData = Output<Contract['alerts.customer']>;

/** Puts a notification as a command answered it into every list that shows it, and has all of alerts read again. */
export function keepNotification(queryClient: QueryClient, notification: Notification): void {
  queryClient.setQueriesData<LogPages>({ queryKey: ['alerts.notifications'] }, (data) =>
    data === undefined
      ? undefined
      : {
          ...data,
          pages: data.pages.map((page) => ({
            ...page,
            rows: page.rows.map((row) => (row.id === notification.id ? notification : row)),
          })),
        },
  );
  reloadAlerts(queryClient);
}

/** Puts what a command answered in the place of what was known of a customer's alerts. */
export function useKeepCustomerAlerts(customerId: string): (alerts: CustomerAlertsData) => void {
  const queryClient = useQueryClient();
  return (alerts) => {
    queryClient.setQueryData(consoleQuery('alerts.customer', { customerId }).queryKey, alerts);
    reloadAlerts(queryClient);
    // The record has the customer's own threshold.
    void queryClient.invalidateQueries({ queryKey: ['customers.get'] });
  };
}

function reloadAlerts(queryClient: QueryClient): void {
  void queryClient.invalidateQueries({
    predicate: ({ queryKey }) => String(queryKey[0]).startsWith('alerts.'),
  });
}
