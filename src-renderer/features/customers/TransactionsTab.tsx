import { ActionIcon, Button } from '@mantine/core';
import { toAppError } from '#renderer/api/client.ts';
import { useAbility } from '#renderer/api/session.tsx';
import { useLedgerForms } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { transactionTypeLabel } from '#renderer/format/labels.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { ReverseIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { TypeBadge } from '#renderer/ui/TypeBadge.tsx';
import { type Column, VirtualTable } from '#renderer/ui/VirtualTable.tsx';
import type { Transaction } from '#shared/ipc/vocabulary.ts';
import styles from './customer-page.module.css';
import { useCustomerTransactions } from './queries.ts';
import { mayBeReversible } from './reversible.ts';

const COLUMNS: ReadonlyArray<Column<Transaction>> = [
  {
    id: 'time',
    header: 'Time',
    width: 150,
    isRowHeader: true,
    cell: (row) => <InstantText iso={row.createdAt} show="date" />,
    text: (row) => row.createdAt,
  },
  {
    id: 'type',
    header: 'Type',
    width: 112,
    cell: (row) => <TypeBadge type={row.type} />,
    text: (row) => transactionTypeLabel(row.type),
  },
  {
    id: 'description',
    header: 'Description',
    width: 120,
    grow: 2,
    cell: (row) => (
      <span title={row.description}>
        {row.reversed > 0 && (
          <span className={styles.reversedWord}>
            {row.reversed >= Math.abs(row.amount) ? 'Reversed' : 'Partly reversed'}
          </span>
        )}
        {row.description}
      </span>
    ),
    text: (row) => row.description,
  },
  {
    id: 'feature',
    header: 'Feature',
    width: 120,
    hideBelow: 760,
    cell: (row) => <span title={row.feature ?? undefined}>{row.feature ?? ''}</span>,
    text: (row) => row.feature ?? '',
  },
  {
    id: 'amount',
    header: 'Amount',
    width: 104,
    align: 'end',
    cell: (row) => <CreditAmount value={row.amount} signed />,
    text: (row) => String(row.amount),
  },
  {
    id: 'balance',
    header: 'Balance after',
    width: 112,
    align: 'end',
    hideBelow: 540,
    cell: (row) => <CreditAmount value={row.balanceAfter} warnBelowZero />,
    text: (row) => String(row.balanceAfter),
  },
  {
    id: 'actor',
    header: 'Actor',
    width: 110,
    hideBelow: 680,
    cell: (row) => <span title={row.actor}>{row.actor}</span>,
    text: (row) => row.actor,
  },
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
  const { pages, rows } = useCustomerTransactions(customerId);
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
        onEndReached={() => {
          if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
        }}
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
            <ErrorState error={toAppError(pages.error)} onRetry={() => void pages.refetch()} />
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
        <ErrorState error={toAppError(pages.error)} onRetry={() => void pages.fetchNextPage()} />
      )}
    </>
  );
}
