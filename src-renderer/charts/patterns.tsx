import styles from './charts.module.css';
import type { UsageSeries } from './usage-series.ts';

// What tells series apart without colour: each pattern is drawn in the surface colour over the series colour.
const OVERLAYS: readonly (string | null)[] = [
  null,
  'M0 6 L6 0 M-1 1 L1 -1 M5 7 L7 5',
  'M0 3 H6',
  'M1.5 1.5 h1.5 v1.5 h-1.5 Z M4.5 4.5 h1.5 v1.5 h-1.5 Z',
  'M3 0 V6',
];
const OTHER_OVERLAY = 'M0 0 L6 6 M0 6 L6 0';

function paintOf(series: UsageSeries, index: number): { color: string; overlay: string | null } {
  return series.feature === null
    ? { color: 'var(--chart-other)', overlay: OTHER_OVERLAY }
    : { color: `var(--chart-${index + 1})`, overlay: OVERLAYS[index] ?? null };
}

/** The fill of one series; the patterns must stand in the same document. */
export function patternFill(chartId: string, index: number): string {
  return `url(#${chartId}-series-${index})`;
}

/** The SVG patterns of a chart, one a series. */
export function SeriesPatterns({
  chartId,
  series,
}: {
  chartId: string;
  series: readonly UsageSeries[];
}) {
  return (
    <defs>
      {series.map((each, index) => {
        const { color, overlay } = paintOf(each, index);
        return (
          <pattern
            key={each.key}
            id={`${chartId}-series-${index}`}
            width="6"
            height="6"
            patternUnits="userSpaceOnUse"
          >
            <rect width="6" height="6" style={{ fill: color }} />
            {overlay !== null && (
              <path
                d={overlay}
                style={{ fill: 'none', stroke: 'var(--surface)', strokeWidth: 1.2 }}
              />
            )}
          </pattern>
        );
      })}
    </defs>
  );
}

/** A small square in the colour and pattern of a series. */
export function Swatch({ chartId, index }: { chartId: string; index: number }) {
  return (
    <svg className={styles.swatch} width="14" height="12" aria-hidden="true">
      <rect width="14" height="12" rx="2" fill={patternFill(chartId, index)} />
    </svg>
  );
}
