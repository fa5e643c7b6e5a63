import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { consoleQuery, useCommand, useConsolePages } from '#renderer/api/queries.ts';
import { announce } from '#renderer/ui/announce.tsx';

const EVENT_ROWS = 25;

/** A customer's subscriptions and usage, as the database knows them. */
export function useCustomerMetering(customerId: string) {
  return useQuery(consoleQuery('metering.customer', { customerId }));
}

/** Meters and metered prices. */
export function useMeteringCatalog() {
  return useQuery(consoleQuery('metering.catalog', {}));
}

export function useStripeStatus() {
  return useQuery(consoleQuery('stripe.status', {}));
}

/** Stripe's summary of one customer's usage beside the console's own numbers; asked only while Stripe can be asked. */
export function useStripeUsage(
  of: { customerId: string; eventName: string; itemId: string | null },
  { enabled }: { enabled: boolean },
) {
  return useQuery({ ...consoleQuery('metering.usage', of), enabled });
}

/** What the next invoice of a subscription would be now; null asks nothing. */
export function useProjectedInvoice(subscriptionId: string | null) {
  return useQuery({
    ...consoleQuery('metering.projectedInvoice', { subscriptionId: subscriptionId ?? '' }),
    enabled: subscriptionId !== null,
  });
}

/** A customer's meter events, newest first. */
export function useCustomerEvents(customerId: string) {
  return useConsolePages('metering.events', {
    filter: { customerId, show: 'all' },
    limit: EVENT_ROWS,
  });
}

/** Ends a subscription, now or with its period, or takes that back. */
export function useCancelSubscription() {
  const queryClient = useQueryClient();
  return useCommand('metering.cancelSubscription', {
    onSuccess: (_, { when }) =>
      announce(
        when === 'now'
          ? 'The subscription has ended.'
          : when === 'keep'
            ? 'The subscription goes on.'
            : 'The subscription ends with its period.',
      ),
    onSettled: () => reloadMetering(queryClient),
  });
}

/** Asks again for everything that a change of subscriptions or usage shows in. */
export function reloadMetering(queryClient: QueryClient): Promise<void> {
  return queryClient.invalidateQueries({
    predicate: ({ queryKey }) => /^(metering\.|billing\.customer$)/.test(String(queryKey[0])),
  });
}
