import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import type { Contract } from '#shared/ipc/contract.ts';
import type { MeterEvent } from '#shared/ipc/metering.ts';
import type { Output } from '#shared/ipc/procedure.ts';

type EventsPage = Output<Contract['metering.events']>;

/** Puts an event as a command answered it into every list that shows it, and has what depends on it read again. */
export function keepEvent(queryClient: QueryClient, event: MeterEvent): void {
  const withEvent = (page: EventsPage): EventsPage => ({
    ...page,
    rows: page.rows.map((row) => (row.id === event.id ? event : row)),
  });
  queryClient.setQueriesData<EventsPage | InfiniteData<EventsPage>>(
    { queryKey: ['metering.events'] },
    (data) => {
      if (data === undefined) return undefined;
      return 'pages' in data ? { ...data, pages: data.pages.map(withEvent) } : withEvent(data);
    },
  );
  void queryClient.invalidateQueries({
    predicate: ({ queryKey }) =>
      String(queryKey[0]).startsWith('metering.') && queryKey[0] !== 'metering.catalog',
  });
}
