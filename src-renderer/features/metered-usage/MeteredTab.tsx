import { Button } from '@mantine/core';
import { useAbility } from '#renderer/api/session.tsx';
import { isStripeUsable } from '#renderer/api/stripe-usable.ts';
import { StripeTab } from '#renderer/features/billing/billing.tsx';
import { paths } from '#renderer/navigation/paths.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { Section } from '#renderer/ui/Section.tsx';
import type { MeteredSubscription } from '#shared/ipc/metering.ts';
import type { UsageRow } from './arithmetic.ts';
import { EventList } from './EventList.tsx';
import { useMeteredUsageForms } from './forms-context.ts';
import styles from './metered-usage.module.css';
import { NextInvoice } from './NextInvoice.tsx';
import { useCustomerMetering, useStripeStatus } from './queries.ts';
import { SubscriptionList } from './SubscriptionList.tsx';
import { hasEnded } from './subscription-words.ts';
import { UsagePanel } from './UsagePanel.tsx';

/** What a customer is billed for by use: subscriptions, the usage of the current period, and what was sent of it. */
export function MeteredTab({ customerId }: { customerId: string }) {
  const metering = useCustomerMetering(customerId);
  const stripe = useStripeStatus();
  const mayManage = useAbility('manageStripe');
  const forms = useMeteredUsageForms();
  if (metering.data === undefined) {
    return metering.isError ? (
      <ErrorState error={metering.error} onRetry={() => void metering.refetch()} />
    ) : (
      <LoadingRows count={8} label="Loading metered usage" />
    );
  }
  const { stripeCustomerId, subscriptions, usage } = metering.data;
  const canAsk = isStripeUsable(stripe.data);
  const isEmpty = subscriptions.length === 0 && usage.length === 0;
  return (
    <StripeTab
      stripe={stripe}
      stripeCustomerId={stripeCustomerId}
      noCustomer="Not a Stripe customer yet, so no usage can be reported: a subscription to a metered price, or the first payment link, makes one."
      note={
        !mayManage && (
          <p className={styles.muted}>
            Your role may read this. Changing it takes the right to manage Stripe.
          </p>
        )
      }
      acts={
        mayManage && (
          <>
            {canAsk && (
              <Button onClick={() => forms.openSubscribe(customerId)}>
                Subscribe to a metered price…
              </Button>
            )}
            {stripeCustomerId !== null && (
              <Button variant="default" onClick={() => forms.openAddUsage(customerId)}>
                Add usage…
              </Button>
            )}
          </>
        )
      }
    >
      {isEmpty ? (
        <EmptyState action={<LinkButton to={paths.metering}>Meters and metered prices</LinkButton>}>
          This customer has no subscription and no usage to be billed.
        </EmptyState>
      ) : (
        <>
          <Section title="Subscriptions">
            <SubscriptionList
              customerId={customerId}
              subscriptions={subscriptions}
              usage={usage}
              canAsk={canAsk}
            />
          </Section>
          <Section title="Usage of the current period">
            {usage.length === 0 ? (
              <p className={styles.muted}>
                Nothing is billed by use: no subscription has a metered price, and no usage was
                reported.
              </p>
            ) : (
              bySubscription(usage).map(([subscriptionId, rows]) => (
                <SubscriptionUsage
                  key={subscriptionId}
                  customerId={customerId}
                  rows={rows}
                  subscriptions={subscriptions}
                  canAsk={canAsk}
                  canAdd={mayManage && stripeCustomerId !== null}
                />
              ))
            )}
          </Section>
        </>
      )}
      <Section title="Meter events">
        <EventList customerId={customerId} />
      </Section>
    </StripeTab>
  );
}

/** Usage by the subscription that bills it, each once, in the order of its first row; null: by none. */
function bySubscription(usage: readonly UsageRow[]): [string | null, UsageRow[]][] {
  const groups = new Map<string | null, UsageRow[]>();
  for (const row of usage) {
    groups.set(row.subscriptionId, [...(groups.get(row.subscriptionId) ?? []), row]);
  }
  return [...groups];
}

/** The meters of one subscription, and the invoice that they are on together. */
function SubscriptionUsage({
  customerId,
  rows,
  subscriptions,
  canAsk,
  canAdd,
}: {
  customerId: string;
  rows: readonly UsageRow[];
  subscriptions: readonly MeteredSubscription[];
  canAsk: boolean;
  canAdd: boolean;
}) {
  const subscription = subscriptions.find(({ id }) => id === rows[0]?.subscriptionId);
  return (
    <>
      {rows.map((row) => (
        <UsagePanel
          key={JSON.stringify([row.eventName, row.itemId])}
          customerId={customerId}
          row={row}
          subscription={subscription}
          canAsk={canAsk}
          canAdd={canAdd}
        />
      ))}
      {canAsk && subscription !== undefined && !hasEnded(subscription) && (
        <NextInvoice subscription={subscription} />
      )}
    </>
  );
}
