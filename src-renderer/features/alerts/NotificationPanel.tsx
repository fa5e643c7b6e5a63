import { Anchor } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { useCommand } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { formatInstant } from '#renderer/format/time.ts';
import { customerPath } from '#renderer/navigation/paths.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { Fact, Facts } from '#renderer/ui/Facts.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { useAskedAct } from '#renderer/ui/use-asked-act.tsx';
import type { Delivery, Notification } from '#shared/ipc/alerts.ts';
import { canSendAgain, channelWords, levelWords } from './alert-words.ts';
import classes from './alerts.module.css';
import { DeliveryDetails } from './DeliveryDetails.tsx';
import { keepNotification } from './keep-alerts.ts';
import { LevelBadge } from './LevelBadge.tsx';
import { notifiedName } from './notification-columns.tsx';

/**
 * One notification in a drawer: what it is about, and what became of it over each channel. `rows` is the list that it was
 * opened from; where it leaves that list, such as by being sent again, it is shown as it was last.
 */
export function NotificationPanel({
  id,
  rows,
  onClose,
}: {
  id: string;
  rows: readonly Notification[];
  onClose: () => void;
}) {
  const found = rows.find((row) => row.id === id);
  const [last, setLast] = useState(found);
  if (found !== undefined && found !== last) setLast(found);
  const listed = found ?? last;
  // A command's answer is newer than the list that it was given over, also where the list then leaves it out.
  const [answer, setAnswer] = useState<{ notification: Notification; over: Notification } | null>(
    null,
  );
  if (listed === undefined) return null;
  return (
    <OpenNotification
      notification={answer?.over === listed ? answer.notification : listed}
      onAnswered={(notification) => setAnswer({ notification, over: listed })}
      onClose={onClose}
    />
  );
}

function OpenNotification({
  notification,
  onAnswered,
  onClose,
}: {
  notification: Notification;
  onAnswered: (notification: Notification) => void;
  onClose: () => void;
}) {
  const { timeZone } = useSession();
  const mayAdminister = useAbility('administer');
  const queryClient = useQueryClient();
  const again = useCommand('alerts.sendAgain', {
    onSuccess: (answered, { channel }) => {
      onAnswered(answered);
      keepNotification(queryClient, answered);
      announce(`${channelWords(channel).one} waits to be sent again.`);
    },
  });
  const sending = useAskedAct<Delivery>({
    questionOf: ({ channel, recipient }) => ({
      title: 'Send it again?',
      confirmLabel: 'Send again',
      words: `${channelWords(channel).one} about ${notifiedName(notification)} goes out once more${recipient === null ? '' : `, to ${recipient}`}. What is sent cannot be taken back.`,
    }),
    perform: ({ channel }, confirmedProduction, onError) =>
      again.mutate({ notificationId: notification.id, channel, confirmedProduction }, { onError }),
  });
  const { kind, balance, threshold, transactionId, occurredAt, deliveries } = notification;
  return (
    <SideDrawer
      opened
      // Esc reaches the question that lies over the drawer and the drawer alike.
      onClose={() => {
        if (!sending.isAsking) onClose();
      }}
      title="Notification"
      width={520}
    >
      <Facts>
        <Fact name="Kind">
          <LevelBadge level={kind} /> {levelWords(kind).sentence}
        </Fact>
        <Fact name="Customer">
          <Anchor component={Link} inherit href={customerPath(notification.customerId)}>
            {notifiedName(notification)}
          </Anchor>
        </Fact>
        <Fact name="Balance then">{formatCreditsInWords(balance)}</Fact>
        <Fact name="Threshold then">{formatCreditsInWords(threshold)}</Fact>
        <Fact name="Happened">{formatInstant(occurredAt, timeZone)}</Fact>
        <Fact name="Debit">
          <CopyableId value={transactionId} label="Transaction id" />
        </Fact>
      </Facts>
      {deliveries.length === 0 && (
        <p className={classes.hint}>
          Neither e-mail nor webhook was on, so it was delivered to nobody outside the console.
        </p>
      )}
      {deliveries.map((delivery) => (
        <DeliveryDetails
          key={delivery.channel}
          delivery={delivery}
          isSending={again.isPending && again.variables.channel === delivery.channel}
          error={again.variables?.channel === delivery.channel ? again.error : null}
          onSendAgain={mayAdminister ? () => sending.start(delivery) : null}
        />
      ))}
      {!mayAdminister && deliveries.some(canSendAgain) && (
        <p className={classes.hint}>
          Your role may read this. Sending again takes a role that may change notifications.
        </p>
      )}
      {sending.question}
    </SideDrawer>
  );
}
