/** The most units that one number of them may be: 15 digits, as Stripe takes them. */
export const UNITS_MAX = 999_999_999_999_999;

export type ParsedUnits = { ok: true; units: number } | { ok: false; why: string };

/** Reads whole units of usage as a person typed them: "1000", "1,000"; at most UNITS_MAX. */
export function parseUnits(text: string): ParsedUnits {
  const trimmed = text.trim();
  if (trimmed === '') return { ok: false, why: 'Enter a number of units.' };
  if (!/^([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)$/.test(trimmed)) {
    return { ok: false, why: 'Use whole units, such as 1,000.' };
  }
  const units = Number(trimmed.replaceAll(',', ''));
  if (units > UNITS_MAX) return { ok: false, why: 'That is more than 15 digits.' };
  return { ok: true, units };
}
