import { Checkbox, Stack, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { formatQuantity } from '#renderer/format/credits.ts';
import { formatUnits, meterEventStateWords } from '#renderer/format/metering.ts';
import { formatInstant } from '#renderer/format/time.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { FormDialog } from '#renderer/ui/FormDialog.tsx';
import type { MeterEvent } from '#shared/ipc/metering.ts';
import { keepEvent } from './keep-event.ts';
import classes from './metering.module.css';

/** Takes one event back, with a reason: says what is not billed then, and until when that is possible. */
export function CancelEventForm({
  event,
  onCancelled,
  onClose,
}: {
  event: MeterEvent;
  /** With the event as main answered it. */
  onCancelled: (event: MeterEvent) => void;
  onClose: () => void;
}) {
  const { connection, timeZone } = useSession();
  const queryClient = useQueryClient();
  const [reason, setReason] = useState('');
  const [asksProduction, setAsksProduction] = useState(connection.environment === 'production');
  const [isConfirmed, setConfirmed] = useState(false);
  const cancel = useCommand('metering.cancelEvent', {
    onSuccess: ({ event: cancelled }) => {
      onCancelled(cancelled);
      keepEvent(queryClient, cancelled);
      announce(meterEventStateWords(cancelled.state).sentence);
      onClose();
    },
    onError: (error) => {
      // Main may know of production where this window does not.
      if (error.code === 'confirmation_required') setAsksProduction(true);
    },
  });
  return (
    <FormDialog
      title="Cancel this event"
      submitLabel="Cancel the event"
      closeLabel="Keep it"
      isPending={cancel.isPending}
      isIncomplete={reason.trim() === '' || (asksProduction && !isConfirmed)}
      onClose={() => {
        if (!cancel.isPending) onClose();
      }}
      onSubmit={() =>
        cancel.mutate({
          id: event.id,
          reason,
          confirmedProduction: asksProduction && isConfirmed,
        })
      }
    >
      <Stack gap="md">
        <p className={classes.sentence}>
          {formatUnits(event.value)} of {event.eventName}, which{' '}
          {formatQuantity(event.reports, 'report')} made, will not be billed.{' '}
          {event.cancellableUntil === null
            ? event.state === 'queued'
              ? 'It was not sent yet.'
              : 'Stripe does not have it.'
            : `Stripe takes it back until ${formatInstant(event.cancellableUntil, timeZone)}.`}{' '}
          A cancelled event cannot be brought back.
        </p>
        <Textarea
          label="Reason"
          description="Stays with the event."
          data-autofocus
          rows={3}
          maxLength={1000}
          value={reason}
          onChange={(change) => setReason(change.currentTarget.value)}
          error={cancel.error?.fields?.reason}
        />
        {asksProduction && (
          <Checkbox
            label={`Yes, on ${connection.name}, which is production`}
            checked={isConfirmed}
            onChange={(change) => setConfirmed(change.currentTarget.checked)}
          />
        )}
        <CommandFailure error={cancel.error} />
      </Stack>
    </FormDialog>
  );
}
