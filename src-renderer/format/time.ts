import { dayOf } from '#shared/time.ts';

const formats = new Map<string, Intl.DateTimeFormat>();

/** Intl formats cost much to make and nothing to keep. */
function format(key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  let made = formats.get(key);
  if (made === undefined) {
    made = new Intl.DateTimeFormat('en-GB', options);
    formats.set(key, made);
  }
  return made;
}

const DAY_PARTS = { day: 'numeric', month: 'short', year: 'numeric' } as const;
const TIME_PARTS = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;

/** An instant in a time zone, to the minute, with the zone: "22 Nov 2026, 09:05 CET". */
export function formatInstant(iso: string, timeZone: string): string {
  return format(`instant ${timeZone}`, {
    timeZone,
    ...DAY_PARTS,
    ...TIME_PARTS,
    timeZoneName: 'short',
  }).format(new Date(iso));
}

/** An instant for a narrow column, without seconds and zone: "22 Nov 2026, 09:05". */
export function formatInstantShort(iso: string, timeZone: string): string {
  return format(`short ${timeZone}`, {
    timeZone,
    ...DAY_PARTS,
    ...TIME_PARTS,
  }).format(new Date(iso));
}

/** The time of day alone, where the day stands above: "09:05". */
export function formatTimeOfDay(iso: string, timeZone: string): string {
  return format(`time ${timeZone}`, { timeZone, ...TIME_PARTS }).format(new Date(iso));
}

/** An instant to the second, with the zone: "22 Nov 2026, 09:05:07 CET". */
export function formatInstantExact(iso: string, timeZone: string): string {
  return format(`exact ${timeZone}`, {
    timeZone,
    ...DAY_PARTS,
    ...TIME_PARTS,
    second: '2-digit',
    timeZoneName: 'short',
  }).format(new Date(iso));
}

/** The calendar day of an instant in a time zone: "22 Nov 2026". */
export function formatDate(iso: string, timeZone: string): string {
  return formatDay(dayOf(new Date(iso), timeZone));
}

/** When credits expire, as a part of a sentence: "expires 22 Nov 2026", or "no expiry". */
export function formatExpiry(expiresAt: string | null, timeZone: string): string {
  return expiresAt === null ? 'no expiry' : `expires ${formatDate(expiresAt, timeZone)}`;
}

/** A calendar day (YYYY-MM-DD): "22 Nov 2026". */
export function formatDay(day: string): string {
  return format('day', { timeZone: 'UTC', ...DAY_PARTS }).format(new Date(`${day}T00:00:00Z`));
}

/** A calendar day without its year, for axes: "22 Nov". */
export function formatDayShort(day: string): string {
  return format('day short', { timeZone: 'UTC', day: 'numeric', month: 'short' }).format(
    new Date(`${day}T00:00:00Z`),
  );
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How far an instant lies from now: "3 hours ago", "in 5 days", "yesterday"; "now" within a minute. */
export function formatRelative(iso: string, now: Date = new Date()): string {
  const seconds = (new Date(iso).getTime() - now.getTime()) / 1000;
  const distance = Math.abs(seconds);
  if (distance < MINUTE) return 'now';
  if (distance < HOUR) return relative.format(Math.trunc(seconds / MINUTE), 'minute');
  if (distance < DAY) return relative.format(Math.trunc(seconds / HOUR), 'hour');
  if (distance < 30 * DAY) return relative.format(Math.trunc(seconds / DAY), 'day');
  if (distance < 365 * DAY) return relative.format(Math.trunc(seconds / (30.4375 * DAY)), 'month');
  return relative.format(Math.trunc(seconds / (365.25 * DAY)), 'year');
}

/**
 * How far an instant lies from now, to the second, for what comes and goes while one looks: "in 12 s", "40 s ago",
 * "3 min ago", "in 2 h"; "now" within a second, and from a day on as formatRelative.
 */
export function formatRelativeToSecond(iso: string, now: Date = new Date()): string {
  const seconds = (new Date(iso).getTime() - now.getTime()) / 1000;
  const distance = Math.abs(seconds);
  if (distance < 1) return 'now';
  if (distance >= DAY) return formatRelative(iso, now);
  const [size, unit] =
    distance < MINUTE ? [1, 's'] : distance < HOUR ? [MINUTE, 'min'] : [HOUR, 'h'];
  const words = `${Math.trunc(distance / size)} ${unit}`;
  return seconds < 0 ? `${words} ago` : `in ${words}`;
}

/** How often something happens, from whole seconds: "every 2 s", "every minute", "every 5 min", "every hour", "every day". */
export function formatEvery(seconds: number): string {
  for (const [size, one, unit] of [
    [DAY, 'day', 'days'],
    [HOUR, 'hour', 'h'],
    [MINUTE, 'minute', 'min'],
  ] as const) {
    if (seconds === size) return `every ${one}`;
    if (seconds > size && seconds % size === 0) return `every ${seconds / size} ${unit}`;
  }
  return seconds === 1 ? 'every second' : `every ${seconds} s`;
}

/** A zone with its present offset: "Europe/Berlin (GMT+1)". */
export function formatTimeZone(timeZone: string, at: Date = new Date()): string {
  const offset = format(`offset ${timeZone}`, { timeZone, timeZoneName: 'shortOffset' })
    .formatToParts(at)
    .find((part) => part.type === 'timeZoneName')?.value;
  return offset === undefined || offset === timeZone ? timeZone : `${timeZone} (${offset})`;
}
