import type { ReactNode } from 'react';
import { formatCredits } from '#renderer/format/credits.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { type Column, type TableSort, VirtualTable } from '#renderer/ui/VirtualTable.tsx';
import type { CustomerRow } from '#shared/ipc/customers.ts';
import type { CustomerSort } from './customer-filter.ts';
import { customerName } from './customer-name.ts';
import styles from './customers.module.css';

// The columns that sort carry the name of their sort.
const COLUMNS: ReadonlyArray<Column<CustomerRow>> = [
  {
    id: 'name' satisfies CustomerSort,
    header: 'Name',
    width: 170,
    grow: 1.3,
    sortable: true,
    isRowHeader: true,
    cell: (row) =>
      row.name === null || row.name === '' ? (
        <span className={styles.muted}>No name</span>
      ) : (
        <span className={styles.name} title={row.name}>
          {row.name}
        </span>
      ),
    text: (row) => row.name ?? '',
  },
  {
    id: 'email',
    header: 'E-mail',
    width: 170,
    grow: 1.5,
    cell: (row) => <span title={row.email ?? undefined}>{row.email ?? ''}</span>,
    text: (row) => row.email ?? '',
  },
  {
    id: 'id',
    header: 'Id',
    width: 130,
    grow: 0.8,
    hideBelow: 1000,
    cell: (row) => (
      <span className={styles.id} title={row.id}>
        {row.id}
      </span>
    ),
    text: (row) => row.id,
  },
  {
    id: 'plan',
    header: 'Plan',
    width: 124,
    hideBelow: 620,
    cell: (row) => <span title={row.plan ?? undefined}>{row.plan ?? ''}</span>,
    text: (row) => row.plan ?? '',
  },
  {
    id: 'balance' satisfies CustomerSort,
    header: 'Balance',
    width: 150,
    align: 'end',
    sortable: true,
    cell: (row) => (
      <>
        {row.balance < 0 && <span className={styles.negativeWord}>Negative</span>}
        <CreditAmount value={row.balance} warnBelowZero muted={row.balance === 0} />
      </>
    ),
    text: (row) => String(row.balance),
  },
  {
    id: 'held',
    header: 'Held',
    width: 100,
    align: 'end',
    hideBelow: 1130,
    cell: (row) =>
      row.held === 0 ? (
        <span className={styles.muted}>{formatCredits(0)}</span>
      ) : (
        <CreditAmount value={row.held} />
      ),
    text: (row) => String(row.held),
  },
  {
    id: 'last_activity' satisfies CustomerSort,
    header: 'Last activity',
    width: 130,
    align: 'end',
    sortable: true,
    hideBelow: 560,
    cell: (row) =>
      row.lastActivityAt === null ? (
        <span className={styles.muted}>Never</span>
      ) : (
        <InstantText iso={row.lastActivityAt} />
      ),
    text: (row) => row.lastActivityAt ?? '',
  },
  {
    id: 'created' satisfies CustomerSort,
    header: 'Created',
    width: 150,
    align: 'end',
    sortable: true,
    hideBelow: 900,
    cell: (row) => <InstantText iso={row.createdAt} show="date" />,
    text: (row) => row.createdAt,
  },
];

const SORTS: Record<string, CustomerSort> = {
  name: 'name',
  balance: 'balance',
  last_activity: 'last_activity',
  created: 'created',
};

/** The list of customers as a grid. */
export function CustomersTable(props: {
  rows: readonly CustomerRow[];
  rowCount: number | undefined;
  sort: TableSort<CustomerSort>;
  onSortChange: (sort: TableSort<CustomerSort>) => void;
  onOpen: (row: CustomerRow) => void;
  onEndReached: () => void;
  isLoadingMore: boolean;
  isBusy: boolean;
  placeholder: ReactNode;
}) {
  return (
    <VirtualTable<CustomerRow>
      label="Customers"
      columns={COLUMNS}
      rows={props.rows}
      rowKey={(row) => row.id}
      rowLabel={customerName}
      rowCount={props.rowCount}
      sort={props.sort}
      onSortChange={({ column, descending }) => {
        const sort = SORTS[column];
        if (sort !== undefined) props.onSortChange({ column: sort, descending });
      }}
      onOpen={props.onOpen}
      onEndReached={props.onEndReached}
      isLoadingMore={props.isLoadingMore}
      isBusy={props.isBusy}
      placeholder={props.placeholder}
    />
  );
}
