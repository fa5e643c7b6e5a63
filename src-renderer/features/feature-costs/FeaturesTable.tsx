import { type ReactNode, useMemo } from 'react';
import { useSession } from '#renderer/api/session.tsx';
import { Sparkline } from '#renderer/charts/Sparkline.tsx';
import { formatCredits, formatCreditsInWords } from '#renderer/format/credits.ts';
import { formatDate, formatInstantExact } from '#renderer/format/time.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import { type Column, type TableSort, VirtualTable } from '#renderer/ui/VirtualTable.tsx';
import type { Feature } from '#shared/ipc/features.ts';
import classes from './feature-costs.module.css';
import { costInWords, featureState, trendInWords } from './feature-words.ts';

export type FeatureSort = 'feature' | 'price' | 'used' | 'change';

/** Features with their prices and their use. */
export function FeaturesTable({
  features,
  from,
  openName,
  sort,
  onSortChange,
  onOpen,
  placeholder,
}: {
  features: readonly Feature[];
  /** The first day that their use is counted in. */
  from: string;
  /** The feature that is shown in the drawer. */
  openName: string | null;
  sort: TableSort<FeatureSort>;
  onSortChange: (sort: TableSort<FeatureSort>) => void;
  onOpen: (feature: Feature) => void;
  placeholder: ReactNode;
}) {
  const { timeZone } = useSession();
  const mostUsed = Math.max(1, ...features.map(({ used }) => used));
  // A column that has nothing to say in any row is left out: it would only push the others apart.
  const hasNext = features.some(({ scheduled }) => scheduled.length > 0);
  const hasMeters = features.some(({ meters }) => meters.length > 0);
  const columns = useMemo(
    () =>
      columnsOf({ from, timeZone, mostUsed }).filter(
        ({ id }) => (id !== 'next' || hasNext) && (id !== 'meters' || hasMeters),
      ),
    [from, timeZone, mostUsed, hasNext, hasMeters],
  );
  const rows = useMemo(() => sorted(features, sort), [features, sort]);
  return (
    <VirtualTable<Feature>
      label="Features"
      columns={columns}
      rows={rows}
      rowKey={({ feature }) => feature}
      rowLabel={({ feature }) => feature}
      rowCount={rows.length}
      sort={sort}
      onSortChange={({ column, descending }) => {
        const known = SORTS.find((each) => each === column);
        if (known !== undefined) onSortChange({ column: known, descending });
      }}
      onOpen={onOpen}
      rowState={({ feature }) => (feature === openName ? 'current' : undefined)}
      placeholder={placeholder}
    />
  );
}

const SORTS: readonly FeatureSort[] = ['feature', 'price', 'used', 'change'];

function sorted(features: readonly Feature[], { column, descending }: TableSort<FeatureSort>) {
  const compare: Record<FeatureSort, (a: Feature, b: Feature) => number> = {
    feature: (a, b) => (a.feature < b.feature ? -1 : 1),
    price: (a, b) => (a.current?.cost ?? 0) - (b.current?.cost ?? 0),
    used: (a, b) => a.used - b.used,
    change: (a, b) => a.used - a.usedBefore - (b.used - b.usedBefore),
  };
  const sign = descending ? -1 : 1;
  return features.toSorted(
    (a, b) => sign * compare[column](a, b) || (a.feature < b.feature ? -1 : 1),
  );
}

function columnsOf({
  from,
  timeZone,
  mostUsed,
}: {
  from: string;
  timeZone: string;
  mostUsed: number;
}): Column<Feature>[] {
  return [
    {
      id: 'feature' satisfies FeatureSort,
      header: 'Feature',
      width: 160,
      grow: 2,
      isRowHeader: true,
      sortable: true,
      cell: ({ feature }) => (
        <span className={classes.name} title={feature}>
          {feature}
        </span>
      ),
      text: ({ feature }) => feature,
    },
    {
      id: 'price' satisfies FeatureSort,
      header: 'Price',
      width: 145,
      grow: 1,
      sortable: true,
      cell: ({ current }) =>
        current === null ? (
          <span className={classes.muted}>None</span>
        ) : (
          <span title={costInWords(current)}>{costInWords(current)}</span>
        ),
      text: ({ current }) => (current === null ? '' : costInWords(current)),
    },
    {
      id: 'state',
      header: 'State',
      width: 90,
      cell: (row) => {
        const { label, tone, sentence } = featureState(row);
        return (
          <StateBadge tone={tone} title={sentence}>
            {label}
          </StateBadge>
        );
      },
      text: (row) => featureState(row).label,
    },
    {
      id: 'next',
      header: 'Next price',
      width: 195,
      hideBelow: 990,
      cell: ({ scheduled: [next] }) =>
        next?.validFrom == null ? null : (
          <span title={`${costInWords(next)} from ${formatInstantExact(next.validFrom, timeZone)}`}>
            {next.active ? formatCreditsInWords(next.cost) : 'Inactive'} from{' '}
            {formatDate(next.validFrom, timeZone)}
          </span>
        ),
      text: ({ scheduled: [next] }) =>
        next?.validFrom == null ? '' : `${costInWords(next)} from ${next.validFrom}`,
    },
    {
      id: 'used' satisfies FeatureSort,
      header: 'Used',
      width: 170,
      align: 'end',
      sortable: true,
      cell: ({ used }) => (
        <span className={classes.used}>
          <span className={classes.shareTrack} aria-hidden="true">
            <span className={classes.share} style={{ inlineSize: `${(used / mostUsed) * 100}%` }} />
          </span>
          <CreditAmount value={used} muted={used === 0} />
        </span>
      ),
      text: ({ used }) => String(used),
    },
    {
      id: 'change' satisfies FeatureSort,
      header: 'Change',
      width: 100,
      align: 'end',
      sortable: true,
      hideBelow: 670,
      cell: ({ used, usedBefore }) => (
        <span title={`${formatCredits(usedBefore)} in as many days before`}>
          <CreditAmount value={used - usedBefore} signed muted={used === usedBefore} />
        </span>
      ),
      text: ({ used, usedBefore }) => String(used - usedBefore),
    },
    {
      id: 'trend',
      header: 'By day',
      width: 120,
      hideBelow: 800,
      cell: (row) => <Sparkline values={row.trend} label={trendInWords(row, from)} />,
    },
    {
      id: 'meters',
      header: 'Meters',
      width: 130,
      hideBelow: 1120,
      cell: ({ meters }) => <span title={meters.join(', ')}>{meters.join(', ')}</span>,
      text: ({ meters }) => meters.join(', '),
    },
  ];
}
