import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { creditsSchema, parseCredits, positiveCreditsSchema, toCredits } from '#shared/credits.ts';

describe('an amount as a person types it', () => {
  it.each([
    ['1', 1],
    [' 42 ', 42],
    ['0042', 42],
    ['1,000', 1000],
    ['1 000', 1000],
    ['1\u00a0000', 1000],
    ['1\u202f234\u202f567', 1234567],
    ['12,345,678', 12345678],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9,007,199,254,740,991', Number.MAX_SAFE_INTEGER],
  ])('reads %j as %d', (text, value) => {
    expect(parseCredits(text)).toEqual({ ok: true, value });
  });

  it.each([
    '',
    ' ',
    '0',
    '000',
    '-0',
    '-5',
    '+5',
    '−5',
    '1e3',
    '1E3',
    '0x10',
    '1.5',
    '1.000',
    '1,5',
    '1,00',
    '1,0000',
    '1,000 000',
    ',100',
    '10,00,000',
    '1\n000',
    '9007199254740992',
    '12345678901234567890',
    '٤٢',
    '４２',
    '४२',
    '1_000',
    'NaN',
    'Infinity',
    '12 credits',
    '$5',
    'x'.repeat(1_000_000),
  ])('refuses %j', (text) => {
    expect(parseCredits(text).ok).toBe(false);
  });

  it('reads back every amount it can hold, plain and grouped', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (value) => {
        expect(parseCredits(String(value))).toEqual({ ok: true, value });
        expect(parseCredits(value.toLocaleString('en'))).toEqual({ ok: true, value });
      }),
    );
  });

  it('never reads a text as another number than its digits', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789,. -+e') }), (text) => {
        const parsed = parseCredits(text);
        if (parsed.ok)
          expect(String(parsed.value)).toBe(text.replace(/[, ]/g, '').replace(/^0+/, ''));
      }),
    );
  });
});

describe('credits between processes', () => {
  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53, '5', null, 5n])(
    'are refused where they are %s',
    (value) => {
      expect(creditsSchema.safeParse(value).success).toBe(false);
    },
  );

  it('may be negative only where a balance may', () => {
    expect(creditsSchema.safeParse(-5).success).toBe(true);
    expect(positiveCreditsSchema.safeParse(-5).success).toBe(false);
    expect(positiveCreditsSchema.safeParse(0).success).toBe(false);
  });

  it('are made of safe integers only, and zero has no sign', () => {
    expect(() => toCredits(0.1)).toThrow(RangeError);
    expect(Object.is(toCredits(-0), 0)).toBe(true);
  });
});
