import { AppError } from '#shared/errors.ts';
import { isTimeZone } from '#shared/time.ts';

/** Days from `from` up to and including `to`, as calendar days of a time zone. */
export type ZonedDays = { from: string; to: string; timeZone: string };

/** Throws invalid_argument unless the first day is at or before the last, in years and a zone that can be reckoned with. */
export function assertDays({ from, to, timeZone }: ZonedDays): void {
  if (!isTimeZone(timeZone)) {
    throw new AppError(
      'invalid_argument',
      'There is no such time zone; nothing was changed. Choose another one.',
      { fields: { timeZone: 'is not a time zone' } },
    );
  }
  if (from <= to && from >= '0001-01-01' && to <= '9998-12-31') return;
  throw new AppError(
    'invalid_argument',
    'The range of days ends before it begins, or lies too far away; nothing was changed. Choose other days.',
    { fields: { to: 'must not be before the first day' } },
  );
}

const UTC_NAMES = new Set(
  [
    'UTC',
    'UCT',
    'Etc/UTC',
    'Etc/UCT',
    'GMT',
    'Etc/GMT',
    'GMT0',
    'Etc/GMT0',
    'Greenwich',
    'Etc/Greenwich',
    'Universal',
    'Etc/Universal',
    'Zulu',
    'Etc/Zulu',
  ].map((name) => name.toLowerCase()),
);

/** Whether a time zone's days are those of UTC, always. */
export function isUtc(timeZone: string): boolean {
  return UTC_NAMES.has(timeZone.toLowerCase());
}
