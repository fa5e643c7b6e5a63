import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRequestLimit } from '#main/stripe/gateway/request-limit.ts';

const time = {
  now: () => Date.now(),
  sleep: (milliseconds: number) =>
    new Promise<void>((resolve) => {
      setTimeout(resolve, milliseconds);
    }),
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the limit of requests', () => {
  it('lets no more begin in a second than allowed', async () => {
    const limit = createRequestLimit({ atOnce: 100, perSecond: 20, ...time });
    const begun: number[] = [];
    const all = Promise.all(
      Array.from({ length: 65 }, () => limit(async () => begun.push(time.now()))),
    );
    await vi.advanceTimersByTimeAsync(2_999);
    expect(begun).toHaveLength(60);
    await vi.advanceTimersByTimeAsync(1);
    await all;
    expect(begun).toHaveLength(65);
    for (const start of begun) {
      expect(begun.filter((each) => each >= start && each < start + 1_000).length).toBeLessThan(21);
    }
  });

  it('lets no more run together than allowed, in the order they came, and survives failures', async () => {
    const limit = createRequestLimit({ atOnce: 3, perSecond: 1_000, ...time });
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const settled = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        limit(async () => {
          order.push(index);
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          if (index % 4 === 0) throw new Error('no');
          return index;
        }),
      ),
    );
    expect(most).toBe(3);
    expect(order).toEqual([...order].sort((one, other) => one - other));
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(5);
    await expect(limit(async () => 'still works')).resolves.toBe('still works');
  });
});
