import { describe, expect, it } from 'vitest';
import {
  AMOUNT_MINOR_MAX,
  currencySchema,
  decimalsOf,
  moneyDigits,
  moneySchema,
  parseMoney,
  positiveAmountMinorSchema,
} from '#shared/money.ts';

describe('an amount that a person typed', () => {
  it.each([
    ['9.99', 'usd', 999],
    ['9.9', 'usd', 990],
    ['9', 'usd', 900],
    ['0.01', 'usd', 1],
    ['0', 'usd', 0],
    [' 1,200.50 ', 'eur', 120_050],
    ['1,234,567.89', 'usd', null],
    ['999,999.99', 'usd', 99_999_999],
    ['1,000,000', 'usd', null],
    ['500', 'jpy', 500],
    ['1,200', 'jpy', 1_200],
    ['1.5', 'kwd', 1_500],
    ['1.234', 'kwd', 1_234],
    ['12', 'BHD', 12_000],
    // Shown without decimals, and yet sent in hundredths.
    ['500', 'huf', 50_000],
    ['500', 'twd', 50_000],
    ['500', 'ugx', 50_000],
    // A float would give 1.00499999…
    ['1.005', 'tnd', 1_005],
    ['4.35', 'usd', 435],
    ['0.29', 'usd', 29],
  ])('%s %s is %s minor units', (text, currency, amountMinor) => {
    expect(parseMoney(text, currency)).toEqual(
      amountMinor === null
        ? { ok: false, why: 'That is more than Stripe takes at once.' }
        : { ok: true, amountMinor },
    );
  });

  it.each([
    ['', 'usd', 'Enter an amount.'],
    ['   ', 'usd', 'Enter an amount.'],
    ['1,5', 'eur', 'Use digits and a decimal point, such as 9.99.'],
    ['1.000,50', 'eur', 'Use digits and a decimal point, such as 9.99.'],
    ['-1', 'usd', 'Use digits and a decimal point, such as 9.99.'],
    ['+1', 'usd', 'Use digits and a decimal point, such as 9.99.'],
    ['1e3', 'usd', 'Use digits and a decimal point, such as 9.99.'],
    ['0x10', 'usd', 'Use digits and a decimal point, such as 9.99.'],
    ['$5', 'usd', 'Use digits and a decimal point, such as 9.99.'],
    ['.50', 'usd', 'Use digits and a decimal point, such as 9.99.'],
    ['5.', 'usd', 'Use digits and a decimal point, such as 9.99.'],
    ['١٢', 'usd', 'Use digits and a decimal point, such as 9.99.'],
    ['9.999', 'usd', 'USD has 2 decimals at most.'],
    ['1.2345', 'kwd', 'KWD has 3 decimals at most.'],
    ['1.5', 'jpy', 'JPY has no decimals.'],
    ['12345678901', 'usd', 'Use digits and a decimal point, such as 9.99.'],
  ])('“%s” %s is refused: %s', (text, currency, why) => {
    expect(parseMoney(text, currency)).toEqual({ ok: false, why });
  });
});

describe('an amount as text', () => {
  it.each([
    [999, 'usd', '9.99'],
    [5, 'usd', '0.05'],
    [0, 'usd', '0.00'],
    [-1_050, 'usd', '-10.50'],
    [500, 'jpy', '500'],
    [-7, 'jpy', '-7'],
    [1, 'kwd', '0.001'],
    [1_234_567, 'kwd', '1234.567'],
    [50_000, 'huf', '500.00'],
    [AMOUNT_MINOR_MAX, 'usd', '999999.99'],
    [Number.MAX_SAFE_INTEGER, 'usd', '90071992547409.91'],
  ])('%s of %s is %s', (amountMinor, currency, text) => {
    expect(moneyDigits({ amountMinor, currency })).toBe(text);
  });

  it('reads back as the same amount, for every amount of every kind of currency', () => {
    for (const currency of ['usd', 'jpy', 'kwd', 'huf']) {
      for (let amountMinor = 0; amountMinor <= 2_100; amountMinor += 1) {
        const text = moneyDigits({ amountMinor, currency });
        expect(parseMoney(text, currency)).toEqual({ ok: true, amountMinor });
      }
    }
  });
});

describe('a currency', () => {
  it('has as many decimals as Stripe counts, however it is written', () => {
    const noDecimals = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ');
    expect(noDecimals.map(decimalsOf)).toEqual(noDecimals.map(() => 0));
    expect(['bhd', 'jod', 'KWD', 'omr', 'tnd'].map(decimalsOf)).toEqual([3, 3, 3, 3, 3]);
    expect(['usd', 'EUR', 'huf', 'twd', 'ugx', 'isk'].map(decimalsOf)).toEqual([2, 2, 2, 2, 2, 2]);
  });

  it('is three small letters', () => {
    expect(currencySchema.safeParse('usd').success).toBe(true);
    for (const bad of ['USD', 'us', 'usdx', 'u1d', '', 'usd ']) {
      expect(currencySchema.safeParse(bad).success).toBe(false);
    }
  });
});

describe('money that crosses processes', () => {
  it('is a whole number of minor units, and a currency', () => {
    expect(moneySchema.safeParse({ amountMinor: 0, currency: 'usd' }).success).toBe(true);
    for (const amountMinor of [0.5, -1, Number.NaN, 2 ** 53, '1']) {
      expect(moneySchema.safeParse({ amountMinor, currency: 'usd' }).success).toBe(false);
    }
    for (const amountMinor of [0, -1, 1.5, AMOUNT_MINOR_MAX + 1]) {
      expect(positiveAmountMinorSchema.safeParse(amountMinor).success).toBe(false);
    }
    expect(positiveAmountMinorSchema.parse(AMOUNT_MINOR_MAX)).toBe(AMOUNT_MINOR_MAX);
  });
});
