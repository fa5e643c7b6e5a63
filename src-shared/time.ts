import { z } from 'zod';

/** An instant as it crosses processes: ISO 8601 in UTC, such as 2026-11-22T08:00:00.000Z. */
export const instantSchema = z.iso.datetime();

/** A calendar day without a zone: YYYY-MM-DD. */
export const daySchema = z.iso.date();

/** An IANA time zone that this runtime knows, such as Europe/Berlin. */
export const timeZoneSchema = z
  .string()
  .max(64)
  .refine(isTimeZone, { error: 'is not a time zone' });

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    // PostgreSQL reads offsets such as +05:30 with the opposite sign (POSIX), so only names are let through.
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

/** The calendar day of an instant in a time zone, as YYYY-MM-DD. */
export function dayOf(instant: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).formatToParts(instant);
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}

/** Adds whole days to a calendar day. */
export function addDays(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

const HOUR_MS = 60 * 60 * 1000;

/** The first instant of a calendar day in a time zone: its midnight, or later where the clock skips midnight. */
export function startOfDay(day: string, timeZone: string): Date {
  const utcMidnight = Date.parse(`${day}T00:00:00Z`);
  // No zone is further than 14 hours from UTC; between these two the day begins.
  let before = utcMidnight - 15 * HOUR_MS;
  let reached = utcMidnight + 15 * HOUR_MS;
  while (reached - before > 1) {
    const middle = Math.floor((before + reached) / 2);
    if (dayOf(new Date(middle), timeZone) < day) before = middle;
    else reached = middle;
  }
  return new Date(reached);
}

export const RANGE_PRESETS = ['7d', '30d', '90d', 'this_month', 'last_month'] as const;
export type RangePreset = (typeof RANGE_PRESETS)[number];

/** Days from `from` up to and including `to`, both calendar days of one time zone. */
export type DayRange = { from: string; to: string };

/** The days a preset stands for, today included. */
export function presetRange(preset: RangePreset, timeZone: string, now: Date): DayRange {
  const today = dayOf(now, timeZone);
  switch (preset) {
    case '7d':
      return { from: addDays(today, -6), to: today };
    case '30d':
      return { from: addDays(today, -29), to: today };
    case '90d':
      return { from: addDays(today, -89), to: today };
    case 'this_month':
      return { from: `${today.slice(0, 7)}-01`, to: today };
    case 'last_month': {
      const lastDay = addDays(`${today.slice(0, 7)}-01`, -1);
      return { from: `${lastDay.slice(0, 7)}-01`, to: lastDay };
    }
  }
}
