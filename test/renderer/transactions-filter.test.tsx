import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatLogFilter,
  isFiltered,
  type LogFilter,
  NO_FILTER,
  parseLogFilter,
  toTransactionFilter,
} from '#renderer/features/transactions/log-filter.ts';
import { type Credits, toCredits } from '#shared/credits.ts';
import type { CustomerId } from '#shared/ids.ts';
import { transactionFilterSchema } from '#shared/ipc/transactions.ts';
import { TRANSACTION_TYPES } from '#shared/ipc/vocabulary.ts';
import { RANGE_PRESETS } from '#shared/time.ts';

const now = new Date('2026-11-22T08:00:00Z');

const text = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 60 })
  .map((each) => each.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '').trim())
  .filter((each) => each !== '');
const optional = <T,>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null });
const day = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const amounts = fc
  .tuple(fc.integer({ min: 1 }), fc.integer({ min: 1 }))
  .map(([a, b]): [Credits, Credits] => [toCredits(Math.min(a, b)), toCredits(Math.max(a, b))]);

const filters: fc.Arbitrary<LogFilter> = fc
  .record({
    types: fc.subarray([...TRANSACTION_TYPES]),
    feature: optional(fc.oneof(text, fc.constant(''))),
    actor: optional(text),
    amounts,
    withMin: fc.boolean(),
    withMax: fc.boolean(),
    range: fc.oneof(
      fc.constant(null),
      fc.constantFrom(...RANGE_PRESETS),
      fc.tuple(day, day).map(([a, b]) => (a < b ? { from: a, to: b } : { from: b, to: a })),
    ),
    text: optional(text),
    customerId: optional(text.map((id) => id as CustomerId)),
  })
  .map(({ amounts: [min, max], withMin, withMax, ...rest }) => ({
    ...rest,
    amountMin: withMin ? min : null,
    amountMax: withMax ? max : null,
  }));

describe('the filter of the log in the address', () => {
  it('comes back from the address as it was written', () => {
    fc.assert(
      fc.property(filters, (filter) => {
        expect(parseLogFilter(formatLogFilter(filter))).toEqual(filter);
      }),
    );
  });

  it('always gives main something that the contract accepts, whatever stands in the address', () => {
    const names = [
      'types',
      'feature',
      'actor',
      'min',
      'max',
      'range',
      'from',
      'to',
      'text',
      'customer',
    ];
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.constantFrom('1e3', '-5', '0', '1.5', '９', '99999999999999999999', '__proto__', '%00'),
      fc.constantFrom('2026-02-30', '0001-01-01', '9999-12-31', '2026-11-22T00:00:00Z', 'toString'),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...names), hostile)), (pairs) => {
        const filter = parseLogFilter(new URLSearchParams(pairs).toString());
        const sent = toTransactionFilter(filter, 'Europe/Berlin', now);
        expect(transactionFilterSchema.safeParse(sent)).toMatchObject({ success: true });
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['an unknown type', 'types=usage_,DROP'],
    ['a feature of control characters', 'feature=chat%00'],
    ['a text beyond 200 characters', `text=${'a'.repeat(201)}`],
    ['a text that turns the reading direction', 'text=%E2%80%AEabc'],
    ['a negative amount', 'min=-5'],
    ['an amount in exponent form', 'min=1e3'],
    ['an amount with decimals', 'max=1.5'],
    ['an amount that the ledger cannot hold', 'max=9007199254740992'],
    ['a lower bound above the upper one', 'min=10&max=9'],
    ['an unknown preset', 'range=forever'],
    ['a day that does not exist', 'from=2026-02-30&to=2026-03-01'],
    ['days in the wrong order', 'from=2026-03-02&to=2026-03-01'],
    ['a range without an end', 'from=2026-03-02'],
    ['a customer id of control characters', 'customer=a%0Ab'],
  ])('ignores %s', (_, search) => {
    expect(parseLogFilter(search)).toEqual(NO_FILTER);
    expect(isFiltered(parseLogFilter(search))).toBe(false);
  });

  it('keeps what is good beside what is bad', () => {
    expect(parseLogFilter('types=usage,nonsense,bonus&min=abc&text=hello')).toEqual({
      ...NO_FILTER,
      types: ['bonus', 'usage'],
      text: 'hello',
    });
  });

  it('cuts days in the time zone, also where the clock changes', () => {
    const filter: LogFilter = { ...NO_FILTER, range: { from: '2026-03-29', to: '2026-03-29' } };
    expect(toTransactionFilter(filter, 'Europe/Berlin', now)).toEqual({
      from: '2026-03-28T23:00:00.000Z',
      to: '2026-03-29T22:00:00.000Z',
    });
    // Cairo skips midnight on 24 April 2026: the day begins at one o'clock.
    const skipped: LogFilter = { ...NO_FILTER, range: { from: '2026-04-24', to: '2026-04-24' } };
    expect(toTransactionFilter(skipped, 'Africa/Cairo', now)).toEqual({
      from: '2026-04-23T22:00:00.000Z',
      to: '2026-04-24T21:00:00.000Z',
    });
  });

  it('moves a preset along with the calendar', () => {
    const filter: LogFilter = { ...NO_FILTER, range: '7d' };
    expect(toTransactionFilter(filter, 'UTC', now)).toEqual({
      from: '2026-11-16T00:00:00.000Z',
      to: '2026-11-23T00:00:00.000Z',
    });
  });
});
