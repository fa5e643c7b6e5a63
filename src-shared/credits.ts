import { z } from 'zod';

/** Whole credits: always a safe integer, so that a JavaScript number holds it exactly. */
export type Credits = number & { readonly __unit: 'credits' };

/** The ledger's range: ±(2^53 − 1), the integers that a JavaScript number holds exactly. */
export const CREDITS_MAX = Number.MAX_SAFE_INTEGER;

/** Narrows a number to credits. Throws RangeError on anything but a safe integer (minus zero becomes zero). */
export function toCredits(value: number): Credits {
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`${value} is not a whole number of credits within ±${CREDITS_MAX}`);
  }
  return (value === 0 ? 0 : value) as Credits;
}

/** Credits in a sentence of main's own, in English: "1 credit", "1,234 credits". The window has its own, by its language. */
export function creditsInWords(credits: number): string {
  return `${credits.toLocaleString('en')} ${credits === 1 ? 'credit' : 'credits'}`;
}

export type ParsedCredits = { ok: true; value: Credits } | { ok: false; why: string };

const PLAIN = /^[0-9]{1,16}$/;
// Groups of exactly three after a comma, a space or one of the spaces that spreadsheets and Intl put there.
// "1,5", "1,00" and "1.000" match nothing: what could be read two ways is refused, never guessed.
const GROUPED = /^[0-9]{1,3}(?:([,\u0020\u00a0\u2009\u202f])[0-9]{3})(?:\1[0-9]{3})*$/;

/**
 * Reads a positive amount as a person typed or pasted it: ASCII digits, optionally grouped by three ("1,000").
 * No sign, no exponent, no decimals, no digits of other scripts. No float ever holds the text.
 */
export function parseCredits(text: string): ParsedCredits {
  const trimmed = text.trim();
  if (trimmed === '') return { ok: false, why: 'Enter a number of credits.' };
  if (!PLAIN.test(trimmed) && !GROUPED.test(trimmed)) {
    return { ok: false, why: 'Use whole credits in digits only, such as 1000 or 1,000.' };
  }
  const digits = trimmed.replace(/[^0-9]/g, '');
  const value = Number(digits);
  if (!Number.isSafeInteger(value)) {
    return { ok: false, why: 'That is more than the ledger can hold.' };
  }
  if (value === 0) return { ok: false, why: 'Enter at least 1 credit.' };
  return { ok: true, value: value as Credits };
}

/** Credits of either sign, as they cross the IPC: a safe integer, and no minus zero. */
export const creditsSchema = z
  .number()
  .refine((value) => Number.isSafeInteger(value) && !Object.is(value, -0), {
    error: 'must be a whole number of credits',
  })
  .transform((value) => value as Credits);

/** A positive amount of credits. */
export const positiveCreditsSchema = z
  .number()
  .refine((value) => Number.isSafeInteger(value) && value > 0, {
    error: 'must be a whole number of credits, at least 1',
  })
  .transform((value) => value as Credits);
