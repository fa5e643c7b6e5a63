import { describe, expect, it } from 'vitest';
import { AppError, ERROR_CODES, isErrorCode } from '#shared/errors.ts';
import { customerIdSchema, idempotencyKeySchema, transactionIdSchema } from '#shared/ids.ts';
import { contract } from '#shared/ipc/contract.ts';
import { PROCEDURE_NAMES } from '#shared/ipc/names.ts';
import { optionalText, requiredText } from '#shared/text.ts';
import { addDays, dayOf, isTimeZone, presetRange } from '#shared/time.ts';

describe('the contract', () => {
  it('has the very names that the preload puts on its bridge', () => {
    expect([...PROCEDURE_NAMES].sort()).toEqual(Object.keys(contract).sort());
  });

  it('keys every procedure by its area and a verb', () => {
    for (const name of Object.keys(contract)) expect(name).toMatch(/^[a-z]+\.[a-zA-Z]+$/);
  });

  it('gives every act that posts an idempotency key, reasons and the production question', () => {
    for (const name of ['ledger.grant', 'ledger.adjustDown', 'ledger.reverse'] as const) {
      expect(Object.keys(contract[name].input.shape)).toEqual(
        expect.arrayContaining(['idempotencyKey', 'reasonCode', 'note', 'confirmedProduction']),
      );
    }
  });
});

describe('error codes', () => {
  it('are a closed list in which inherited names do not count', () => {
    expect(isErrorCode('not_found')).toBe(true);
    expect(isErrorCode('constructor')).toBe(false);
    expect(isErrorCode('__proto__')).toBe(false);
  });

  it('each say what they mean in a sentence', () => {
    for (const meaning of Object.values(ERROR_CODES)) expect(meaning).toMatch(/^[A-Z].+\.$/);
    expect(new AppError('not_found', 'x').code).toBe('not_found');
  });
});

describe('ids', () => {
  it.each(['0', '01', '-1', '1.5', '1e3', '9223372036854775808', ' 1', '', '١'])(
    'refuse %j as a row id',
    (id) => {
      expect(transactionIdSchema.safeParse(id).success).toBe(false);
    },
  );

  it('keep a row id beyond 2^53 as it is', () => {
    expect(transactionIdSchema.parse('9223372036854775807')).toBe('9223372036854775807');
  });

  it.each(['', 'a\nb', 'a\u0000b', 'x'.repeat(201)])('refuse %j as a customer id', (id) => {
    expect(customerIdSchema.safeParse(id).success).toBe(false);
  });

  it.each(['short', 'has space 123', "quote'1234567"])('refuse %j as an idempotency key', (key) => {
    expect(idempotencyKeySchema.safeParse(key).success).toBe(false);
  });
});

describe('text', () => {
  it.each(['', '  ', '\n', 'a\u0007b', 'a\u202eb', 'x'.repeat(101)])(
    'refuses %j where text is required',
    (text) => {
      expect(requiredText(100).safeParse(text).success).toBe(false);
    },
  );

  it('keeps markup, line breaks and other scripts, without the spaces around', () => {
    expect(requiredText(100).parse(' <b>sorry</b>\nرصيد 🙂 ')).toBe('<b>sorry</b>\nرصيد 🙂');
    expect(optionalText(100).parse('  ')).toBeUndefined();
  });
});

describe('days', () => {
  it('are cut in the time zone', () => {
    const instant = new Date('2026-03-29T22:30:00Z');
    expect(dayOf(instant, 'UTC')).toBe('2026-03-29');
    expect(dayOf(instant, 'Europe/Berlin')).toBe('2026-03-30');
    expect(dayOf(instant, 'America/Los_Angeles')).toBe('2026-03-29');
    expect(dayOf(new Date('2026-03-29T18:20:00Z'), 'Asia/Kathmandu')).toBe('2026-03-30');
  });

  it('are added across months and leap years', () => {
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29');
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
  });

  it('make the presets, today included', () => {
    const now = new Date('2026-03-01T12:00:00Z');
    expect(presetRange('7d', 'UTC', now)).toEqual({ from: '2026-02-23', to: '2026-03-01' });
    expect(presetRange('this_month', 'UTC', now)).toEqual({ from: '2026-03-01', to: '2026-03-01' });
    expect(presetRange('last_month', 'UTC', now)).toEqual({ from: '2026-02-01', to: '2026-02-28' });
  });

  it('know a time zone by its name alone', () => {
    expect(isTimeZone('Asia/Kolkata')).toBe(true);
    expect(isTimeZone('Mars/Olympus')).toBe(false);
    expect(isTimeZone('+05:30')).toBe(false);
    expect(isTimeZone("UTC'; DROP TABLE x")).toBe(false);
  });
});
