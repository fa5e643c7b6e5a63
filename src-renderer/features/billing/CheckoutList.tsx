import { Button } from '@mantine/core';
import { useState } from 'react';
import { checkoutKindLabel, checkoutStateWords } from '#renderer/format/billing.ts';
import { formatCreditsInWords, formatQuantity } from '#renderer/format/credits.ts';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import type { Checkout } from '#shared/ipc/billing.ts';
import styles from './billing.module.css';
import { CheckoutLink } from './CheckoutLink.tsx';
import { MeteredPriceName } from './MeteredPriceName.tsx';
import { isUnderWay } from './queries.ts';

/** The payment links of a customer that are under way; what came to nothing is shown when asked for. */
export function CheckoutList({ checkouts }: { checkouts: readonly Checkout[] }) {
  const [endedShown, setEndedShown] = useState(false);
  const underWay = checkouts.filter(isUnderWay);
  // What was paid stands among the payments.
  const ended = checkouts.filter((each) => !isUnderWay(each) && each.state !== 'paid');
  return (
    <>
      {underWay.length === 0 ? (
        <p className={styles.empty}>No payment link is under way.</p>
      ) : (
        <Entries label="Payment links under way" checkouts={underWay} />
      )}
      {ended.length > 0 && (
        <>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            className={styles.toggle}
            aria-expanded={endedShown}
            onClick={() => setEndedShown(!endedShown)}
          >
            {endedShown ? 'Hide' : 'Show'}{' '}
            {formatQuantity(ended.length, 'link that was not paid', 'links that were not paid')}
          </Button>
          {endedShown && <Entries label="Payment links that were not paid" checkouts={ended} />}
        </>
      )}
    </>
  );
}

function Entries({ label, checkouts }: { label: string; checkouts: readonly Checkout[] }) {
  return (
    <ul className={styles.entries} aria-label={label}>
      {checkouts.map((checkout) => (
        <li key={checkout.id} className={styles.entry}>
          <Entry checkout={checkout} />
        </li>
      ))}
    </ul>
  );
}

function Entry({ checkout }: { checkout: Checkout }) {
  const { label, sentence } = checkoutStateWords(checkout.state);
  return (
    <>
      <div className={styles.entryHead}>
        <span className={styles.entryName}>
          {checkoutKindLabel(checkout.kind)}: {checkout.itemName}
        </span>
        <span className={styles.state} data-state={checkout.state}>
          {label}
        </span>
        <span className={styles.entryAmount}>
          <MoneyAmount value={checkout.price} />
        </span>
      </div>
      <p className={styles.entryMore}>
        {formatCreditsInWords(checkout.credits)}
        {checkout.kind === 'subscription' && ' a month'}
        {checkout.meteredPriceId !== null && (
          <>
            {' '}
            · also billed by use: <MeteredPriceName id={checkout.meteredPriceId} />
          </>
        )}{' '}
        · made by {checkout.actor} <InstantText iso={checkout.createdAt} />
        {checkout.state === 'open' && checkout.expiresAt !== null && (
          <>
            {' '}
            · closes by itself <InstantText iso={checkout.expiresAt} />
          </>
        )}
      </p>
      <p className={styles.entryMore}>
        {sentence}
        {checkout.error !== null && ` ${checkout.error}`}
      </p>
      {isUnderWay(checkout) && <CheckoutLink checkout={checkout} />}
    </>
  );
}
