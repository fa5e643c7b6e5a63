import { addDays, type DayRange, presetRange } from '#shared/time.ts';
import { type QueryRange, readRangeQuery } from './range-query.ts';

const DEFAULT_RANGE = '30d';

/** The days that an address asks for; the last 30 where it asks for none, or for more than `daysMax`. */
export function rangeAsked(search: string, daysMax: number): QueryRange {
  const range = readRangeQuery(new URLSearchParams(search));
  if (range === null || (typeof range !== 'string' && daysIn(range) > daysMax)) {
    return DEFAULT_RANGE;
  }
  return range;
}

/** The days of a range, now. */
export function resolveRange(range: QueryRange, timeZone: string, now: Date): DayRange {
  return typeof range === 'string' ? presetRange(range, timeZone, now) : range;
}

/** As many days again, right before the range. */
export function rangeBefore(range: DayRange): DayRange {
  return { from: addDays(range.from, -daysIn(range)), to: addDays(range.from, -1) };
}

/** How many days a range has, both ends included. */
export function daysIn(range: DayRange): number {
  const day = 24 * 60 * 60 * 1000;
  return Math.round((Date.parse(range.to) - Date.parse(range.from)) / day) + 1;
}
