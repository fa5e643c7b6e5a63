import { Anchor, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { useMemo } from 'react';
import { Link } from 'wouter';
import { formatCredits } from '#renderer/format/credits.ts';
import { transactionTypeLabel } from '#renderer/format/labels.ts';
import { customerPath } from '#renderer/navigation/paths.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { ReverseIcon } from '#renderer/ui/icons.tsx';
import { TypeBadge } from '#renderer/ui/TypeBadge.tsx';
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

function columnsIn(timeZone: string): Column<Transaction>[] {
  return [
    {
      id: 'time',
      header: `Time (${timeZone})`,
      width: 150,
      isRowHeader: true,
      cell: (row) => <InstantText iso={row.createdAt} show="date" />,
      text: (row) => row.createdAt,
    },
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
    {
      id: 'type',
      header: 'Type',
      width: 112,
      hideBelow: 540,
      cell: (row) => <TypeBadge type={row.type} />,
      text: (row) => transactionTypeLabel(row.type),
    },
    {
      id: 'description',
      header: 'Description',
      width: 120,
      grow: 2,
      hideBelow: 660,
      cell: (row) => (
        <>
          {row.reversed > 0 && (
            <span className={classes.reversed} title={reversedInWords(row)}>
              <ReverseIcon size={13} />
              <VisuallyHidden>{reversedInWords(row)}. </VisuallyHidden>
            </span>
          )}
          <span title={row.description}>{row.description}</span>
        </>
      ),
      text: (row) => row.description,
    },
    {
      id: 'feature',
      header: 'Feature',
      width: 130,
      hideBelow: 1032,
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
      hideBelow: 772,
      cell: (row) => <CreditAmount value={row.balanceAfter} warnBelowZero />,
      text: (row) => String(row.balanceAfter),
    },
    {
      id: 'actor',
      header: 'Actor',
      width: 130,
      hideBelow: 902,
      cell: (row) => <span title={row.actor}>{row.actor}</span>,
      text: (row) => row.actor,
    },
  ];
}
