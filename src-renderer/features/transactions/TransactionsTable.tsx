import { Anchor, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { useMemo } from 'react';
import { Link } from 'wouter';
import { formatCredits } from '#renderer/format/credits.ts';
import { customerPath } from '#renderer/navigation/paths.ts';
import { ReverseIcon } from '#renderer/ui/icons.tsx';
import { transactionColumns } from '#renderer/ui/transaction-columns.tsx';
import { type Column, VirtualTable } from '#renderer/ui/VirtualTable.tsx';
import type { Transaction } from '#shared/ipc/vocabulary.ts';
import classes from './Transactions.module.css';

/** Tells transactions apart over all customers: an id alone is the customer's. */
export function transactionKey(place: { customerId: string; id: string }): string {
  return `${place.id} ${place.customerId}`;
}

/** The log as a grid, newest first. */
export function TransactionsTable(props: {
  rows: readonly Transaction[];
  rowCount: number | undefined;
  timeZone: string;
  openKey: string | null;
  selected: ReadonlySet<string>;
  onSelectedChange: (keys: ReadonlySet<string>) => void;
  onOpen: (row: Transaction) => void;
  onEndReached: () => void;
  isLoadingMore: boolean;
  isBusy: boolean;
  placeholder: ReactNode;
}) {
  const { timeZone, openKey } = props;
  const columns = useMemo(() => columnsIn(timeZone), [timeZone]);
  return (
    <VirtualTable<Transaction>
      label="Transactions"
      columns={columns}
      rows={props.rows}
      rowKey={transactionKey}
      rowLabel={(row) => `transaction ${row.id}`}
      rowCount={props.rowCount}
      onOpen={props.onOpen}
      selection={{ keys: props.selected, onChange: props.onSelectedChange }}
      onEndReached={props.onEndReached}
      isLoadingMore={props.isLoadingMore}
      isBusy={props.isBusy}
      placeholder={props.placeholder}
      rowState={(row) => (transactionKey(row) === openKey ? 'current' : undefined)}
    />
  );
}

function reversedInWords({ amount, reversed }: Transaction): string {
  const size = Math.abs(amount);
  return reversed >= size
    ? 'Reversed'
    : `Reversed in part: ${formatCredits(reversed)} of ${formatCredits(size)}`;
}

const { time, type, description, feature, amount, balance, actor } = transactionColumns;

function columnsIn(timeZone: string): Column<Transaction>[] {
  return [
    { ...time, header: `Time (${timeZone})` },
    {
      id: 'customer',
      header: 'Customer',
      width: 110,
      grow: 1.2,
      cell: (row) => (
        <Anchor
          component={Link}
          inherit
          href={customerPath(row.customerId)}
          tabIndex={-1}
          className={classes.customer}
          title={row.customerEmail ?? row.customerId}
        >
          {row.customerName ?? row.customerEmail ?? row.customerId}
        </Anchor>
      ),
      text: (row) => row.customerId,
    },
    { ...type, hideBelow: 540 },
    {
      ...description,
      hideBelow: 660,
      cell: (row) => (
        <>
          {row.reversed > 0 && (
            <span className={classes.reversed} title={reversedInWords(row)}>
              <ReverseIcon size={13} />
              <VisuallyHidden>{reversedInWords(row)}. </VisuallyHidden>
            </span>
          )}
          {description.cell(row)}
        </>
      ),
    },
    { ...feature, hideBelow: 1032 },
    amount,
    { ...balance, hideBelow: 772 },
    { ...actor, hideBelow: 902 },
  ];
}
