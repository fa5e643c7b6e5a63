import { ActionIcon, Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { useBillingForms } from '#renderer/features/billing/billing.tsx';
import { useLedgerForms } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { customerPath, transactionsPath } from '#renderer/navigation/paths.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { CloseIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { TransactionDetails, TransactionReversal } from '#renderer/ui/TransactionDetails.tsx';
import type { Transaction } from '#shared/ipc/vocabulary.ts';
import classes from './Transactions.module.css';

export type TransactionPlace = Pick<Transaction, 'customerId'> & {
  transactionId: Transaction['id'];
};

/** One transaction and whose it is, beside the list. */
export function TransactionPanel({
  place,
  onClose,
  onShow,
}: {
  place: TransactionPlace;
  onClose: () => void;
  /** Another transaction was asked for, such as the one that this one reverses. */
  onShow: (place: TransactionPlace) => void;
}) {
  const { timeZone } = useSession();
  const query = useQuery(consoleQuery('transactions.get', place));
  const mayReverse = useAbility('reverse');
  const mayRefund = useAbility('refund');
  const forms = useLedgerForms();
  const billingForms = useBillingForms();
  return (
    <aside className={classes.panel} aria-label="Transaction details">
      <div className={classes.panelHead}>
        <h2 className={classes.panelTitle}>Transaction</h2>
        <ActionIcon className={classes.panelClose} aria-label="Close details" onClick={onClose}>
          <CloseIcon />
        </ActionIcon>
      </div>
      <div className={classes.panelBody}>
        {query.data !== undefined ? (
          <TransactionDetails
            details={query.data}
            timeZone={timeZone}
            customer={<CustomerOf transaction={query.data.transaction} />}
            onShow={(transactionId) => onShow({ customerId: place.customerId, transactionId })}
          />
        ) : query.isError ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <LoadingRows count={9} label="Loading the transaction" />
        )}
      </div>
      {query.data !== undefined && (
        <div className={classes.panelFoot}>
          <TransactionReversal
            details={query.data}
            onReverse={mayReverse ? () => forms.openReverse(place) : undefined}
            onRefund={
              mayRefund
                ? (stripePaymentId) =>
                    billingForms.openRefund({ customerId: place.customerId, stripePaymentId })
                : undefined
            }
          />
        </div>
      )}
    </aside>
  );
}

function CustomerOf({ transaction }: { transaction: Transaction }) {
  const { customerId, customerName, customerEmail } = transaction;
  return (
    <>
      <Anchor component={Link} inherit href={customerPath(customerId)}>
        {customerName ?? customerEmail ?? customerId}
      </Anchor>
      {customerName !== null && customerEmail !== null && (
        <div className={classes.secondLine}>{customerEmail}</div>
      )}
      <div>
        <CopyableId value={customerId} label="Customer id" />
      </div>
      <Anchor
        component={Link}
        inherit
        className={classes.secondLine}
        href={transactionsPath({ customer: customerId })}
      >
        All transactions of this customer
      </Anchor>
    </>
  );
}
