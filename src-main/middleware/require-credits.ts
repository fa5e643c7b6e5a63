import { type CreditsClient, type HoldRequest, isRefusal } from './credits-client.ts';
import { CreditsError } from './credits-error.ts';
import { type HeldWork, holdForWork, type OnError, warn, workWithoutHold } from './held-work.ts';

/** A value, or how to tell it from the request. */
type From<Request, Value> = Value | ((request: Request) => Value | Promise<Value>);

export type RequireCreditsOptions<Request> = (
  | { /** Credits. */ cost: From<Request, number>; feature?: undefined; quantity?: undefined }
  | {
      /** Priced by the ledger. */
      feature: From<Request, string>;
      /** Units of the feature; 1 where left out. */
      quantity?: From<Request, number>;
      cost?: undefined;
    }
) & {
  /** Whose credits: from your own session or token, never from what a caller may choose. */
  customerId: (request: Request) => string | Promise<string>;
  /**
   * Where callers repeat requests under a key of their own: the same key is paid once. Left out, or undefined, each
   * request is a use of its own. An answer that was paid and got lost is not kept here: put your store of answers before.
   */
  idempotencyKey?: (request: Request) => string | undefined;
  /**
   * What to do with a key that was paid before: `refuse` with 409, or `run` the handler again, for nothing. `run` is for keys
   * that tie to the work (an order's number): a caller who may choose them has all work after the first for nothing.
   */
  onRepeat?: 'refuse' | 'run';
  /** How long the work may take; the service's default (15 minutes) where left out. */
  expiresInSeconds?: number;
  /**
   * When the service is out of reach: `refuse` with 503, the default, so that nothing goes unpaid; `allow` answers
   * unpaid, and tells `onError`.
   */
  onUnavailable?: 'refuse' | 'allow';
  /** Hears of what no answer tells: holds left to expire, uses that went unpaid. By default a warning of the process. */
  onError?: OnError;
};

/** What is answered instead of the handler's answer. */
export type Refusal = { status: number; body: Record<string, unknown>; retryAfterSeconds?: number };

const UNAVAILABLE = {
  error: 'credits_unavailable',
  message: 'Credits cannot be checked at the moment. Try again shortly.',
};

const UNPAID = {
  error: 'credits_unpaid',
  message: 'The work was done and could not be paid for, so that its result is withheld.',
};

/**
 * Holds what a request costs, or says how to refuse it. Rejects with an error that is the back end's to look at where the
 * service refuses for another reason than the customer's: a wrong key, an unknown feature or customer.
 */
export async function admit<Request>(
  client: CreditsClient,
  options: RequireCreditsOptions<Request>,
  request: Request,
): Promise<HeldWork | Refusal> {
  const use = await readUse(options, request);
  try {
    return await holdForWork(client, use, options.onError);
  } catch (error) {
    if (isRefusal(error, 'already_processed') && options.onRepeat === 'run') {
      return workWithoutHold(use.customerId, true);
    }
    if (mayGoUnpaid(error, options, { ...use, holdId: undefined })) {
      return workWithoutHold(use.customerId, false);
    }
    if (error instanceof CreditsError && error.outcomeUnknown) {
      // It may be held, and nobody knows by which id.
      (options.onError ?? warn)(error, { customerId: use.customerId, holdId: undefined });
    }
    const refusal = refusalFor(error);
    if (refusal) return refusal;
    throw new Error('The credits service refused to hold credits; the cause says why.', {
      cause: error,
    });
  }
}

/**
 * Pays for a handler's answer of this status before it goes out, or gives the credits back. Resolves to what is to be
 * answered instead, where the work could not be paid for: the hold ran out and nothing is left, or the service is out of reach.
 */
export async function settle<Request>(
  work: HeldWork,
  status: number,
  options: RequireCreditsOptions<Request>,
): Promise<Refusal | undefined> {
  if (status >= 400) {
    await work.fail();
    return undefined;
  }
  try {
    await work.succeed();
    return undefined;
  } catch (error) {
    if (mayGoUnpaid(error, options, work)) return undefined;
    // A request that came twice at once and was answered once is in order.
    if (!isRefusal(error, 'already_processed')) (options.onError ?? warn)(error, work);
    return refusalFor(error) ?? { status: 500, body: UNPAID };
  }
}

/** Whether work goes on without being paid for, as the back end wants it when the service is out of reach. */
function mayGoUnpaid<Request>(
  error: unknown,
  options: RequireCreditsOptions<Request>,
  about: Parameters<OnError>[1],
): boolean {
  const isAllowed =
    error instanceof CreditsError && error.isUnavailable && options.onUnavailable === 'allow';
  if (isAllowed) (options.onError ?? warn)(error, about);
  return isAllowed;
}

function refusalFor(error: unknown): Refusal | undefined {
  if (!(error instanceof CreditsError)) return undefined;
  const { status, code, message, details, retryAfterMs = 1_000 } = error;
  // As the service sent it: what is required, what is there, and where more can be bought.
  if (status === 402) return { status, body: error.body };
  // The caller's own key is at fault; ids of the ledger are none of its business.
  if (status === 409 || details.argument === 'idempotency_key')
    return { status, body: { error: code, message } };
  if (!error.isUnavailable) return undefined;
  return { status: 503, body: UNAVAILABLE, retryAfterSeconds: Math.ceil(retryAfterMs / 1_000) };
}

async function readUse<Request>(
  options: RequireCreditsOptions<Request>,
  request: Request,
): Promise<HoldRequest> {
  const { expiresInSeconds } = options;
  const idempotencyKey = options.idempotencyKey?.(request);
  return {
    customerId: await options.customerId(request),
    ...(options.feature === undefined
      ? { cost: await read(options.cost, request) }
      : {
          feature: await read(options.feature, request),
          ...(options.quantity !== undefined && {
            quantity: await read(options.quantity, request),
          }),
        }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(expiresInSeconds !== undefined && { expiresInSeconds }),
  };
}

function read<Request, Value extends string | number>(
  value: From<Request, Value>,
  request: Request,
): Value | Promise<Value> {
  return typeof value === 'function' ? value(request) : value;
}
