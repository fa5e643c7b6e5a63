import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { useConsolePages } from '#renderer/api/queries.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { FilterChip } from '#renderer/ui/FilterChip.tsx';
import { ListPlaceholder } from '#renderer/ui/ListPlaceholder.tsx';
import { VirtualTable } from '#renderer/ui/VirtualTable.tsx';
import { DELIVERY_STATES, type Notification } from '#shared/ipc/alerts.ts';
import { deliveryStateLabel } from './alert-words.ts';
import classes from './alerts.module.css';
import type { LogFilter } from './alerts-place.ts';
import { NotificationPanel } from './NotificationPanel.tsx';
import { NOTIFICATION_COLUMNS, notifiedName } from './notification-columns.tsx';

const PAGE_ROWS = 100;
const EVERY_STATE = 'all';

/** Every notification with what became of it over each channel, newest first; a row opens it. */
export function DeliveryLog({
  filter: { state, customerId },
  onFilter,
}: {
  filter: LogFilter;
  onFilter: (filter: LogFilter) => void;
}) {
  const [openId, setOpenId] = useState<string | null>(null);
  const { pages, rows, loadMore } = useConsolePages(
    'alerts.notifications',
    { customerId, state, limit: PAGE_ROWS },
    { keepRows: true },
  );
  const ofCustomer = rows.find((row) => row.customerId === customerId);
  return (
    <>
      <div className={classes.filters}>
        <SegmentedControl
          aria-label="Which notifications"
          data={[
            { value: EVERY_STATE, label: 'All' },
            ...DELIVERY_STATES.map((each) => ({ value: each, label: deliveryStateLabel(each) })),
          ]}
          value={state ?? EVERY_STATE}
          onChange={(next) =>
            onFilter({ state: DELIVERY_STATES.find((each) => each === next) ?? null, customerId })
          }
        />
        {customerId !== null && (
          <FilterChip
            label="Customer"
            value={ofCustomer === undefined ? customerId : notifiedName(ofCustomer)}
            onRemove={() => onFilter({ state, customerId: null })}
          />
        )}
      </div>
      <VirtualTable<Notification>
        label="Notifications"
        columns={NOTIFICATION_COLUMNS}
        rows={rows}
        rowKey={(row) => row.id}
        rowLabel={(row) => `notification ${row.id}`}
        onOpen={(row) => setOpenId(row.id)}
        onEndReached={loadMore}
        isLoadingMore={pages.isFetchingNextPage}
        isBusy={pages.isPlaceholderData}
        rowState={(row) => (row.id === openId ? 'current' : undefined)}
        placeholder={
          <ListPlaceholder pages={pages} loadingLabel="Loading notifications">
            {state !== null || customerId !== null ? (
              <EmptyState>No notification matches this filter.</EmptyState>
            ) : (
              <EmptyState>
                There are no notifications yet. One is raised when a debit takes a balance below its
                threshold, or to zero.
              </EmptyState>
            )}
          </ListPlaceholder>
        }
      />
      {pages.isFetchNextPageError && (
        <ErrorState error={pages.error} onRetry={() => void pages.fetchNextPage()} />
      )}
      {openId !== null && (
        <NotificationPanel key={openId} id={openId} rows={rows} onClose={() => setOpenId(null)} />
      )}
    </>
  );
}
