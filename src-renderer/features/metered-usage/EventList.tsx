import { Button, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { MeterEventPanel } from '#renderer/features/metering/metering.tsx';
import { formatCredits } from '#renderer/format/credits.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { MeterEventState } from '#renderer/ui/MeterEventState.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import styles from './metered-usage.module.css';
import { useCustomerEvents } from './queries.ts';

/** What was made of a customer's usage to be sent to Stripe, newest first; an event opens with what can be done about it. */
export function EventList({ customerId }: { customerId: string }) {
  const { pages, rows, loadMore } = useCustomerEvents(customerId);
  const [shownId, setShownId] = useState<string | null>(null);
  if (pages.isPending) return <LoadingRows count={4} label="Loading meter events" />;
  if (pages.isError && rows.length === 0) {
    return <ErrorState error={pages.error} onRetry={() => void pages.refetch()} />;
  }
  return (
    <>
      {rows.length === 0 ? (
        <p className={styles.muted}>
          No event carries usage of this customer yet. What is reported is put into one when its
          minute is over.
        </p>
      ) : (
        <Table
          label="Meter events"
          className={styles.events}
          head={
            <>
              <th scope="col">Used</th>
              <th scope="col">Meter</th>
              <th scope="col" data-number>
                Units
              </th>
              <th scope="col" data-number>
                Reports
              </th>
              <th scope="col">State</th>
              <th scope="col">About it</th>
            </>
          }
        >
          {rows.map((event) => (
            <tr key={event.id}>
              <th scope="row">
                <UnstyledButton className={styles.open} onClick={() => setShownId(event.id)}>
                  <InstantText iso={event.occurredAt} show="date" />
                </UnstyledButton>
              </th>
              <td>{event.eventName}</td>
              <td data-number>{formatCredits(event.value)}</td>
              <td data-number>{formatCredits(event.reports)}</td>
              <td>
                <MeterEventState state={event.state} />
              </td>
              <td data-wrap>
                {event.error ??
                  event.cancelReason ??
                  (event.sentAt !== null && (
                    <>
                      Sent <InstantText iso={event.sentAt} />
                    </>
                  ))}
              </td>
            </tr>
          ))}
        </Table>
      )}
      {pages.isFetchNextPageError && (
        <ErrorState error={pages.error} onRetry={() => void pages.fetchNextPage()} />
      )}
      {pages.hasNextPage && (
        <Button
          variant="default"
          size="compact-sm"
          className={styles.toggle}
          loading={pages.isFetchingNextPage}
          onClick={loadMore}
        >
          Show older events
        </Button>
      )}
      {shownId !== null && (
        <MeterEventPanel id={shownId} rows={rows} onClose={() => setShownId(null)} />
      )}
    </>
  );
}
