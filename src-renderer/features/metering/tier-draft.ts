import { type Tier, tierProblems } from '#shared/metered-price.ts';
import { parseUnitAmount } from '#shared/unit-amount.ts';
import { parseUnits } from '#shared/units.ts';

/** A tier as it is typed. */
export type TierDraft = {
  /** Tells rows apart while they are added and removed. */
  key: string;
  /** Of the last tier it counts for nothing: that one has no end. */
  upTo: string;
  /** In currency units. */
  unitAmount: string;
  /** In currency units; empty: no fee. */
  flatAmount: string;
};

/** A tier in which nothing is typed yet. */
export function emptyTier(): TierDraft {
  return { key: crypto.randomUUID(), upTo: '', unitAmount: '', flatAmount: '' };
}

/** What was typed, as tiers of the contract; null where something of it cannot be read or does not rise. */
export function readTiers(drafts: readonly TierDraft[], currency: string): Tier[] | null {
  const tiers: Tier[] = [];
  for (const [index, draft] of drafts.entries()) {
    const end = endOf(drafts, index);
    const each = parseUnitAmount(draft.unitAmount, currency);
    const fee = readFee(draft, currency);
    if (!end.ok || !each.ok || !fee.ok) return null;
    tiers.push({ upTo: end.upTo, unitAmount: each.unitAmount, flatAmount: fee.flatAmount });
  }
  return tierProblems(tiers).length === 0 ? tiers : null;
}

/** What is wrong with the end of one tier, as a sentence; null where nothing. */
export function endProblem(drafts: readonly TierDraft[], index: number): string | null {
  const end = endOf(drafts, index);
  if (!end.ok) return end.why;
  // Ends that cannot be read say so themselves; the others are compared without them.
  const readable = drafts.flatMap((_, at) => {
    const each = endOf(drafts, at);
    return each.ok ? [{ at, upTo: each.upTo }] : [];
  });
  const problem = tierProblems(readable).find(([at]) => readable[at]?.at === index);
  return problem === undefined ? null : `It ${problem[1]}.`;
}

/** What is wrong with what a unit costs, as a sentence; null where nothing. */
export function unitAmountProblem(draft: TierDraft | undefined, currency: string): string | null {
  const parsed = parseUnitAmount(draft?.unitAmount ?? '', currency);
  return parsed.ok ? null : parsed.why;
}

/** What is wrong with a fee, as a sentence; null where nothing. */
export function feeProblem(draft: TierDraft | undefined, currency: string): string | null {
  const fee = draft === undefined ? null : readFee(draft, currency);
  return fee === null || fee.ok ? null : fee.why;
}

/** The unit that a tier begins with, counted from 1; null where the end before it cannot be read. */
export function firstUnit(drafts: readonly TierDraft[], index: number): number | null {
  if (index === 0) return 1;
  const before = endOf(drafts, index - 1);
  return before.ok && before.upTo !== null ? before.upTo + 1 : null;
}

function endOf(
  drafts: readonly TierDraft[],
  index: number,
): { ok: true; upTo: number | null } | { ok: false; why: string } {
  if (index === drafts.length - 1) return { ok: true, upTo: null };
  const parsed = parseUnits(drafts[index]?.upTo ?? '');
  return parsed.ok ? { ok: true, upTo: parsed.units } : parsed;
}

function readFee(
  { flatAmount }: TierDraft,
  currency: string,
): { ok: true; flatAmount: string | null } | { ok: false; why: string } {
  if (flatAmount.trim() === '') return { ok: true, flatAmount: null };
  const parsed = parseUnitAmount(flatAmount, currency);
  return parsed.ok ? { ok: true, flatAmount: parsed.unitAmount } : parsed;
}
