import { formatCredits, formatCreditsInWords } from '#renderer/format/credits.ts';
import { formatDay, formatInstant } from '#renderer/format/time.ts';
import { toCredits } from '#shared/credits.ts';
import type { Feature, FeatureCost } from '#shared/ipc/features.ts';
import { addDays } from '#shared/time.ts';

/** "5 credits per use". */
export function costInWords({ cost, unit }: Pick<FeatureCost, 'cost' | 'unit'>): string {
  return `${formatCreditsInWords(cost)} per ${unit}`;
}

/** From when a price holds: "from the beginning", "from 1 Dec 2026, 00:00 CET". */
export function sinceInWords(validFrom: string | null, timeZone: string): string {
  return validFrom === null ? 'from the beginning' : `from ${formatInstant(validFrom, timeZone)}`;
}

/** Whether a feature can be used now: a word, its tone, and a sentence. */
export function featureState({ current, scheduled }: Pick<Feature, 'current' | 'scheduled'>): {
  label: string;
  tone: 'good' | 'neutral' | 'warning';
  sentence: string;
} {
  if (current !== null) {
    return current.active
      ? { label: 'Active', tone: 'good', sentence: 'It can be used at its price.' }
      : { label: 'Inactive', tone: 'neutral', sentence: 'A use of it is refused.' };
  }
  return scheduled.length > 0
    ? { label: 'To come', tone: 'neutral', sentence: 'A use is refused until its price begins.' }
    : {
        label: 'No price',
        tone: 'warning',
        sentence:
          'Credits were deducted under this name by an amount of the caller’s. Uses by price are refused until it has one.',
      };
}

/** The trend for who does not see it: the total, and the day with the most. */
export function trendInWords(
  { trend, used }: Pick<Feature, 'trend' | 'used'>,
  from: string,
): string {
  if (used === 0) return 'No credits used';
  const most = toCredits(Math.max(...trend));
  const day = formatDay(addDays(from, trend.indexOf(most)));
  return `Credits used by day: ${formatCredits(used)} in all, most on ${day} with ${formatCredits(most)}`;
}

/** The price that holds at an instant (milliseconds), of those known; null where there is none by then. */
export function priceAt(
  { current, scheduled }: Pick<Feature, 'current' | 'scheduled'>,
  instantMs: number,
): FeatureCost | null {
  return (
    scheduled.findLast(
      ({ validFrom }) => validFrom !== null && Date.parse(validFrom) <= instantMs,
    ) ?? current
  );
}

/** The price that begins next after an instant (milliseconds), of those to come. */
export function priceAfter(
  { scheduled }: Pick<Feature, 'scheduled'>,
  instantMs: number,
): FeatureCost | undefined {
  return scheduled.find(({ validFrom }) => validFrom !== null && Date.parse(validFrom) > instantMs);
}
