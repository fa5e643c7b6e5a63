import { type KeyboardEvent, type MouseEvent, memo, useId, useMemo, useState } from 'react';
import { Line, LineChart, ReferenceLine } from 'recharts';
import { formatCredits, formatQuantity } from '#renderer/format/credits.ts';
import { formatUnits, formatUnitsShort } from '#renderer/format/metering.ts';
import { formatMoney } from '#renderer/format/money.ts';
import type { Tier } from '#shared/metered-price.ts';
import { ChartAxes } from './ChartAxes.tsx';
import { besidePoint, type ChartFrame, chartFrame, MARGIN } from './chart-frame.ts';
import styles from './charts.module.css';
import { Figure } from './Figure.tsx';
import { amountAt, curveEnd, type PricePoint, pricePoints, tellingPoints } from './price-points.ts';
import { axisTicks } from './usage-series.ts';
import { useElementWidth } from './use-element-width.ts';

/** Pixels: half of the last label below stands beyond the plot. */
const RIGHT = 16;
const CURVE_MARGIN = { ...MARGIN, right: RIGHT };
const WIDTH_BEFORE_MEASURED = 600;
/** So many steps of an arrow key lead from one end to the other. */
const KEY_STEPS = 50;

type PriceCurveProps = {
  tiers: readonly Tier[];
  currency: string;
  /** In CSS pixels. */
  height?: number;
};

const LABEL = 'Price by units';

/** What a metered price comes to by the number of units, as a curve or as rows; a dashed line stands where a tier ends. */
export function PriceCurve({ tiers, currency, height = 200 }: PriceCurveProps) {
  return (
    <Figure
      title={LABEL}
      chart={<Curve tiers={tiers} currency={currency} height={height} />}
      table={<PriceRows tiers={tiers} currency={currency} />}
    />
  );
}

function Curve({ tiers, currency, height }: Required<PriceCurveProps>) {
  const chartId = useId();
  const [plotRef, width] = useElementWidth<HTMLDivElement>(WIDTH_BEFORE_MEASURED);
  const points = useMemo(() => pricePoints(tiers, curveEnd(tiers)), [tiers]);
  const [hovered, setHovered] = useState<number | null>(null);
  const [focused, setFocused] = useState(false);
  const [cursorUnits, setCursor] = useState<number | null>(null);

  const end = points.at(-1)?.units ?? 0;
  const cursor = Math.min(cursorUnits ?? end, end);
  const active = hovered ?? (focused ? cursor : null);
  const { top, plot } = frameOf(points, currency, width, height);
  const xOf = (units: number) => plot.left + (end === 0 ? 0 : units / end) * plot.width;
  const said = (units: number) =>
    `${formatUnits(units)}: ${formatMoney({ amountMinor: amountAt(tiers, units) ?? 0, currency })}`;

  function unitsAt(event: MouseEvent<HTMLElement>): number | null {
    const box = event.currentTarget.getBoundingClientRect();
    const share = (event.clientX - box.left - plot.left) / plot.width;
    return share < 0 || share > 1 ? null : Math.round(share * end);
  }

  function onKeyDown(event: KeyboardEvent<HTMLElement>) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = afterKey(event.key, cursor, end, tiers);
    if (next === null) return;
    setCursor(next);
    setHovered(null);
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div className={styles.figure}>
      <div className={styles.plot} ref={plotRef}>
        <div role="img" aria-label={summaryOf(tiers, points, currency)}>
          <Drawing
            tiers={tiers}
            points={points}
            currency={currency}
            width={width}
            height={height}
          />
        </div>
        {active !== null && (
          <>
            <div
              className={styles.cursorLine}
              style={{ left: xOf(active), top: plot.top, height: plot.height }}
            />
            <div
              className={styles.curveDot}
              style={{
                left: xOf(active),
                top:
                  plot.top + plot.height * (1 - (amountAt(tiers, active) ?? 0) / Math.max(1, top)),
              }}
            />
          </>
        )}
        <div
          className={styles.cursor}
          role="slider"
          tabIndex={0}
          aria-label={`${LABEL}: units`}
          aria-describedby={`${chartId}-keys`}
          aria-valuemin={0}
          aria-valuemax={end}
          aria-valuenow={cursor}
          aria-valuetext={said(cursor)}
          onKeyDown={onKeyDown}
          onFocus={() => setFocused(true)}
          onBlur={() => setFocused(false)}
          onPointerMove={(event) => setHovered(unitsAt(event))}
          onPointerLeave={() => setHovered(null)}
        />
        <p id={`${chartId}-keys`} hidden>
          Left and right move along the curve, Page Up and Page Down from tier to tier.
        </p>
        {active !== null && (
          // The slider's value says the same to a screen reader.
          <div
            className={styles.readout}
            style={besidePoint(xOf(active), width)}
            aria-hidden="true"
          >
            {said(active)}
          </div>
        )}
      </div>
    </div>
  );
}

/** The line and axes. Apart from the cursor, so that moving over it does not draw it anew. */
const Drawing = memo(function Drawing({
  tiers,
  points,
  currency,
  width,
  height,
}: {
  tiers: readonly Tier[];
  points: readonly PricePoint[];
  currency: string;
  width: number;
  height: number;
}) {
  const end = points.at(-1)?.units ?? 0;
  const ends = tiers.flatMap(({ upTo }) => (upTo === null || upTo > end ? [] : [upTo]));
  return (
    <LineChart<PricePoint>
      width={width}
      height={height}
      data={[...points]}
      margin={CURVE_MARGIN}
      accessibilityLayer={false}
    >
      <ChartAxes
        frame={frameOf(points, currency, width, height)}
        formatValue={(amountMinor) => formatMoney({ amountMinor, currency })}
        x={{
          dataKey: 'units',
          domain: [0, Math.max(1, end)],
          ticks: axisTicks(end).filter((tick) => tick <= end),
          tickFormatter: formatUnitsShort,
        }}
      />
      {ends.map((upTo) => (
        <ReferenceLine
          key={upTo}
          x={upTo}
          stroke="var(--hairline-strong)"
          strokeDasharray="3 3"
          ifOverflow="hidden"
        />
      ))}
      <Line
        dataKey="amountMinor"
        type="linear"
        stroke="var(--chart-1)"
        strokeWidth={2}
        dot={false}
        isAnimationActive={false}
      />
    </LineChart>
  );
});

function PriceRows({ tiers, currency }: { tiers: readonly Tier[]; currency: string }) {
  return (
    <div className={styles.figure}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by key */}
      <section className={styles.tableScroll} tabIndex={0} aria-label={`${LABEL}, rows`}>
        <table className={styles.table} aria-label={LABEL}>
          <thead>
            <tr>
              <th scope="col" className={styles.number}>
                Units
              </th>
              <th scope="col" className={styles.number}>
                In all
              </th>
            </tr>
          </thead>
          <tbody>
            {tellingPoints(tiers, curveEnd(tiers)).map(({ units, amountMinor }) => (
              <tr key={units}>
                <th scope="row" className={styles.number}>
                  {formatCredits(units)}
                </th>
                <td className={styles.number}>{formatMoney({ amountMinor, currency })}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

function frameOf(
  points: readonly PricePoint[],
  currency: string,
  width: number,
  height: number,
): ChartFrame {
  return chartFrame(points.at(-1)?.amountMinor ?? 0, {
    width,
    height,
    formatValue: (amountMinor) => formatMoney({ amountMinor, currency }),
    leastLeft: 40,
    right: RIGHT,
  });
}

function afterKey(key: string, cursor: number, end: number, tiers: readonly Tier[]): number | null {
  const step = Math.max(1, Math.round(end / KEY_STEPS));
  const stops = [0, ...tiers.flatMap(({ upTo }) => (upTo === null ? [] : [upTo])), end];
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return Math.max(0, cursor - step);
    case 'ArrowRight':
    case 'ArrowUp':
      return Math.min(end, cursor + step);
    case 'PageUp':
      return stops.findLast((stop) => stop < cursor) ?? 0;
    case 'PageDown':
      return stops.find((stop) => stop > cursor) ?? end;
    case 'Home':
      return 0;
    case 'End':
      return end;
    default:
      return null;
  }
}

/** The curve in words: how far it goes, what it comes to there and where tiers end. */
function summaryOf(
  tiers: readonly Tier[],
  points: readonly PricePoint[],
  currency: string,
): string {
  const last = points.at(-1) ?? { units: 0, amountMinor: 0 };
  const parts = [
    `${LABEL}, to ${formatUnits(last.units)}`,
    `${formatMoney({ amountMinor: last.amountMinor, currency })} there`,
  ];
  for (const [index, { upTo }] of tiers.entries()) {
    if (upTo === null || upTo > last.units) continue;
    const amountMinor = amountAt(tiers, upTo) ?? 0;
    parts.push(
      `Tier ${index + 1} ends at ${formatCredits(upTo)} with ${formatMoney({ amountMinor, currency })}`,
    );
  }
  if (tiers.length > 1) parts.push(formatQuantity(tiers.length, 'tier'));
  return `${parts.join('. ')}.`;
}
