import { ActionIcon, Button } from '@mantine/core';
import { useAbility } from '#renderer/api/session.tsx';
import { useLedgerForms } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { ReverseIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { transactionColumns } from '#renderer/ui/transaction-columns.tsx';
import { type Column, VirtualTable } from '#renderer/ui/VirtualTable.tsx';
import type { Transaction } from '#shared/ipc/vocabulary.ts';
import { useCustomerTransactions } from './queries.ts';
import { ReversedWord } from './ReversedWord.tsx';
import { mayBeReversible } from './reversible.ts';

const { time, type, description, feature, amount, balance, actor } = transactionColumns;

const COLUMNS: ReadonlyArray<Column<Transaction>> = [
  time,
  type,
  {
    ...description,
    cell: (row) => (
      <>
        <ReversedWord transaction={row} />
        {description.cell(row)}
      </>
    ),
  },
  { ...feature, width: 120, hideBelow: 760 },
  amount,
  { ...balance, hideBelow: 540 },
  { ...actor, width: 110, hideBelow: 680 },
];

/** All transactions of one customer as a grid; a row opens its details. */
export function TransactionsTab({
  customerId,
  shownId,
  onOpenTransaction,
}: {
  customerId: string;
  /** The transaction whose details are open. */
  shownId: string | null;
  onOpenTransaction: (transactionId: string) => void;
}) {
  const mayReverse = useAbility('reverse');
  const mayGrant = useAbility('grant');
  const forms = useLedgerForms();
  const { pages, rows, loadMore } = useCustomerTransactions(customerId);
  return (
    <>
      <VirtualTable<Transaction>
        label="Transactions of this customer"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.id}
        rowLabel={(row) => `transaction ${row.id}`}
        rowCount={pages.hasNextPage || !pages.isSuccess ? undefined : rows.length}
        onOpen={(row) => onOpenTransaction(row.id)}
        onEndReached={loadMore}
        isLoadingMore={pages.isFetchingNextPage}
        rowState={(row) => (row.id === shownId ? 'current' : undefined)}
        {...(mayReverse && {
          rowActions: (row: Transaction, { isActive }: { isActive: boolean }) =>
            mayBeReversible(row) && (
              <ActionIcon
                tabIndex={isActive ? 0 : -1}
                aria-label={`Reverse transaction ${row.id}`}
                title="Reverse…"
                onClick={() => forms.openReverse({ customerId, transactionId: row.id })}
              >
                <ReverseIcon size={14} />
              </ActionIcon>
            ),
        })}
        placeholder={
          pages.isError ? (
            <ErrorState error={pages.error} onRetry={() => void pages.refetch()} />
          ) : pages.isPending ? (
            <LoadingRows count={10} label="Loading transactions" />
          ) : (
            <EmptyState
              action={
                mayGrant && (
                  <Button onClick={() => forms.openGrant(customerId)}>Grant credits</Button>
                )
              }
            >
              This customer has no transactions yet.
            </EmptyState>
          )
        }
      />
      {pages.isFetchNextPageError && (
        <ErrorState error={pages.error} onRetry={() => void pages.fetchNextPage()} />
      )}
    </>
  );
}
