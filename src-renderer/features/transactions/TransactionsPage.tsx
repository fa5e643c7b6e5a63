import { Button, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useMemo, useRef, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { consoleQuery, useConsolePages } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { formatCount } from '#renderer/format/credits.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { DownloadIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { dayOf, startOfDay } from '#shared/time.ts';
import { ExportNotice } from './ExportNotice.tsx';
import { useExportJob } from './export-job.ts';
import { LogFilters } from './LogFilters.tsx';
import {
  formatLogFilter,
  isFiltered,
  type LogFilter,
  NO_FILTER,
  parseLogFilter,
  toTransactionFilter,
} from './log-filter.ts';
import { SelectionBar } from './SelectionBar.tsx';
import { TransactionPanel, type TransactionPlace } from './TransactionPanel.tsx';
import classes from './Transactions.module.css';
import { TransactionsTable, transactionKey } from './TransactionsTable.tsx';

const PAGE_ROWS = 100;

/** The log over all customers, newest first, with its filter in the address. */
export function TransactionsPage() {
  const search = useSearch();
  const [, navigate] = useLocation();
  // Written out again, so that what was malformed in the address makes no difference to anything below.
  const filterText = formatLogFilter(parseLogFilter(search));
  const filter = useMemo(() => parseLogFilter(filterText), [filterText]);

  function onChange(next: LogFilter, options: { replace: boolean }) {
    const query = formatLogFilter(next);
    navigate(query === '' ? paths.transactions : `${paths.transactions}?${query}`, options);
  }

  return <Log filter={filter} onFilterChange={onChange} />;
}

function Log({
  filter,
  onFilterChange,
}: {
  filter: LogFilter;
  onFilterChange: (filter: LogFilter, options: { replace: boolean }) => void;
}) {
  const { timeZone } = useSession();
  const mayExport = useAbility('export');
  const job = useExportJob();
  // Presets move at midnight, and only then.
  const today = dayOf(new Date(), timeZone);
  const asked = useMemo(
    () => toTransactionFilter(filter, timeZone, startOfDay(today, timeZone)),
    [filter, timeZone, today],
  );

  const { pages, rows, loadMore } = useConsolePages(
    'transactions.list',
    { filter: asked, limit: PAGE_ROWS },
    { keepRows: true },
  );
  const count = useQuery(consoleQuery('transactions.count', { filter: asked }));

  const [open, setOpen] = useState<TransactionPlace | null>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const selectedRows = useMemo(
    () => rows.filter((row) => selected.has(transactionKey(row))),
    [rows, selected],
  );
  const list = useRef<HTMLDivElement>(null);

  // What is selected but out of sight would be summed without anyone seeing why.
  const [selectedUnder, setSelectedUnder] = useState(filter);
  if (selectedUnder !== filter) {
    setSelectedUnder(filter);
    if (selected.size > 0) setSelected(new Set());
  }

  function close() {
    setOpen(null);
    list.current?.querySelector<HTMLElement>('[role="row"][tabindex="0"]')?.focus();
  }
  useEscape(close, open !== null);

  function show(place: TransactionPlace) {
    setOpen(place);
    announce(`Details of transaction ${place.transactionId} are shown beside the list.`);
  }

  return (
    <Page layout="fill">
      <PageHeader
        title="Transactions"
        aside={count.data === undefined ? undefined : formatCount(count.data)}
        actions={
          mayExport && (
            <Tooltip
              label="All transactions of the current filter, as a CSV file"
              events={{ hover: true, focus: true, touch: false }}
            >
              <Button
                variant="default"
                leftSection={<DownloadIcon size={14} />}
                disabled={job.current.status === 'running'}
                onClick={() => void job.start(asked, timeZone)}
              >
                Export CSV
              </Button>
            </Tooltip>
          )
        }
      />
      <LogFilters filter={filter} onChange={onFilterChange} />
      <div role="status">
        <ExportNotice job={job} />
      </div>
      <div className={classes.split}>
        <div className={classes.list} ref={list}>
          <TransactionsTable
            rows={rows}
            rowCount={count.data === undefined || count.data.capped ? undefined : count.data.count}
            timeZone={timeZone}
            openKey={
              open === null
                ? null
                : transactionKey({ customerId: open.customerId, id: open.transactionId })
            }
            selected={selected}
            onSelectedChange={setSelected}
            onOpen={(row) => show({ customerId: row.customerId, transactionId: row.id })}
            onEndReached={loadMore}
            isLoadingMore={pages.isFetchingNextPage}
            isBusy={pages.isPlaceholderData}
            placeholder={
              pages.isError ? (
                <ErrorState error={pages.error} onRetry={() => void pages.refetch()} />
              ) : pages.isPending || pages.isPlaceholderData ? (
                <LoadingRows count={14} label="Loading transactions" />
              ) : (
                <NoTransactions
                  filtered={isFiltered(filter)}
                  onClear={() => onFilterChange(NO_FILTER, { replace: false })}
                />
              )
            }
          />
          {pages.isFetchNextPageError && (
            <ErrorState error={pages.error} onRetry={() => void pages.fetchNextPage()} />
          )}
          <SelectionBar rows={selectedRows} onClear={() => setSelected(new Set())} />
        </div>
        {open !== null && <TransactionPanel place={open} onClose={close} onShow={show} />}
      </div>
    </Page>
  );
}

function NoTransactions({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  return filtered ? (
    <EmptyState
      action={
        <Button variant="default" onClick={onClear}>
          Clear the filter
        </Button>
      }
    >
      No transaction matches this filter.
    </EmptyState>
  ) : (
    <EmptyState>
      There are no transactions yet. The first purchase, grant or usage will appear here.
    </EmptyState>
  );
}

/** Esc backs out of the details, unless something nearer (a list, a dialog, a selection) takes it first. */
function useEscape(handler: () => void, enabled: boolean): void {
  const run = useEffectEvent(handler);
  useEffect(() => {
    if (!enabled) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      if (document.querySelector('[aria-modal="true"]') !== null) return;
      run();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [enabled]);
}
