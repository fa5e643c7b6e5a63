import type Stripe from 'stripe';

/** A decimal number without loss: coefficient / 10^places. Prices have up to 12 places below the minor unit. */
export type ExactDecimal = { readonly coefficient: bigint; readonly places: number };

const form = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;

/**
 * Reads a decimal from its text (such as "0.02", "-3", "1e-7").
 * @throws RangeError where the text is no decimal number.
 */
export function parseDecimal(text: string): ExactDecimal {
  const match = form.exec(text.trim());
  if (!match) {
    throw new RangeError(`Not a decimal number: ${text}`);
  }
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const places = fraction.length - Number(exponent);
  const magnitude = BigInt(whole + fraction);
  const coefficient = sign === '-' ? -magnitude : magnitude;
  return places >= 0
    ? { coefficient, places }
    : { coefficient: coefficient * 10n ** BigInt(-places), places: 0 };
}

/** `quantity` × `unitAmount` in whole minor units. A half is rounded away from zero, as Stripe rounds amounts of invoice lines. */
export function multiplyToMinorUnits(quantity: bigint, unitAmount: string): bigint {
  const unit = parseDecimal(unitAmount);
  return divideHalfUp(quantity * unit.coefficient, 10n ** BigInt(unit.places));
}

/** numerator / denominator to the nearest whole number; a half is rounded away from zero. The denominator is positive. */
export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = (2n * magnitude + denominator) / (2n * denominator);
  return numerator < 0n ? -rounded : rounded;
}

/**
 * A whole number as the plain number that Stripe's JSON has.
 * @throws RangeError beyond the safe integers, where a number would silently be another one.
 */
export function toSafeNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new RangeError(`${value} is too large for an amount.`);
  }
  return number;
}

/** The text as the type of Stripe's decimal fields: on the wire, and in the simulator's state, they are text. */
export function asDecimal(text: string): Stripe.Decimal {
  return text as unknown as Stripe.Decimal;
}

/** The exact text of an amount that a price gives as a decimal, as whole minor units, or not at all (null). */
export function decimalText(
  decimal: Stripe.Decimal | null | undefined,
  whole: number | null | undefined,
): string | null {
  if (decimal !== null && decimal !== undefined) {
    return String(decimal);
  }
  return whole === null || whole === undefined ? null : String(whole);
}
