import { type KeyboardEvent, type MouseEvent, memo, useId, useMemo, useState } from 'react';
import { Bar, BarChart } from 'recharts';
import { formatCredits, formatCreditsInWords, formatQuantity } from '#renderer/format/credits.ts';
import { formatDay, formatDayShort } from '#renderer/format/time.ts';
import type { DayRange } from '#shared/time.ts';
import { ChartAxes } from './ChartAxes.tsx';
import { besidePoint, type ChartFrame, chartFrame, MARGIN } from './chart-frame.ts';
import styles from './charts.module.css';
import { patternFill, SeriesPatterns, Swatch } from './patterns.tsx';
import { arrangeUsage, type UsageByDay, type UsageRow } from './usage-series.ts';
import { useElementWidth } from './use-element-width.ts';

export type UsageChartProps = {
  /** Credits used by day and feature; days without usage may be absent. */
  rows: readonly UsageRow[];
  /** First and last day, both included: every one of them is drawn. */
  range: DayRange;
  /** What the numbers are, such as "Credits used by day". */
  label: string;
  /** In CSS pixels, the legend not counted. */
  height?: number;
  /**
   * A bar was chosen by pointer or key. `feature` is null where a whole day was chosen, or Other, which is no feature
   * that a list could be filtered by.
   */
  onOpen?: ((day: string, feature: string | null) => void) | undefined;
};

type Datum = { day: string; used: readonly number[] };
/** A day of the range, and a series of it or null for the whole day. */
type Place = { day: number; series: number | null };

const LABEL_WIDTH = 62;
const WIDTH_BEFORE_MEASURED = 800;
/** How far beside a thin band a click still means it. */
const REACH = 3;

/** Stacked bars a day, with exact numbers under the pointer and the keys. The same numbers as rows: UsageTable. */
export function UsageChart({ rows, range, label, height = 240, onOpen }: UsageChartProps) {
  const chartId = useId();
  const usage = useMemo(() => arrangeUsage(rows, range), [rows, range]);
  const [plotRef, width] = useElementWidth<HTMLDivElement>(WIDTH_BEFORE_MEASURED);
  const [hovered, setHovered] = useState<Place | null>(null);
  const [focused, setFocused] = useState(false);
  const [cursorState, setCursor] = useState<Place | null>(null);

  const { days, series } = usage;
  const lastDay = days.length - 1;
  const cursor = within(cursorState ?? { day: lastDay, series: null }, usage);
  const active = hovered === null ? (focused ? cursor : null) : within(hovered, usage);

  const { top, plot } = frameOf(usage, width, height);
  const bandWidth = plot.width / days.length;

  function placeAt(event: MouseEvent<HTMLElement>): Place | null {
    const box = event.currentTarget.getBoundingClientRect();
    const day = Math.floor((event.clientX - box.left - plot.left) / bandWidth);
    if (day < 0 || day > lastDay) return null;
    const fromBottom = plot.top + plot.height - (event.clientY - box.top);
    let reached = 0;
    for (const [index, each] of series.entries()) {
      const credits = each.used[day] ?? 0;
      reached += credits;
      if (credits > 0 && fromBottom <= (reached / top) * plot.height) return { day, series: index };
    }
    const highest = (reached / top) * plot.height;
    const last = series.findLastIndex((each) => (each.used[day] ?? 0) > 0);
    return { day, series: last >= 0 && fromBottom <= highest + REACH ? last : null };
  }

  function hover(place: Place | null) {
    setHovered((now) => (now?.day === place?.day && now?.series === place?.series ? now : place));
  }

  function open(place: Place) {
    const day = days[place.day];
    if (day === undefined) return;
    onOpen?.(day, place.series === null ? null : (series[place.series]?.feature ?? null));
  }

  function onKeyDown(event: KeyboardEvent<HTMLElement>) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = afterKey(event.key, cursor, usage);
    if (next !== null) setCursor(next);
    else if (event.key === 'Enter' && onOpen) open(cursor);
    else return;
    setHovered(null);
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div className={styles.figure}>
      <div className={styles.plot} ref={plotRef}>
        <div role="img" aria-label={summaryOf(usage, range, label)}>
          <Drawing chartId={chartId} usage={usage} width={width} height={height} />
        </div>
        {active !== null && (
          <div
            className={styles.cursorLine}
            style={{
              left: plot.left + (active.day + 0.5) * bandWidth,
              top: plot.top,
              height: plot.height,
            }}
          />
        )}
        <div
          className={[styles.cursor, onOpen && styles.openable].filter(Boolean).join(' ')}
          role="slider"
          tabIndex={0}
          aria-label={`${label}: day`}
          aria-describedby={`${chartId}-keys`}
          aria-valuemin={1}
          aria-valuemax={days.length}
          aria-valuenow={cursor.day + 1}
          aria-valuetext={spokenPlace(usage, cursor)}
          onKeyDown={onKeyDown}
          onFocus={() => setFocused(true)}
          onBlur={() => setFocused(false)}
          onPointerMove={(event) => hover(placeAt(event))}
          onPointerLeave={() => setHovered(null)}
          onClick={(event) => {
            const place = placeAt(event);
            if (place === null) return;
            setCursor(place);
            open(place);
          }}
        />
        <p id={`${chartId}-keys`} hidden>
          Left and right move by a day, Page Up and Page Down by a week, up and down choose a
          feature.
          {onOpen && ' Enter opens the transactions.'}
        </p>
        {active !== null && (
          <Readout
            chartId={chartId}
            usage={usage}
            place={active}
            x={plot.left + (active.day + 0.5) * bandWidth}
            width={width}
          />
        )}
      </div>
      <ul className={styles.legend} aria-label="Features">
        {series.map((each, index) => (
          <li key={each.key} className={styles.legendItem}>
            <Swatch chartId={chartId} index={index} />
            <span className={styles.legendName} title={each.label}>
              {each.label}
            </span>
            <span className={styles.legendTotal}>{formatCredits(each.total)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The bars and axes. Apart from the cursor, so that moving over hundreds of bars does not draw them anew. */
const Drawing = memo(function Drawing({
  chartId,
  usage,
  width,
  height,
}: {
  chartId: string;
  usage: UsageByDay;
  width: number;
  height: number;
}) {
  const { days, series } = usage;
  const frame = frameOf(usage, width, height);
  const isWide = frame.plot.width / days.length > 6;
  const data = days.map(
    (day, index): Datum => ({
      day,
      used: series.map((each) => each.used[index] ?? 0),
    }),
  );
  return (
    <BarChart<Datum>
      width={width}
      height={height}
      data={data}
      margin={MARGIN}
      barCategoryGap={isWide ? '18%' : 0}
      accessibilityLayer={false}
    >
      <SeriesPatterns chartId={chartId} series={series} />
      <ChartAxes
        frame={frame}
        formatValue={formatCredits}
        x={{
          dataKey: 'day',
          ticks: labelledDays(days, frame.plot.width),
          tickFormatter: formatDayShort,
        }}
      />
      {series.map((each, index) => (
        <Bar
          key={each.key}
          // A function: as a path, the dots in a feature's name would be taken for steps.
          dataKey={(datum: Datum) => datum.used[index] ?? 0}
          name={each.label}
          stackId="day"
          fill={patternFill(chartId, index)}
          stroke="var(--surface)"
          strokeWidth={isWide ? 1 : 0}
          isAnimationActive={false}
        />
      ))}
    </BarChart>
  );
});

function Readout(props: {
  chartId: string;
  usage: UsageByDay;
  place: Place;
  x: number;
  width: number;
}) {
  const { usage, place, x, width } = props;
  return (
    // The slider's value says the same to a screen reader.
    <div className={styles.readout} style={besidePoint(x, width)} aria-hidden="true">
      <div className={styles.readoutDay}>{formatDay(usage.days[place.day] ?? '')}</div>
      {usage.series.map((each, index) => (
        <div key={each.key} className={styles.readoutRow}>
          <Swatch chartId={props.chartId} index={index} />
          <span
            className={[styles.readoutName, index === place.series && styles.readoutChosen]
              .filter(Boolean)
              .join(' ')}
          >
            {each.label}
          </span>
          <span className={styles.number}>{formatCredits(each.used[place.day] ?? 0)}</span>
        </div>
      ))}
      <div className={`${styles.readoutRow} ${styles.readoutTotal}`}>
        <span />
        <span>All</span>
        <span className={styles.number}>{formatCredits(usage.dayTotals[place.day] ?? 0)}</span>
      </div>
    </div>
  );
}

function frameOf(usage: UsageByDay, width: number, height: number): ChartFrame {
  const largest = Math.max(0, ...usage.dayTotals);
  return chartFrame(largest, { width, height, formatValue: formatCredits });
}

function afterKey(key: string, cursor: Place, usage: UsageByDay): Place | null {
  const last = usage.days.length - 1;
  const toDay = (day: number): Place => ({ ...cursor, day: Math.min(last, Math.max(0, day)) });
  switch (key) {
    case 'ArrowLeft':
      return toDay(cursor.day - 1);
    case 'ArrowRight':
      return toDay(cursor.day + 1);
    case 'PageUp':
      return toDay(cursor.day - 7);
    case 'PageDown':
      return toDay(cursor.day + 7);
    case 'Home':
      return toDay(0);
    case 'End':
      return toDay(last);
    case 'ArrowUp': {
      const next = cursor.series === null ? 0 : cursor.series + 1;
      return { ...cursor, series: Math.min(next, usage.series.length - 1) };
    }
    case 'ArrowDown':
      return { ...cursor, series: cursor.series ? cursor.series - 1 : null };
    default:
      return null;
  }
}

/** The place, moved into what is drawn: the data may have changed since it was chosen. */
function within(place: Place, usage: UsageByDay): Place {
  return {
    day: Math.min(place.day, usage.days.length - 1),
    series: place.series !== null && place.series < usage.series.length ? place.series : null,
  };
}

function spokenPlace(usage: UsageByDay, place: Place): string {
  const day = formatDay(usage.days[place.day] ?? '');
  const chosen = place.series === null ? undefined : usage.series[place.series];
  if (chosen !== undefined) {
    return `${day}, ${chosen.label}: ${formatCreditsInWords(chosen.used[place.day] ?? 0)}`;
  }
  const parts = usage.series
    .filter((each) => (each.used[place.day] ?? 0) !== 0)
    .map((each) => `${each.label} ${formatCredits(each.used[place.day] ?? 0)}`);
  const total = formatCreditsInWords(usage.dayTotals[place.day] ?? 0);
  return parts.length === 0 ? `${day}: ${total}` : `${day}: ${total}. ${parts.join(', ')}`;
}

/** The chart in words: what, when, how much, by which feature, and the highest day. */
function summaryOf(usage: UsageByDay, range: DayRange, label: string): string {
  const highest = Math.max(0, ...usage.dayTotals);
  const parts = [
    `${label}, ${formatDay(range.from)} to ${formatDay(range.to)}`,
    `${formatCreditsInWords(usage.total)} in ${formatQuantity(usage.days.length, 'day')}`,
  ];
  if (usage.series.length > 0) {
    parts.push(
      usage.series.map((each) => `${each.label} ${formatCredits(each.total)}`).join(', '),
      `Highest day ${formatDay(usage.days[usage.dayTotals.indexOf(highest)] ?? '')} with ${formatCredits(highest)}`,
    );
  }
  return `${parts.join('. ')}.`;
}

/** The days that get a label: evenly spaced, as many as fit. */
function labelledDays(days: readonly string[], width: number): string[] {
  const fit = Math.max(1, Math.floor(width / LABEL_WIDTH));
  const every = Math.max(1, Math.ceil(days.length / fit));
  return days.filter((_, index) => index % every === 0);
}
