import { Button } from '@mantine/core';
import { useState } from 'react';
import { useAbility } from '#renderer/api/session.tsx';
import { copyText } from '#renderer/ui/copy-text.ts';
import { errorWords } from '#renderer/ui/error-advice.ts';
import { CheckIcon, CopyIcon, ExternalIcon } from '#renderer/ui/icons.tsx';
import { useAskedAct } from '#renderer/ui/use-asked-act.tsx';
import type { Checkout } from '#shared/ipc/billing.ts';
import styles from './billing.module.css';
import { useCloseCheckout, useOpenCheckout, useRefreshCheckout } from './mutations.ts';
import { isUnderWay } from './queries.ts';

/** The link of a checkout with what can be done about it. Names in full, where several stand under each other. */
export function CheckoutLink({ checkout }: { checkout: Checkout }) {
  const maySell = useAbility('sell');
  const open = useOpenCheckout();
  const refresh = useRefreshCheckout();
  const close = useCloseCheckout();
  const [copied, setCopied] = useState(false);
  const { id, url, itemName } = checkout;
  const closing = useAskedAct<string>({
    asks: () => true,
    questionOf: () => ({
      title: `Close the link for ${itemName}?`,
      confirmLabel: 'Close link',
      cancelLabel: 'Keep it open',
      words:
        'Nobody can pay it afterwards. A payment that is being made at this moment counts; a new link can be made at any time.',
    }),
    perform: (checkoutId, confirmedProduction, onError) =>
      close.mutate({ id: checkoutId, confirmedProduction }, { onError }),
  });
  const failure = [refresh.error, close.error, open.error].find(
    (error) => error !== null && error.code !== 'confirmation_required',
  );
  return (
    <div className={styles.link}>
      {url !== null && (
        <p className={styles.url} title={url}>
          {url}
        </p>
      )}
      <div className={styles.linkActions}>
        {url !== null && (
          <>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={copied ? <CheckIcon size={13} /> : <CopyIcon size={13} />}
              aria-label={`Copy link for ${itemName}`}
              onClick={async () => setCopied(await copyText(url, 'Payment link'))}
            >
              {copied ? 'Copied' : 'Copy link'}
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<ExternalIcon size={13} />}
              aria-label={`Open link for ${itemName} in the browser`}
              loading={open.isPending}
              onClick={() => open.mutate({ id })}
            >
              Open
            </Button>
          </>
        )}
        {maySell && isUnderWay(checkout) && (
          <Button
            size="compact-sm"
            variant="subtle"
            aria-label={`Check now whether ${itemName} was paid`}
            loading={refresh.isPending}
            onClick={() => refresh.mutate({ id })}
          >
            Check now
          </Button>
        )}
        {maySell && checkout.state === 'open' && (
          <Button
            size="compact-sm"
            variant="subtle"
            color="red"
            aria-label={`Close link for ${itemName}`}
            loading={close.isPending}
            onClick={() => closing.start(id)}
          >
            Close link
          </Button>
        )}
      </div>
      {failure != null && (
        <p className={styles.failure} role="alert">
          {errorWords(failure).what} {errorWords(failure).advice}
        </p>
      )}
      {closing.question}
    </div>
  );
}
