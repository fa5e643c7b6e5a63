import { describe, expect, it } from 'vitest';
import { burnSegments } from '#renderer/charts/burn-segments.ts';
import { arrangeUsage, axisTicks, daysOf } from '#renderer/charts/usage-series.ts';
import { toCredits } from '#shared/credits.ts';
import type { GrantId } from '#shared/ids.ts';

const range = { from: '2026-02-27', to: '2026-03-02' };

describe('the numbers behind a usage chart', () => {
  it('has every day of the range, across the end of a month', () => {
    expect(daysOf(range)).toEqual(['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02']);
  });

  it('shows a day without rows as zero', () => {
    const usage = arrangeUsage([{ day: '2026-02-28', feature: 'chat', used: 7 }], range);
    expect(usage.dayTotals).toEqual([0, 7, 0, 0]);
    expect(usage.series.map((each) => each.used)).toEqual([[0, 7, 0, 0]]);
  });

  it('keeps the five largest features and adds the rest to Other, losing nothing', () => {
    const rows = [10, 70, 30, 60, 20, 50, 40].map((used, index) => ({
      day: '2026-03-01',
      feature: `feature-${index}`,
      used,
    }));
    const usage = arrangeUsage([...rows, { day: '2026-03-02', feature: null, used: 5 }], range);
    expect(usage.series.map((each) => [each.label, each.total])).toEqual([
      ['feature-1', 70],
      ['feature-3', 60],
      ['feature-5', 50],
      ['feature-6', 40],
      ['feature-2', 30],
      ['Other', 35],
    ]);
    expect(usage.series.at(-1)?.used).toEqual([0, 0, 30, 5]);
    expect(usage.total).toBe(285);
    expect(usage.dayTotals).toEqual([0, 0, 280, 5]);
  });

  it('does not confuse a feature called Other with Other', () => {
    const usage = arrangeUsage(
      [
        { day: '2026-03-01', feature: 'Other', used: 1 },
        { day: '2026-03-01', feature: null, used: 2 },
        { day: '2026-03-01', feature: '', used: 3 },
      ],
      range,
    );
    expect(usage.series.map((each) => [each.feature, each.total])).toEqual([
      ['', 3],
      ['Other', 1],
      [null, 2],
    ]);
    expect(new Set(usage.series.map((each) => each.key)).size).toBe(3);
  });

  it('leaves out what lies outside the range', () => {
    const usage = arrangeUsage([{ day: '2026-03-03', feature: 'chat', used: 7 }], range);
    expect(usage.total).toBe(0);
    expect(usage.series).toEqual([]);
  });

  it('cuts an axis into few whole steps that reach the largest number', () => {
    for (const largest of [1, 2, 3, 7, 11, 99, 101, 24_999, 1_234_567, Number.MAX_SAFE_INTEGER]) {
      const ticks = axisTicks(largest);
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks.length).toBeLessThanOrEqual(6);
      expect(ticks.every(Number.isInteger)).toBe(true);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(largest);
    }
    expect(axisTicks(0)).toEqual([0, 1]);
    expect(axisTicks(100)).toEqual([0, 25, 50, 75, 100]);
  });
});

describe('the segments of a burn bar', () => {
  const grants = (amounts: readonly number[]) =>
    amounts.map((remaining, index) => ({
      id: String(index + 1) as GrantId,
      source: 'bonus' as const,
      description: '',
      remaining: toCredits(remaining),
      isPaid: false,
      expiresAt: null,
    }));
  const all = (amounts: readonly number[]) =>
    burnSegments(grants(amounts)).flatMap((segment) =>
      segment.kind === 'grant' ? [segment.grant.id] : segment.grants.map((grant) => grant.id),
    );

  it('leaves out grants with nothing left', () => {
    expect(burnSegments(grants([5, 0, 3])).map((segment) => segment.remaining)).toEqual([5, 3]);
  });

  it('draws a few grants one by one, however small', () => {
    expect(burnSegments(grants([10_000, 1, 1])).every(({ kind }) => kind === 'grant')).toBe(true);
  });

  it('joins small neighbours of two hundred grants and keeps the burn order and the sum', () => {
    const amounts = Array.from({ length: 200 }, (_, index) => (index % 50 === 0 ? 5_000 : 1));
    const segments = burnSegments(grants(amounts));
    expect(segments.length).toBe(8);
    expect(segments.map(({ kind }) => kind)).toEqual(
      Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? 'grant' : 'group')),
    );
    expect(all(amounts)).toEqual(amounts.map((_, index) => String(index + 1)));
    expect(segments.reduce((sum, { remaining }) => sum + remaining, 0)).toBe(20_196);
  });

  it('never draws more than 24 segments', () => {
    const amounts = Array.from({ length: 40 }, () => 100);
    const segments = burnSegments(grants(amounts));
    expect(segments.length).toBe(24);
    expect(segments.at(-1)).toMatchObject({ kind: 'group', remaining: 1_700 });
    expect(all(amounts).length).toBe(40);
  });
});
