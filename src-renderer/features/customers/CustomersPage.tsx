import { Button } from '@mantine/core';
import { useRef, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useAbility } from '#renderer/api/session.tsx';
import { formatCount } from '#renderer/format/credits.ts';
import { customerPath, paths } from '#renderer/navigation/paths.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { PlusIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { CustomerFilters } from './CustomerFilters.tsx';
import { CustomersTable } from './CustomersTable.tsx';
import {
  type CustomerListView,
  formatCustomerView,
  isFiltered,
  parseCustomerView,
  WHOLE_LIST,
} from './customer-filter.ts';
import styles from './customers.module.css';
import { NewCustomerDialog } from './NewCustomerDialog.tsx';
import { useCustomerList } from './queries.ts';

/** Finds a customer. What is searched, filtered and sorted by stands in the address, so that Back returns to it. */
export function CustomersPage() {
  const view = parseCustomerView(useSearch());
  const [, navigate] = useLocation();
  const mayAdd = useAbility('ensureCustomer');
  const [adding, setAdding] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const { pages, rows, total, loadMore } = useCustomerList(view);

  function show(next: CustomerListView) {
    const query = formatCustomerView(next);
    // A step of a search is no place to come back to: Back leads to the page before the list.
    navigate(query === '' ? paths.customers : `${paths.customers}?${query}`, { replace: true });
  }
  const open = (customerId: string) => navigate(customerPath(customerId));
  const addButton = mayAdd && (
    <Button leftSection={<PlusIcon size={14} />} onClick={() => setAdding(true)}>
      New customer
    </Button>
  );

  return (
    <Page layout="fill">
      <PageHeader
        title="Customers"
        aside={
          total === null ? undefined : (
            <span role="status" aria-label={`${formatCount(total)} customers`}>
              {formatCount(total)}
            </span>
          )
        }
        actions={addButton}
      />
      <CustomerFilters
        view={view}
        onChange={show}
        onArrowDown={() => focusRows(list.current)}
        onEnter={() => {
          const first = rows[0];
          // Only what was found for the words that stand there now.
          if (first !== undefined && !pages.isPlaceholderData) open(first.id);
        }}
      />
      <div className={styles.list} ref={list}>
        <CustomersTable
          rows={rows}
          rowCount={total === null || total.capped ? undefined : total.count}
          sort={{ column: view.sort, descending: view.descending }}
          onSortChange={({ column, descending }) => show({ ...view, sort: column, descending })}
          onOpen={(row) => open(row.id)}
          onEndReached={loadMore}
          isLoadingMore={pages.isFetchingNextPage}
          isBusy={pages.isPlaceholderData}
          placeholder={
            pages.isError ? (
              <div className={styles.failure}>
                <ErrorState error={pages.error} onRetry={() => void pages.refetch()} />
              </div>
            ) : pages.isPending || pages.isPlaceholderData ? (
              <LoadingRows count={14} label="Loading customers" />
            ) : isFiltered(view) ? (
              <EmptyState
                action={
                  <Button
                    variant="default"
                    onClick={() =>
                      show({ ...WHOLE_LIST, sort: view.sort, descending: view.descending })
                    }
                  >
                    Clear search and filters
                  </Button>
                }
              >
                No customer matches.
              </EmptyState>
            ) : (
              <EmptyState action={addButton}>
                There are no customers yet. The first purchase or grant needs one.
              </EmptyState>
            )
          }
        />
        {pages.isFetchNextPageError && (
          <ErrorState error={pages.error} onRetry={() => void pages.fetchNextPage()} />
        )}
      </div>
      <NewCustomerDialog
        opened={adding}
        onClose={() => setAdding(false)}
        onAdded={(customerId) => {
          setAdding(false);
          open(customerId);
        }}
      />
    </Page>
  );
}

/** From the search into the list: to the one row that is in the tab order. */
function focusRows(list: HTMLElement | null) {
  list?.querySelector<HTMLElement>('[role="row"][tabindex="0"]')?.focus();
}
