import Stripe from 'stripe';
import type { Log } from '#main/logging/log.ts';

const TRIES = 4;
const FIRST_WAIT_MS = 500;
/** Whoever is asked to wait longer than this is told so instead of being left waiting. */
const LONGEST_WAIT_MS = 20_000;

/**
 * Repeats work that Stripe refused with 429, which stripe-node does not: four tries in all, waiting as long as Stripe's
 * Retry-After says, else about 0.5, 1 and 2 seconds. What was refused so has had no effect. Throws Stripe's last refusal.
 */
export async function withBackOff<Result>(
  work: () => Promise<Result>,
  { sleep, log }: { sleep: (milliseconds: number) => Promise<void>; log: Log },
): Promise<Result> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeRateLimitError) || tried === TRIES) throw error;
      const asked = retryAfterMs(error);
      if (asked !== undefined && asked > LONGEST_WAIT_MS) throw error;
      // Jitter: consoles that were refused together must not come back together.
      const own = FIRST_WAIT_MS * 2 ** (tried - 1) * (0.5 + Math.random());
      const wait = Math.round(Math.max(asked ?? 0, own));
      log.warn('Stripe asks for fewer requests; waiting.', { tried, waitMs: wait });
      await sleep(wait);
    }
  }
}

/** How long Stripe asks to wait, in milliseconds; undefined where it does not say. */
export function retryAfterMs(error: {
  headers?: Record<string, string> | undefined;
}): number | undefined {
  const text = error.headers?.['retry-after'];
  if (text === undefined) return undefined;
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1_000;
  const until = Date.parse(text);
  return Number.isNaN(until) ? undefined : Math.max(0, until - Date.now());
}
