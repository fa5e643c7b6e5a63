import { Button } from '@mantine/core';
import { useRef } from 'react';
import { useSession } from '#renderer/api/session.tsx';
import { formatCredits } from '#renderer/format/credits.ts';
import { formatInstant } from '#renderer/format/time.ts';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { Fact, Facts } from '#renderer/ui/Facts.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import { useFocusAfterAct } from '#renderer/ui/use-focus-after-act.ts';
import type { AppError } from '#shared/errors.ts';
import type { Delivery } from '#shared/ipc/alerts.ts';
import { canSendAgain, channelWords, deliveryWords } from './alert-words.ts';
import classes from './alerts.module.css';

/** What became of a notification over one channel, and sending it again where it did not get through. */
export function DeliveryDetails({
  delivery,
  isSending,
  error,
  onSendAgain,
}: {
  delivery: Delivery;
  isSending: boolean;
  /** Why it could not be sent again. */
  error: AppError | null;
  /** Null for who may not send again. */
  onSendAgain: (() => void) | null;
}) {
  const { timeZone } = useSession();
  const { label: channelName } = channelWords(delivery.channel);
  const { label, tone, why } = deliveryWords(delivery);
  // Where it worked, the button is gone.
  const section = useRef<HTMLElement>(null);
  useFocusAfterAct(isSending, section);
  return (
    <section ref={section} tabIndex={-1} className={classes.delivery} aria-label={channelName}>
      <div className={classes.deliveryHead}>
        <h3 className={classes.deliveryTitle}>{channelName}</h3>
        {onSendAgain !== null && canSendAgain(delivery) && (
          <Button size="compact-sm" variant="default" loading={isSending} onClick={onSendAgain}>
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
      <CommandFailure error={error} />
    </section>
  );
}
