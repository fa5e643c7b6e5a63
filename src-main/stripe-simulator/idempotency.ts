import { createHash } from 'node:crypto';
import { StripeRefusal } from './route.ts';
import type { World } from './world.ts';

/** What a request was answered, kept for whoever repeats it with the same key. */
export type KeptAnswer = { status: number; body: string; requestId: string };

type KeptRequest = { fingerprint: string; at: number; answer: KeptAnswer };

/** Stripe keeps answers for at least 24 hours; the simulator for exactly that, by its own clock. */
const keptFor = 24 * 60 * 60;
const longestKey = 255;

/** Idempotency-Key as Stripe treats it: POST only, failures kept too, other parameters refused. */
export type Idempotency = {
  /**
   * Starts a request: an answer to give again, or a hold on the key that must be ended by `keep` or `release`.
   * Refuses a key used with other parameters (400) and one whose request is still running (409).
   */
  begin: (
    key: string,
    request: { method: string; path: string; body: string },
  ) => { replay: KeptAnswer } | { keep: (answer: KeptAnswer) => void; release: () => void };
  /** Forgets what is older than 24 hours. */
  forgetOld: () => void;
};

export function createIdempotency(world: World): Idempotency {
  const running = new Set<string>();
  const kept = world.kept<KeptRequest>('idempotency');

  return {
    begin(key, request) {
      if (key.length > longestKey) {
        throw new StripeRefusal(
          400,
          `Idempotency-Key must be at most ${longestKey} characters, but this one has ${key.length}.`,
          { type: 'idempotency_error' },
        );
      }
      if (running.has(key)) {
        throw new StripeRefusal(
          409,
          `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
          { type: 'api_error', code: 'idempotency_key_in_use' },
        );
      }
      const fingerprint = createHash('sha256')
        .update(`${request.method} ${request.path}\n${request.body}`)
        .digest('hex');
      const earlier = kept.get(key);
      if (earlier !== undefined && world.now() - earlier.at < keptFor) {
        if (earlier.fingerprint !== fingerprint) {
          throw new StripeRefusal(
            400,
            `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
            { type: 'idempotency_error' },
          );
        }
        return { replay: earlier.answer };
      }
      running.add(key);
      return {
        keep(answer) {
          running.delete(key);
          // Oldest first, so that forgetting can stop at the first one that is young.
          kept.delete(key);
          kept.set(key, { fingerprint, at: world.now(), answer });
        },
        release: () => void running.delete(key),
      };
    },
    forgetOld() {
      const oldest = world.now() - keptFor;
      for (const [key, request] of kept) {
        if (request.at > oldest) break;
        kept.delete(key);
      }
    },
  };
}
