import { type QueryRange, rangeQuery, readRangeQuery } from '#renderer/navigation/range-query.ts';
import { type Credits, parseCredits } from '#shared/credits.ts';
import { type CustomerId, customerIdSchema } from '#shared/ids.ts';
import type { TransactionFilter } from '#shared/ipc/transactions.ts';
import { TRANSACTION_TYPES, type TransactionType } from '#shared/ipc/vocabulary.ts';
import { optionalText } from '#shared/text.ts';
import { addDays, presetRange, startOfDay } from '#shared/time.ts';

/** The filter of the log as its page and its address hold it: days rather than instants, presets by name. */
export type LogFilter = {
  types: readonly TransactionType[];
  /** '' stands for transactions that name no feature. */
  feature: string | null;
  actor: string | null;
  /** Bounds on the size of a movement without its sign, both inclusive. */
  amountMin: Credits | null;
  amountMax: Credits | null;
  /** Days of the zone that the console shows, both included; a preset moves along with the calendar. */
  range: QueryRange | null;
  text: string | null;
  customerId: CustomerId | null;
};

export const NO_FILTER: LogFilter = {
  types: [],
  feature: null,
  actor: null,
  amountMin: null,
  amountMax: null,
  range: null,
  text: null,
  customerId: null,
};

const filterText = optionalText(200);

/** Reads the filter from an address. What is malformed, out of range or contradicts itself counts as not there. */
export function parseLogFilter(search: string): LogFilter {
  const query = new URLSearchParams(search);
  const named = new Set((query.get('types') ?? '').split(','));
  const amountMin = readAmount(query.get('min'));
  const amountMax = readAmount(query.get('max'));
  const bounded = amountMin === null || amountMax === null || amountMin <= amountMax;
  const customerId = customerIdSchema.safeParse(query.get('customer'));
  return {
    types: TRANSACTION_TYPES.filter((type) => named.has(type)),
    feature: query.get('feature') === '' ? '' : readText(query.get('feature')),
    actor: readText(query.get('actor')),
    amountMin: bounded ? amountMin : null,
    amountMax: bounded ? amountMax : null,
    range: readRangeQuery(query),
    text: readText(query.get('text')),
    customerId: customerId.success ? customerId.data : null,
  };
}

/** Writes the filter as the query of an address, without the question mark; '' without any filter. */
export function formatLogFilter(filter: LogFilter): string {
  const query = new URLSearchParams();
  const set = (name: string, value: string | number | null) => {
    if (value !== null) query.set(name, String(value));
  };
  set('customer', filter.customerId);
  if (filter.types.length > 0) query.set('types', filter.types.join(','));
  set('feature', filter.feature);
  set('actor', filter.actor);
  set('min', filter.amountMin);
  set('max', filter.amountMax);
  const range = filter.range === null ? {} : rangeQuery(filter.range);
  for (const [name, value] of Object.entries(range)) query.set(name, value);
  set('text', filter.text);
  return query.toString();
}

/** The filter as the contract takes it, its days cut in the time zone. */
export function toTransactionFilter(
  filter: LogFilter,
  timeZone: string,
  now: Date,
): TransactionFilter {
  const days =
    typeof filter.range === 'string' ? presetRange(filter.range, timeZone, now) : filter.range;
  return {
    ...(filter.types.length > 0 && { types: [...filter.types] }),
    ...(filter.feature !== null && { feature: filter.feature }),
    ...(filter.actor !== null && { actor: filter.actor }),
    ...(filter.amountMin !== null && { amountMin: filter.amountMin }),
    ...(filter.amountMax !== null && { amountMax: filter.amountMax }),
    ...(days !== null && {
      from: startOfDay(days.from, timeZone).toISOString(),
      to: startOfDay(addDays(days.to, 1), timeZone).toISOString(),
    }),
    ...(filter.text !== null && { text: filter.text }),
    ...(filter.customerId !== null && { customerId: filter.customerId }),
  };
}

/** Whether anything is filtered at all. */
export function isFiltered(filter: LogFilter): boolean {
  return formatLogFilter(filter) !== '';
}

function readText(value: string | null): string | null {
  const text = filterText.safeParse(value ?? undefined);
  return text.success ? (text.data ?? null) : null;
}

function readAmount(value: string | null): Credits | null {
  const parsed = parseCredits(value ?? '');
  return parsed.ok ? parsed.value : null;
}
