import { SegmentedControl } from '@mantine/core';
import { useMemo } from 'react';
import { useLocation } from 'wouter';
import { useConsolePages } from '#renderer/api/queries.ts';
import { formatCount } from '#renderer/format/credits.ts';
import { customerPath } from '#renderer/navigation/paths.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { ListPlaceholder } from '#renderer/ui/ListPlaceholder.tsx';
import { VirtualTable } from '#renderer/ui/VirtualTable.tsx';
import { ALERT_KINDS, type Alert, type AlertKind } from '#shared/ipc/alerts.ts';
import { ALERT_COLUMNS, alertName } from './alert-columns.tsx';
import { levelWords } from './alert-words.ts';
import classes from './alerts.module.css';

const PAGE_ROWS = 100;
const EVERY_LEVEL = 'all';

const NOBODY: Record<AlertKind | typeof EVERY_LEVEL, string> = {
  all: 'Nobody is low on credits, and nobody has run out of them.',
  low: 'Nobody is low on credits.',
  empty: 'Nobody has run out of credits.',
};

type Count = { count: number; capped: boolean };

/** The customers who are low on credits or have none left, the latest active first; a row opens the customer. */
export function AlertList({
  level,
  onLevel,
}: {
  level: AlertKind | null;
  onLevel: (level: AlertKind | null) => void;
}) {
  const [, navigate] = useLocation();
  const { pages, rows, loadMore } = useConsolePages(
    'alerts.list',
    { level, limit: PAGE_ROWS },
    { keepRows: true },
  );
  const shown = useMemo(() => withoutRepeats(rows), [rows]);
  const totals = pages.data?.pages[0]?.totals ?? null;
  const all = totals === null ? null : sumOf(totals.low, totals.empty);
  const total = level === null ? all : (totals?.[level] ?? null);
  return (
    <>
      <div className={classes.filters}>
        <SegmentedControl
          aria-label="Which customers"
          data={[
            { value: EVERY_LEVEL, label: <Choice words="All" count={all} /> },
            ...ALERT_KINDS.map((kind) => ({
              value: kind,
              label: <Choice words={levelWords(kind).label} count={totals?.[kind] ?? null} />,
            })),
          ]}
          value={level ?? EVERY_LEVEL}
          onChange={(next) => onLevel(ALERT_KINDS.find((kind) => kind === next) ?? null)}
        />
      </div>
      <VirtualTable<Alert>
        label="Customers low on credits"
        columns={ALERT_COLUMNS}
        rows={shown}
        rowKey={(row) => row.customerId}
        rowLabel={alertName}
        rowCount={
          total === null || total.capped || pages.isPlaceholderData ? undefined : total.count
        }
        onOpen={(row) => navigate(customerPath(row.customerId))}
        onEndReached={loadMore}
        isLoadingMore={pages.isFetchingNextPage}
        isBusy={pages.isPlaceholderData}
        placeholder={
          <ListPlaceholder pages={pages} loadingLabel="Loading alerts">
            <EmptyState>{NOBODY[level ?? EVERY_LEVEL]}</EmptyState>
          </ListPlaceholder>
        }
      />
      {pages.isFetchNextPageError && (
        <ErrorState error={pages.error} onRetry={() => void pages.fetchNextPage()} />
      )}
    </>
  );
}

function Choice({ words, count }: { words: string; count: Count | null }) {
  return (
    <>
      {words} {count !== null && <span className={classes.count}>{formatCount(count)}</span>}
    </>
  );
}

/** Of two counts that stopped at a cap: "2,000+". */
function sumOf(one: Count, other: Count): Count {
  return { count: one.count + other.count, capped: one.capped || other.capped };
}

/** A customer who moves in the order between two pages, by being active, is in both of them. */
function withoutRepeats(rows: readonly Alert[]): Alert[] {
  const seen = new Set<string>();
  return rows.filter(({ customerId }) => !seen.has(customerId) && seen.add(customerId));
}
