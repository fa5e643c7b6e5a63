import { Anchor, Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { useCommand } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { formatQuantity } from '#renderer/format/credits.ts';
import { formatUnits, meterEventStateWords } from '#renderer/format/metering.ts';
import { formatInstant } from '#renderer/format/time.ts';
import { customerPath } from '#renderer/navigation/paths.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { Fact, Facts } from '#renderer/ui/Facts.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { MeterEventState } from '#renderer/ui/MeterEventState.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { type ActQuestion, useAskedAct } from '#renderer/ui/use-asked-act.tsx';
import type { MeterEvent } from '#shared/ipc/metering.ts';
import { CancelEventForm } from './CancelEventForm.tsx';
import { keepEvent } from './keep-event.ts';
import classes from './metering.module.css';

/**
 * One meter event in a drawer: what it carries, how it stands, and what can be done about it. `rows` is the list that it was
 * opened from; where it leaves that list, such as by being settled, it is shown as it was last.
 */
export function MeterEventPanel({
  id,
  rows,
  onClose,
}: {
  id: string;
  rows: readonly MeterEvent[];
  onClose: () => void;
}) {
  const found = rows.find((row) => row.id === id);
  const [last, setLast] = useState(found);
  if (found !== undefined && found !== last) setLast(found);
  const listed = found ?? last;
  // A command's answer is newer than the list that it was given over, also where the list then leaves the event out.
  const [answer, setAnswer] = useState<{ event: MeterEvent; over: MeterEvent } | null>(null);
  if (listed === undefined) return null;
  return (
    <OpenEvent
      key={id}
      event={answer?.over === listed ? answer.event : listed}
      onAnswered={(event) => setAnswer({ event, over: listed })}
      onClose={onClose}
    />
  );
}

function OpenEvent({
  event,
  onAnswered,
  onClose,
}: {
  event: MeterEvent;
  onAnswered: (event: MeterEvent) => void;
  onClose: () => void;
}) {
  const mayManage = useAbility('manageStripe');
  const queryClient = useQueryClient();
  const [isCancelling, setCancelling] = useState(false);
  const settle = useCommand('metering.settleEvent', {
    onSuccess: ({ event: settled }) => {
      onAnswered(settled);
      keepEvent(queryClient, settled);
      announce(meterEventStateWords(settled.state).sentence);
    },
  });
  const settling = useAskedAct<'send_again' | 'sent'>({
    // What Stripe rejected is not there: elsewhere than on production it is sent again without a question.
    asks: (as) => as === 'sent' || event.state !== 'rejected',
    questionOf: (as) => settleQuestion(event, as),
    perform: (as, confirmedProduction, onError) =>
      settle.mutate({ id: event.id, as, confirmedProduction }, { onError }),
  });
  const canSendAgain = event.state === 'rejected' || event.state === 'unclear';
  return (
    <SideDrawer
      opened
      // Esc reaches the question that lies over the drawer and the drawer alike.
      onClose={() => {
        if (!isCancelling && !settling.isAsking) onClose();
      }}
      title="Meter event"
      width={520}
      foot={
        mayManage &&
        (event.cancellable || canSendAgain) && (
          <div className={classes.acts}>
            {event.cancellable && (
              <Button variant="default" color="red" onClick={() => setCancelling(true)}>
                Cancel this event…
              </Button>
            )}
            {event.state === 'unclear' && (
              <Button
                variant="default"
                loading={settle.isPending && settle.variables.as === 'sent'}
                disabled={settle.isPending}
                onClick={() => settling.start('sent')}
              >
                Count as sent
              </Button>
            )}
            {canSendAgain && (
              <Button
                loading={settle.isPending && settle.variables.as === 'send_again'}
                disabled={settle.isPending}
                onClick={() => settling.start('send_again')}
              >
                Send again
              </Button>
            )}
          </div>
        )
      }
    >
      <CommandFailure error={settle.error} />
      <EventFacts event={event} />
      {!mayManage && (
        <p className={classes.hint}>
          Your role may read this. Cancelling and sending again take the right to manage Stripe.
        </p>
      )}
      {isCancelling && (
        <CancelEventForm
          event={event}
          onCancelled={onAnswered}
          onClose={() => setCancelling(false)}
        />
      )}
      {settling.question}
    </SideDrawer>
  );
}

function settleQuestion(event: MeterEvent, as: 'send_again' | 'sent'): ActQuestion {
  const units = `${formatUnits(event.value)} of ${event.eventName}`;
  if (as === 'sent') {
    return {
      title: 'Count this event as sent?',
      confirmLabel: 'Count as sent',
      words: `${units} count as billed. If Stripe does not have them after all, they are never billed.`,
    };
  }
  return {
    title: 'Send this event again?',
    confirmLabel: 'Send again',
    words:
      event.state === 'unclear'
        ? `If Stripe has the event after all, ${units} are billed twice. Compare the customer’s summary first.`
        : `It is sent under a new identifier: ${units} are billed.`,
  };
}

function EventFacts({ event }: { event: MeterEvent }) {
  const { timeZone } = useSession();
  return (
    <Facts>
      <Fact name="State">
        <MeterEventState state={event.state} />
        <p className={classes.sentence}>{meterEventStateWords(event.state).sentence}</p>
      </Fact>
      {event.error !== null && <Fact name="Why">{event.error}</Fact>}
      {event.cancelReason !== null && <Fact name="Reason">{event.cancelReason}</Fact>}
      {event.cancelledBy !== null && <Fact name="Cancelled by">{event.cancelledBy}</Fact>}
      <Fact name="Customer">
        <Anchor component={Link} inherit href={customerPath(event.customerId)}>
          {event.customerName ?? event.customerId}
        </Anchor>
      </Fact>
      <Fact name="Meter">{event.eventName}</Fact>
      <Fact name="Value">{formatUnits(event.value)}</Fact>
      <Fact name="Carries">{formatQuantity(event.reports, 'report')}</Fact>
      <Fact name="Used">
        <InstantText iso={event.occurredAt} show="date" />
      </Fact>
      {event.sentAt !== null && (
        <Fact name="Sent">
          <InstantText iso={event.sentAt} show="date" />
        </Fact>
      )}
      {event.nextAttemptAt !== null && (
        <Fact name="Next try">
          <InstantText iso={event.nextAttemptAt} />
        </Fact>
      )}
      <Fact name="Tries">{event.attempts}</Fact>
      <Fact name="Identifier">
        <CopyableId value={event.identifier} label="Identifier" />
      </Fact>
      {event.cancellable && event.cancellableUntil !== null && (
        <Fact name="Cancellable">until {formatInstant(event.cancellableUntil, timeZone)}</Fact>
      )}
    </Facts>
  );
}
