import type { ReactNode } from 'react';
import { formatCredits } from '#renderer/format/credits.ts';
import styles from './charts.module.css';

export type BarListRow = {
  key: string;
  label: string;
  /** What leads to the numbers behind the row, such as a link; the plain label where there is nothing to open. */
  name?: ReactNode;
  /** Credits, zero or more. */
  value: number;
  /** A smaller word before the number, such as "in". */
  mark?: string;
  /** Drawn hatched, to tell a second kind of bar from the first without colour. */
  hatched?: boolean;
};

/** Horizontal bars with their exact numbers, in the order given. */
export function BarList({ label, rows }: { label: string; rows: readonly BarListRow[] }) {
  const largest = Math.max(1, ...rows.map((row) => row.value));
  return (
    <div className={styles.figure}>
      <ul className={styles.barList} aria-label={label}>
        {rows.map((row) => (
          <li key={row.key} className={styles.barRow}>
            <span className={styles.barName} title={row.label}>
              {row.name ?? row.label}
            </span>
            <span className={styles.barTrack} aria-hidden="true">
              <span
                className={row.hatched ? styles.barHatched : styles.bar}
                style={{ inlineSize: `${(row.value / largest) * 100}%` }}
              />
            </span>
            <span className={styles.number}>
              {row.mark !== undefined && <span className={styles.barMark}>{row.mark} </span>}
              {formatCredits(row.value)}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
