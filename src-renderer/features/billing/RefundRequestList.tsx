import { Button } from '@mantine/core';
import { useAbility } from '#renderer/api/session.tsx';
import { refundRequestStateLabel } from '#renderer/format/billing.ts';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { formatMoney } from '#renderer/format/money.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { errorWords } from '#renderer/ui/error-advice.ts';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import type { RefundRequest } from '#shared/ipc/billing.ts';
import styles from './billing.module.css';
import { useFinishRefund } from './mutations.ts';

/** Refunds that were asked for here and that Stripe has not confirmed, and those it refused. */
export function RefundRequestList({ requests }: { requests: readonly RefundRequest[] }) {
  return (
    <ul className={styles.entries} aria-label="Refunds not confirmed">
      {requests.map((request) => (
        <li key={request.id} className={styles.entry}>
          <Entry request={request} />
        </li>
      ))}
    </ul>
  );
}

function Entry({ request }: { request: RefundRequest }) {
  const mayRefund = useAbility('refund');
  const finish = useFinishRefund();
  const isOpen = request.state === 'requested';
  return (
    <>
      <div className={styles.entryHead}>
        <span className={styles.entryName}>Refund</span>
        <span className={styles.state} data-state={request.state}>
          {refundRequestStateLabel(request.state)}
        </span>
        <span className={styles.entryAmount}>
          <MoneyAmount value={request.price} />
        </span>
      </div>
      <p className={styles.entryMore}>
        {formatCreditsInWords(request.credits)} · asked for by {request.actor}{' '}
        <InstantText iso={request.createdAt} /> · {request.reason}
      </p>
      <div className={styles.entryMore}>
        <CopyableId value={request.stripePaymentId} label="Payment id" />
      </div>
      <p className={styles.entryMore}>
        {isOpen
          ? 'Its credits are on hold, nothing is lost, and it is finished by itself with the same key.'
          : 'Nothing was refunded, and its credits are free again.'}
        {request.error !== null && ` ${request.error}`}
      </p>
      {isOpen && mayRefund && (
        <div className={styles.linkActions}>
          <Button
            size="compact-sm"
            variant="default"
            aria-label={`Try again: refund of ${formatMoney(request.price)}`}
            loading={finish.isPending}
            onClick={() => finish.mutate({ id: request.id })}
          >
            Try again
          </Button>
        </div>
      )}
      {finish.error !== null && (
        <p className={styles.failure} role="alert">
          {errorWords(finish.error).what} {errorWords(finish.error).advice}
        </p>
      )}
    </>
  );
}
