import { describe, expect, it } from 'vitest';
import { readAdjustDown } from '#renderer/features/ledger-forms/AdjustDownForm.tsx';
import { readExtendGrant } from '#renderer/features/ledger-forms/ExtendGrantForm.tsx';
import {
  lastSpendableDay,
  readExpiryChoice,
  readExpiryDay,
} from '#renderer/features/ledger-forms/expiry.ts';
import { type GrantValues, readGrant } from '#renderer/features/ledger-forms/GrantForm.tsx';
import { meaningOfFailure } from '#renderer/features/ledger-forms/outcome.ts';
import { readReverse } from '#renderer/features/ledger-forms/ReverseForm.tsx';
import { NO_REASON, readReason } from '#renderer/features/ledger-forms/reason-values.ts';
import { ERROR_CODES, isErrorCode } from '#shared/errors.ts';
import { type Contract, contract } from '#shared/ipc/contract.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import { aGrant } from '#test/support/sample-rows.ts';

const NOW = new Date('2026-11-22T10:00:00Z');

function grantValues(changes: Partial<GrantValues> = {}): GrantValues {
  return {
    amount: '500',
    type: 'bonus',
    expiry: 'never',
    expiryDay: '',
    priority: '100',
    ...NO_REASON,
    ...changes,
  };
}

function readAmount(amount: string): number | string {
  const read = readGrant(grantValues({ amount }), {
    customerId: 'user_1',
    timeZone: 'UTC',
    now: NOW,
  });
  return read.ok ? read.credits : (read.fields.amount ?? 'no message');
}

describe('the amount of a form', () => {
  it.each([
    ['500', 500],
    [' 500 ', 500],
    ['1,000', 1_000],
    ['1,234,567', 1_234_567],
    ['1 000', 1_000],
    ['9007199254740991', 9_007_199_254_740_991],
  ])('reads %j as %d', (text, credits) => {
    expect(readAmount(text)).toBe(credits);
  });

  it.each([
    '1e3',
    '1.5',
    '1,5',
    '1.000',
    '1,00',
    '1,0000',
    '-0',
    '-5',
    '+5',
    '0',
    '00',
    '٥٠٠',
    '５００',
    '0x1F',
    '500 credits',
    '9007199254740992',
    '12345678901234567890',
    'NaN',
    'Infinity',
    '',
    '   ',
  ])('refuses %j and says why', (text) => {
    expect(readAmount(text)).toMatch(/^(Enter|Use|That) .+\.$/);
  });

  it('is sent to the ledger with its sign off, whatever takes credits away', () => {
    const read = readAdjustDown({ amount: '1,000', ...NO_REASON }, { customerId: 'user_1' });
    expect(read).toMatchObject({ ok: true, act: { act: 'adjustDown', amount: 1_000 } });
  });
});

describe('the expiry of a grant', () => {
  it('lasts to the end of the chosen day in the zone of the console', () => {
    expect(
      readExpiryDay('2026-12-31', { timeZone: 'Europe/Berlin', after: NOW, mustBe: 'later' }),
    ).toEqual({ ok: true, expiresAt: '2026-12-31T23:00:00.000Z' });
    expect(
      readExpiryDay('2026-12-31', { timeZone: 'America/Los_Angeles', after: NOW, mustBe: 'later' }),
    ).toEqual({ ok: true, expiresAt: '2027-01-01T08:00:00.000Z' });
  });

  it('counts 30 days from today, whole days', () => {
    expect(readExpiryChoice('30d', '', { timeZone: 'UTC', now: NOW })).toEqual({
      ok: true,
      expiresAt: '2026-12-23T00:00:00.000Z',
    });
  });

  it.each(['', '2026-11-21', '2026-02-30x', '31.12.2026', '+012026-01-01'])(
    'refuses the day %j',
    (day) => {
      expect(readExpiryChoice('day', day, { timeZone: 'UTC', now: NOW }).ok).toBe(false);
    },
  );

  it('accepts today, which has not ended', () => {
    expect(readExpiryChoice('day', '2026-11-22', { timeZone: 'UTC', now: NOW }).ok).toBe(true);
  });

  it('names the last day to spend, not the day of the instant after it', () => {
    expect(lastSpendableDay('2026-12-31T23:00:00.000Z', 'Europe/Berlin')).toBe('2026-12-31');
  });

  it('moves only forward when it is extended', () => {
    const grant = { ...asGrant(), expiresAt: '2026-12-01T00:00:00.000Z' };
    const read = (expiryDay: string) =>
      readExtendGrant(
        { expiryDay, ...NO_REASON },
        { customerId: 'user_1', grant, timeZone: 'UTC' },
      );
    expect(read('2026-11-30')).toEqual({
      ok: false,
      fields: { expiryDay: 'Choose a day after the present expiry.' },
    });
    expect(read('2026-12-01')).toMatchObject({
      ok: true,
      act: { act: 'extendGrant', expiresAt: '2026-12-02T00:00:00.000Z' },
    });
  });
});

describe('a reversal', () => {
  const target = { customerId: 'user_1', transactionId: '101', reversible: 300 };

  it('of all that is left names that amount, so that nothing else than what was seen is posted', () => {
    const read = readReverse({ extent: 'whole', amount: '', ...NO_REASON }, target);
    expect(read).toMatchObject({ ok: true, credits: 300, act: { amount: 300 } });
  });

  it('of a part is at most what is left', () => {
    const read = readReverse({ extent: 'part', amount: '301', ...NO_REASON }, target);
    expect(read).toEqual({ ok: false, fields: { amount: 'At most 300 can still be reversed.' } });
  });
});

describe('the reason', () => {
  it('needs a code and words', () => {
    expect(readReason(NO_REASON)).toEqual({
      ok: false,
      fields: { reasonCode: 'Choose a reason.', note: 'Note is required.' },
    });
  });

  it('takes words of spaces for none', () => {
    const read = readReason({ reasonCode: 'goodwill', note: ' \n ', caseLink: '' });
    expect(read).toEqual({ ok: false, fields: { note: 'Note is required.' } });
  });

  it('refuses a megabyte, control characters, and links that are not https', () => {
    const note = readReason({ reasonCode: 'other', note: 'x'.repeat(1_000_000), caseLink: '' });
    expect(note).toEqual({
      ok: false,
      fields: { note: 'Note can have at most 1,000 characters.' },
    });
    expect(readReason({ reasonCode: 'other', note: 'a\u202eb', caseLink: '' }).ok).toBe(false);
    for (const caseLink of ['javascript:alert(1)', 'http://example.com', 'https://a b']) {
      expect(readReason({ reasonCode: 'other', note: 'ok', caseLink })).toEqual({
        ok: false,
        fields: { caseLink: 'Case link must be an https address or a case number.' },
      });
    }
  });

  it('leaves an empty case link out', () => {
    expect(readReason({ reasonCode: 'other', note: ' ok ', caseLink: ' ' })).toEqual({
      ok: true,
      reason: { reasonCode: 'other', note: 'ok' },
    });
  });
});

describe('a failed posting', () => {
  it('counts as settled only where main or the ledger answered', () => {
    const unknown = Object.keys(ERROR_CODES).filter(
      (code) => isErrorCode(code) && meaningOfFailure(code) === 'unknown',
    );
    expect(unknown.sort()).toEqual([
      'cancelled',
      'internal',
      'outcome_unknown',
      'stripe_other_mode',
      'stripe_rate_limited',
      'stripe_unavailable',
    ]);
  });
});

function asGrant(): Output<Contract['customers.credits']>['openGrants'][number] {
  const credits = contract['customers.credits'].output.parse({
    balance: { balance: 500, held: 0, available: 500, lifetime: 0, nextExpiry: null },
    openGrants: [aGrant()],
    closedGrants: [],
    holds: [],
    debt: 0,
  });
  const [grant] = credits.openGrants;
  if (grant === undefined) throw new Error('the sample has a grant');
  return grant;
}
