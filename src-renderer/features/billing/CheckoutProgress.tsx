import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { consoleQuery } from '#renderer/api/queries.ts';
import { checkoutStateWords } from '#renderer/format/billing.ts';
import { formatCredits, formatCreditsInWords } from '#renderer/format/credits.ts';
import { formatMoney } from '#renderer/format/money.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import type { Checkout } from '#shared/ipc/billing.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import styles from './billing.module.css';
import { CheckoutLink } from './CheckoutLink.tsx';
import { MeteredPriceName } from './MeteredPriceName.tsx';
import { useFollowedCheckout } from './queries.ts';
import { StripeModeNote } from './StripeModeNote.tsx';

/** The link that was made, followed until it was paid or closed. Closing the drawer loses nothing. */
export function CheckoutProgress({
  checkout: first,
  stripe,
  opened,
  onClose,
}: {
  checkout: Checkout;
  /** Where the link was made, as far as it is known. */
  stripe: StripeStatus | undefined;
  opened: boolean;
  onClose: () => void;
}) {
  const checkout = useFollowedCheckout(first);
  const { state, kind, itemName, price, credits, meteredPriceId } = checkout;
  const { label, sentence } = checkoutStateWords(state);
  useEffect(() => announce(`${label}. ${sentence}`), [label, sentence]);
  return (
    <SideDrawer
      opened={opened}
      onClose={onClose}
      title="Sell credits"
      width={500}
      foot={
        <div className={styles.foot}>
          <Button variant="default" onClick={onClose} data-autofocus>
            Close
          </Button>
        </div>
      }
    >
      <div className={styles.form}>
        {stripe !== undefined && <StripeModeNote status={stripe} onLeave={onClose} />}
        <p className={styles.outcomeTitle}>
          {itemName}, {formatMoney(price)}
          {kind === 'subscription' && ' a month'}
          {meteredPriceId !== null && (
            <>
              , and <MeteredPriceName id={meteredPriceId} /> by use
            </>
          )}
        </p>
        <div>
          <span className={styles.state} data-state={state}>
            {label}
          </span>
          <p className={styles.entryMore}>
            {sentence}
            {checkout.error !== null && ` ${checkout.error}`}
            {state === 'open' && checkout.expiresAt !== null && (
              <>
                {' '}
                It closes by itself <InstantText iso={checkout.expiresAt} />.
              </>
            )}
          </p>
        </div>
        {state === 'paid' ? (
          <p className={styles.outcome}>
            {formatCreditsInWords(credits)} {credits === 1 ? 'was' : 'were'} granted.{' '}
            <NewBalance customerId={checkout.customerId} />
          </p>
        ) : (
          <CheckoutLink checkout={checkout} />
        )}
        {(state === 'open' || state === 'processing' || state === 'creating') && (
          <p className={styles.entryMore}>
            You can close this: the link stands in the Billing tab, and the credits come by
            themselves once it is paid.
          </p>
        )}
      </div>
    </SideDrawer>
  );
}

/** What is available after the payment: asked for anew, since what the page knows may be from before. */
function NewBalance({ customerId }: { customerId: string }) {
  const customer = useQuery({ ...consoleQuery('customers.get', { customerId }), staleTime: 0 });
  if (customer.data === undefined || customer.isFetching) return null;
  return <span>Available now: {formatCredits(customer.data.balance.available)}.</span>;
}
