import { setTimeout } from 'node:timers/promises';
import Stripe from 'stripe';
import type { Log } from '#main/logging/log.ts';
import { AppError } from '#shared/errors.ts';
import { withBackOff } from './back-off.ts';
import { createRequestLimit, noLimit } from './request-limit.ts';
import { toStripeError } from './stripe-errors.ts';
import { recogniseKey } from './stripe-key.ts';

export type StripeConnection = {
  key: string;
  /** A Stripe-compatible server on this computer, spoken to over plain HTTP; never with a live key. */
  base?: { host: string; port: number } | undefined;
  log: Log;
  /** Waits this many milliseconds; a test's own does not. */
  sleep?: ((milliseconds: number) => Promise<void>) | undefined;
};

type ListAnswer<Item> = { data: Item[]; has_more: boolean };

/**
 * Asks Stripe for one object, or for a page of a list, and gives the answer once it is known to be that, and of the key's
 * mode. What goes wrong at Stripe or on the way there becomes an AppError.
 */
export type AskStripe = {
  one: <Answer extends { id: string }>(
    call: (client: Stripe) => Promise<Answer>,
  ) => Promise<Answer>;
  list: <Item>(call: (client: Stripe) => Promise<ListAnswer<Item>>) => Promise<ListAnswer<Item>>;
  /** One object of a kind that may have no id. */
  object: <Answer extends { object: string }>(
    kind: Answer['object'],
    call: (client: Stripe) => Promise<Answer>,
  ) => Promise<Answer>;
  /** The items of a list of API v2, newest first as Stripe gives them, as long as they are wanted. */
  newest: <Item>(
    call: (client: Stripe) => AsyncIterable<Item>,
    isWanted: (item: Item) => boolean,
  ) => Promise<Item[]>;
};

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
// Stripe allows 25 requests a second to test keys, and more to live ones.
const AT_ONCE = 20;
const PER_SECOND = 20;
const TIMEOUT_MS = 20_000;

/**
 * One client of stripe-node for one key: without telemetry, on its default API version. Lost connections, 409 and 5xx are
 * tried three times by stripe-node, 429 four times by us. Throws `stripe_key_invalid` for what is no key.
 */
export function connectStripe(connection: StripeConnection): {
  livemode: boolean;
  ask: AskStripe;
  /** What Stripe's own clock showed at its last answer. */
  clock: () => Date | undefined;
} {
  const { key, base, log } = connection;
  const sleep = connection.sleep ?? ((milliseconds: number) => setTimeout(milliseconds));
  const recognised = recogniseKey(key, { localServer: base !== undefined });
  if (!recognised.ok) throw new AppError('stripe_key_invalid', recognised.why);
  const livemode = recognised.mode === 'live';
  if (base !== undefined && !LOOPBACK.has(base.host)) {
    throw new AppError('invalid_argument', 'A server other than Stripe must be on this computer.');
  }
  if (base !== undefined && livemode) {
    throw new AppError('stripe_key_invalid', 'A live key is only ever sent to Stripe itself.');
  }
  let heardAt: Date | undefined;
  const client = new Stripe(key, {
    ...(base === undefined ? {} : { host: base.host, port: base.port, protocol: 'http' as const }),
    maxNetworkRetries: 2,
    timeout: TIMEOUT_MS,
    telemetry: false,
    appInfo: { name: 'Credit Console' },
    httpClient: readingCarefully(Stripe.createNodeHttpClient(), {
      isOwnServer: base !== undefined,
      hearTime: (text) => {
        // Whole seconds: the last of them may be almost over.
        heardAt = new Date(Date.parse(text) + 1_000);
      },
    }),
  });
  client.on('response', ({ method, path, status, elapsed, request_id }: Stripe.ResponseEvent) => {
    if (status < 400) return;
    const [place] = path.split('?');
    log.warn('Stripe answered with an error.', {
      method,
      path: place,
      status,
      elapsedMs: elapsed,
      requestId: request_id,
    });
  });
  const limit =
    base === undefined
      ? createRequestLimit({ atOnce: AT_ONCE, perSecond: PER_SECOND, sleep })
      : noLimit;
  async function answerOf<Answer>(call: (client: Stripe) => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await withBackOff(() => limit(() => call(client)), { sleep, log });
      checkMode(answer, livemode);
      return answer;
    } catch (error) {
      throw toStripeError(error, key);
    }
  }
  return {
    livemode,
    clock: () => (Number.isNaN(heardAt?.getTime()) ? undefined : heardAt),
    ask: {
      one: async (call) => {
        const answer = await answerOf(call);
        if (typeof answer.id !== 'string') throw notStripe();
        return answer;
      },
      list: async (call) => {
        const answer = await answerOf(call);
        if (!Array.isArray(answer.data)) throw notStripe();
        return answer;
      },
      object: async (kind, call) => {
        const answer = await answerOf(call);
        if (answer.object !== kind) throw notStripe();
        return answer;
      },
      newest: (call, isWanted) =>
        answerOf(async (stripe) => {
          const wanted = [];
          try {
            for await (const item of call(stripe)) {
              if (!isWanted(item)) break;
              wanted.push(item);
            }
          } catch (error) {
            // stripe-node takes it for granted that a list of API v2 has items.
            throw error instanceof TypeError ? notStripe() : error;
          }
          return wanted;
        }),
    },
  };
}

function notStripe(): AppError {
  return new AppError(
    'stripe_unavailable',
    'What answered does not speak like Stripe, so it is not known whether it did what was asked.',
  );
}

type HttpClient = ReturnType<typeof Stripe.createNodeHttpClient>;

/**
 * stripe-node takes an answer for a success unless it has `error`, whatever its status; and JSON that is no object ends
 * in a rejection nobody handles. Proxies and half-made servers do both. A server of our own that has no such place may say
 * so in HTML; from a proxy before Stripe the same means nothing.
 */
function readingCarefully(
  client: HttpClient,
  { isOwnServer, hearTime }: { isOwnServer: boolean; hearTime: (text: string) => void },
): HttpClient {
  const makeRequest = client.makeRequest.bind(client);
  client.makeRequest = async (...request) => {
    const response = await makeRequest(...request);
    const toJson = response.toJSON.bind(response);
    const { date } = response.getHeaders();
    if (typeof date === 'string') hearTime(date);
    response.toJSON = async () => {
      const status = response.getStatusCode();
      const body = await toJson()
        .then(asObject)
        .catch((error: unknown) => {
          if (isOwnServer && status === 404 && error instanceof SyntaxError) return {};
          throw error;
        });
      if (status >= 300 && !('error' in body && body.error)) {
        return { error: { type: 'api_error', message: `It answered with status ${status}.` } };
      }
      return body;
    };
    return response;
  };
  return client;
}

function asObject(body: unknown): object {
  if (typeof body !== 'object' || body === null) throw new SyntaxError('The answer is no object.');
  return body;
}

/** Test and live never mix: neither in an answer nor in anything inside it. */
function checkMode(answer: unknown, livemode: boolean): void {
  if (typeof answer !== 'object' || answer === null) return;
  if (
    'livemode' in answer &&
    typeof answer.livemode === 'boolean' &&
    answer.livemode !== livemode
  ) {
    throw new AppError(
      'stripe_other_mode',
      livemode
        ? 'Stripe answered with test data to a live key. It was not used.'
        : 'Stripe answered with live data to a test key. It was not used.',
    );
  }
  for (const inside of Object.values(answer)) checkMode(inside, livemode);
}
