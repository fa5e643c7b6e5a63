import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  amountOf,
  chargesOf,
  meteredPriceSchema,
  type Tier,
  tierProblems,
  tierSchema,
  tiersSchema,
} from '#shared/metered-price.ts';

const FIFTEEN_DIGITS = 999_999_999_999_999;

const tier = (upTo: number | null, unitAmount: string, flatAmount: string | null = null): Tier => ({
  upTo,
  unitAmount,
  flatAmount,
});

/** To 1,000 at ten cents, to 10,000 at five, beyond at two. */
const graduated = [tier(1_000, '10'), tier(10_000, '5'), tier(null, '2')];

/** Minor units of an amount as a count of 10^-12, read digit by digit. */
function scaled(amount: string): bigint {
  const point = amount.indexOf('.');
  const whole = point < 0 ? amount : amount.slice(0, point);
  const decimals = point < 0 ? '' : amount.slice(point + 1);
  return BigInt(whole) * 10n ** 12n + BigInt(decimals.padEnd(12, '0'));
}

/** The nearest whole number of a count of 10^-12, a half up: by looking at the rest, not by adding one half. */
function nearest(count: bigint): bigint {
  const rest = count % 10n ** 12n;
  return count / 10n ** 12n + (rest >= 5n * 10n ** 11n ? 1n : 0n);
}

/** What a quantity costs: for each tier the part of the quantity in it, whether the quantity gets there or not. */
function expectedAmount(tiers: readonly Tier[], quantity: number): bigint {
  return tiers
    .map(({ upTo, unitAmount, flatAmount }, index) => {
      const begins = BigInt(tiers[index - 1]?.upTo ?? 0);
      const ends = BigInt(upTo ?? quantity);
      const used = BigInt(quantity);
      const inside = (used < ends ? used : ends) - begins;
      const units = inside > 0n ? inside : 0n;
      const reached = index === 0 || used > begins;
      return (
        nearest(units * scaled(unitAmount)) +
        (reached && flatAmount !== null ? nearest(scaled(flatAmount)) : 0n)
      );
    })
    .reduce((sum, amount) => sum + amount, 0n);
}

const amount = fc
  .record({ whole: fc.nat(5_000), decimals: fc.stringMatching(/^[0-9]{0,12}$/) })
  .map(({ whole, decimals }) => (decimals === '' ? `${whole}` : `${whole}.${decimals}`));

const tiersOf = (sizes: number[], amounts: { unit: string; flat: string | null }[]) => {
  let reached = 0;
  return amounts.map(({ unit, flat }, index) => {
    const size = sizes[index];
    if (size === undefined) return tier(null, unit, flat);
    reached += size;
    return tier(reached, unit, flat);
  });
};

const tierList: fc.Arbitrary<Tier[]> = fc
  .array(fc.integer({ min: 1, max: 100_000 }), { maxLength: 6 })
  .chain((sizes) =>
    fc
      .array(fc.record({ unit: amount, flat: fc.option(amount) }), {
        minLength: sizes.length + 1,
        maxLength: sizes.length + 1,
      })
      .map((amounts) => tiersOf(sizes, amounts)),
  );

/** Quantities near the ends of tiers, and anywhere. */
const priced = tierList.chain((tiers) => {
  const ends = tiers.flatMap(({ upTo }) => (upTo === null ? [] : [upTo - 1, upTo, upTo + 1]));
  return fc.record({
    tiers: fc.constant(tiers),
    quantity: fc.oneof(
      fc.constantFrom(0, 1, ...ends),
      fc.nat(700_000),
      fc.integer({ min: 0, max: 100_000_000_000 }),
    ),
  });
});

describe('an amount by tiers', () => {
  it.each([
    [0, 0],
    [1, 10],
    [999, 9_990],
    [1_000, 10_000],
    [1_001, 10_005],
    [9_999, 54_995],
    [10_000, 55_000],
    [10_001, 55_002],
    [1_000_000, 55_000 + 990_000 * 2],
    [FIFTEEN_DIGITS, 55_000 + (FIFTEEN_DIGITS - 10_000) * 2],
  ])('of %d units, to 1,000 at 10, to 10,000 at 5 and beyond at 2, is %d', (units, expected) => {
    expect(amountOf(graduated, units)).toBe(expected);
  });

  it('says what each tier that is reached charges', () => {
    expect(chargesOf(graduated, 1_000)).toEqual([
      { tier: 0, units: 1_000, unitsMinor: 10_000, flatMinor: 0 },
    ]);
    expect(chargesOf(graduated, 12_000)).toEqual([
      { tier: 0, units: 1_000, unitsMinor: 10_000, flatMinor: 0 },
      { tier: 1, units: 9_000, unitsMinor: 45_000, flatMinor: 0 },
      { tier: 2, units: 2_000, unitsMinor: 4_000, flatMinor: 0 },
    ]);
  });

  it.each([
    ['0.02', 24, 0],
    ['0.02', 25, 1],
    ['0.02', 74, 1],
    ['0.02', 75, 2],
    ['0.1', 5, 1],
    ['0.1', 4, 0],
    ['0.000000000001', 499_999_999_999, 0],
    ['0.000000000001', 500_000_000_000, 1],
    ['0.000000000001', FIFTEEN_DIGITS, 1_000],
    ['1.005', 100, 101],
    ['1.004999999999', 100, 100],
    ['999999999999.999999999999', 1, 1_000_000_000_000],
  ])('at %s minor units a unit, %d units cost %d', (unitAmount, units, expected) => {
    expect(amountOf([tier(null, unitAmount)], units)).toBe(expected);
  });

  it('rounds each tier, and each fee, by itself', () => {
    const halves = [tier(1, '0.5', '0.5'), tier(2, '0.5', '0.4'), tier(null, '0.4', '0.5')];
    expect(amountOf(halves, 1)).toBe(2);
    expect(amountOf(halves, 2)).toBe(3);
    expect(amountOf(halves, 3)).toBe(4);
  });

  it('has the fee of a tier from its first unit on, and that of the first without any', () => {
    const fees = [tier(10, '0', '500'), tier(20, '1', null), tier(null, '1', '700')];
    expect(chargesOf(fees, 0)).toEqual([{ tier: 0, units: 0, unitsMinor: 0, flatMinor: 500 }]);
    expect(amountOf(fees, 10)).toBe(500);
    expect(amountOf(fees, 11)).toBe(501);
    expect(amountOf(fees, 20)).toBe(510);
    expect(chargesOf(fees, 21).at(-1)).toEqual({
      tier: 2,
      units: 1,
      unitsMinor: 1,
      flatMinor: 700,
    });
  });

  it('is that of an independent formula, for any tiers and quantity', () => {
    fc.assert(
      fc.property(priced, ({ tiers, quantity }) => {
        const charges = chargesOf(tiers, quantity);
        expect(BigInt(amountOf(tiers, quantity))).toBe(expectedAmount(tiers, quantity));
        expect(charges.reduce((sum, { units }) => sum + units, 0)).toBe(quantity);
        expect(charges.map((charge) => charge.tier)).toEqual(charges.map((_, index) => index));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is, with whole amounts, what each unit costs by itself', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
        fc.array(fc.record({ unit: fc.nat(50).map(String), flat: fc.constant(null) }), {
          minLength: 5,
          maxLength: 5,
        }),
        fc.nat(60),
        (sizes, amounts, quantity) => {
          const tiers = tiersOf(sizes, amounts.slice(0, sizes.length + 1));
          let sum = 0;
          for (let unit = 1; unit <= quantity; unit += 1) {
            sum += Number(tiers.find(({ upTo }) => upTo === null || unit <= upTo)?.unitAmount);
          }
          expect(amountOf(tiers, quantity)).toBe(sum);
        },
      ),
    );
  });

  it('never falls when more is used', () => {
    fc.assert(
      fc.property(priced, fc.nat(1_000), ({ tiers, quantity }, more) => {
        expect(amountOf(tiers, quantity + more)).toBeGreaterThanOrEqual(amountOf(tiers, quantity));
      }),
    );
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, FIFTEEN_DIGITS + 1, 2 ** 53])(
    'of %d units is refused',
    (units) => {
      expect(() => chargesOf(graduated, units)).toThrow(RangeError);
      expect(() => amountOf(graduated, units)).toThrow(RangeError);
    },
  );

  it('is refused where a tier, or only the sum, is beyond what a number holds exactly', () => {
    expect(() => amountOf([tier(null, '10')], FIFTEEN_DIGITS)).toThrow(/more than can be billed/);
    const half = [tier(600_000_000_000_000, '9'), tier(null, '9')];
    expect(chargesOf(half, FIFTEEN_DIGITS)).toHaveLength(2);
    expect(amountOf(half, FIFTEEN_DIGITS)).toBe(8_999_999_999_999_991);
    const beyond = [tier(500_000_000_000_000, '10'), tier(null, '10')];
    expect(chargesOf(beyond, FIFTEEN_DIGITS)).toHaveLength(2);
    expect(() => amountOf(beyond, FIFTEEN_DIGITS)).toThrow(/more than can be billed/);
  });
});

describe('tiers', () => {
  const ends = (...all: (number | null)[]) => tierProblems(all.map((upTo) => ({ upTo })));

  it('are good where each ends above the one before and only the last has no end', () => {
    expect(ends(null)).toEqual([]);
    expect(ends(1, null)).toEqual([]);
    expect(ends(1, 2, 3, null)).toEqual([]);
  });

  it.each<[string, (number | null)[], [number, string][]]>([
    ['without order', [10, 5, null], [[1, 'must be above 10, where the tier before ends']]],
    ['that are the same', [10, 10, null], [[1, 'must be above 10, where the tier before ends']]],
    ['that end with nothing', [0, null], [[0, 'must be above 0, where the tier before ends']]],
    ['without an end of the list', [10, 20], [[1, 'the last tier must have no end']]],
    ['of one with an end', [10], [[0, 'the last tier must have no end']]],
    ['that end in the middle', [10, null, 20, null], [[1, 'only the last tier has no end']]],
    [
      'wrong twice',
      [10, null, 5],
      [
        [1, 'only the last tier has no end'],
        [2, 'the last tier must have no end'],
      ],
    ],
    [
      'that overlap an earlier one, behind one without an end',
      [10, null, 5, null],
      [
        [1, 'only the last tier has no end'],
        [2, 'must be above 10, where the tier before ends'],
      ],
    ],
  ])('%s are told apart by their index', (_, all, problems) => {
    expect(ends(...all)).toEqual(problems);
  });

  it('are refused with the place of each problem', () => {
    const { error } = tiersSchema.safeParse([tier(10, '1'), tier(10, '1'), tier(20, '1')]);
    expect(error?.issues.map(({ path, message }) => [path, message])).toEqual([
      [[1, 'upTo'], 'must be above 10, where the tier before ends'],
      [[2, 'upTo'], 'the last tier must have no end'],
    ]);
  });

  it('are at least one and at most a hundred', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => tier(index + 1 < count ? index + 1 : null, '1'));
    expect(tiersSchema.safeParse([]).success).toBe(false);
    expect(tiersSchema.safeParse(many(1)).success).toBe(true);
    expect(tiersSchema.safeParse(many(100)).success).toBe(true);
    expect(tiersSchema.safeParse(many(101)).success).toBe(false);
  });

  it('come through the schema exactly where the formula can price them', () => {
    fc.assert(
      fc.property(tierList, (tiers) => {
        expect(tiersSchema.parse(tiers)).toEqual(tiers);
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 4 }),
        (all) => {
          const rises = all.every((end, index) => {
            if (index === all.length - 1) return end === null;
            return end !== null && end > (all[index - 1] ?? 0);
          });
          expect(ends(...all).length === 0).toBe(rises);
        },
      ),
    );
  });
});

describe('a tier', () => {
  const accepts = (given: object) =>
    tierSchema.safeParse({ upTo: null, unitAmount: '1', flatAmount: null, ...given }).success;

  it.each(['0', '10', '0.02', '0.000000000001', '999999999999', '999999999999.999999999999'])(
    'takes %s minor units',
    (text) => {
      expect(accepts({ unitAmount: text })).toBe(true);
      expect(accepts({ flatAmount: text })).toBe(true);
    },
  );

  it.each([
    '',
    ' 1',
    '1 ',
    '1\n',
    '-1',
    '+1',
    '01',
    '.5',
    '1.',
    '1e3',
    '1,5',
    '0x1',
    '١',
    'NaN',
    '1000000000000',
    '0.0000000000001',
  ])('does not take %j minor units', (text) => {
    expect(accepts({ unitAmount: text })).toBe(false);
    expect(accepts({ flatAmount: text })).toBe(false);
  });

  it.each([0, -1, 1.5, FIFTEEN_DIGITS + 1, '10', Number.NaN, undefined])(
    'does not end at %j',
    (upTo) => {
      expect(accepts({ upTo })).toBe(false);
    },
  );

  it('ends at up to fifteen digits, and has nothing else', () => {
    expect(accepts({ upTo: 1 })).toBe(true);
    expect(accepts({ upTo: FIFTEEN_DIGITS })).toBe(true);
    expect(accepts({ unitAmount: 10 })).toBe(false);
    expect(accepts({ unitAmount: null })).toBe(false);
    expect(accepts({ up_to: 1 })).toBe(false);
  });
});

describe('a metered price', () => {
  const price = { currency: 'usd', interval: 'month', tiers: graduated };

  it('has a currency, an interval and tiers', () => {
    expect(meteredPriceSchema.parse(price)).toEqual(price);
    expect(meteredPriceSchema.parse({ ...price, interval: 'year' }).interval).toBe('year');
  });

  it.each([
    { currency: 'USD' },
    { currency: 'dollars' },
    { interval: 'week' },
    { tiers: [] },
    { tiers: [tier(5, '1')] },
    { extra: true },
  ])('is refused with %j', (given) => {
    expect(meteredPriceSchema.safeParse({ ...price, ...given }).success).toBe(false);
  });
});
