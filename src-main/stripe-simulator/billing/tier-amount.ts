import type Stripe from 'stripe';
import { decimalText, multiplyToMinorUnits } from './exact-decimal.ts';

/** What a price charges for, of a quantity: one line of an invoice. */
export type PricedPart = {
  /** Units this part is for; 0 for the flat fee of a tier, so that the quantities of all parts add up to the usage. */
  readonly quantity: bigint;
  /** Price of one unit, or the flat fee, in minor units, as an exact decimal. */
  readonly unitAmount: string;
  /** Whole minor units: each part is rounded on its own, because each is a line of the invoice. */
  readonly amount: bigint;
  /** Number of the tier, from 1; null for a price without tiers. */
  readonly tier: number | null;
};

type Priced = Pick<
  Stripe.Price,
  | 'billing_scheme'
  | 'tiers'
  | 'tiers_mode'
  | 'transform_quantity'
  | 'unit_amount'
  | 'unit_amount_decimal'
>;

/**
 * The parts that `price` charges for `quantity` units, in whole minor units. A negative quantity (more cancelled than used)
 * is charged as 0.
 */
export function pricedParts(price: Priced, quantity: bigint): PricedPart[] {
  const units = quantity < 0n ? 0n : quantity;
  if (price.billing_scheme !== 'tiered') {
    const unitAmount = decimalText(price.unit_amount_decimal, price.unit_amount) ?? '0';
    const amount = multiplyToMinorUnits(packages(price, units), unitAmount);
    return [{ quantity: units, unitAmount, amount, tier: null }];
  }
  const tiers = price.tiers ?? [];
  return price.tiers_mode === 'volume' ? volumeParts(tiers, units) : graduatedParts(tiers, units);
}

/** The sum of `pricedParts`, in whole minor units. */
export function pricedAmount(price: Priced, quantity: bigint): bigint {
  return pricedParts(price, quantity).reduce((sum, part) => sum + part.amount, 0n);
}

/** Units in packages of `transform_quantity.divide_by`, where the price has that. */
function packages(price: Priced, units: bigint): bigint {
  if (!price.transform_quantity) {
    return units;
  }
  const size = BigInt(price.transform_quantity.divide_by);
  return price.transform_quantity.round === 'up' ? (units + size - 1n) / size : units / size;
}

/** Graduated: the units within each tier at that tier's price. The first tier counts even with no units, with its flat fee. */
function graduatedParts(tiers: readonly Stripe.Price.Tier[], units: bigint): PricedPart[] {
  const parts: PricedPart[] = [];
  let lower = 0n;
  for (const [index, tier] of tiers.entries()) {
    const upper = tier.up_to === null || BigInt(tier.up_to) > units ? units : BigInt(tier.up_to);
    if (upper <= lower && index > 0) {
      break;
    }
    parts.push(...tierParts(tier, index + 1, upper - lower));
    lower = upper;
  }
  return parts;
}

/** Volume: all units at the price of the one tier that the quantity falls into. */
function volumeParts(tiers: readonly Stripe.Price.Tier[], units: bigint): PricedPart[] {
  const index = tiers.findIndex((tier) => tier.up_to === null || units <= BigInt(tier.up_to));
  const tier = tiers[index];
  return tier ? tierParts(tier, index + 1, units) : [];
}

function tierParts(tier: Stripe.Price.Tier, number: number, units: bigint): PricedPart[] {
  const unitAmount = decimalText(tier.unit_amount_decimal, tier.unit_amount);
  const flatAmount = decimalText(tier.flat_amount_decimal, tier.flat_amount);
  const parts: PricedPart[] = [];
  if (unitAmount !== null || flatAmount === null) {
    const price = unitAmount ?? '0';
    parts.push({
      quantity: units,
      unitAmount: price,
      amount: multiplyToMinorUnits(units, price),
      tier: number,
    });
  }
  if (flatAmount !== null && multiplyToMinorUnits(1n, flatAmount) !== 0n) {
    // Without a unit price the flat fee is the only line, and carries the units.
    const quantity = unitAmount === null ? units : 0n;
    parts.push({
      quantity,
      unitAmount: flatAmount,
      amount: multiplyToMinorUnits(1n, flatAmount),
      tier: number,
    });
  }
  return parts;
}
