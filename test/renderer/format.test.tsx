import { describe, expect, it } from 'vitest';
import {
  formatCount,
  formatCredits,
  formatCreditsInWords,
  formatQuantity,
  formatSignedCredits,
  spokenCredits,
} from '#renderer/format/credits.ts';
import { featureLabel, reasonLabel, transactionTypeLabel } from '#renderer/format/labels.ts';
import {
  formatDate,
  formatDay,
  formatEvery,
  formatInstant,
  formatInstantExact,
  formatRelative,
  formatRelativeToSecond,
  formatTimeZone,
} from '#renderer/format/time.ts';
import { REASON_CODES, TRANSACTION_TYPES } from '#shared/ipc/vocabulary.ts';

describe('credits', () => {
  it('are grouped by three and never rounded, to the end of the range', () => {
    expect(formatCredits(0)).toBe('0');
    expect(formatCredits(1234)).toBe('1,234');
    expect(formatCredits(Number.MAX_SAFE_INTEGER)).toBe('9,007,199,254,740,991');
  });

  it('carry the minus sign, not a hyphen', () => {
    expect(formatCredits(-1234)).toBe('\u22121,234');
    expect(formatSignedCredits(-5)).toBe('\u22125');
  });

  it('carry a plus as movements, except for none', () => {
    expect(formatSignedCredits(500)).toBe('+500');
    expect(formatSignedCredits(0)).toBe('0');
  });

  it('are spoken with their sign as a word', () => {
    expect(spokenCredits(-1, { signed: true })).toBe('minus 1 credit');
    expect(spokenCredits(1234, { signed: true })).toBe('plus 1,234 credits');
    expect(spokenCredits(1234, { signed: false })).toBe('1,234 credits');
    expect(formatCreditsInWords(-3)).toBe('\u22123 credits');
  });

  it('say when a count stopped at its cap', () => {
    expect(formatCount({ count: 1000, capped: true })).toBe('1,000+');
    expect(formatCount({ count: 1000, capped: false })).toBe('1,000');
    expect(formatQuantity(1, 'row')).toBe('1 row');
    expect(formatQuantity(1200, 'entry', 'entries')).toBe('1,200 entries');
  });
});

describe('times', () => {
  const night = '2026-11-22T23:30:05.000Z';

  it('are told in the time zone that is asked for', () => {
    expect(formatInstant(night, 'UTC')).toBe('22 Nov 2026, 23:30 UTC');
    expect(formatInstantExact(night, 'Europe/Berlin')).toMatch(/^23 Nov 2026, 00:30:05 /);
    expect(formatDate(night, 'UTC')).toBe('22 Nov 2026');
    expect(formatDate(night, 'Asia/Tokyo')).toBe('23 Nov 2026');
  });

  it('of midnight are 00, not 24', () => {
    expect(formatInstant('2026-01-01T00:00:00.000Z', 'UTC')).toBe('1 Jan 2026, 00:00 UTC');
  });

  it('of a calendar day do not depend on any zone', () => {
    expect(formatDay('2026-03-29')).toBe('29 Mar 2026');
  });

  it('relative to now are never rounded up', () => {
    const now = new Date('2026-11-22T12:00:00.000Z');
    const at = (iso: string) => formatRelative(iso, now);
    expect(at('2026-11-22T11:59:30.000Z')).toBe('now');
    expect(at('2026-11-22T11:00:01.000Z')).toBe('59 minutes ago');
    expect(at('2026-11-22T10:00:01.000Z')).toBe('1 hour ago');
    expect(at('2026-11-21T11:00:00.000Z')).toBe('yesterday');
    expect(at('2026-11-27T12:00:00.000Z')).toBe('in 5 days');
    expect(at('2026-09-20T12:00:00.000Z')).toBe('2 months ago');
    expect(at('2024-11-01T12:00:00.000Z')).toBe('2 years ago');
  });

  it('relative to now to the second, for what comes and goes while one looks', () => {
    const now = new Date('2026-11-22T12:00:00.000Z');
    const at = (iso: string) => formatRelativeToSecond(iso, now);
    expect(at('2026-11-22T12:00:00.900Z')).toBe('now');
    expect(at('2026-11-22T12:00:12.000Z')).toBe('in 12 s');
    expect(at('2026-11-22T11:59:00.001Z')).toBe('59 s ago');
    expect(at('2026-11-22T11:56:30.000Z')).toBe('3 min ago');
    expect(at('2026-11-22T14:59:00.000Z')).toBe('in 2 h');
    expect(at('2026-11-27T12:00:00.000Z')).toBe('in 5 days');
  });

  it('between two runs are told in the largest unit that they are whole in', () => {
    expect([1, 2, 60, 90, 300, 3600, 7200, 86_400].map(formatEvery)).toEqual([
      'every second',
      'every 2 s',
      'every minute',
      'every 90 s',
      'every 5 min',
      'every hour',
      'every 2 h',
      'every day',
    ]);
  });

  it('name their zone with its offset', () => {
    expect(formatTimeZone('Europe/Berlin', new Date('2026-01-01T00:00:00Z'))).toBe(
      'Europe/Berlin (GMT+1)',
    );
  });
});

describe('labels', () => {
  it('exist for every type and reason, each its own', () => {
    expect(new Set(TRANSACTION_TYPES.map(transactionTypeLabel)).size).toBe(
      TRANSACTION_TYPES.length,
    );
    expect(new Set(REASON_CODES.map(reasonLabel)).size).toBe(REASON_CODES.length);
  });

  it('show an unknown reason code as it is', () => {
    expect(reasonLabel('from_the_future')).toBe('from_the_future');
    expect(reasonLabel('constructor')).toBe('constructor');
  });

  it('tell a missing feature from the rest of them', () => {
    expect(featureLabel('')).toBe('No feature');
    expect(featureLabel(null)).toBe('Other');
  });
});
