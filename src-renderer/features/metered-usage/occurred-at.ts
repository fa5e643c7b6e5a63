import { readLocalTime } from '#renderer/format/local-time.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Stripe takes no usage that is older. */
export const OLDEST_DAYS = 35;

type InstantReading = { ok: true; iso: string | null } | { ok: false; why: string };

/**
 * Reads a day and time of day typed as YYYY-MM-DDTHH:MM in a time zone as an instant (ISO 8601, UTC): not after `now`, and
 * within the last 35 days. Of an hour that a change of clocks repeats, either is meant.
 */
export function readOccurredAt(
  text: string,
  options: { timeZone: string; now: Date },
): InstantReading {
  const { timeZone, now } = options;
  const read = readLocalTime(text, timeZone);
  if (!read.ok) return read;
  const instant = read.instant.getTime();
  if (instant > now.getTime()) return { ok: false, why: 'Choose a time that has passed.' };
  if (instant < now.getTime() - OLDEST_DAYS * DAY_MS) {
    return { ok: false, why: `Stripe takes nothing older than ${OLDEST_DAYS} days.` };
  }
  return { ok: true, iso: read.instant.toISOString() };
}
