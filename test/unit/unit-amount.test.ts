import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tierSchema } from '#shared/metered-price.ts';
import { parseUnitAmount, unitAmountDigits } from '#shared/unit-amount.ts';
import { parseUnits } from '#shared/units.ts';

const read = (text: string, currency = 'usd') => {
  const parsed = parseUnitAmount(text, currency);
  return parsed.ok ? parsed.unitAmount : `refused: ${parsed.why}`;
};

describe('what a unit costs, as typed', () => {
  it.each([
    ['0.0002', 'usd', '0.02'],
    ['0.10', 'usd', '10'],
    ['5', 'usd', '500'],
    ['1,200.505', 'usd', '120050.5'],
    ['0', 'usd', '0'],
    ['0.000', 'usd', '0'],
    ['007', 'usd', '700'],
    ['0.5', 'jpy', '0.5'],
    ['12', 'jpy', '12'],
    ['0.0001', 'kwd', '0.1'],
    ['0.00000000000001', 'usd', '0.000000000001'],
    ['9,999,999,999.99', 'usd', '999999999999'],
  ])('%s %s is %s minor units', (text, currency, minor) => {
    expect(read(text, currency)).toBe(minor);
  });

  it.each([
    ['', /Enter an amount/],
    ['1,5', /Use digits/],
    ['.5', /Use digits/],
    ['-1', /Use digits/],
    ['1e-4', /Use digits/],
    ['0.000000000000001', /at most 14 decimals/],
    ['10000000000', /more than Stripe takes/],
  ])('%s is refused', (text, why) => {
    expect(read(text)).toMatch(/^refused: /);
    expect(read(text)).toMatch(why);
  });

  it('that the contract takes comes back as it was, in every currency', () => {
    const whole = fc.integer({ min: 0, max: 999_999_999_999 }).map(String);
    const decimals = fc.stringMatching(/^[0-9]{0,11}[1-9]$/);
    const amount = fc.oneof(
      whole,
      fc.tuple(whole, decimals).map(([before, after]) => `${before}.${after}`),
    );
    fc.assert(
      fc.property(amount, fc.constantFrom('usd', 'jpy', 'kwd'), (unitAmount, currency) => {
        expect(tierSchema.parse({ upTo: null, unitAmount, flatAmount: null })).toMatchObject({
          unitAmount,
        });
        expect(read(unitAmountDigits(unitAmount, currency), currency)).toBe(unitAmount);
      }),
    );
  });
});

describe('what a unit costs, as digits', () => {
  it.each([
    ['0.02', 'usd', '0.0002'],
    ['10', 'usd', '0.10'],
    ['10.50', 'usd', '0.105'],
    ['123456', 'usd', '1234.56'],
    ['0.5', 'jpy', '0.5'],
    ['12', 'jpy', '12'],
    ['1', 'kwd', '0.001'],
  ])('%s of %s is %s', (minor, currency, digits) => {
    expect(unitAmountDigits(minor, currency)).toBe(digits);
  });
});

describe('units, as typed', () => {
  it('are whole, of at most 15 digits', () => {
    expect(parseUnits(' 1,000 ')).toEqual({ ok: true, units: 1_000 });
    expect(parseUnits('0')).toEqual({ ok: true, units: 0 });
    expect(parseUnits('999999999999999')).toEqual({ ok: true, units: 999_999_999_999_999 });
    for (const text of ['', '1.5', '-1', '1,00', '1000000000000000', '10 000', '1e3']) {
      expect(parseUnits(text), text).toMatchObject({ ok: false });
    }
  });
});
