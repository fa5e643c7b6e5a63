import { featureLabel } from '#renderer/format/labels.ts';
import { addDays, type DayRange } from '#shared/time.ts';

/** Credits used on one day by one feature; `null` is Other, '' is usage that named no feature. */
export type UsageRow = { day: string; feature: string | null; used: number };

/** One band of the stack: the credits of one feature on each day of the range. */
export type UsageSeries = {
  /** Tells series apart, also a feature called "Other" from Other. */
  key: string;
  /** `null`: everything beyond the five largest. */
  feature: string | null;
  label: string;
  /** One number a day, in the order of `days`; 0 where nothing was used. */
  used: readonly number[];
  total: number;
};

export type UsageByDay = {
  days: readonly string[];
  /** Largest first, Other last. */
  series: readonly UsageSeries[];
  /** All credits of each day, in the order of `days`. */
  dayTotals: readonly number[];
  total: number;
};

/** So many features have a colour of their own; the rest is Other. */
const FEATURES_MAX = 5;

/** Every calendar day of a range, both ends included. */
export function daysOf(range: DayRange): string[] {
  const days: string[] = [];
  for (let day = range.from; day <= range.to; day = addDays(day, 1)) days.push(day);
  return days;
}

/**
 * Arranges rows for a chart and its table: every day of the range is there, zero where nothing was used;
 * the five largest features stand alone and the rest adds up in Other. Rows outside the range are left out.
 */
export function arrangeUsage(rows: readonly UsageRow[], range: DayRange): UsageByDay {
  const days = daysOf(range);
  const indexOfDay = new Map(days.map((day, index) => [day, index]));
  const byFeature = new Map<string | null, number[]>();
  for (const row of rows) {
    const index = indexOfDay.get(row.day);
    if (index === undefined) continue;
    const used = byFeature.get(row.feature) ?? days.map(() => 0);
    used[index] = (used[index] ?? 0) + row.used;
    byFeature.set(row.feature, used);
  }

  const named: UsageSeries[] = [];
  const rest: number[][] = [];
  for (const [feature, used] of byFeature) {
    if (feature === null) rest.push(used);
    else named.push(seriesOf(feature, used));
  }
  named.sort((a, b) => b.total - a.total || a.label.localeCompare(b.label, 'en'));
  rest.push(...named.splice(FEATURES_MAX).map((series) => [...series.used]));

  const series = [...named];
  if (rest.length > 0) {
    const used = days.map((_, index) => sum(rest.map((each) => each[index] ?? 0)));
    series.push(seriesOf(null, used));
  }
  const dayTotals = days.map((_, index) => sum(series.map((each) => each.used[index] ?? 0)));
  return { days, series, dayTotals, total: sum(dayTotals) };
}

/** Round steps of an axis from 0 to at least `largest`, at most five of them, always whole numbers. */
export function axisTicks(largest: number): number[] {
  if (largest <= 0) return [0, 1];
  const rough = largest / 4;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const step = Math.max(
    1,
    [1, 2, 2.5, 5, 10]
      .map((factor) => factor * power)
      .find((candidate) => candidate >= rough && Number.isInteger(candidate)) ?? 10 * power,
  );
  const ticks = [0];
  for (let tick = step; (ticks.at(-1) ?? 0) < largest; tick += step) ticks.push(tick);
  return ticks;
}

function seriesOf(feature: string | null, used: readonly number[]): UsageSeries {
  const key = feature === null ? 'other' : `feature ${feature}`;
  return { key, feature, label: featureLabel(feature), used, total: sum(used) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
