import { Anchor, Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { Link } from 'wouter';
import { consoleQuery, useCommand } from '#renderer/api/queries.ts';
import { useAbility } from '#renderer/api/session.tsx';
import { customerPath } from '#renderer/navigation/paths.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { Fact, Facts } from '#renderer/ui/Facts.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import { TypeBadge } from '#renderer/ui/TypeBadge.tsx';
import { useAskedAct } from '#renderer/ui/use-asked-act.tsx';
import { useFocusAfterAct } from '#renderer/ui/use-focus-after-act.ts';
import type { StripeEventRow } from '#shared/ipc/stripe.ts';
import type { Transaction } from '#shared/ipc/vocabulary.ts';
import { eventStateWords } from './event-words.ts';
import classes from './stripe-events.module.css';

/** One event: how it was handled, the ledger's rows that came of it, and the event itself. */
export function EventDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const mayReplay = useAbility('manageStripe');
  const queryClient = useQueryClient();
  const query = useQuery(consoleQuery('stripe.event', { id }));
  const replay = useCommand('stripe.replayEvent', {
    onSuccess: ({ event }) => {
      announce(
        event.outcome ?? event.error ?? `The event is ${eventStateWords(event.state).label}.`,
      );
    },
    onSettled: () => {
      void queryClient.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[0]).startsWith('stripe.'),
      });
    },
  });
  const againButton = useRef<HTMLButtonElement>(null);
  useFocusAfterAct(replay.isPending, againButton);
  const again = useAskedAct<string>({
    questionOf: () => ({
      title: 'Handle this event again?',
      confirmLabel: 'Handle again',
      words: 'Where Stripe and the ledger differ for this object, the ledger is made to agree.',
    }),
    perform: (event, confirmedProduction, onError) =>
      replay.mutate({ id: event, confirmedProduction }, { onError }),
  });
  return (
    <SideDrawer
      opened
      // Esc reaches the question that lies over the drawer and the drawer alike.
      onClose={() => {
        if (!again.isAsking) onClose();
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
              ref={againButton}
              variant="default"
              loading={replay.isPending}
              onClick={() => again.start(id)}
            >
              Handle again
            </Button>
          </div>
        )
      }
    >
      {query.isPending && <LoadingRows count={8} label="Loading the event" />}
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      <CommandFailure error={replay.error} />
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
      {again.question}
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
