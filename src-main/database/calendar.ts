import { AppError } from '#shared/errors.ts';

/** Throws invalid_argument unless the first day is at or before the last, and both lie in years that the database knows. */
export function assertDayRange({ from, to }: { from: string; to: string }): void {
  if (from <= to && from >= '0001-01-01') return;
  throw new AppError(
    'invalid_argument',
    'The range of days ends before it begins. Choose other days.',
    {
      fields: { to: 'must not be before the first day' },
    },
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
