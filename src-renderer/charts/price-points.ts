import { amountOf, type Tier } from '#shared/metered-price.ts';
import { UNITS_MAX } from '#shared/units.ts';

/** What a number of units costs in all, in whole minor units. */
export type PricePoint = { units: number; amountMinor: number };

const SAMPLES = 48;
/** A price per unit has no tier to show: it is drawn to where it comes to so many minor units. */
const WORTH_SHOWING_MINOR = 1_000;

/**
 * How many units a curve is drawn to: half as many again as where the last tier begins, and for a price per unit the first
 * power of ten that costs something to speak of.
 */
export function curveEnd(tiers: readonly Tier[]): number {
  const lastEnd = tiers.at(-2)?.upTo ?? 0;
  if (lastEnd > 0) return Math.min(UNITS_MAX, lastEnd + Math.ceil(lastEnd / 2));
  let end = 1_000;
  while (end < 1e12 && (amountAt(tiers, end) ?? WORTH_SHOWING_MINOR) < WORTH_SHOWING_MINOR) {
    end *= 10;
  }
  return amountAt(tiers, end) === 0 ? 1_000 : end;
}

/**
 * The points of a curve from 0 to `end` units, rising: evenly spaced, and both sides of each tier's end, where the line bends
 * or jumps. It stops where the amount can no longer be billed.
 */
export function pricePoints(tiers: readonly Tier[], end: number): PricePoint[] {
  const even = Array.from({ length: SAMPLES + 1 }, (_, index) =>
    Math.floor((end / SAMPLES) * index),
  );
  return pointsAt(tiers, [...even, ...sidesOfEnds(tiers), end], end);
}

/** The points that say it all, for a table: the first unit, both sides of each tier's end, and `end`. */
export function tellingPoints(tiers: readonly Tier[], end: number): PricePoint[] {
  return pointsAt(tiers, [0, 1, ...sidesOfEnds(tiers), end], end);
}

function sidesOfEnds(tiers: readonly Tier[]): number[] {
  return tiers.flatMap(({ upTo }) => (upTo === null ? [] : [upTo, upTo + 1]));
}

function pointsAt(tiers: readonly Tier[], units: readonly number[], end: number): PricePoint[] {
  const points: PricePoint[] = [];
  const rising = [...new Set(units)].filter((each) => each <= end).sort((a, b) => a - b);
  for (const each of rising) {
    const amountMinor = amountAt(tiers, each);
    if (amountMinor === null) break;
    points.push({ units: each, amountMinor });
  }
  return points;
}

/** Null where it is more than can be billed. */
export function amountAt(tiers: readonly Tier[], units: number): number | null {
  try {
    return amountOf(tiers, units);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
