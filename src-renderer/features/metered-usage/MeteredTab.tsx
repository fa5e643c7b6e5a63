import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useAbility } from '#renderer/api/session.tsx';
import { isStripeUsable } from '#renderer/api/stripe-usable.ts';
import { StripeModeNote } from '#renderer/features/billing/billing.tsx';
import { paths } from '#renderer/navigation/paths.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { EventList } from './EventList.tsx';
import { useMeteredUsageForms } from './forms-context.ts';
import styles from './metered-usage.module.css';
import { useCustomerMetering, useStripeStatus } from './queries.ts';
import { SubscriptionList } from './SubscriptionList.tsx';
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
    <div className={styles.tab}>
      <div className={styles.head}>
        <div className={styles.headWords}>
          {stripe.data !== undefined ? (
            <StripeModeNote status={stripe.data} />
          ) : (
            stripe.isError && (
              <ErrorState error={stripe.error} onRetry={() => void stripe.refetch()} />
            )
          )}
          <p className={styles.muted}>
            {stripeCustomerId === null ? (
              'Not a Stripe customer yet, so no usage can be reported: a subscription to a metered price, or the first payment link, makes one.'
            ) : (
              <>
                Stripe customer <CopyableId value={stripeCustomerId} label="Stripe customer id" />
              </>
            )}
          </p>
          {!mayManage && (
            <p className={styles.muted}>
              Your role may read this. Changing it takes the right to manage Stripe.
            </p>
          )}
        </div>
        {mayManage && (
          <div className={styles.acts}>
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
          </div>
        )}
      </div>
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
              usage.map((row) => (
                <UsagePanel
                  key={JSON.stringify([row.eventName, row.itemId])}
                  customerId={customerId}
                  row={row}
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
    </div>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.section} aria-label={title}>
      <h2 className={styles.title}>{title}</h2>
      {children}
    </section>
  );
}
