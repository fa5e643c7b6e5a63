import { describe, expect, it, vi } from 'vitest';
import { createCustomerLanes } from '#main/spending/customer-lanes.ts';
import { makeGate } from '#test/support/gate.ts';

describe('the lanes of a customer', () => {
  it('let four at once work, the others after them in order, and other customers beside', async () => {
    const lanes = createCustomerLanes();
    const [gate, open] = makeGate();
    const begun: string[] = [];
    const work = (name: string) => async () => {
      begun.push(name);
      await gate;
      return name;
    };
    const all = ['1', '2', '3', '4', '5', '6'].map((name) => lanes('ann', work(name)));
    const other = lanes('bob', work('other'));
    await vi.waitFor(() => expect(begun).toEqual(['1', '2', '3', '4', 'other']));
    open();
    expect(await Promise.all([...all, other])).toEqual(['1', '2', '3', '4', '5', '6', 'other']);
    expect(begun.slice(5)).toEqual(['5', '6']);
  });

  it('are free again where work fails, and refuse who has waited for too long', async () => {
    vi.useFakeTimers();
    try {
      const lanes = createCustomerLanes();
      const [gate, open] = makeGate();
      const failing = async () => {
        await gate;
        throw new Error('No.');
      };
      const four = Promise.allSettled([1, 2, 3, 4].map(() => lanes('ann', failing)));
      const late = expect(lanes('ann', async () => 'late')).rejects.toMatchObject({
        code: 'database_unavailable',
      });
      await vi.advanceTimersByTimeAsync(5_000);
      await late;
      open();
      expect((await four).map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
      expect(await lanes('ann', async () => 'next')).toBe('next');
    } finally {
      vi.useRealTimers();
    }
  });
});
