import { MultiSelect, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { consoleQuery, useConsolePages } from '#renderer/api/queries.ts';
import { formatCount } from '#renderer/format/credits.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { SearchIcon } from '#renderer/ui/icons.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import { ListPlaceholder } from '#renderer/ui/ListPlaceholder.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import { type Column, VirtualTable } from '#renderer/ui/VirtualTable.tsx';
import type { EventState, StripeEventRow } from '#shared/ipc/stripe.ts';
import { EventDrawer } from './EventDrawer.tsx';
import { eventStateWords } from './event-words.ts';
import classes from './stripe-events.module.css';

const PAGE_ROWS = 100;
const SEARCH_DELAY_MS = 150;

const SHOWN = {
  all: undefined,
  waiting: ['received', 'failed'],
  refused: ['refused'],
  handled: ['handled'],
  ignored: ['ignored'],
} as const satisfies Record<string, readonly EventState[] | undefined>;
type Shown = keyof typeof SHOWN;

/** The inbox: every event of Stripe once, what came of it, and what still needs somebody. */
export function StripeEventsPage() {
  const [shown, setShown] = useState<Shown>('all');
  const [types, setTypes] = useState<string[]>([]);
  const [search, setSearch] = useState('');
  const [asked] = useDebouncedValue(search.trim(), SEARCH_DELAY_MS);
  const [openId, setOpenId] = useState<string | null>(null);
  const known = useQuery(consoleQuery('stripe.eventTypes', {}));
  const states = SHOWN[shown];
  const filter = useMemo(
    () => ({
      ...(states !== undefined && { states: [...states] }),
      ...(types.length > 0 && { types }),
      ...(asked !== '' && { search: asked }),
    }),
    [states, types, asked],
  );
  const { pages, rows, loadMore } = useConsolePages(
    'stripe.events',
    { filter, limit: PAGE_ROWS },
    { keepRows: true },
  );
  const count = pages.data?.pages[0]?.count;
  const isFiltered = shown !== 'all' || types.length > 0 || asked !== '';
  return (
    <Page layout="fill">
      <PageHeader
        title="Stripe events"
        aside={count === undefined ? undefined : formatCount(count)}
        description="Each event is kept once and handled once. It is a hint: its object is fetched from Stripe, and the ledger made to agree with it."
      />
      <div className={classes.filters}>
        <TextInput
          className={classes.search}
          aria-label="Search events"
          placeholder="Id of an event or object, or a type"
          leftSection={<SearchIcon size={14} />}
          maxLength={200}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <SegmentedControl
          aria-label="Which events"
          data={[
            { value: 'all', label: 'All' },
            { value: 'waiting', label: 'Waiting' },
            { value: 'refused', label: 'Needs a person' },
            { value: 'handled', label: 'Handled' },
            { value: 'ignored', label: 'Not ours' },
          ]}
          value={shown}
          onChange={(value) => setShown(value)}
        />
        <MultiSelect
          className={classes.types}
          aria-label="Types of events"
          placeholder={types.length === 0 ? 'All types' : ''}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': 'Clear the types' }}
          nothingFoundMessage={
            known.isError ? 'The types could not be read' : 'No event of such a type'
          }
          data={known.data?.types ?? []}
          value={types}
          onChange={setTypes}
        />
      </div>
      <VirtualTable<StripeEventRow>
        label="Stripe events"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.id}
        rowLabel={(row) => `event ${row.id}`}
        rowCount={count === undefined || count.capped ? undefined : count.count}
        onOpen={(row) => setOpenId(row.id)}
        onEndReached={loadMore}
        isLoadingMore={pages.isFetchingNextPage}
        isBusy={pages.isPlaceholderData}
        rowState={(row) => (row.id === openId ? 'current' : undefined)}
        placeholder={
          <ListPlaceholder pages={pages} loadingLabel="Loading events">
            {isFiltered ? (
              <EmptyState>No event matches this filter.</EmptyState>
            ) : (
              <EmptyState
                action={<LinkButton to={paths.stripeSettings}>Stripe settings</LinkButton>}
              >
                No events yet. They come by themselves once something happens in Stripe.
              </EmptyState>
            )}
          </ListPlaceholder>
        }
      />
      {pages.isFetchNextPageError && (
        <ErrorState error={pages.error} onRetry={() => void pages.fetchNextPage()} />
      )}
      {openId !== null && <EventDrawer id={openId} onClose={() => setOpenId(null)} />}
    </Page>
  );
}

const COLUMNS: Column<StripeEventRow>[] = [
  {
    id: 'created',
    header: 'Happened',
    width: 120,
    cell: (row) => <InstantText iso={row.createdAt} />,
    text: (row) => row.createdAt,
  },
  {
    id: 'type',
    header: 'Type',
    width: 220,
    isRowHeader: true,
    cell: (row) => <span title={row.type}>{row.type}</span>,
    text: (row) => row.type,
  },
  {
    id: 'state',
    header: 'State',
    width: 120,
    cell: (row) => {
      const { label, tone } = eventStateWords(row.state);
      return <StateBadge tone={tone}>{label}</StateBadge>;
    },
    text: (row) => row.state,
  },
  {
    id: 'outcome',
    header: 'What came of it',
    width: 180,
    grow: 2,
    cell: (row) => (
      <span title={row.error ?? row.outcome ?? ''}>{row.error ?? row.outcome ?? ''}</span>
    ),
    text: (row) => row.error ?? row.outcome ?? '',
  },
  {
    id: 'object',
    header: 'Object',
    width: 150,
    grow: 1,
    hideBelow: 860,
    cell: (row) => (
      <span className={classes.id} title={row.objectId ?? undefined}>
        {row.objectId ?? ''}
      </span>
    ),
    text: (row) => row.objectId ?? '',
  },
  {
    id: 'by',
    header: 'Came by',
    width: 90,
    hideBelow: 1000,
    cell: (row) => (row.receivedBy === 'poll' ? 'Reading' : 'Webhook'),
    text: (row) => row.receivedBy,
  },
];
