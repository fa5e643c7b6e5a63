import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useAbility } from '#renderer/api/session.tsx';
import { formatUnits } from '#renderer/format/metering.ts';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { type ActQuestion, useAskedAct } from '#renderer/ui/use-asked-act.tsx';
import type { MeteredSubscription } from '#shared/ipc/metering.ts';
import type { UsageRow } from './arithmetic.ts';
import styles from './metered-usage.module.css';
import { useCancelSubscription } from './queries.ts';
import { nameOf } from './subscription-words.ts';

type When = 'now' | 'period_end' | 'keep';

/** Ends a running subscription, now or with its period, or takes that back. */
export function SubscriptionActs({
  customerId,
  subscription,
  usage,
}: {
  customerId: string;
  subscription: MeteredSubscription;
  usage: readonly UsageRow[];
}) {
  const mayManage = useAbility('manageStripe');
  const cancel = useCancelSubscription();
  const { id, cancelAt, cancelAtPeriodEnd } = subscription;
  const name = nameOf(subscription);
  const isEnding = cancelAtPeriodEnd || cancelAt !== null;
  const ending = useAskedAct<When>({
    // Going on is what the customer has now.
    asks: (when) => when !== 'keep',
    questionOf: (when) => questionOf(when, name, <NotSentYet subscriptionId={id} usage={usage} />),
    perform: (when, confirmedProduction, onError) =>
      cancel.mutate({ customerId, subscriptionId: id, when, confirmedProduction }, { onError }),
  });
  if (!mayManage) return null;
  const act = (when: When, label: string) => (
    <Button
      size="compact-sm"
      variant={when === 'keep' ? 'default' : 'subtle'}
      {...(when === 'now' && { color: 'red' })}
      aria-label={`${label}: ${name}`}
      loading={cancel.isPending && cancel.variables.when === when}
      disabled={cancel.isPending}
      onClick={() => ending.start(when)}
    >
      {label}
    </Button>
  );
  return (
    <>
      <div className={styles.acts}>
        {isEnding ? act('keep', 'Keep') : act('period_end', 'Cancel at period end…')}
        {act('now', 'Cancel now…')}
      </div>
      <CommandFailure error={cancel.error} />
      {ending.question}
    </>
  );
}

function questionOf(when: When, name: string, notSentYet: ReactNode): ActQuestion {
  switch (when) {
    case 'now':
      return {
        title: `Cancel ${name} now?`,
        confirmLabel: 'Cancel now',
        cancelLabel: 'Keep it',
        words: (
          <>
            It ends at once with everything in it, and the usage so far is billed at once. This
            cannot be taken back. {notSentYet}
          </>
        ),
      };
    case 'period_end':
      return {
        title: `Cancel ${name} with its period?`,
        confirmLabel: 'Cancel at period end',
        cancelLabel: 'Keep it',
        words:
          'It runs until its period ends; the usage until then is billed with its last invoice. Until then this can be taken back.',
      };
    case 'keep':
      return {
        title: `Keep ${name}?`,
        confirmLabel: 'Keep subscription',
        cancelLabel: 'Leave it cancelled',
        isDangerous: false,
        words: 'It goes on, and the next period is billed as before.',
      };
  }
}

/** Stripe bills what it has: usage that is still here at that moment is on no invoice. */
function NotSentYet({
  subscriptionId,
  usage,
}: {
  subscriptionId: string;
  usage: readonly UsageRow[];
}) {
  const missing = usage.filter(
    (row) => row.subscriptionId === subscriptionId && row.position.waiting > 0,
  );
  if (missing.length === 0) return null;
  const parts = missing.map(
    ({ meterName, position }) => `${formatUnits(position.waiting)} of ${meterName}`,
  );
  return (
    <strong>
      Not sent to Stripe yet, and billed only if sent before:{' '}
      {new Intl.ListFormat('en').format(parts)}.
    </strong>
  );
}
