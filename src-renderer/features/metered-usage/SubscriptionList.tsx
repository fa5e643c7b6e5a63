import { ActionIcon, Button } from '@mantine/core';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { subscriptionStatusLabel } from '#renderer/format/billing.ts';
import { formatQuantity } from '#renderer/format/credits.ts';
import { formatDate } from '#renderer/format/time.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { ExternalIcon } from '#renderer/ui/icons.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import type { MeteredSubscription } from '#shared/ipc/metering.ts';
import type { UsageRow } from './arithmetic.ts';
import styles from './metered-usage.module.css';
import { SubscriptionActs } from './SubscriptionActs.tsx';
import { endOf, hasEnded, nameOf } from './subscription-words.ts';
import { periodWords } from './usage-words.ts';

/** A customer's subscriptions with their items; those that have ended are shown when asked for. */
export function SubscriptionList({
  customerId,
  subscriptions,
  usage,
  canAsk,
}: {
  customerId: string;
  subscriptions: readonly MeteredSubscription[];
  usage: readonly UsageRow[];
  /** Whether Stripe can be asked for anything. */
  canAsk: boolean;
}) {
  const [endedShown, setEndedShown] = useState(false);
  const running = subscriptions.filter((each) => !hasEnded(each));
  const ended = subscriptions.filter(hasEnded);
  const entries = (label: string, shown: readonly MeteredSubscription[]) => (
    <ul className={styles.entries} aria-label={label}>
      {shown.map((subscription) => (
        <li key={subscription.id} className={styles.entry}>
          <Entry subscription={subscription} />
          {canAsk && !hasEnded(subscription) && (
            <SubscriptionActs customerId={customerId} subscription={subscription} usage={usage} />
          )}
        </li>
      ))}
    </ul>
  );
  return (
    <>
      {running.length === 0 ? (
        <p className={styles.muted}>No subscription is running.</p>
      ) : (
        entries('Running subscriptions', running)
      )}
      {ended.length > 0 && (
        <>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            className={styles.toggle}
            aria-expanded={endedShown}
            onClick={() => setEndedShown(!endedShown)}
          >
            {endedShown ? 'Hide' : 'Show'} {formatQuantity(ended.length, 'ended subscription')}
          </Button>
          {endedShown && entries('Ended subscriptions', ended)}
        </>
      )}
    </>
  );
}

const TONES: Record<string, 'good' | 'warning' | 'bad'> = {
  active: 'good',
  trialing: 'good',
  past_due: 'bad',
  unpaid: 'bad',
  incomplete: 'warning',
  paused: 'warning',
};

function Entry({ subscription }: { subscription: MeteredSubscription }) {
  const { timeZone } = useSession();
  const { id, status, items, stripeUrl } = subscription;
  const end = endOf(subscription);
  const open = useCommand('settings.openCaseLink');
  // The simulator has no page of it.
  const page = stripeUrl?.startsWith('https://') === true ? stripeUrl : null;
  return (
    <>
      <div className={styles.entryHead}>
        <span className={styles.entryName}>{nameOf(subscription)}</span>
        <StateBadge tone={(Object.hasOwn(TONES, status) && TONES[status]) || 'neutral'}>
          {subscriptionStatusLabel(status)}
        </StateBadge>
        {end !== null && (
          <span className={styles.ends}>Cancels on {formatDate(end, timeZone)}</span>
        )}
        <span className={styles.entryId}>
          <CopyableId value={id} label="Subscription id" />
          {page !== null && (
            <ActionIcon
              size={24}
              aria-label={`Open ${nameOf(subscription)} in Stripe`}
              title={page}
              onClick={() => open.mutate({ url: page })}
            >
              <ExternalIcon size={12} />
            </ActionIcon>
          )}
        </span>
      </div>
      <ul className={styles.items} aria-label={`Items of ${nameOf(subscription)}`}>
        {items.map((item) => (
          <li key={item.id}>
            {item.name}{' '}
            <span className={styles.second}>
              {item.eventName !== null
                ? `by use, ${item.eventName}`
                : item.planTier !== null
                  ? 'plan'
                  : 'not of the catalog'}
              {' · '}
              {periodWords(
                { start: item.currentPeriodStart, end: item.currentPeriodEnd },
                timeZone,
              )}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
