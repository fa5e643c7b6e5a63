import { addDays, dayOf, startOfDay } from '#shared/time.ts';

/** How a form asks for an expiry. `day`: a calendar day that the person picks. */
export const EXPIRY_CHOICES = ['never', '30d', '90d', '365d', 'day'] as const;
export type ExpiryChoice = (typeof EXPIRY_CHOICES)[number];

export const EXPIRY_CHOICE_LABELS: Record<ExpiryChoice, string> = {
  never: 'Never',
  '30d': 'In 30 days',
  '90d': 'In 90 days',
  '365d': 'In 1 year (365 days)',
  day: 'At the end of a day…',
};

const DAYS_OF_CHOICE = { '30d': 30, '90d': 90, '365d': 365 } as const;

type ExpiryReading = { ok: true; expiresAt: string | null } | { ok: false; why: string };

/** The instant at which the last moment of a calendar day has passed in a time zone, as ISO 8601. */
function endOfDay(day: string, timeZone: string): string {
  return startOfDay(addDays(day, 1), timeZone).toISOString();
}

/** The last calendar day on which credits that expire at this instant can be spent. */
export function lastSpendableDay(expiresAt: string, timeZone: string): string {
  return dayOf(new Date(new Date(expiresAt).getTime() - 1), timeZone);
}

/** Reads a day typed or picked as YYYY-MM-DD into the instant it ends; it must lie after `after`. */
export function readExpiryDay(
  day: string,
  options: { timeZone: string; after: Date; mustBe: string },
): ExpiryReading {
  if (day === '') return { ok: false, why: 'Choose a day.' };
  // A date input gives years of six digits too; the ledger's dates stay within four.
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(day) || Number.isNaN(Date.parse(`${day}T00:00:00Z`))) {
    return { ok: false, why: 'That is not a day of the calendar.' };
  }
  const expiresAt = endOfDay(day, options.timeZone);
  if (new Date(expiresAt) <= options.after) return { ok: false, why: options.mustBe };
  return { ok: true, expiresAt };
}

/** Reads the choice of a grant's expiry. `now` is the instant the form opened, so that an act does not drift. */
export function readExpiryChoice(
  choice: ExpiryChoice,
  day: string,
  options: { timeZone: string; now: Date },
): ExpiryReading {
  const { timeZone, now } = options;
  switch (choice) {
    case 'never':
      return { ok: true, expiresAt: null };
    case 'day':
      return readExpiryDay(day, {
        timeZone,
        after: now,
        mustBe: 'Choose a day that has not ended.',
      });
    default:
      return {
        ok: true,
        expiresAt: endOfDay(addDays(dayOf(now, timeZone), DAYS_OF_CHOICE[choice]), timeZone),
      };
  }
}
