import { Button, SegmentedControl } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useCommand, useConsolePages } from '#renderer/api/queries.ts';
import { formatQuantity } from '#renderer/format/credits.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { FilterChip } from '#renderer/ui/FilterChip.tsx';
import { ListPlaceholder } from '#renderer/ui/ListPlaceholder.tsx';
import { VirtualTable } from '#renderer/ui/VirtualTable.tsx';
import type { MeterEvent } from '#shared/ipc/metering.ts';
import { BacklogFigures } from './BacklogFigures.tsx';
import { meterEventColumns } from './event-columns.tsx';
import { MeterEventPanel } from './MeterEventPanel.tsx';
import classes from './metering.module.css';
import type { DeliveryFilter } from './metering-place.ts';

const PAGE_ROWS = 100;
const COLUMNS = meterEventColumns();

/** What is on its way to Stripe: how far behind it is, each meter event, and what can be done about one. */
export function Delivery({
  filter: { show, customerId },
  onFilter,
  maySend,
}: {
  filter: DeliveryFilter;
  onFilter: (filter: DeliveryFilter) => void;
  maySend: boolean;
}) {
  const queryClient = useQueryClient();
  const [openId, setOpenId] = useState<string | null>(null);
  const filter = useMemo(
    () => ({ show, ...(customerId !== null && { customerId }) }),
    [show, customerId],
  );
  const { pages, rows, loadMore } = useConsolePages(
    'metering.events',
    { filter, limit: PAGE_ROWS },
    { keepRows: true },
  );
  const send = useCommand('metering.sendNow', {
    onSuccess: ({ waitingReports, queued }) => {
      const left = waitingReports + queued;
      announce(
        left === 0
          ? 'Everything was sent.'
          : `${formatQuantity(waitingReports, 'report')} and ${formatQuantity(queued, 'event')} still wait.`,
      );
    },
    onSettled: () => {
      void queryClient.invalidateQueries({
        predicate: ({ queryKey }) =>
          String(queryKey[0]).startsWith('metering.') && queryKey[0] !== 'metering.catalog',
      });
    },
  });
  const backlog = pages.data?.pages[0]?.backlog;
  return (
    <>
      {backlog !== undefined && <BacklogFigures backlog={backlog} />}
      <div className={classes.filters}>
        <SegmentedControl
          aria-label="Which events"
          data={[
            { value: 'all', label: 'All' },
            { value: 'waiting', label: 'Waiting' },
            { value: 'problems', label: 'Problems' },
          ]}
          value={show}
          onChange={(next) => onFilter({ show: next, customerId })}
        />
        {customerId !== null && (
          <FilterChip
            label="Customer"
            value={rows.find((row) => row.customerId === customerId)?.customerName ?? customerId}
            onRemove={() => onFilter({ show, customerId: null })}
          />
        )}
        {maySend && (
          <Button
            className={classes.filterEnd}
            variant="default"
            loading={send.isPending}
            onClick={() => send.mutate({})}
          >
            Send now
          </Button>
        )}
      </div>
      {send.error !== null && <ErrorState error={send.error} />}
      <VirtualTable<MeterEvent>
        label="Meter events"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.id}
        rowLabel={(row) => `event ${row.identifier}`}
        onOpen={(row) => setOpenId(row.id)}
        onEndReached={loadMore}
        isLoadingMore={pages.isFetchingNextPage}
        isBusy={pages.isPlaceholderData}
        rowState={(row) => (row.id === openId ? 'current' : undefined)}
        placeholder={
          <ListPlaceholder pages={pages} loadingLabel="Loading meter events">
            {show !== 'all' || customerId !== null ? (
              <EmptyState>No event matches this filter.</EmptyState>
            ) : (
              <EmptyState>
                Nothing was sent yet. Usage that is reported for a meter is sent to Stripe by
                itself, within about a minute.
              </EmptyState>
            )}
          </ListPlaceholder>
        }
      />
      {pages.isFetchNextPageError && (
        <ErrorState error={pages.error} onRetry={() => void pages.fetchNextPage()} />
      )}
      {openId !== null && (
        <MeterEventPanel key={openId} id={openId} rows={rows} onClose={() => setOpenId(null)} />
      )}
    </>
  );
}
