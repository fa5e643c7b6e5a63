import { Button } from '@mantine/core';
import { useEffect } from 'react';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { formatMoney } from '#renderer/format/money.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { errorWords } from '#renderer/ui/error-advice.ts';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import type { RefundRequest } from '#shared/ipc/billing.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import styles from './billing.module.css';
import { useFinishRefund } from './mutations.ts';
import { useFollowedRefund } from './queries.ts';
import { StripeModeNote } from './StripeModeNote.tsx';

/** A refund that was asked for and that Stripe has not confirmed: what that means, and how it goes on. */
export function RefundPending({
  request: first,
  stripe,
  opened,
  onClose,
}: {
  request: RefundRequest;
  stripe: StripeStatus;
  opened: boolean;
  onClose: () => void;
}) {
  const followed = useFollowedRefund(first.customerId, first.id);
  const finish = useFinishRefund();
  // The newest there is: an answer that was asked for before this request was made knows nothing of it.
  const answered = finish.data?.request;
  const request =
    answered !== undefined && answered.state !== 'requested' ? answered : (followed ?? first);
  const { title, text } = words(request);
  useEffect(() => announce(`${title} ${text}`), [title, text]);
  const isOpen = request.state === 'requested';
  return (
    <SideDrawer
      opened={opened}
      onClose={onClose}
      title="Refund money"
      width={500}
      foot={
        <div className={styles.foot}>
          {isOpen && (
            <Button
              variant="default"
              loading={finish.isPending}
              onClick={() => finish.mutate({ id: request.id })}
            >
              Try again now
            </Button>
          )}
          <Button onClick={onClose} data-autofocus>
            Close
          </Button>
        </div>
      }
    >
      <div className={styles.form}>
        <StripeModeNote status={stripe} onLeave={onClose} />
        <p className={styles.outcomeTitle}>{title}</p>
        <p className={styles.outcome}>{text}</p>
        {request.error !== null && <p className={styles.outcome}>{request.error}</p>}
        {finish.error !== null && (
          <p className={styles.failure} role="alert">
            {errorWords(finish.error).what} {errorWords(finish.error).advice}
          </p>
        )}
      </div>
    </SideDrawer>
  );
}

function words(request: RefundRequest): { title: string; text: string } {
  const money = formatMoney(request.price);
  const credits = formatCreditsInWords(request.credits);
  switch (request.state) {
    case 'requested':
      return {
        title: `Stripe has not confirmed the refund of ${money} yet.`,
        text: `Nothing is lost: the request is kept, what is left of its ${credits} is on hold, and it is finished by itself with the same key, so the money goes back once. You can close this; it stands in the Billing tab until it is done.`,
      };
    case 'refunded':
      return {
        title: `Stripe has confirmed the refund of ${money}.`,
        text: `The credits followed: it stood for ${credits}.`,
      };
    case 'refused':
      return {
        title: `Stripe refused the refund of ${money}.`,
        text: 'Nothing was refunded, and the credits are free again.',
      };
  }
}
