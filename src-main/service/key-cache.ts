import type { QueryTarget } from '#main/database/run-query.ts';
import { findKey, noteKeyUse } from '../api-keys/find-key.ts';
import { hashOfKey, prefixOfKey } from '../api-keys/key-text.ts';
import type { Log } from '../logging/log.ts';
import type { Caller } from './caller.ts';

const REMEMBERED_MAX = 10_000;
const NOTE_EVERY_MS = 60_000;

type Entry = { caller: Promise<Caller | null>; until: number; wasKnown: boolean };

export type KeyCache = {
  /** The caller that a key stands for, or null. Errors: the driver’s. */
  find: (key: string) => Promise<Caller | null>;
  /** Whether the key is remembered as one that was in use the last time: asking for it again is no guess. */
  wasKnown: (key: string) => boolean;
  /** Notes in the background that the key was used, at most once a minute. */
  noteUse: (keyId: string) => void;
  /** Waits for what is noted at this moment. */
  close: () => Promise<void>;
};

/**
 * Looks keys up by their hash and remembers the answer, a key or none, for `rememberMs`: for so long a revoked key may still
 * be taken. Of answers only the last ten thousand are kept, so that guesses cannot fill the memory.
 */
export function createKeyCache(options: {
  database: Pick<QueryTarget, 'pool'>;
  rememberMs: number;
  log: Log;
}): KeyCache {
  const { database, rememberMs, log } = options;
  // By hash: the keys themselves do not stay in memory.
  const entries = new Map<string, Entry>();
  const notedAt = new Map<string, number>();
  const noting = new Set<Promise<void>>();

  async function lookUp(hash: Buffer, prefix: string): Promise<Caller | null> {
    const found = await findKey(database, hash);
    if (found === undefined) return null;
    const { id, name, scopes, requestsPerSecond, purchaseUrl } = found;
    return {
      keyId: id,
      name,
      actor: `api key ${name} ${prefix}`,
      scopes: new Set(scopes),
      requestsPerSecond,
      purchaseUrl,
    };
  }

  return {
    find(key) {
      const hash = hashOfKey(key);
      const name = hash.toString('base64');
      const known = entries.get(name);
      // From before the question was sent: what was revoked since is not taken for longer than that.
      const now = performance.now();
      if (known && known.until > now) return known.caller;
      const caller = lookUp(hash, prefixOfKey(key));
      const entry: Entry = { caller, until: now + rememberMs, wasKnown: known?.wasKnown ?? false };
      // Deleted first, so that the oldest come first in the map's order.
      entries.delete(name);
      entries.set(name, entry);
      caller.then(
        (found) => {
          entry.wasKnown = found !== null;
        },
        () => {
          // No answer is nothing to remember; that it was a key once is.
          entry.until = 0;
        },
      );
      if (entries.size > REMEMBERED_MAX) {
        const [oldest] = entries.keys();
        if (oldest !== undefined) entries.delete(oldest);
      }
      return caller;
    },
    wasKnown: (key) => entries.get(hashOfKey(key).toString('base64'))?.wasKnown === true,
    noteUse(keyId) {
      const now = performance.now();
      if ((notedAt.get(keyId) ?? Number.NEGATIVE_INFINITY) > now - NOTE_EVERY_MS) return;
      notedAt.set(keyId, now);
      const note = noteKeyUse(database, keyId)
        .catch((error: unknown) => log.warn('The use of a key could not be noted.', error))
        .finally(() => noting.delete(note));
      noting.add(note);
    },
    async close() {
      await Promise.all(noting);
    },
  };
}
