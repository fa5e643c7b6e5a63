import { useMemo } from 'react';
import { formatCredits } from '#renderer/format/credits.ts';
import { formatDay } from '#renderer/format/time.ts';
import type { DayRange } from '#shared/time.ts';
import styles from './charts.module.css';
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
    <div className={styles.figure}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key */}
      <section className={styles.tableScroll} tabIndex={0} aria-label={`${label}, rows`}>
        <table className={styles.table} aria-label={label}>
          <thead>
            <tr>
              <th scope="col">Day</th>
              {usage.series.map((each) => (
                <th key={each.key} scope="col" className={styles.number}>
                  {each.label}
                </th>
              ))}
              <th scope="col" className={styles.number}>
                All
              </th>
            </tr>
          </thead>
          <tbody>
            {newestFirst.map(({ day, index }) => (
              <tr key={day}>
                <th scope="row">
                  {onOpen ? (
                    <button
                      type="button"
                      className={styles.dayButton}
                      onClick={() => onOpen(day, null)}
                    >
                      {formatDay(day)}
                    </button>
                  ) : (
                    formatDay(day)
                  )}
                </th>
                {usage.series.map((each) => (
                  <td key={each.key} className={styles.number}>
                    {formatCredits(each.used[index] ?? 0)}
                  </td>
                ))}
                <td className={styles.number}>{formatCredits(usage.dayTotals[index] ?? 0)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">Total</th>
              {usage.series.map((each) => (
                <td key={each.key} className={styles.number}>
                  {formatCredits(each.total)}
                </td>
              ))}
              <td className={styles.number}>{formatCredits(usage.total)}</td>
            </tr>
          </tfoot>
        </table>
      </section>
    </div>
  );
}
