import { Anchor, SegmentedControl } from '@mantine/core';
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import { useConsolePages } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import {
  clawbackPolicyLabel,
  moneyBackStatusLabel,
  stripeWords,
} from '#renderer/format/billing.ts';
import { formatCredits } from '#renderer/format/credits.ts';
import { formatMoney } from '#renderer/format/money.ts';
import { customerPath } from '#renderer/navigation/paths.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { FilterChip } from '#renderer/ui/FilterChip.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { StatTile } from '#renderer/ui/StatTile.tsx';
import { rangeInWords, type TimeRange, TimeRangePicker } from '#renderer/ui/TimeRangePicker.tsx';
import { type Column, VirtualTable } from '#renderer/ui/VirtualTable.tsx';
import type { billingProcedures, MoneyBack } from '#shared/ipc/billing.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import { addDays, startOfDay } from '#shared/time.ts';
import classes from './money-back.module.css';
import { OpenRefunds } from './OpenRefunds.tsx';

type Totals = Output<(typeof billingProcedures)['billing.moneyBack']>['totals'];

const PAGE_ROWS = 100;
const KINDS = [
  { value: 'all', label: 'All' },
  { value: 'refund', label: 'Refunds' },
  { value: 'dispute', label: 'Disputes' },
] as const;
const SHOW = [
  { value: 'all', label: 'Any' },
  { value: 'open', label: 'Open disputes' },
  { value: 'unrecovered', label: 'With loss' },
] as const;

/** Money that went back, and what it did to credits: asked, taken back, not recovered, adding up over the whole filter. */
export function MoneyBackPage() {
  const { timeZone } = useSession();
  const [kind, setKind] = useState<(typeof KINDS)[number]['value']>('all');
  const [show, setShow] = useState<(typeof SHOW)[number]['value']>('all');
  const [range, setRange] = useState<TimeRange | null>(null);
  const filter = useMemo(
    () => ({
      ...(kind !== 'all' && { kind }),
      show,
      ...(range !== null && {
        createdSince: startOfDay(range.from, timeZone).toISOString(),
        createdBefore: startOfDay(addDays(range.to, 1), timeZone).toISOString(),
      }),
    }),
    [kind, show, range, timeZone],
  );
  const { pages, rows, loadMore } = useConsolePages(
    'billing.moneyBack',
    { filter, limit: PAGE_ROWS },
    { keepRows: true },
  );
  const totals = pages.data?.pages[0]?.totals;
  return (
    <Page layout="fill">
      <PageHeader
        title="Refunds and disputes"
        description="Money that went back to customers, and the credits that were taken back for it. To refund a purchase, open it on its customer’s Billing tab."
        actions={
          <TimeRangePicker value={range} timeZone={timeZone} showDays={false} onChange={setRange} />
        }
      />
      <OpenRefunds />
      <div className={classes.filters}>
        <SegmentedControl
          aria-label="Kind"
          data={[...KINDS]}
          value={kind}
          onChange={(value) => setKind(value)}
        />
        <SegmentedControl
          aria-label="Which"
          data={[...SHOW]}
          value={show}
          onChange={(value) => setShow(value)}
        />
        {range !== null && (
          <FilterChip label="Time" value={rangeInWords(range)} onRemove={() => setRange(null)} />
        )}
      </div>
      {totals !== undefined && <TotalTiles totals={totals} isBusy={pages.isPlaceholderData} />}
      <VirtualTable<MoneyBack>
        label="Refunds and disputes"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.id}
        rowLabel={(row) => `${row.kind} ${row.id}`}
        rowCount={totals?.count}
        onEndReached={loadMore}
        isLoadingMore={pages.isFetchingNextPage}
        isBusy={pages.isPlaceholderData}
        placeholder={
          pages.isError ? (
            <ErrorState error={pages.error} onRetry={() => void pages.refetch()} />
          ) : pages.isPending || pages.isPlaceholderData ? (
            <LoadingRows count={10} label="Loading refunds and disputes" />
          ) : (
            <EmptyState>
              {kind === 'all' && show === 'all' && range === null
                ? 'No money went back yet. Refunds and disputes appear here, wherever they were made.'
                : 'Nothing matches this filter.'}
            </EmptyState>
          )
        }
      />
      {pages.isFetchNextPageError && (
        <ErrorState error={pages.error} onRetry={() => void pages.fetchNextPage()} />
      )}
    </Page>
  );
}

function TotalTiles({ totals, isBusy }: { totals: Totals; isBusy: boolean }) {
  const money = totals.money.filter(({ amountMinor }) => amountMinor > 0);
  return (
    <section className={classes.tiles} aria-label="Sums over everything listed" aria-busy={isBusy}>
      <StatTile
        label="Money that went back"
        value={money.length === 0 ? 'None' : money.map(formatMoney).join(' + ')}
        hint="With open disputes, without won ones and failed refunds"
      />
      <StatTile label="Credits it stands for" value={formatCredits(totals.asked)} />
      <StatTile label="Taken back" value={formatCredits(totals.recovered)} />
      <StatTile label="Not recovered" value={formatCredits(totals.unrecovered)} />
      <StatTile label="Held in open disputes" value={formatCredits(totals.held)} />
    </section>
  );
}

/** State and reason: the column cuts the one and has no place for the other. */
function stateInWords({ status, reason }: MoneyBack): string {
  const state = moneyBackStatusLabel(status);
  return reason === null ? state : `${state}. ${stripeWords(reason)}.`;
}

const COLUMNS: Column<MoneyBack>[] = [
  {
    id: 'created',
    header: 'When',
    width: 104,
    cell: (row) => <InstantText iso={row.createdAt} />,
    text: (row) => row.createdAt,
  },
  {
    id: 'kind',
    header: 'What',
    width: 72,
    cell: (row) => (row.kind === 'refund' ? 'Refund' : 'Dispute'),
    text: (row) => row.kind,
  },
  {
    id: 'customer',
    header: 'Customer',
    width: 112,
    grow: 1.4,
    isRowHeader: true,
    cell: (row) =>
      row.customerId === null ? (
        <span className={classes.unknown} title={`Payment ${row.paymentIntentId}`}>
          Not a purchase of the ledger
        </span>
      ) : (
        <Anchor
          component={Link}
          inherit
          tabIndex={-1}
          href={customerPath(row.customerId, 'billing')}
          title={row.customerId}
        >
          {row.customerName ?? row.customerId}
        </Anchor>
      ),
    text: (row) => row.customerId ?? '',
  },
  {
    id: 'status',
    header: 'State',
    width: 124,
    grow: 1,
    cell: (row) => <span title={stateInWords(row)}>{moneyBackStatusLabel(row.status)}</span>,
    text: (row) => row.status,
  },
  {
    id: 'money',
    header: 'Money',
    width: 92,
    align: 'end',
    cell: (row) => <MoneyAmount value={row.price} />,
    text: (row) => formatMoney(row.price),
  },
  {
    id: 'policy',
    header: 'Policy',
    width: 130,
    hideBelow: 1000,
    cell: (row) => clawbackPolicyLabel(row.policy),
    text: (row) => row.policy,
  },
  ...(['asked', 'recovered', 'unrecovered', 'held'] as const).map(
    (name): Column<MoneyBack> => ({
      id: name,
      header: { asked: 'Asked', recovered: 'Taken', unrecovered: 'Not recovered', held: 'Held' }[
        name
      ],
      width: name === 'unrecovered' ? 104 : 70,
      align: 'end',
      ...(name === 'held' && { hideBelow: 880 }),
      cell: (row) => (row[name] === 0 ? '–' : formatCredits(row[name])),
      text: (row) => String(row[name]),
    }),
  ),
];
