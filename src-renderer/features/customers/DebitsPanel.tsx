import { ActionIcon, Button, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { Fragment, type ReactNode, useEffect, useRef } from 'react';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { transactionTypeLabel } from '#renderer/format/labels.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { FilterChip } from '#renderer/ui/FilterChip.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { ChevronRightIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import { TypeBadge } from '#renderer/ui/TypeBadge.tsx';
import type { AppError } from '#shared/errors.ts';
import type { Grant, TransactionType } from '#shared/ipc/vocabulary.ts';
import styles from './credits-tab.module.css';
import { useCustomerTransactions, useGrantDebits } from './queries.ts';

/** One grant's share of a debit. */
type PaidBy = { key: string; words: string; amount: number };

type DebitRow = {
  transactionId: string;
  type: TransactionType;
  description: string;
  feature: string | null;
  /** As a movement of the account: negative takes. */
  amount: number;
  createdAt: string;
};

/** The debits one grant paid, or the newest ones; choosing one marks the grants that paid it. */
export function DebitsPanel({
  customerId,
  grant,
  onLeaveGrant,
  debitId,
  onChooseDebit,
  onOpenTransaction,
  paidText,
  paidBy,
}: {
  customerId: string;
  /** null: the newest debits of the customer. */
  grant: Grant | null;
  onLeaveGrant: () => void;
  debitId: string | null;
  onChooseDebit: (transactionId: string | null) => void;
  onOpenTransaction: (transactionId: string) => void;
  /** Which grants paid the chosen debit, in words. */
  paidText: string | null;
  /** The grants that paid it, as far as they are known. */
  paidBy: readonly PaidBy[];
}) {
  const rows = { debitId, onChooseDebit, onOpenTransaction, paidBy };
  const title = useRef<HTMLHeadingElement>(null);
  const grantId = grant?.id;
  // A grant is chosen further up: its debits come into sight, no further than need be.
  useEffect(() => {
    if (grantId !== undefined) title.current?.scrollIntoView({ block: 'nearest' });
  }, [grantId]);
  return (
    <section className={styles.section} aria-label="Debits">
      <h2 className={`${styles.title} ${styles.anchor}`} ref={title}>
        {grant === null ? 'Newest debits' : 'Debits this grant paid'}
        {grant !== null && (
          <FilterChip
            label="Grant"
            value={`${transactionTypeLabel(grant.source)}${grant.description === '' ? '' : `, ${grant.description}`}`}
            onRemove={onLeaveGrant}
          />
        )}
      </h2>
      <p className={styles.paidText} role="status">
        {paidText ?? 'Choose a debit to mark the grants that paid it.'}
      </p>
      {grant === null ? (
        <NewestDebits customerId={customerId} {...rows} />
      ) : (
        <GrantDebits customerId={customerId} grant={grant} {...rows} />
      )}
    </section>
  );
}

type RowHandlers = {
  debitId: string | null;
  onChooseDebit: (transactionId: string | null) => void;
  onOpenTransaction: (transactionId: string) => void;
  paidBy: readonly PaidBy[];
};

const NEWEST = 10;

function NewestDebits({ customerId, ...handlers }: { customerId: string } & RowHandlers) {
  const { pages, rows } = useCustomerTransactions(customerId);
  const debits = rows
    .filter((row) => row.amount < 0)
    .slice(0, NEWEST)
    .map((row): DebitRow => ({ ...row, transactionId: row.id }));
  return (
    <DebitTable
      label="Newest debits"
      amountHeader="Amount"
      rows={debits}
      query={pages}
      emptyText="Nothing was taken from this account yet."
      {...handlers}
    />
  );
}

function GrantDebits({
  customerId,
  grant,
  ...handlers
}: { customerId: string; grant: Grant } & RowHandlers) {
  const { pages, rows } = useGrantDebits(customerId, grant.id);
  return (
    <DebitTable
      label="Debits this grant paid"
      amountHeader="From this grant"
      // The query counts what left the grant; the account sees it with the other sign.
      rows={rows.map((row): DebitRow => ({ ...row, amount: row.amount === 0 ? 0 : -row.amount }))}
      query={pages}
      emptyText="This grant has not paid any debit yet."
      more={
        pages.hasNextPage && (
          <Button
            variant="subtle"
            size="compact-sm"
            className={styles.showAll}
            loading={pages.isFetchingNextPage}
            onClick={() => void pages.fetchNextPage()}
          >
            Show older
          </Button>
        )
      }
      {...handlers}
    />
  );
}

function DebitTable({
  label,
  amountHeader,
  rows,
  query,
  emptyText,
  more,
  debitId,
  onChooseDebit,
  onOpenTransaction,
  paidBy,
}: {
  label: string;
  amountHeader: string;
  rows: readonly DebitRow[];
  query: { isPending: boolean; error: AppError | null; refetch: () => unknown };
  emptyText: string;
  more?: ReactNode;
} & RowHandlers) {
  if (query.error !== null && rows.length === 0) {
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (query.isPending) return <LoadingRows count={5} label="Loading debits" />;
  if (rows.length === 0) return <EmptyState>{emptyText}</EmptyState>;
  return (
    <>
      <Table
        label={label}
        className={styles.table}
        head={
          <>
            <th scope="col">Debit</th>
            <th scope="col">Feature</th>
            <th scope="col">Time</th>
            <th scope="col" data-number>
              {amountHeader}
            </th>
            <th scope="col">
              <VisuallyHidden>Details</VisuallyHidden>
            </th>
          </>
        }
      >
        {rows.map((row) => {
          const isChosen = row.transactionId === debitId;
          const name = row.description || `Transaction ${row.transactionId}`;
          const isOpened = isChosen && paidBy.length > 0;
          return (
            // A debit and what a reversal put back of it are rows of their own.
            <Fragment key={`${row.transactionId} ${row.amount}`}>
              <tr data-chosen={isChosen || undefined} data-opened={isOpened || undefined}>
                <th scope="row">
                  <UnstyledButton
                    className={styles.choose}
                    aria-pressed={isChosen}
                    title={isChosen ? 'Leave this debit' : 'Mark the grants that paid it'}
                    onClick={() => onChooseDebit(isChosen ? null : row.transactionId)}
                  >
                    <TypeBadge type={row.type} /> <span className={styles.chooseWords}>{name}</span>
                  </UnstyledButton>
                </th>
                <td>{row.feature ?? ''}</td>
                <td>
                  <InstantText iso={row.createdAt} show="date" />
                </td>
                <td data-number>
                  <CreditAmount value={row.amount} signed />
                </td>
                <td data-actions>
                  <ActionIcon
                    size={24}
                    aria-label={`Details of ${name}, ${formatCreditsInWords(row.amount)}`}
                    onClick={() => onOpenTransaction(row.transactionId)}
                  >
                    <ChevronRightIcon size={14} />
                  </ActionIcon>
                </td>
              </tr>
              {isOpened && (
                <tr>
                  <td colSpan={5} className={styles.paidBy}>
                    <ul aria-label={`Grants that paid ${name}`}>
                      {paidBy.map((each) => (
                        <li key={each.key}>
                          <span className={styles.paidByWords}>{each.words}</span>
                          <CreditAmount value={each.amount} />
                        </li>
                      ))}
                    </ul>
                  </td>
                </tr>
              )}
            </Fragment>
          );
        })}
      </Table>
      {more}
    </>
  );
}
