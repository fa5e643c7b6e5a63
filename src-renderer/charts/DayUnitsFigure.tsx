import { type KeyboardEvent, type MouseEvent, memo, useId, useState } from 'react';
import { Bar, BarChart } from 'recharts';
import { formatCredits, formatQuantity } from '#renderer/format/credits.ts';
import { formatNumber, formatUnits } from '#renderer/format/metering.ts';
import { formatDay, formatDayShort } from '#renderer/format/time.ts';
import { ChartAxes } from './ChartAxes.tsx';
import { besidePoint, type ChartFrame, chartFrame, MARGIN } from './chart-frame.ts';
import styles from './charts.module.css';
import { Figure } from './Figure.tsx';
import { NumberTable } from './NumberTable.tsx';
import { patternFill, SeriesPatterns, Swatch } from './patterns.tsx';
import type { UsageSeries } from './usage-series.ts';
import { useElementWidth } from './use-element-width.ts';

/** Units of one day as two sides know them. */
export type DayUnits = { day: string; reported: number; summary: number };

/** Pixels. The first day of a period would be one bar as wide as the chart. */
const WIDEST_BAR = 40;
const REPORTED = 'Reported';
const IN_STRIPE = 'In Stripe';
const LABEL_WIDTH = 62;
const WIDTH_BEFORE_MEASURED = 640;
const HEIGHT = 180;

/**
 * Units by day under their heading, what was reported beside what Stripe has: as bars with exact numbers under the pointer
 * and the keys, or as a table.
 */
export function DayUnitsFigure({
  label,
  note,
  level,
  days,
  withTotal,
}: {
  /** What the numbers are, such as "API calls by day". */
  label: string;
  /** Smaller words beside the heading, such as the time zone. */
  note: string;
  /** Of the heading. */
  level: 2 | 4;
  /** Oldest first. */
  days: readonly DayUnits[];
  /** Whether the days add up to something, as they do not where only the newest value counts. */
  withTotal: boolean;
}) {
  const newestFirst = days.toReversed();
  return (
    <Figure
      title={label}
      note={note}
      level={level}
      chart={<DayUnitsChart label={label} days={days} />}
      table={
        <NumberTable
          label={label}
          nameHeader="Day"
          columns={[
            { key: 'reported', header: REPORTED },
            { key: 'summary', header: IN_STRIPE },
          ]}
          rows={newestFirst.map(({ day, reported, summary }) => ({
            key: day,
            name: formatDay(day),
            numbers: [reported, summary],
          }))}
          totalLabel={withTotal ? 'Total' : null}
        />
      }
    />
  );
}

function DayUnitsChart({ label, days }: { label: string; days: readonly DayUnits[] }) {
  const chartId = useId();
  const [plotRef, width] = useElementWidth<HTMLDivElement>(WIDTH_BEFORE_MEASURED);
  const [hovered, setHovered] = useState<number | null>(null);
  const [focused, setFocused] = useState(false);
  const [chosen, setChosen] = useState(days.length - 1);

  const lastDay = days.length - 1;
  // The days may have become fewer since one was chosen.
  const cursor = Math.min(chosen, lastDay);
  const active = hovered === null ? (focused ? cursor : null) : Math.min(hovered, lastDay);
  const shown = active === null ? undefined : days[active];
  const series = seriesOf(days);
  const { plot } = frameOf(days, width);
  const bandWidth = plot.width / days.length;
  const x = plot.left + ((active ?? 0) + 0.5) * bandWidth;

  function dayAt(event: MouseEvent<HTMLElement>): number | null {
    const box = event.currentTarget.getBoundingClientRect();
    const day = Math.floor((event.clientX - box.left - plot.left) / bandWidth);
    return day < 0 || day > lastDay ? null : day;
  }

  function onKeyDown(event: KeyboardEvent<HTMLElement>) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = { ArrowLeft: cursor - 1, ArrowRight: cursor + 1, Home: 0, End: lastDay }[
      event.key
    ];
    if (next === undefined) return;
    setChosen(Math.max(0, Math.min(lastDay, next)));
    setHovered(null);
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div className={styles.figure}>
      <div className={styles.plot} ref={plotRef}>
        <div role="img" aria-label={summaryOf(label, days)}>
          <Drawing chartId={chartId} days={days} width={width} />
        </div>
        {shown !== undefined && (
          <div
            className={styles.cursorLine}
            style={{ left: x, top: plot.top, height: plot.height }}
          />
        )}
        <div
          className={styles.cursor}
          role="slider"
          tabIndex={0}
          aria-label={`${label}: day`}
          aria-valuemin={1}
          aria-valuemax={days.length}
          aria-valuenow={cursor + 1}
          aria-valuetext={spokenDay(days[cursor])}
          onKeyDown={onKeyDown}
          onFocus={() => setFocused(true)}
          onBlur={() => setFocused(false)}
          onPointerMove={(event) => setHovered(dayAt(event))}
          onPointerLeave={() => setHovered(null)}
        />
        {shown !== undefined && (
          // The slider's value says the same to a screen reader.
          <div className={styles.readout} style={besidePoint(x, width)} aria-hidden="true">
            <div className={styles.readoutDay}>{formatDay(shown.day)}</div>
            {[shown.reported, shown.summary].map((units, index) => (
              <div key={series[index]?.key} className={styles.readoutRow}>
                <Swatch chartId={chartId} index={index} />
                <span className={styles.readoutName}>{series[index]?.label}</span>
                <span className={styles.number}>{formatNumber(units)}</span>
              </div>
            ))}
          </div>
        )}
      </div>
      <ul className={styles.legend} aria-label="Sides">
        {series.map((each, index) => (
          <li key={each.key} className={styles.legendItem}>
            <Swatch chartId={chartId} index={index} />
            <span className={styles.legendName}>{each.label}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The bars and axes. Apart from the cursor, so that moving over the bars does not draw them anew. */
const Drawing = memo(function Drawing({
  chartId,
  days,
  width,
}: {
  chartId: string;
  days: readonly DayUnits[];
  width: number;
}) {
  const frame = frameOf(days, width);
  const { plot } = frame;
  const every = Math.max(1, Math.ceil(days.length / Math.max(1, plot.width / LABEL_WIDTH)));
  return (
    <BarChart<DayUnits>
      width={width}
      height={HEIGHT}
      data={[...days]}
      margin={MARGIN}
      barGap={0}
      barCategoryGap={plot.width / days.length > 12 ? '18%' : 0}
      accessibilityLayer={false}
    >
      <SeriesPatterns chartId={chartId} series={seriesOf(days)} />
      <ChartAxes
        frame={frame}
        formatValue={formatCredits}
        x={{
          dataKey: 'day',
          ticks: days.map(({ day }) => day).filter((_, index) => index % every === 0),
          tickFormatter: formatDayShort,
        }}
      />
      <Bar
        dataKey="reported"
        name={REPORTED}
        fill={patternFill(chartId, 0)}
        isAnimationActive={false}
        maxBarSize={WIDEST_BAR}
      />
      <Bar
        dataKey="summary"
        name={IN_STRIPE}
        fill={patternFill(chartId, 1)}
        isAnimationActive={false}
        maxBarSize={WIDEST_BAR}
      />
    </BarChart>
  );
});

function seriesOf(days: readonly DayUnits[]): UsageSeries[] {
  const series = (key: 'reported' | 'summary', label: string): UsageSeries => {
    const used = days.map((day) => day[key]);
    return { key, feature: key, label, used, total: sum(used) };
  };
  return [series('reported', REPORTED), series('summary', IN_STRIPE)];
}

function frameOf(days: readonly DayUnits[], width: number): ChartFrame {
  const largest = Math.max(0, ...days.map((day) => Math.max(day.reported, day.summary)));
  return chartFrame(largest, { width, height: HEIGHT, formatValue: formatCredits });
}

function spokenDay(day: DayUnits | undefined): string {
  if (day === undefined) return '';
  return `${formatDay(day.day)}: ${formatUnits(day.reported)} reported, ${formatNumber(day.summary)} in Stripe`;
}

/** The chart in words: what, when, and the highest day. */
function summaryOf(label: string, days: readonly DayUnits[]): string {
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return `${label}.`;
  const highest = days.reduce((high, day) => (day.reported > high.reported ? day : high), first);
  return [
    `${label}, ${formatDay(first.day)} to ${formatDay(last.day)}, ${formatQuantity(days.length, 'day')}.`,
    `Highest day ${formatDay(highest.day)} with ${formatUnits(highest.reported)} reported and ${formatNumber(highest.summary)} in Stripe.`,
  ].join(' ');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
