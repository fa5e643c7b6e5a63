import fc from 'fast-check';
import type Stripe from 'stripe';
import { describe, expect, it } from 'vitest';
import {
  asDecimal,
  divideHalfUp,
  multiplyToMinorUnits,
  parseDecimal,
} from '#main/stripe-simulator/billing/exact-decimal.ts';
import { addIntervals, periodEndAfter } from '#main/stripe-simulator/billing/periods.ts';
import { proratedAmount } from '#main/stripe-simulator/billing/prorations.ts';
import { pricedAmount, pricedParts } from '#main/stripe-simulator/billing/tier-amount.ts';

type Tier = { upTo: number | null; unit: string | null; flat: number | null };

/** A decimal of up to 12 places, as Stripe takes them: its text, and the same number in units of 10^-12. */
const decimal = fc
  .record({ whole: fc.nat(5_000), fraction: fc.bigInt({ min: 0n, max: 999_999_999_999n }) })
  .map(({ whole, fraction }) => ({
    text: `${whole}.${String(fraction).padStart(12, '0')}`,
    scaled: BigInt(whole) * 10n ** 12n + fraction,
  }));

const tiered = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 100_000 }), { maxLength: 5 }),
    prices: fc.array(
      fc.record({ unit: fc.option(decimal), flat: fc.option(fc.integer({ min: 1, max: 9_999 })) }),
      {
        minLength: 6,
        maxLength: 6,
      },
    ),
  })
  .map(({ sizes, prices }) => {
    let reached = 0;
    const bounds: (number | null)[] = sizes.map((size) => {
      reached += size;
      return reached;
    });
    bounds.push(null);
    return bounds.map((upTo, index) => ({
      upTo,
      ...(prices[index] ?? { unit: null, flat: null }),
    }));
  });

const quantity = fc.oneof(
  fc.integer({ min: 0, max: 1_000_000 }),
  fc.integer({ min: 0, max: 12 }),
  fc.constant(10 ** 12),
);

describe('tiers', () => {
  it('graduated charges each unit at the price of the tier that it falls into, and the flat fee of each tier it reaches', () => {
    fc.assert(
      fc.property(tiered, quantity, (tiers, units) => {
        let expected = 0n;
        for (const [index, tier] of tiers.entries()) {
          const from = index === 0 ? 0 : (tiers[index - 1]?.upTo ?? 0);
          const inside = Math.min(units, tier.upTo ?? Number.POSITIVE_INFINITY) - from;
          if (inside <= 0 && index > 0) continue;
          // Rounded as a person would: add a half unit of the scale, cut off.
          expected +=
            (BigInt(Math.max(0, inside)) * (tier.unit?.scaled ?? 0n) + 5n * 10n ** 11n) /
            10n ** 12n;
          expected += BigInt(tier.flat ?? 0);
        }
        expect(pricedAmount(price('graduated', tiers), BigInt(units))).toBe(expected);
      }),
    );
  });

  it('volume charges all units at the price of the one tier that their number falls into', () => {
    fc.assert(
      fc.property(tiered, quantity, (tiers, units) => {
        const tier = tiers.find(({ upTo }) => upTo === null || units <= upTo);
        const expected =
          (BigInt(units) * (tier?.unit?.scaled ?? 0n) + 5n * 10n ** 11n) / 10n ** 12n +
          BigInt(tier?.flat ?? 0);
        expect(pricedAmount(price('volume', tiers), BigInt(units))).toBe(expected);
      }),
    );
  });

  it('the parts of graduated tiers add up to the quantity', () => {
    fc.assert(
      fc.property(tiered, quantity, (tiers, units) => {
        const parts = pricedParts(price('graduated', tiers), BigInt(units));
        expect(parts.reduce((sum, part) => sum + part.quantity, 0n)).toBe(BigInt(units));
      }),
    );
  });

  it('charges the documented example: 100,000 free, then 0.02 cents up to a million, then 0.01', () => {
    const tiers: Tier[] = [
      { upTo: 100_000, unit: '0', flat: null },
      { upTo: 1_000_000, unit: '0.02', flat: null },
      { upTo: null, unit: '0.01', flat: null },
    ];
    const amount = (units: bigint) => pricedAmount(priceOfTexts('graduated', tiers), units);
    expect(amount(100_000n)).toBe(0n);
    expect(amount(100_024n)).toBe(0n);
    expect(amount(100_025n)).toBe(1n);
    expect(amount(1_000_000n)).toBe(18_000n);
    expect(amount(1_500_000n)).toBe(23_000n);
  });

  it('charges a negative total as nothing', () => {
    const tiers: Tier[] = [{ upTo: null, unit: '7', flat: null }];
    expect(pricedAmount(priceOfTexts('graduated', tiers), -5n)).toBe(0n);
    expect(pricedAmount({ ...perUnit('0.4') }, -1n)).toBe(0n);
  });

  it('charges packages that are begun, or only full ones, as the price says', () => {
    const packages = (round: 'up' | 'down') => ({
      ...perUnit('150'),
      transform_quantity: { divide_by: 1_000, round },
    });
    expect(pricedAmount(packages('up'), 1_001n)).toBe(300n);
    expect(pricedAmount(packages('down'), 1_999n)).toBe(150n);
  });
});

describe('exact decimals', () => {
  it('reads what it is given without loss', () => {
    expect(parseDecimal('-0.000000000001')).toEqual({ coefficient: -1n, places: 12 });
    expect(parseDecimal('1e-7')).toEqual({ coefficient: 1n, places: 7 });
    expect(parseDecimal('12e3')).toEqual({ coefficient: 12_000n, places: 0 });
    expect(() => parseDecimal('0,5')).toThrow(RangeError);
  });

  it('rounds a half away from zero, where numbers would say otherwise', () => {
    expect(multiplyToMinorUnits(1n, '0.5')).toBe(1n);
    expect(multiplyToMinorUnits(-1n, '0.5')).toBe(-1n);
    expect(multiplyToMinorUnits(3n, '0.1666666666666')).toBe(0n);
    expect(multiplyToMinorUnits(1n, '1.005')).toBe(1n);
    expect(multiplyToMinorUnits(9_007_199_254_740_993n, '1')).toBe(9_007_199_254_740_993n);
  });

  it('never rounds further than a half', () => {
    fc.assert(
      fc.property(
        fc.bigInt(),
        fc.bigInt({ min: 1n, max: 10n ** 15n }),
        (numerator, denominator) => {
          const error = 2n * (numerator - divideHalfUp(numerator, denominator) * denominator);
          expect(error <= denominator && error >= -denominator).toBe(true);
        },
      ),
    );
  });

  it('prorates so that what is credited and what remains never differ by more than one unit from the whole', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 9n }),
        fc.integer({ min: 1, max: 31_622_400 }),
        fc.nat(),
        (full, period, at) => {
          const used = at % (period + 1);
          const sum =
            proratedAmount(full, period - used, period) + proratedAmount(full, used, period);
          expect(sum === full || sum === full + 1n).toBe(true);
        },
      ),
    );
  });
});

describe('billing periods', () => {
  const at = (text: string) => Date.parse(text) / 1_000;
  const monthly = { interval: 'month', interval_count: 1 } as const;

  it('keep the day of the month, and take the last day where there is no such day', () => {
    const anchor = at('2026-01-31T10:30:15Z');
    expect(addIntervals(anchor, 'month', 1)).toBe(at('2026-02-28T10:30:15Z'));
    expect(addIntervals(anchor, 'month', 2)).toBe(at('2026-03-31T10:30:15Z'));
    expect(addIntervals(anchor, 'month', 25)).toBe(at('2028-02-29T10:30:15Z'));
    expect(addIntervals(at('2028-02-29T00:00:00Z'), 'year', 1)).toBe(at('2029-02-28T00:00:00Z'));
    expect(addIntervals(anchor, 'week', 2)).toBe(at('2026-02-14T10:30:15Z'));
  });

  it('follow each other without a gap, and find back to the day of their anchor', () => {
    const anchor = at('2026-01-31T10:30:15Z');
    const ends: number[] = [];
    for (let end = anchor; ends.length < 4; ) {
      end = periodEndAfter(anchor, monthly, end);
      ends.push(end);
    }
    expect(ends.map((end) => new Date(end * 1_000).toISOString().slice(0, 10))).toEqual([
      '2026-02-28',
      '2026-03-31',
      '2026-04-30',
      '2026-05-31',
    ]);
  });

  it('end after the moment they are asked for, and began at or before it', () => {
    const interval = fc.record({
      interval: fc.constantFrom('day', 'week', 'month', 'year'),
      interval_count: fc.integer({ min: 1, max: 12 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 }),
        interval,
        fc.nat(2 ** 28),
        (anchor, every, later) => {
          const end = periodEndAfter(anchor, every, anchor + later);
          expect(end).toBeGreaterThan(anchor + later);
          const steps = Array.from({ length: 10_000 }, (_, step) => step);
          const index =
            steps.find(
              (step) => addIntervals(anchor, every.interval, step * every.interval_count) === end,
            ) ?? -1;
          expect(
            addIntervals(anchor, every.interval, (index - 1) * every.interval_count),
          ).toBeLessThanOrEqual(anchor + later);
        },
      ),
      { numRuns: 50 },
    );
  });
});

function price(
  mode: 'graduated' | 'volume',
  tiers: readonly { upTo: number | null; unit: { text: string } | null; flat: number | null }[],
) {
  return priceOfTexts(
    mode,
    tiers.map((tier) => ({ ...tier, unit: tier.unit?.text ?? null })),
  );
}

function priceOfTexts(mode: 'graduated' | 'volume', tiers: readonly Tier[]) {
  return {
    billing_scheme: 'tiered' as const,
    tiers_mode: mode,
    transform_quantity: null,
    unit_amount: null,
    unit_amount_decimal: null,
    tiers: tiers.map(
      (tier): Stripe.Price.Tier => ({
        up_to: tier.upTo,
        unit_amount: null,
        unit_amount_decimal: tier.unit === null ? null : asDecimal(tier.unit),
        flat_amount: tier.flat,
        flat_amount_decimal: null,
      }),
    ),
  };
}

function perUnit(unit: string) {
  return {
    billing_scheme: 'per_unit' as const,
    tiers_mode: null,
    transform_quantity: null,
    unit_amount: null,
    unit_amount_decimal: asDecimal(unit),
  };
}
