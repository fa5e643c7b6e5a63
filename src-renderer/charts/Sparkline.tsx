import styles from './charts.module.css';

/** In the drawing's own units; it is stretched to its place, its lines are not. */
const WIDTH = 100;
const HEIGHT = 24;
/** Keeps half of the line's width inside the drawing. */
const EDGE = 2;

/**
 * A small line of numbers that are zero or more, the oldest first, as tall as its place; told by `label` to who does not see it.
 */
export function Sparkline({ values, label }: { values: readonly number[]; label: string }) {
  const points = sparklinePoints(values);
  const line = points.map(([x, y]) => `${x},${y}`).join(' ');
  return (
    <span className={`${styles.figure} ${styles.sparkline}`} role="img" aria-label={label}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <polygon
          className={styles.sparklineArea}
          points={`0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}`}
        />
        <polyline className={styles.sparklineLine} points={line} />
      </svg>
    </span>
  );
}

/** Where the line goes, in units of the drawing: from edge to edge, the largest number at the top. One number is a level line. */
export function sparklinePoints(values: readonly number[]): Array<readonly [number, number]> {
  const all = values.length === 1 ? [...values, ...values] : values;
  const largest = Math.max(1, ...all);
  const round = (value: number) => Math.round(value * 100) / 100;
  return all.map((value, index) => [
    round((index / Math.max(1, all.length - 1)) * WIDTH),
    round(HEIGHT - EDGE - (value / largest) * (HEIGHT - 2 * EDGE)),
  ]);
}
