import { addDays, dayOf, startOfDay } from '#shared/time.ts';

/** From when on is compared. `connected`: since the workspace has this Stripe account. */
export const SPANS = ['connected', '30d', '90d', 'day'] as const;
export type Span = (typeof SPANS)[number];

const DAYS_OF_SPAN = { '30d': 30, '90d': 90 } as const;

type SpanReading = { ok: true; since: string | null } | { ok: false; why: string };

/** The instant a span begins, as ISO 8601; null where main knows it. `day` is YYYY-MM-DD in the time zone. */
export function readSpan(span: Span, day: string, timeZone: string, now = new Date()): SpanReading {
  const sinceDay = (first: string) => startOfDay(first, timeZone).toISOString();
  switch (span) {
    case 'connected':
      return { ok: true, since: null };
    case '30d':
    case '90d':
      return { ok: true, since: sinceDay(addDays(dayOf(now, timeZone), -DAYS_OF_SPAN[span])) };
    case 'day': {
      if (day === '') return { ok: false, why: 'Choose a day.' };
      // A date input gives years of six digits too.
      if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(day)) {
        return { ok: false, why: 'That is not a day of the calendar.' };
      }
      if (day > dayOf(now, timeZone)) return { ok: false, why: 'Choose a day in the past.' };
      return { ok: true, since: sinceDay(day) };
    }
  }
}
