export type RepeatedWork = {
  /** The next round begins at once, or right after the one under way. */
  wake: () => void;
  /** Runs a round and waits for its end. Rejects with its error. */
  now: () => Promise<void>;
  /** Runs something else where no round is under way, and none begins before its end. */
  between: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** No round begins any more; waits for the one under way. */
  stop: () => Promise<void>;
};

/**
 * Runs work again and again, `everyMs` after each round's end, never two rounds at once. An error ends nothing; it is told,
 * once for as long as it stays the same. `onlyOnRequest`: no round begins by itself.
 */
export function repeatWork(options: {
  everyMs: number;
  onlyOnRequest?: boolean;
  work: () => Promise<void>;
  onError: (error: unknown) => void;
}): RepeatedWork {
  let timer: NodeJS.Timeout | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let isQueued = false;
  let isStopped = false;
  let told: string | undefined;

  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  }

  function round(): Promise<void> {
    return inTurn(async () => {
      isQueued = false;
      if (isStopped) return;
      clearTimeout(timer);
      try {
        await options.work();
        told = undefined;
      } catch (error) {
        const text = String(error);
        if (text !== told && !isStopped) options.onError(error);
        told = text;
        throw error;
      } finally {
        if (!isStopped && !options.onlyOnRequest) timer = setTimeout(wake, options.everyMs);
      }
    });
  }

  function wake(): void {
    if (isQueued || isStopped) return;
    isQueued = true;
    round().catch(() => undefined);
  }

  if (!options.onlyOnRequest) wake();
  return {
    wake,
    now: round,
    between: inTurn,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await queue;
      clearTimeout(timer);
    },
  };
}
