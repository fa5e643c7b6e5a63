import { useQuery } from '@tanstack/react-query';
import { consoleQuery } from '#renderer/api/queries.ts';
import type { Checkout } from '#shared/ipc/billing.ts';

/** How often a drawer that waits for a payment or for Stripe looks again, besides what main tells by itself. */
const FOLLOW_EVERY_MS = 3_000;

/** Whether something can still come of a checkout. */
export function isUnderWay({ state }: Pick<Checkout, 'state'>): boolean {
  return state === 'creating' || state === 'open' || state === 'processing';
}

/** Everything of one customer that has to do with money. */
export function useCustomerBilling(customerId: string) {
  return useQuery(consoleQuery('billing.customer', { customerId }));
}

/** One checkout as the database has it by now, looked up again and again while something can still come of it. */
export function useFollowedCheckout(first: Checkout): Checkout {
  const billing = useQuery({
    ...consoleQuery('billing.customer', { customerId: first.customerId }),
    // The answer at hand may be older than the checkout.
    staleTime: 0,
    refetchInterval: ({ state }) => {
      const known = state.data?.checkouts.find(({ id }) => id === first.id) ?? first;
      return isUnderWay(known) ? FOLLOW_EVERY_MS : false;
    },
  });
  return billing.data?.checkouts.find(({ id }) => id === first.id) ?? first;
}

/** The refund requests of a customer, looked up again and again while the one of this id is not confirmed. */
export function useFollowedRefund(customerId: string, requestId: string) {
  const billing = useQuery({
    ...consoleQuery('billing.customer', { customerId }),
    staleTime: 0,
    refetchInterval: ({ state }) => {
      const known = state.data?.refundRequests.find(({ id }) => id === requestId);
      return known === undefined || known.state === 'requested' ? FOLLOW_EVERY_MS : false;
    },
  });
  return billing.data?.refundRequests.find(({ id }) => id === requestId);
}

/** One payment: what was paid and went back, what was granted and is left of it. */
export function usePayment(customerId: string, stripePaymentId: string) {
  return useQuery(consoleQuery('billing.payment', { customerId, stripePaymentId }));
}

export function useStripeStatus() {
  return useQuery(consoleQuery('stripe.status', {}));
}

/** Meters and metered prices: what a plan can be sold together with. */
export function useMeteringCatalog() {
  return useQuery(consoleQuery('metering.catalog', {}));
}

export function useCatalog() {
  return useQuery(consoleQuery('catalog.list', {}));
}
