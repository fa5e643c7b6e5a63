/** Runs work when it is its turn. */
export type RequestLimit = <Result>(work: () => Promise<Result>) => Promise<Result>;

/**
 * Lets at most `atOnce` pieces of work run together and at most `perSecond` begin in any second; the rest wait in order.
 * `now` is in milliseconds and only ever goes forward.
 */
export function createRequestLimit(limit: {
  atOnce: number;
  perSecond: number;
  sleep: (milliseconds: number) => Promise<void>;
  now?: () => number;
}): RequestLimit {
  const now = limit.now ?? (() => performance.now());
  const waiting: (() => void)[] = [];
  const begun: number[] = [];
  let running = 0;

  async function enter(): Promise<void> {
    if (running < limit.atOnce) running += 1;
    // Whoever leaves hands its place over, so `running` stays as it is.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    for (;;) {
      const time = now();
      while (begun[0] !== undefined && time - begun[0] >= 1_000) begun.shift();
      if (begun[0] === undefined || begun.length < limit.perSecond) break;
      await limit.sleep(begun[0] + 1_000 - time);
    }
    begun.push(now());
  }

  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }

  return async (work) => {
    await enter();
    try {
      return await work();
    } finally {
      leave();
    }
  };
}

/** For servers on this computer. */
export const noLimit: RequestLimit = (work) => work();
