import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { formatCredits } from '#renderer/format/credits.ts';
import { formatInstant } from '#renderer/format/time.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { Fact, Facts } from '#renderer/ui/Facts.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import type { Delivery, Notification } from '#shared/ipc/alerts.ts';
import { canSendAgain, channelWords, deliveryWords } from './alert-words.ts';
import classes from './alerts.module.css';
import { keepNotification } from './keep-alerts.ts';
import { notifiedName } from './notification-columns.tsx';

/** What became of a notification over one channel, and sending it again where it did not get through. */
export function DeliveryDetails({
  notification,
  delivery,
  mayAdminister,
  onAsk,
  onAnswered,
}: {
  notification: Notification;
  delivery: Delivery;
  mayAdminister: boolean;
  /** Told whether a question lies over the drawer. */
  onAsk: (isAsking: boolean) => void;
  onAnswered: (notification: Notification) => void;
}) {
  const { connection, timeZone } = useSession();
  const queryClient = useQueryClient();
  const [isAsked, setAsked] = useState(false);
  const { label: channelName, one } = channelWords(delivery.channel);
  const { label, tone, why } = deliveryWords(delivery);
  function ask(isAsking: boolean) {
    setAsked(isAsking);
    onAsk(isAsking);
  }
  const again = useCommand('alerts.sendAgain', {
    onSuccess: (answered) => {
      onAnswered(answered);
      keepNotification(queryClient, answered);
      announce(`${one} waits to be sent again.`);
    },
    onError: (error) => {
      // Main may know of production where this window does not.
      if (error.code === 'confirmation_required') ask(true);
    },
  });
  const send = (confirmedProduction: boolean) =>
    again.mutate({
      notificationId: notification.id,
      channel: delivery.channel,
      confirmedProduction,
    });
  return (
    <section className={classes.delivery} aria-label={channelName}>
      <div className={classes.deliveryHead}>
        <h3 className={classes.deliveryTitle}>{channelName}</h3>
        {mayAdminister && canSendAgain(delivery) && (
          <Button
            size="compact-sm"
            variant="default"
            loading={again.isPending}
            onClick={() => (connection.environment === 'production' ? ask(true) : send(false))}
          >
            Send again
          </Button>
        )}
      </div>
      <Facts>
        <Fact name="State">
          <StateBadge tone={tone}>{label}</StateBadge>
        </Fact>
        {why !== '' && <Fact name={delivery.state === 'queued' ? 'So far' : 'Why'}>{why}</Fact>}
        {delivery.recipient !== null && <Fact name="To">{delivery.recipient}</Fact>}
        <Fact name="Attempts">{formatCredits(delivery.attempts)}</Fact>
        {delivery.nextAttemptAt !== null && (
          <Fact name="Next attempt">
            <InstantText iso={delivery.nextAttemptAt} />
          </Fact>
        )}
        {delivery.sentAt !== null && (
          <Fact name="Sent">{formatInstant(delivery.sentAt, timeZone)}</Fact>
        )}
      </Facts>
      {again.error !== null && again.error.code !== 'confirmation_required' && (
        <ErrorState error={again.error} />
      )}
      <ConfirmDialog
        opened={isAsked}
        title={`Send it again for ${connection.name}?`}
        confirmLabel={`Send again on ${connection.name}`}
        isDangerous
        onCancel={() => ask(false)}
        onConfirm={() => {
          ask(false);
          send(true);
        }}
      >
        {connection.name} is production. {one} about {notifiedName(notification)} goes out once more
        {delivery.recipient !== null && `, to ${delivery.recipient}`}. What is sent cannot be taken
        back.
      </ConfirmDialog>
    </section>
  );
}
