import { Anchor, Skeleton, VisuallyHidden } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { BarList, type BarListRow } from '#renderer/charts/BarList.tsx';
import { Figure } from '#renderer/charts/Figure.tsx';
import { NumberTable } from '#renderer/charts/NumberTable.tsx';
import { UsageFigure } from '#renderer/charts/UsageFigure.tsx';
import { formatCredits, formatQuantity } from '#renderer/format/credits.ts';
import { featureLabel, transactionTypeLabel } from '#renderer/format/labels.ts';
import { formatTimeZone } from '#renderer/format/time.ts';
import { paths, transactionsPath, usageOfDayPath } from '#renderer/navigation/paths.ts';
import { daysIn, rangeBefore } from '#renderer/navigation/range-days.ts';
import { type QueryRange, rangeQuery } from '#renderer/navigation/range-query.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { StatTile } from '#renderer/ui/StatTile.tsx';
import { rangeInWords, TimeRangePicker } from '#renderer/ui/TimeRangePicker.tsx';
import { useAddressRange } from '#renderer/ui/use-address-range.ts';
import { useDelayed } from '#renderer/ui/use-delayed.ts';
import type { AppError } from '#shared/errors.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import type { DayRange } from '#shared/time.ts';
import classes from './Usage.module.css';

type Usage = Output<Contract['analytics.usage']>;
type TopCustomers = Output<Contract['analytics.topCustomers']>;

/** More days than this cannot be drawn as a bar a day. */
const DAYS_MAX = 731;
const TOP_CUSTOMERS = 10;
/** Rows of By feature that are drawn; the table has all of them. */
const FEATURES_DRAWN = 12;

const USED_COLUMNS = [
  { key: 'used', header: 'Credits used' },
  { key: 'transactions', header: 'Transactions' },
];
const MOVED_COLUMNS = [
  { key: 'in', header: 'In' },
  { key: 'out', header: 'Out' },
  { key: 'net', header: 'Net' },
  { key: 'transactions', header: 'Transactions' },
];

/** Credits by day, feature, type and customer over a range of days, which stands in the address. */
export function UsagePage() {
  const { timeZone } = useSession();
  const { chosen, range, value, onChange, refused } = useAddressRange({
    path: paths.usage,
    timeZone,
    daysMax: DAYS_MAX,
    why: 'a longer range has no room for a bar a day.',
  });

  return (
    <Page>
      <PageHeader
        title="Usage"
        description={
          <>
            All customers. Days are cut in {formatTimeZone(timeZone)};{' '}
            <Anchor component={Link} inherit underline="always" href={paths.settings}>
              change the time zone
            </Anchor>
            .
          </>
        }
        actions={<TimeRangePicker value={value} timeZone={timeZone} onChange={onChange} />}
      />
      {refused !== null && (
        <p className={classes.refused} role="alert">
          {refused}
        </p>
      )}
      {/* Another range starts afresh: its figures never stand under the other's dates. */}
      <UsageFigures
        key={`${range.from} ${range.to} ${timeZone}`}
        chosen={chosen}
        range={range}
        timeZone={timeZone}
      />
    </Page>
  );
}

function UsageFigures({
  chosen,
  range,
  timeZone,
}: {
  chosen: QueryRange;
  range: DayRange;
  timeZone: string;
}) {
  const [, navigate] = useLocation();
  const before = rangeBefore(range);
  const usage = useQuery(consoleQuery('analytics.usage', { ...range, timeZone }));
  const usageBefore = useQuery(consoleQuery('analytics.usage', { ...before, timeZone }));
  const top = useQuery(
    consoleQuery('analytics.topCustomers', { ...range, timeZone, limit: TOP_CUSTOMERS }),
  );

  if (usage.isError) {
    return <ErrorState error={usage.error} onRetry={() => void usage.refetch()} />;
  }
  if (usage.data === undefined) return <UsageSkeleton />;
  if (usage.data.byType.every((each) => each.transactions === 0)) {
    return (
      <EmptyState action={<LinkButton to={`${paths.usage}?range=90d`}>Show 90 days</LinkButton>}>
        No credits moved from {rangeInWords(range)}.
      </EmptyState>
    );
  }
  return (
    <>
      <Totals usage={usage.data} before={usageBefore.data} beforeRange={before} />
      <div className={classes.figure}>
        <UsageFigure
          label="Credits used by day"
          rows={usage.data.byDay}
          range={range}
          height={250}
          // Other is no filter of the log: the whole day is shown.
          onOpen={(day, feature) => navigate(usageOfDayPath(day, { feature }))}
        />
      </div>
      <div className={classes.columns}>
        <div className={classes.figure}>
          <ByFeature usage={usage.data} chosen={chosen} />
        </div>
        <div className={classes.figure}>
          <TopCustomersFigure
            top={top.data}
            error={top.error}
            onRetry={() => void top.refetch()}
            chosen={chosen}
          />
        </div>
        <div className={classes.figure}>
          <ByType usage={usage.data} chosen={chosen} />
        </div>
      </div>
    </>
  );
}

function Totals({
  usage,
  before,
  beforeRange,
}: {
  usage: Usage;
  before: Usage | undefined;
  beforeRange: DayRange;
}) {
  const used = sumOf(usage.byFeature.map((each) => each.used));
  const usedBefore = before === undefined ? null : sumOf(before.byFeature.map((each) => each.used));
  return (
    <div className={classes.tiles}>
      <StatTile
        size="large"
        label="Credits used"
        value={<CreditAmount value={used} />}
        hint={formatQuantity(
          sumOf(usage.byFeature.map((each) => each.transactions)),
          'usage transaction',
        )}
      />
      <StatTile
        label={`Change on the ${formatQuantity(daysIn(beforeRange), 'day')} before`}
        value={usedBefore === null ? '…' : <CreditAmount value={used - usedBefore} signed />}
        hint={
          usedBefore === null
            ? rangeInWords(beforeRange)
            : `${formatCredits(usedBefore)} used ${rangeInWords(beforeRange)}`
        }
      />
      <StatTile
        label="Credits in, all types"
        value={<CreditAmount value={sumOf(usage.byType.map((each) => each.creditsIn))} />}
      />
      <StatTile
        label="Credits out, all types"
        value={<CreditAmount value={sumOf(usage.byType.map((each) => each.creditsOut))} />}
      />
    </div>
  );
}

function ByFeature({ usage, chosen }: { usage: Usage; chosen: QueryRange }) {
  const title = 'Credits used by feature';
  const named = usage.byFeature.map((each) => ({
    ...each,
    key: `feature ${each.feature}`,
    label: featureLabel(each.feature),
    name: (
      <LogLink query={{ types: 'usage', feature: each.feature, ...rangeQuery(chosen) }}>
        {featureLabel(each.feature)}
      </LogLink>
    ),
  }));
  const drawn: BarListRow[] = named
    .slice(0, FEATURES_DRAWN)
    .map(({ key, label, name, used }) => ({ key, label, name, value: used }));
  const rest = named.slice(FEATURES_DRAWN);
  if (rest.length > 0) {
    drawn.push({
      key: 'rest',
      label: `${formatQuantity(rest.length, 'more feature')}`,
      value: sumOf(rest.map((each) => each.used)),
    });
  }
  if (named.length === 0) return <NothingUsed title={title} />;
  return (
    <Figure
      title={title}
      chart={<BarList label={title} rows={drawn} />}
      table={
        <NumberTable
          label={title}
          nameHeader="Feature"
          columns={USED_COLUMNS}
          rows={named.map(({ key, name, used, transactions }) => ({
            key,
            name,
            numbers: [used, transactions],
          }))}
        />
      }
    />
  );
}

function ByType({ usage, chosen }: { usage: Usage; chosen: QueryRange }) {
  const title = 'Credits by type';
  const rows = usage.byType
    .filter((each) => each.transactions > 0)
    .map((each) => ({
      ...each,
      label: transactionTypeLabel(each.type),
      name: (
        <LogLink query={{ types: each.type, ...rangeQuery(chosen) }}>
          {transactionTypeLabel(each.type)}
        </LogLink>
      ),
    }));
  const bars = rows.flatMap(({ type, label, name, creditsIn, creditsOut }): BarListRow[] => [
    ...(creditsIn > 0 || creditsOut === 0
      ? [{ key: `${type} in`, label, name, value: creditsIn, mark: 'in' }]
      : []),
    ...(creditsOut > 0
      ? [{ key: `${type} out`, label, name, value: creditsOut, mark: 'out', hatched: true }]
      : []),
  ]);
  return (
    <Figure
      title={title}
      note="in and out"
      chart={<BarList label={title} rows={bars} />}
      table={
        <NumberTable
          label={title}
          nameHeader="Type"
          columns={MOVED_COLUMNS}
          rows={rows.map(({ type, name, creditsIn, creditsOut, transactions }) => ({
            key: type,
            name,
            numbers: [creditsIn, creditsOut, creditsIn - creditsOut, transactions],
          }))}
        />
      }
    />
  );
}

function TopCustomersFigure({
  top,
  error,
  onRetry,
  chosen,
}: {
  top: TopCustomers | undefined;
  error: AppError | null;
  onRetry: () => void;
  chosen: QueryRange;
}) {
  const title = 'Top customers';
  if (error !== null) return <ErrorState error={error} onRetry={onRetry} />;
  if (top === undefined) return <FigureSkeleton />;
  if (top.rows.length === 0) return <NothingUsed title={title} />;
  const rows = top.rows.map((each) => ({
    ...each,
    label: each.name ?? each.email ?? each.customerId,
    link: (
      <LogLink query={{ customer: each.customerId, types: 'usage', ...rangeQuery(chosen) }}>
        {each.name ?? each.email ?? each.customerId}
      </LogLink>
    ),
  }));
  return (
    <Figure
      title={title}
      note={
        <>
          computed <InstantText iso={top.computedAt} />
        </>
      }
      chart={
        <BarList
          label={title}
          rows={rows.map(({ customerId, label, link, used }) => ({
            key: customerId,
            label,
            name: link,
            value: used,
          }))}
        />
      }
      table={
        <NumberTable
          label={title}
          nameHeader="Customer"
          columns={USED_COLUMNS}
          totalLabel={`These ${formatCredits(rows.length)}`}
          rows={rows.map(({ customerId, link, used, transactions }) => ({
            key: customerId,
            name: link,
            numbers: [used, transactions],
          }))}
        />
      }
    />
  );
}

/** Leads to the transactions behind a number. */
function LogLink({ query, children }: { query: Record<string, string>; children: string }) {
  return (
    <Anchor
      component={Link}
      inherit
      href={transactionsPath(query)}
      title={`${children}: transactions`}
    >
      {children}
    </Anchor>
  );
}

function NothingUsed({ title }: { title: string }) {
  return (
    <section aria-label={title}>
      <h2 className={classes.title}>{title}</h2>
      <p className={classes.nothing}>No credits were used in these days.</p>
    </section>
  );
}

function UsageSkeleton() {
  const shown = useDelayed();
  return (
    <div aria-busy="true" data-hidden={!shown || undefined} className={classes.skeleton}>
      <VisuallyHidden>Loading usage</VisuallyHidden>
      <div className={classes.tiles}>
        {['used', 'before', 'in', 'out'].map((tile) => (
          <div key={tile} className={classes.tileSkeleton}>
            <Skeleton height={10} width={90} animate={false} />
            <Skeleton height={20} width={120} animate={false} />
          </div>
        ))}
      </div>
      <div className={classes.figure}>
        <FigureSkeletonParts>
          <div className={classes.chartSkeleton} />
        </FigureSkeletonParts>
      </div>
      <div className={classes.columns}>
        {['feature', 'customer', 'type'].map((figure) => (
          <div key={figure} className={classes.figure}>
            <FigureSkeletonParts>
              <LoadingRows count={8} />
            </FigureSkeletonParts>
          </div>
        ))}
      </div>
    </div>
  );
}

function FigureSkeleton(): ReactNode {
  const shown = useDelayed();
  return (
    <div aria-busy="true" data-hidden={!shown || undefined} className={classes.skeleton}>
      <FigureSkeletonParts>
        <LoadingRows count={8} />
      </FigureSkeletonParts>
    </div>
  );
}

function FigureSkeletonParts({ children }: { children: ReactNode }) {
  return (
    <>
      <div className={classes.titleSkeleton}>
        <Skeleton height={12} width={170} animate={false} />
      </div>
      {children}
    </>
  );
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
