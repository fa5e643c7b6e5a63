import { formatCredits, formatCreditsInWords } from '#renderer/format/credits.ts';
import { readLocalTime } from '#renderer/format/local-time.ts';
import { formatInstant } from '#renderer/format/time.ts';
import { parseCredits } from '#shared/credits.ts';
import { type Feature, type FeatureCost, featureNameSchema } from '#shared/ipc/features.ts';
import { costInWords, priceAfter, priceAt } from './feature-words.ts';

export type CostValues = {
  feature: string;
  cost: string;
  unit: string;
  active: boolean;
  when: 'now' | 'later';
  /** As an input of type datetime-local writes it, in the console's time zone. */
  validFrom: string;
  confirmed: boolean;
};

export const UNIT_LENGTH_MAX = 40;
/** The ledger takes no price that begins later. */
export const YEARS_AHEAD_MAX = 10;

type StartReading = { ok: true; validFrom: string | null } | { ok: false; why: string };

/** From when a price is to hold: an instant (ISO 8601, UTC) after now, or null for now. */
export function readStart(
  { when, validFrom }: Pick<CostValues, 'when' | 'validFrom'>,
  { timeZone, now }: { timeZone: string; now: Date },
): StartReading {
  if (when === 'now') return { ok: true, validFrom: null };
  const read = readLocalTime(validFrom, timeZone);
  if (!read.ok) return read;
  if (read.instant <= now) {
    return { ok: false, why: 'Choose a time to come: what was used keeps its price.' };
  }
  const last = new Date(now);
  last.setUTCFullYear(last.getUTCFullYear() + YEARS_AHEAD_MAX);
  if (read.instant > last) {
    return { ok: false, why: `Choose a time within ${YEARS_AHEAD_MAX} years.` };
  }
  return { ok: true, validFrom: read.instant.toISOString() };
}

/** What is wrong with a feature's name, as a sentence for its field; null where nothing. */
export function nameProblem(name: string): string | null {
  if (name.trim() === '') return 'Enter the name that the product’s code uses.';
  const parsed = featureNameSchema.safeParse(name);
  return parsed.success ? null : `It ${parsed.error.issues[0]?.message ?? 'cannot be used'}.`;
}

/**
 * What a price would change, in sentences; null as long as the fields do not make a price. `feature` null: a new one.
 */
export function changeInWords(
  values: CostValues,
  feature: Feature | null,
  { timeZone, now }: { timeZone: string; now: Date },
): string | null {
  const cost = parseCredits(values.cost);
  const start = readStart(values, { timeZone, now });
  const unit = values.unit.trim();
  if (!cost.ok || !start.ok || unit === '') return null;
  const startMs = start.validFrom === null ? now.getTime() : Date.parse(start.validFrom);
  const prices = feature ?? { current: null, scheduled: [] };
  // A price of the very same instant is replaced, so what it changes is the one before.
  const before = priceAt(prices, start.validFrom === null ? startMs : startMs - 1);
  const then = start.validFrom === null ? '' : `From ${formatInstant(start.validFrom, timeZone)}: `;
  const next = priceAfter(prices, startMs);
  return [
    then + firstSentence({ cost: cost.value, unit, active: values.active }, before),
    next?.validFrom == null
      ? ''
      : `The price set for ${formatInstant(next.validFrom, timeZone)} (${costInWords(next)}${next.active ? '' : ', inactive'}) still replaces it then.`,
  ]
    .filter(Boolean)
    .join(' ');
}

type Price = Pick<FeatureCost, 'cost' | 'unit' | 'active'>;

function firstSentence(price: Price, before: Price | null): string {
  const { cost, unit, active } = price;
  if (before === null) {
    return active
      ? `Each ${unit} will cost ${formatCreditsInWords(cost)}.`
      : 'A use is refused: the feature is inactive.';
  }
  if (!active) {
    return before.active
      ? 'A use is refused: the feature becomes inactive.'
      : 'A use is refused, as before: the feature stays inactive.';
  }
  const again = before.active ? '' : ' It can be used again.';
  if (before.unit !== unit) {
    return `Each ${unit} will cost ${formatCreditsInWords(cost)}; before, it is ${costInWords(before)}.${again}`;
  }
  if (before.cost !== cost) {
    return `Each ${unit} will cost ${formatCreditsInWords(cost)} instead of ${formatCredits(before.cost)}.${again}`;
  }
  return before.active
    ? `Each ${unit} costs ${formatCreditsInWords(cost)}, as before: nothing changes.`
    : `Each ${unit} costs ${formatCreditsInWords(cost)}, as before.${again}`;
}
