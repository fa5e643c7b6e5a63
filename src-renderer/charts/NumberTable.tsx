import type { ReactNode } from 'react';
import { formatNumber } from '#renderer/format/metering.ts';
import styles from './charts.module.css';

/** The numbers of a figure as rows, with a last row that adds them up where they are things to add. */
export function NumberTable({
  label,
  nameHeader,
  columns,
  rows,
  totalLabel = 'Total',
}: {
  label: string;
  nameHeader: string;
  columns: ReadonlyArray<{ key: string; header: string }>;
  /** One number a column. */
  rows: ReadonlyArray<{ key: string; name: ReactNode; numbers: readonly number[] }>;
  /** Null: a sum would mean nothing, and there is no last row. */
  totalLabel?: string | null;
}) {
  const totals = columns.map((_, index) =>
    rows.reduce((sum, row) => sum + (row.numbers[index] ?? 0), 0),
  );
  return (
    <div className={styles.figure}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key */}
      <section className={styles.tableScroll} tabIndex={0} aria-label={`${label}, rows`}>
        <table className={styles.table} aria-label={label}>
          <thead>
            <tr>
              <th scope="col">{nameHeader}</th>
              {columns.map(({ key, header }) => (
                <th key={key} scope="col" className={styles.number}>
                  {header}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.key}>
                <th scope="row">{row.name}</th>
                {columns.map(({ key }, index) => (
                  <td key={key} className={styles.number}>
                    {formatNumber(row.numbers[index] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
          {totalLabel !== null && (
            <tfoot>
              <tr>
                <th scope="row">{totalLabel}</th>
                {columns.map(({ key }, index) => (
                  <td key={key} className={styles.number}>
                    {formatNumber(totals[index] ?? 0)}
                  </td>
                ))}
              </tr>
            </tfoot>
          )}
        </table>
      </section>
    </div>
  );
}
