import { type ParsedCredits, parseCredits, toCredits } from '#shared/credits.ts';

/** Reads an amount of whole credits as a person typed it; other than parseCredits it takes zero too. */
export function parseCreditsOrZero(text: string): ParsedCredits {
  return text.trim() === '0' ? { ok: true, value: toCredits(0) } : parseCredits(text);
}

/** What is wrong with a typed amount of whole credits, zero among them, as a sentence; null where nothing. */
export function creditsOrZeroProblem(text: string): string | null {
  const parsed = parseCreditsOrZero(text);
  return parsed.ok ? null : parsed.why;
}
