import { useQueryClient } from '@tanstack/react-query';
import { consoleQuery } from '#renderer/api/queries.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';

/** Puts what a command answered in the place of what was known of Stripe: it holds no secret. */
export function useKeepStatus(): (status: StripeStatus) => void {
  const queryClient = useQueryClient();
  return (status) => {
    queryClient.setQueryData(consoleQuery('stripe.status', {}).queryKey, status);
  };
}
