import { z } from 'zod';
import { currencySchema } from './money.ts';

/**
 * A price by use. Amounts are minor units as exact decimals ("0.02" is two hundredths of a cent), because a price of one
 * unit may be far below a cent; no float ever holds one.
 */

/** At most twelve decimals of a minor unit, as Stripe takes them. */
const DECIMAL = /^(0|[1-9][0-9]{0,11})(\.[0-9]{1,12})?$/;
const UNITS_MAX = 999_999_999_999_999;
const TIERS_MAX = 100;

const unitAmountSchema = z.string().regex(DECIMAL, {
  error: 'must be minor units with at most 12 decimals, such as 10 or 0.02',
});

export const tierSchema = z.strictObject({
  /** The last unit of this tier, counted from the first unit of the period; null: without an end. */
  upTo: z.number().int().min(1).max(UNITS_MAX).nullable(),
  /** Minor units of one unit. */
  unitAmount: unitAmountSchema,
  /** Minor units for reaching the tier; null: none. */
  flatAmount: unitAmountSchema.nullable(),
});
export type Tier = z.output<typeof tierSchema>;

/** Graduated tiers: each above the one before, and only the last without an end. One tier is a price per unit. */
export const tiersSchema = z
  .array(tierSchema)
  .min(1)
  .max(TIERS_MAX)
  .superRefine((tiers, context) => {
    for (const [index, why] of tierProblems(tiers)) {
      context.addIssue({ code: 'custom', message: why, path: [index, 'upTo'] });
    }
  });

export const meteredPriceSchema = z.strictObject({
  currency: currencySchema,
  interval: z.enum(['month', 'year']),
  tiers: tiersSchema,
});

/** What is wrong with the ends of tiers, by the tier's index. */
export function tierProblems(tiers: readonly { upTo: number | null }[]): [number, string][] {
  const problems: [number, string][] = [];
  let reached = 0;
  for (const [index, { upTo }] of tiers.entries()) {
    const isLast = index === tiers.length - 1;
    if (upTo === null && !isLast) problems.push([index, 'only the last tier has no end']);
    else if (upTo !== null && isLast) problems.push([index, 'the last tier must have no end']);
    else if (upTo !== null && upTo <= reached) {
      problems.push([
        index,
        `must be above ${reached.toLocaleString('en')}, where the tier before ends`,
      ]);
    }
    reached = upTo ?? reached;
  }
  return problems;
}

/** What one tier charges for its part of a quantity. Amounts in whole minor units. */
export type TierCharge = {
  /** From 0. */
  tier: number;
  units: number;
  /** Units at the unit amount, and the fee for reaching the tier: each a line of the invoice, rounded on its own. */
  unitsMinor: number;
  flatMinor: number;
};

/**
 * What Stripe charges for a quantity of whole units under graduated tiers, tier by tier. Each amount is rounded to whole minor
 * units by itself, halves up, because each is a line of the invoice. The first tier counts with no units too, with its fee.
 * Throws RangeError on a quantity that is no whole number of at most 15 digits, and where an amount is beyond 2^53.
 */
export function chargesOf(tiers: readonly Tier[], quantity: number): TierCharge[] {
  if (!Number.isSafeInteger(quantity) || quantity < 0 || quantity > UNITS_MAX) {
    throw new RangeError(`${quantity} is no whole number of units of at most 15 digits`);
  }
  const charges: TierCharge[] = [];
  let lower = 0;
  for (const [tier, { upTo, unitAmount, flatAmount }] of tiers.entries()) {
    const upper = upTo === null ? quantity : Math.min(upTo, quantity);
    if (upper <= lower && tier > 0) break;
    const units = upper - lower;
    charges.push({
      tier,
      units,
      unitsMinor: roundedProduct(units, unitAmount),
      flatMinor: flatAmount === null ? 0 : roundedProduct(1, flatAmount),
    });
    lower = upper;
  }
  return charges;
}

/** The sum of chargesOf, in whole minor units. Throws RangeError as it does, and where the sum is beyond 2^53. */
export function amountOf(tiers: readonly Tier[], quantity: number): number {
  const total = chargesOf(tiers, quantity).reduce(
    (sum, { unitsMinor, flatMinor }) => sum + unitsMinor + flatMinor,
    0,
  );
  return safe(total);
}

function roundedProduct(units: number, amount: string): number {
  const [whole = '0', decimals = ''] = amount.split('.');
  const scale = 10n ** BigInt(decimals.length);
  const product = BigInt(units) * BigInt(whole + decimals);
  // Twice the product and half a unit more: halves go up.
  return safe(Number((2n * product + scale) / (2n * scale)));
}

function safe(amount: number): number {
  if (Number.isSafeInteger(amount)) return amount;
  throw new RangeError('This comes to more than can be billed.');
}
