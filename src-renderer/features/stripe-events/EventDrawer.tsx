import { Anchor, Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { consoleQuery, useCommand } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { customerPath } from '#renderer/navigation/paths.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { Fact, Facts } from '#renderer/ui/Facts.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import { TypeBadge } from '#renderer/ui/TypeBadge.tsx';
import type { StripeEventRow } from '#shared/ipc/stripe.ts';
import type { Transaction } from '#shared/ipc/vocabulary.ts';
import { eventStateWords } from './event-words.ts';
import classes from './stripe-events.module.css';

/** One event: how it was handled, the ledger's rows that came of it, and the event itself. */
export function EventDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const { connection } = useSession();
  const mayReplay = useAbility('manageStripe');
  const queryClient = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const query = useQuery(consoleQuery('stripe.event', { id }));
  const replay = useCommand('stripe.replayEvent', {
    onSuccess: ({ event }) => {
      announce(
        event.outcome ?? event.error ?? `The event is ${eventStateWords(event.state).label}.`,
      );
    },
    onError: (error) => {
      // Main may know of production where this window does not.
      if (error.code === 'confirmation_required') setAsking(true);
    },
    onSettled: () => {
      void queryClient.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[0]).startsWith('stripe.'),
      });
    },
  });
  const isProduction = connection.environment === 'production';
  const start = (confirmedProduction: boolean) => replay.mutate({ id, confirmedProduction });
  return (
    <SideDrawer
      opened
      // Esc reaches the question that lies over the drawer and the drawer alike.
      onClose={() => {
        if (!isAsking) onClose();
      }}
      title="Stripe event"
      width={560}
      foot={
        mayReplay && (
          <div className={classes.foot}>
            <span className={classes.hint}>
              Fetches the object again. What was granted already is not granted twice.
            </span>
            <Button
              variant="default"
              loading={replay.isPending}
              onClick={() => (isProduction ? setAsking(true) : start(false))}
            >
              Handle again
            </Button>
          </div>
        )
      }
    >
      {query.isPending && <LoadingRows count={8} label="Loading the event" />}
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {replay.error !== null && replay.error.code !== 'confirmation_required' && (
        <ErrorState error={replay.error} />
      )}
      {query.data !== undefined && (
        <div className={classes.details}>
          <EventFacts event={query.data.event} />
          <section aria-label="In the ledger">
            <h3 className={classes.heading}>In the ledger</h3>
            <Effects transactions={query.data.transactions} />
          </section>
          <section aria-label="The event as it came">
            <h3 className={classes.heading}>As it came</h3>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key */}
            <pre className={classes.payload} tabIndex={0}>
              {query.data.payload}
            </pre>
          </section>
        </div>
      )}
      <ConfirmDialog
        opened={isAsking}
        title={`Handle again on ${connection.name}?`}
        confirmLabel={`Handle again on ${connection.name}`}
        isDangerous
        onCancel={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          start(true);
        }}
      >
        {connection.name} is production. Where Stripe and the ledger differ for this object, the
        ledger is made to agree.
      </ConfirmDialog>
    </SideDrawer>
  );
}

function EventFacts({ event }: { event: StripeEventRow }) {
  const { label, tone } = eventStateWords(event.state);
  return (
    <Facts>
      <Fact name="State">
        <StateBadge tone={tone}>{label}</StateBadge>
      </Fact>
      {event.error !== null && <Fact name="Why">{event.error}</Fact>}
      {event.outcome !== null && <Fact name="What came of it">{event.outcome}</Fact>}
      {event.state === 'failed' && event.nextAttemptAt !== null && (
        <Fact name="Next try">
          <InstantText iso={event.nextAttemptAt} />
        </Fact>
      )}
      <Fact name="Tries">{event.attempts}</Fact>
      <Fact name="Type">{event.type}</Fact>
      <Fact name="Event">
        <CopyableId value={event.id} label="Event id" />
      </Fact>
      {event.objectId !== null && (
        <Fact name="Object">
          <CopyableId value={event.objectId} label="Object id" />
        </Fact>
      )}
      <Fact name="Happened">
        <InstantText iso={event.createdAt} show="date" />
      </Fact>
      <Fact name="Received">
        <InstantText iso={event.receivedAt} show="date" />,{' '}
        {event.receivedBy === 'poll' ? 'by reading Stripe’s events' : 'by webhook'}
      </Fact>
    </Facts>
  );
}

function Effects({ transactions }: { transactions: readonly Transaction[] }) {
  if (transactions.length === 0) {
    return (
      <p className={classes.hint}>
        It wrote nothing: the ledger agreed already, or had no part in it.
      </p>
    );
  }
  return (
    <ul className={classes.effects}>
      {transactions.map((transaction) => (
        <li key={`${transaction.customerId} ${transaction.id}`} className={classes.effect}>
          <TypeBadge type={transaction.type} />
          <Anchor component={Link} href={customerPath(transaction.customerId, 'transactions')}>
            {transaction.customerName ?? transaction.customerEmail ?? transaction.customerId}
          </Anchor>
          <span className={classes.amount}>
            <CreditAmount value={transaction.amount} signed />
          </span>
        </li>
      ))}
    </ul>
  );
}
