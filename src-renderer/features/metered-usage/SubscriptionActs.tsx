import { Button } from '@mantine/core';
import { useState } from 'react';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { formatUnits } from '#renderer/format/metering.ts';
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import type { MeteredSubscription } from '#shared/ipc/metering.ts';
import type { UsageRow } from './arithmetic.ts';
import styles from './metered-usage.module.css';
import { useCancelSubscription } from './queries.ts';
import { nameOf } from './subscription-words.ts';

type When = 'now' | 'period_end' | 'keep';

const QUESTIONS: Record<When, { title: (name: string) => string; confirm: string; stay: string }> =
  {
    now: {
      title: (name) => `Cancel ${name} now?`,
      confirm: 'Cancel now',
      stay: 'Keep it',
    },
    period_end: {
      title: (name) => `Cancel ${name} with its period?`,
      confirm: 'Cancel at period end',
      stay: 'Keep it',
    },
    keep: {
      title: (name) => `Keep ${name}?`,
      confirm: 'Keep subscription',
      stay: 'Leave it cancelled',
    },
  };

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
  const { connection } = useSession();
  const mayManage = useAbility('manageStripe');
  const cancel = useCancelSubscription();
  const [question, setQuestion] = useState<When | null>(null);
  // Main may know of production where this window does not.
  const isProduction =
    connection.environment === 'production' || cancel.error?.code === 'confirmation_required';
  if (!mayManage) return null;
  const { id, cancelAt, cancelAtPeriodEnd } = subscription;
  const name = nameOf(subscription);
  const isEnding = cancelAtPeriodEnd || cancelAt !== null;
  const start = (when: When, confirmedProduction: boolean) =>
    cancel.mutate(
      { customerId, subscriptionId: id, when, confirmedProduction },
      {
        onError: (error) => {
          if (error.code === 'confirmation_required') setQuestion(when);
        },
      },
    );
  const act = (when: When, label: string) => (
    <Button
      size="compact-sm"
      variant={when === 'keep' ? 'default' : 'subtle'}
      {...(when === 'now' && { color: 'red' })}
      aria-label={`${label}: ${name}`}
      loading={cancel.isPending && cancel.variables.when === when}
      disabled={cancel.isPending}
      onClick={() => {
        // Going on is what the customer has now: only on production it is asked about.
        if (when === 'keep' && !isProduction) start('keep', false);
        else setQuestion(when);
      }}
    >
      {label}
    </Button>
  );
  const words = question === null ? null : QUESTIONS[question];
  return (
    <>
      <div className={styles.acts}>
        {isEnding ? act('keep', 'Keep') : act('period_end', 'Cancel at period end…')}
        {act('now', 'Cancel now…')}
      </div>
      {cancel.error !== null && cancel.error.code !== 'confirmation_required' && (
        <ErrorState error={cancel.error} />
      )}
      <ConfirmDialog
        opened={question !== null}
        title={words?.title(name)}
        confirmLabel={`${words?.confirm ?? ''}${isProduction ? ` on ${connection.name}` : ''}`}
        cancelLabel={words?.stay ?? 'Close'}
        isDangerous={question !== 'keep'}
        onCancel={() => setQuestion(null)}
        onConfirm={() => {
          setQuestion(null);
          if (question !== null) start(question, isProduction);
        }}
      >
        {isProduction && (
          <>
            <strong>PRODUCTION</strong>, {connection.name}:{' '}
          </>
        )}
        {question === 'now' && (
          <>
            It ends at once with everything in it, and the usage so far is billed at once. This
            cannot be taken back. <NotSentYet subscriptionId={id} usage={usage} />
          </>
        )}
        {question === 'period_end' &&
          'It runs until its period ends; the usage until then is billed with its last invoice. Until then this can be taken back.'}
        {question === 'keep' && 'It goes on, and the next period is billed as before.'}
      </ConfirmDialog>
    </>
  );
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
