import type { FastifyRateLimitStore } from '@fastify/rate-limit';

/** So many keys, or addresses, are counted; whoever was counted first makes room. */
const COUNTED_MAX = 10_000;

type Window = { beganAt: number; count: number };
type Told = (error: Error | null, result?: { current: number; ttl: number }) => void;

/**
 * Counts requests in windows of time, for the rate limits. In place of the plugin's own store, which hands out one object for all
 * requests of a window: those that were counted together, because they waited together for the answer about their key, then all
 * read the last one's number and were all refused. It also goes by the clock that is never set back.
 */
export class RateStore implements FastifyRateLimitStore {
  readonly #windows = new Map<string, Window>();

  /** Counts one more; tells how many there are in the window now, and the milliseconds until it ends. */
  incr(name: string, told: Told, windowMs: number): void {
    const now = performance.now();
    let window = this.#windows.get(name);
    if (window === undefined || window.beganAt + windowMs <= now) {
      window = { beganAt: now, count: 0 };
      // Deleted first, so that the oldest come first in the map's order.
      this.#windows.delete(name);
      this.#windows.set(name, window);
      this.#makeRoom();
    }
    window.count += 1;
    told(null, { current: window.count, ttl: window.beganAt + windowMs - now });
  }

  /** The same, without counting. */
  read(name: string, told: Told, windowMs: number): void {
    const left = (this.#windows.get(name)?.beganAt ?? 0) + windowMs - performance.now();
    const count = left > 0 ? this.#windows.get(name)?.count : undefined;
    told(null, count === undefined ? { current: 0, ttl: 0 } : { current: count, ttl: left });
  }

  /** For one more kind of limit: it counts by itself. */
  child(): RateStore {
    return new RateStore();
  }

  #makeRoom(): void {
    if (this.#windows.size <= COUNTED_MAX) return;
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined) this.#windows.delete(oldest);
  }
}
