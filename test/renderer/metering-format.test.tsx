import { describe, expect, it } from 'vitest';
import { curveEnd, pricePoints, tellingPoints } from '#renderer/charts/price-points.ts';
import {
  formatUnitAmount,
  formatUnitsShort,
  meterEventStateWords,
  meterFormulaWords,
  priceInWords,
  tierRange,
} from '#renderer/format/metering.ts';
import { METER_EVENT_STATES, METER_FORMULAS } from '#shared/ipc/metering.ts';
import { aListedPrice } from '#test/support/metering-rows.ts';

describe('what a unit costs', () => {
  it.each([
    ['0.02', 'usd', '$0.0002'],
    ['10', 'usd', '$0.10'],
    ['0', 'usd', '$0.00'],
    ['123456.5', 'usd', '$1,234.565'],
    ['0.000000000001', 'usd', '$0.00000000000001'],
    ['999999999999.123456789012', 'usd', '$9,999,999,999.99123456789012'],
    ['0.5', 'jpy', '¥0.5'],
    ['10', 'us', '0.10'],
  ])('%s %s is shown whole: %s', (unitAmount, currency, text) => {
    expect(formatUnitAmount(unitAmount, currency)).toBe(text);
  });

  it('is told in a few words', () => {
    expect(priceInWords(aListedPrice())).toBe('3 tiers');
    const tier = { upTo: null, unitAmount: '0.02', flatAmount: null };
    expect(priceInWords(aListedPrice({ tiers: [tier] }))).toBe('$0.0002 a unit');
    expect(priceInWords(aListedPrice({ tiers: [{ ...tier, flatAmount: '500' }] }))).toBe(
      '$0.0002 a unit and $5.00',
    );
  });
});

describe('words of metering', () => {
  it('tell all states and formulas apart', () => {
    const states = METER_EVENT_STATES.map((state) => meterEventStateWords(state).label);
    expect(new Set(states).size).toBe(METER_EVENT_STATES.length);
    const formulas = METER_FORMULAS.map((formula) => meterFormulaWords(formula).label);
    expect(new Set(formulas).size).toBe(METER_FORMULAS.length);
  });

  it('give tiers their units, and axes round ones', () => {
    expect(tierRange(1, 1_000)).toBe('1 – 1,000');
    expect(tierRange(10_001, null)).toBe('10,001 and beyond');
    expect([0, 2_500, 10_000, 1_250_000].map(formatUnitsShort)).toEqual([
      '0',
      '2.5K',
      '10K',
      '1.25M',
    ]);
  });
});

describe('the points of a price curve', () => {
  const { tiers } = aListedPrice();

  it('hold both sides of each tier’s end, and rise to beyond the last', () => {
    const end = curveEnd(tiers);
    expect(end).toBe(15_000);
    expect(tellingPoints(tiers, end)).toEqual([
      { units: 0, amountMinor: 0 },
      { units: 1, amountMinor: 10 },
      { units: 1_000, amountMinor: 10_000 },
      { units: 1_001, amountMinor: 10_005 },
      { units: 10_000, amountMinor: 55_000 },
      { units: 10_001, amountMinor: 55_500 },
      { units: 15_000, amountMinor: 55_600 },
    ]);
    const units = pricePoints(tiers, end).map((point) => point.units);
    expect(units).toEqual([...units].sort((a, b) => a - b));
    expect(units).toEqual(expect.arrayContaining([0, 1_000, 1_001, 10_000, 10_001, 15_000]));
  });

  it('of a price per unit go to where it comes to something', () => {
    const perUnit = (unitAmount: string) =>
      curveEnd([{ upTo: null, unitAmount, flatAmount: null }]);
    expect(perUnit('10')).toBe(1_000);
    expect(perUnit('0.02')).toBe(100_000);
    expect(perUnit('0')).toBe(1_000);
    expect(perUnit('0.000000000001')).toBe(1e12);
  });

  it('stop where the amount can no longer be billed', () => {
    const dear = [{ upTo: null, unitAmount: '999999999999', flatAmount: null }];
    const points = pricePoints(dear, 1_000_000);
    expect(points.at(-1)?.units).toBeLessThan(1_000_000);
    expect(points.every(({ amountMinor }) => Number.isSafeInteger(amountMinor))).toBe(true);
  });
});
