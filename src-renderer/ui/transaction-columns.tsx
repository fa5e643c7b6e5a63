import { transactionTypeLabel } from '#renderer/format/labels.ts';
import type { Transaction } from '#shared/ipc/vocabulary.ts';
import { CreditAmount } from './CreditAmount.tsx';
import { InstantText } from './InstantText.tsx';
import { TypeBadge } from './TypeBadge.tsx';
import type { Column } from './VirtualTable.tsx';

/** What every grid of transactions shows alike; the grid adds its own columns, and when each is hidden. */
export const transactionColumns = {
  time: {
    id: 'time',
    header: 'Time',
    width: 150,
    isRowHeader: true,
    cell: (row) => <InstantText iso={row.createdAt} show="date" />,
    text: (row) => row.createdAt,
  },
  type: {
    id: 'type',
    header: 'Type',
    width: 112,
    cell: (row) => <TypeBadge type={row.type} />,
    text: (row) => transactionTypeLabel(row.type),
  },
  description: {
    id: 'description',
    header: 'Description',
    width: 120,
    grow: 2,
    cell: (row) => <span title={row.description}>{row.description}</span>,
    text: (row) => row.description,
  },
  feature: {
    id: 'feature',
    header: 'Feature',
    width: 130,
    cell: (row) => <span title={row.feature ?? undefined}>{row.feature ?? ''}</span>,
    text: (row) => row.feature ?? '',
  },
  amount: {
    id: 'amount',
    header: 'Amount',
    width: 104,
    align: 'end',
    cell: (row) => <CreditAmount value={row.amount} signed />,
    text: (row) => String(row.amount),
  },
  balance: {
    id: 'balance',
    header: 'Balance after',
    width: 112,
    align: 'end',
    cell: (row) => <CreditAmount value={row.balanceAfter} warnBelowZero />,
    text: (row) => String(row.balanceAfter),
  },
  actor: {
    id: 'actor',
    header: 'Actor',
    width: 130,
    cell: (row) => <span title={row.actor}>{row.actor}</span>,
    text: (row) => row.actor,
  },
} satisfies Record<string, Column<Transaction>>;
