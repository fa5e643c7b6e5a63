import { z } from 'zod';

/** An amount of money: whole minor units of a currency, never a float and never mixed with credits. */
export type Money = { amountMinor: number; currency: string };

// https://docs.stripe.com/currencies: how many decimals Stripe's amounts of a currency have. Others have two, among
// them some that are shown without decimals (HUF, TWD, UGX) and yet are sent times 100.
const ZERO_DECIMAL = new Set([
  'bif',
  'clp',
  'djf',
  'gnf',
  'jpy',
  'kmf',
  'krw',
  'mga',
  'pyg',
  'rwf',
  'vnd',
  'vuv',
  'xaf',
  'xof',
  'xpf',
]);
const THREE_DECIMAL = new Set(['bhd', 'jod', 'kwd', 'omr', 'tnd']);

/** How many decimals amounts of a currency have at Stripe: 0, 2 or 3. */
export function decimalsOf(currency: string): 0 | 2 | 3 {
  const code = currency.toLowerCase();
  if (ZERO_DECIMAL.has(code)) return 0;
  return THREE_DECIMAL.has(code) ? 3 : 2;
}

/** Stripe's largest amount of one charge: eight digits of minor units. */
export const AMOUNT_MINOR_MAX = 99_999_999;

export const currencySchema = z
  .string()
  .regex(/^[a-z]{3}$/, { error: 'must be a currency of three letters, such as usd' });

/** Money as it is stored and crosses the IPC: a whole number of minor units, zero or more. */
export const amountMinorSchema = z
  .number()
  .refine((value) => Number.isSafeInteger(value) && value >= 0, {
    error: 'must be a whole number of minor units',
  });

/** Money that is asked for: at least one minor unit, at most what Stripe takes. */
export const positiveAmountMinorSchema = z.number().int().min(1).max(AMOUNT_MINOR_MAX);

export const moneySchema = z.strictObject({
  amountMinor: amountMinorSchema,
  currency: currencySchema,
});

/** Money of either sign, such as on the lines of an invoice. */
export const signedMoneySchema = z.strictObject({
  amountMinor: z.number().refine((value) => Number.isSafeInteger(value) && !Object.is(value, -0), {
    error: 'must be a whole number of minor units',
  }),
  currency: currencySchema,
});

export type ParsedMoney = { ok: true; amountMinor: number } | { ok: false; why: string };

/**
 * Reads an amount of a currency as a person typed it: digits with an optional point and at most the currency's decimals
 * ("9.99", "1,200.50", "500"). No float ever holds it. What could be read two ways ("1,5") is refused.
 */
export function parseMoney(text: string, currency: string): ParsedMoney {
  const decimals = decimalsOf(currency);
  const trimmed = text.trim();
  if (trimmed === '') return { ok: false, why: 'Enter an amount.' };
  const match = /^([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,10})(?:\.([0-9]+))?$/.exec(trimmed);
  if (!match) return { ok: false, why: 'Use digits and a decimal point, such as 9.99.' };
  const fraction = match[2] ?? '';
  if (fraction.length > decimals) {
    return {
      ok: false,
      why:
        decimals === 0
          ? `${currency.toUpperCase()} has no decimals.`
          : `${currency.toUpperCase()} has ${decimals} decimals at most.`,
    };
  }
  const digits = (match[1] ?? '').replaceAll(',', '') + fraction.padEnd(decimals, '0');
  const amountMinor = Number(digits);
  if (!Number.isSafeInteger(amountMinor) || amountMinor > AMOUNT_MINOR_MAX) {
    return { ok: false, why: 'That is more than Stripe takes at once.' };
  }
  return { ok: true, amountMinor };
}

/** Minor units as plain digits with the currency's decimals, such as "9.99" or "500": for inputs and files. */
export function moneyDigits({ amountMinor, currency }: Money): string {
  const decimals = decimalsOf(currency);
  const digits = String(Math.abs(amountMinor)).padStart(decimals + 1, '0');
  const sign = amountMinor < 0 ? '-' : '';
  if (decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
