import { useAbility, useSession } from '#renderer/api/session.tsx';
import { useBillingForms } from '#renderer/features/billing/billing.tsx';
import { useLedgerForms } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { TransactionDetails, TransactionReversal } from '#renderer/ui/TransactionDetails.tsx';
import { useTransaction } from './queries.ts';

/** One transaction of the customer, over the page. */
export function TransactionDrawer({
  customerId,
  transactionId,
  onShow,
  onClose,
}: {
  customerId: string;
  /** null: closed. */
  transactionId: string | null;
  onShow: (transactionId: string) => void;
  onClose: () => void;
}) {
  const { timeZone } = useSession();
  const query = useTransaction(customerId, transactionId);
  const mayReverse = useAbility('reverse');
  const mayRefund = useAbility('refund');
  const forms = useLedgerForms();
  const billingForms = useBillingForms();
  const details = transactionId === null ? undefined : query.data;

  function reverse() {
    if (transactionId === null) return;
    onClose();
    forms.openReverse({ customerId, transactionId });
  }

  function refund(stripePaymentId: string) {
    onClose();
    billingForms.openRefund({ customerId, stripePaymentId });
  }

  return (
    <SideDrawer
      opened={transactionId !== null}
      onClose={onClose}
      title="Transaction"
      foot={
        details === undefined ? undefined : (
          <TransactionReversal
            details={details}
            onReverse={mayReverse ? reverse : undefined}
            onRefund={mayRefund ? refund : undefined}
          />
        )
      }
    >
      {details !== undefined ? (
        <TransactionDetails details={details} timeZone={timeZone} onShow={onShow} />
      ) : query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <LoadingRows count={9} label="Loading the transaction" />
      )}
    </SideDrawer>
  );
}
