import { useMemo } from 'react';
import { formatDay } from '#renderer/format/time.ts';
import type { DayRange } from '#shared/time.ts';
import styles from './charts.module.css';
import { NumberTable } from './NumberTable.tsx';
import { arrangeUsage, type UsageRow } from './usage-series.ts';

/** The numbers of UsageChart as rows: a row a day, newest first, a column a feature, and totals that add up. */
export function UsageTable({
  rows,
  range,
  label,
  onOpen,
}: {
  rows: readonly UsageRow[];
  range: DayRange;
  label: string;
  /** Chosen by its day button; the feature is always null here: the whole day. */
  onOpen?: ((day: string, feature: string | null) => void) | undefined;
}) {
  const usage = useMemo(() => arrangeUsage(rows, range), [rows, range]);
  const newestFirst = usage.days.map((day, index) => ({ day, index })).reverse();
  return (
    <NumberTable
      label={label}
      nameHeader="Day"
      columns={[
        ...usage.series.map((each) => ({ key: `feature ${each.key}`, header: each.label })),
        { key: 'all', header: 'All' },
      ]}
      rows={newestFirst.map(({ day, index }) => ({
        key: day,
        name: onOpen ? (
          <button type="button" className={styles.dayButton} onClick={() => onOpen(day, null)}>
            {formatDay(day)}
          </button>
        ) : (
          formatDay(day)
        ),
        numbers: [
          ...usage.series.map((each) => each.used[index] ?? 0),
          usage.dayTotals[index] ?? 0,
        ],
      }))}
    />
  );
}
