import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isKeyText } from '../api-keys/key-text.ts';
import type { Caller } from './caller.ts';
import { HttpError } from './http-errors.ts';
import type { KeyCache } from './key-cache.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** So many keys that may be guesses are looked up at once; the connections are for keys in use. */
const STRANGERS_MAX = 4;

/**
 * Lets only requests in whose key is in use, has the route's scope, and makes no more requests a second than it may. Whoever
 * tries keys that are none is answered with 429 after `failuresPerMinute` from one address, and looked up a few at a time: a
 * stranger behind the same proxy locks nobody out, and keeps the database busy neither.
 */
export function requireKey(
  server: FastifyInstance,
  options: { keys: KeyCache; failuresPerMinute: number },
): void {
  const { keys, failuresPerMinute } = options;
  const countFailure = server.createRateLimit({
    max: failuresPerMinute,
    timeWindow: MINUTE_MS,
  });
  const countRequest = server.createRateLimit({
    max: ({ caller }: FastifyRequest) => caller?.requestsPerSecond ?? 0,
    timeWindow: SECOND_MS,
    keyGenerator: ({ caller }) => caller?.keyId ?? '',
  });

  async function refuse(request: FastifyRequest): Promise<never> {
    const counted = await countFailure(request);
    if (!counted.isAllowed && counted.isExceeded) throw tooMany(counted.ttlInSeconds);
    throw new HttpError(
      'unauthorized',
      'This needs a key that is in use, as Authorization: Bearer cck_…',
    );
  }

  let strangers = 0;

  /** The key of an address that failed too often: as any other, where there is room. */
  async function findStranger(key: string, retryAfter: number): Promise<Caller | null> {
    if (strangers >= STRANGERS_MAX) throw tooMany(retryAfter);
    strangers += 1;
    try {
      return await keys.find(key);
    } finally {
      strangers -= 1;
    }
  }

  async function find(request: FastifyRequest, key: string): Promise<Caller | null> {
    if (keys.wasKnown(key)) return keys.find(key);
    const counted = await countFailure(request, { increment: false });
    return !counted.isAllowed && counted.remaining === 0
      ? findStranger(key, counted.ttlInSeconds)
      : keys.find(key);
  }

  server.addHook('onRequest', async (request) => {
    const { scope } = request.routeOptions.config;
    const key = keyOf(request);
    if (key === undefined) return refuse(request);
    const caller = await find(request, key);
    if (caller === null) return refuse(request);
    request.caller = caller;
    const counted = await countRequest(request);
    if (!counted.isAllowed && counted.isExceeded) throw tooMany(counted.ttlInSeconds);
    if (scope !== undefined && !caller.scopes.has(scope)) {
      throw new HttpError(
        'not_permitted',
        `This key may not do that: it lacks the scope “${scope}”.`,
        { details: { needs: scope } },
      );
    }
    keys.noteUse(caller.keyId);
    return undefined;
  });
}

function keyOf({ headers }: FastifyRequest): string | undefined {
  const [, key] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  return key !== undefined && isKeyText(key) ? key : undefined;
}

function tooMany(seconds: number): HttpError {
  return new HttpError('rate_limited', 'Too many requests. Try again in a moment.', {
    retryAfter: Math.max(1, seconds),
  });
}
