import { type DayRange, daySchema, RANGE_PRESETS, type RangePreset } from '#shared/time.ts';

/** Days as an address holds them: a preset by its name, which moves along with the calendar, or fixed days. */
export type QueryRange = RangePreset | DayRange;

// Days beyond these are typing errors, and some of them no database can hold.
const FIRST_DAY = '2000-01-01';
const LAST_DAY = '2099-12-31';

/** Reads `range=30d` or `from=…&to=…`; null where neither stands there whole and well-formed. */
export function readRangeQuery(query: URLSearchParams): QueryRange | null {
  const preset = RANGE_PRESETS.find((each) => each === query.get('range'));
  if (preset !== undefined) return preset;
  const from = readDay(query.get('from'));
  const to = readDay(query.get('to'));
  return from !== null && to !== null && from <= to ? { from, to } : null;
}

/** The range as names and values of a query. */
export function rangeQuery(range: QueryRange): Record<string, string> {
  return typeof range === 'string' ? { range } : { from: range.from, to: range.to };
}

function readDay(value: string | null): string | null {
  const day = daySchema.safeParse(value);
  return day.success && day.data >= FIRST_DAY && day.data <= LAST_DAY ? day.data : null;
}
