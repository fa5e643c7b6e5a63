import { Button } from '@mantine/core';
import { useAbility } from '#renderer/api/session.tsx';
import { isStripeUsable } from '#renderer/api/stripe-usable.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { Section } from '#renderer/ui/Section.tsx';
import { useBillingForms } from './billing-context.ts';
import { CheckoutList } from './CheckoutList.tsx';
import { MoneyBackTable } from './MoneyBackTable.tsx';
import { PaymentsTable } from './PaymentsTable.tsx';
import { useCustomerBilling, useStripeStatus } from './queries.ts';
import { RefundRequestList } from './RefundRequestList.tsx';
import { StripeTab } from './StripeTab.tsx';
import { SubscriptionsTable } from './SubscriptionsTable.tsx';

/** Everything of a customer that has to do with money: what is being sold, what was paid, and what went back. */
export function BillingTab({
  customerId,
  onOpenTransaction,
}: {
  customerId: string;
  onOpenTransaction: (transactionId: string) => void;
}) {
  const billing = useCustomerBilling(customerId);
  const stripe = useStripeStatus();
  const maySell = useAbility('sell');
  const forms = useBillingForms();
  if (billing.data === undefined) {
    return billing.isError ? (
      <ErrorState error={billing.error} onRetry={() => void billing.refetch()} />
    ) : (
      <LoadingRows count={8} label="Loading billing" />
    );
  }
  const { stripeCustomerId, checkouts, payments, refundRequests, moneyBack, subscriptions } =
    billing.data;
  const canSell = isStripeUsable(stripe.data);
  // What Stripe refunded stands among the refunds.
  const openRequests = refundRequests.filter(({ state }) => state !== 'refunded');
  return (
    <StripeTab
      stripe={stripe}
      stripeCustomerId={stripeCustomerId}
      noCustomer="Not a Stripe customer yet: the first payment link makes one."
      acts={
        maySell &&
        canSell && (
          <>
            <Button onClick={() => forms.openSale(customerId)}>New payment link…</Button>
            <Button variant="default" onClick={() => forms.openSale(customerId, 'subscription')}>
              Sell a plan…
            </Button>
          </>
        )
      }
    >
      <Section title="Payment links">
        <CheckoutList checkouts={checkouts} />
      </Section>
      {openRequests.length > 0 && (
        <Section title="Refunds not confirmed">
          <RefundRequestList requests={openRequests} />
        </Section>
      )}
      <Section title="Payments">
        <PaymentsTable
          customerId={customerId}
          payments={payments}
          onOpenTransaction={onOpenTransaction}
        />
      </Section>
      <Section title="Refunds and disputes">
        <MoneyBackTable rows={moneyBack} />
      </Section>
      <Section title="Subscriptions">
        <SubscriptionsTable subscriptions={subscriptions} />
      </Section>
    </StripeTab>
  );
}
