import { decimalsOf } from './money.ts';

/**
 * What one unit costs, between a person and the contract: typed and shown in whole currency units ("0.0002" dollars), kept as
 * an exact decimal of minor units ("0.02" cents). The point is moved among digits; no float ever holds an amount.
 */

const WHOLE_MINOR_DIGITS_MAX = 12;
const MINOR_DECIMALS_MAX = 12;

export type ParsedUnitAmount = { ok: true; unitAmount: string } | { ok: false; why: string };

/**
 * Reads an amount of a currency as a person typed it ("0.0002", "1,200", "5"), with twelve decimals more than the currency
 * has. What could be read two ways ("1,5") is refused.
 */
export function parseUnitAmount(text: string, currency: string): ParsedUnitAmount {
  const trimmed = text.trim();
  if (trimmed === '') return { ok: false, why: 'Enter an amount.' };
  const match = /^([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.([0-9]+))?$/.exec(trimmed);
  if (!match) return { ok: false, why: 'Use digits and a decimal point, such as 0.0002.' };
  const decimals = decimalsOf(currency);
  const fraction = (match[2] ?? '').replace(/0+$/, '').padEnd(decimals, '0');
  const minorDecimals = fraction.slice(decimals);
  if (minorDecimals.length > MINOR_DECIMALS_MAX) {
    return {
      ok: false,
      why: `${currency.toUpperCase()} has at most ${decimals + MINOR_DECIMALS_MAX} decimals here.`,
    };
  }
  const digits = (match[1] ?? '').replaceAll(',', '') + fraction.slice(0, decimals);
  const whole = digits.replace(/^0+(?=[0-9])/, '');
  if (whole.length > WHOLE_MINOR_DIGITS_MAX) {
    return { ok: false, why: 'That is more than Stripe takes for one unit.' };
  }
  return { ok: true, unitAmount: minorDecimals === '' ? whole : `${whole}.${minorDecimals}` };
}

/** Minor units as plain digits of the currency, exact: "0.02" cents are "0.0002", "10" are "0.10". */
export function unitAmountDigits(unitAmount: string, currency: string): string {
  const decimals = decimalsOf(currency);
  const [whole = '0', rest = ''] = unitAmount.split('.');
  const digits = whole.padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  const fraction = digits.slice(point) + rest.replace(/0+$/, '');
  return fraction === '' ? digits : `${digits.slice(0, point)}.${fraction}`;
}
