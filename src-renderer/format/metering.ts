import type { FeatureMeter, MeterEventState, MeterFormula } from '#shared/ipc/metering.ts';
import { decimalsOf } from '#shared/money.ts';
import { unitAmountDigits } from '#shared/unit-amount.ts';
import { formatCredits, formatQuantity } from './credits.ts';

type Tone = 'neutral' | 'good' | 'warning' | 'bad';

const EVENT_STATES: Record<MeterEventState, { label: string; tone: Tone; sentence: string }> = {
  queued: {
    label: 'Waiting',
    tone: 'neutral',
    sentence: 'It is to be sent to Stripe, and is tried until Stripe has it.',
  },
  sent: { label: 'Sent', tone: 'good', sentence: 'Stripe has taken it.' },
  duplicate: {
    label: 'Sent before',
    tone: 'good',
    sentence: 'Stripe had it already from an earlier try, and counts it once.',
  },
  rejected: {
    label: 'Rejected',
    tone: 'bad',
    sentence: 'Stripe did not count it. Once the cause is gone, it can be sent again.',
  },
  too_old: {
    label: 'Too old',
    tone: 'bad',
    sentence: 'Stripe takes nothing older than 35 days: this was not billed and cannot be sent.',
  },
  unclear: {
    label: 'Unclear',
    tone: 'warning',
    sentence:
      'It is not known whether Stripe has it, and by now Stripe would count a second one too: a person has to decide.',
  },
  cancelling: {
    label: 'Being cancelled',
    tone: 'warning',
    sentence: 'Stripe is asked to take it back, until it answers.',
  },
  cancelled: { label: 'Cancelled', tone: 'neutral', sentence: 'It was taken back and not billed.' },
};

/** How a meter event stands: a word, how it is to be taken, and a sentence. */
export function meterEventStateWords(state: MeterEventState) {
  return EVENT_STATES[state];
}

const FORMULAS: Record<MeterFormula, { label: string; sentence: string }> = {
  sum: { label: 'Sum', sentence: 'The quantities of a period are added up.' },
  count: { label: 'Count', sentence: 'Each report counts as one; its quantity is 1.' },
  last: { label: 'Latest', sentence: 'The newest quantity of a period counts, such as of seats.' },
};

/** How a meter makes one number of a period's reports: a word and a sentence. */
export function meterFormulaWords(formula: MeterFormula) {
  return FORMULAS[formula];
}

const MODES: Record<FeatureMeter['mode'], string> = {
  report: 'Report instead of deducting credits',
  both: 'Report and deduct',
};

/** What a use of a bound feature does. */
export function featureMeterModeLabel(mode: FeatureMeter['mode']): string {
  return MODES[mode];
}

const withDecimals = new Intl.NumberFormat('en', { maximumFractionDigits: 12 });

/** A number of units, never rounded: "1,234", "−1,234", and of what others sent to Stripe also "1.5". */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return formatCredits(value);
  const text = withDecimals.format(Math.abs(value));
  return value < 0 ? `−${text}` : text;
}

/** "1 unit", "1,234 units", "1.5 units". */
export function formatUnits(units: number): string {
  return `${formatNumber(units)} ${units === 1 ? 'unit' : 'units'}`;
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 });

/** Units for the axis of a chart, where the numbers are round: "2,500" is "2.5K". */
export function formatUnitsShort(units: number): string {
  return compact.format(units);
}

const formats = new Map<string, Intl.NumberFormat>();
/** Decimals of a minor unit that a price of one unit may have. */
const MINOR_DECIMALS_MAX = 12;

/** What one unit costs, from minor units as an exact decimal, never rounded: "$0.0002", "$0.10", "¥0.5". */
export function formatUnitAmount(unitAmount: string, currency: string): string {
  const decimals = decimalsOf(currency);
  let format = formats.get(currency);
  if (format === undefined) {
    format = new Intl.NumberFormat('en', {
      // Intl throws at anything but three letters, such as a currency that is half typed.
      ...(/^[a-z]{3}$/i.test(currency) && { style: 'currency', currency: currency.toUpperCase() }),
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals + MINOR_DECIMALS_MAX,
    });
    formats.set(currency, format);
  }
  return format.format(unitAmountDigits(unitAmount, currency) as Intl.StringNumericLiteral);
}

const INTERVALS = { month: 'a month', year: 'a year' };

/** How often a price is billed: "a month". */
export function billingIntervalLabel(interval: 'month' | 'year'): string {
  return INTERVALS[interval];
}

/** A price in a few words: "$0.0002 a unit", or "3 tiers". */
export function priceInWords(price: {
  currency: string;
  tiers: ReadonlyArray<{ unitAmount: string; flatAmount: string | null }>;
}): string {
  const [only, second] = price.tiers;
  if (only === undefined || second !== undefined) return formatQuantity(price.tiers.length, 'tier');
  const perUnit = `${formatUnitAmount(only.unitAmount, price.currency)} a unit`;
  return only.flatAmount === null
    ? perUnit
    : `${perUnit} and ${formatUnitAmount(only.flatAmount, price.currency)}`;
}

/** The units of a tier: "1 – 1,000", or "10,001 and beyond". `from` counts from 1. */
export function tierRange(from: number, upTo: number | null): string {
  const first = formatCredits(from);
  return upTo === null ? `${first} and beyond` : `${first} – ${formatCredits(upTo)}`;
}
