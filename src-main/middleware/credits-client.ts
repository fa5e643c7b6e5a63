import { randomUUID } from 'node:crypto';
import { numberIn, textIn } from './answer-fields.ts';
import { CreditsError } from './credits-error.ts';
import { type Answer, callService, type Service } from './service-call.ts';

/** What is used: a number of credits, or a feature at its present price. */
export type Use =
  | { cost: number; feature?: undefined; quantity?: undefined }
  | {
      feature: string;
      /** Units of the feature; 1 where left out. */
      quantity?: number;
      cost?: undefined;
    };

export type CreditsBalance = {
  customerId: string;
  balance: number;
  held: number;
  available: number;
  lifetimeCredits: number;
};

export type Sufficiency = { sufficient: boolean; required: number; available: number };

export type Usage = { transactionId: string; cost: number; available: number };

export type Hold = {
  holdId: string;
  /** Credits set aside; 0 where a meter bills the use instead. */
  amount: number;
  /** Anything but `open` is what became of an earlier hold under the same key. */
  state: 'open' | 'captured' | 'released' | 'expired';
  /** UTC, ISO 8601. */
  expiresAt: string;
  available: number;
};

export type HoldRequest = Use & {
  customerId: string;
  idempotencyKey?: string;
  /** The service's own default (15 minutes) where left out. */
  expiresInSeconds?: number;
  description?: string;
};

export type Capture = {
  transactionId: string;
  /** Credits taken; undefined where the answer was lost and only the fact is known. */
  cost: number | undefined;
  available: number | undefined;
};

/**
 * The credits service over HTTP. Each call is attempted again with growing waits when the network fails or the service is
 * busy (429, 502, 503, 504), always with the same key: one is made where none is given. Your own key is worth having
 * where the work itself may be repeated, by a queue or a person who clicks again. All reject with CreditsError.
 */
export type CreditsClient = {
  /** What a customer has, in credits. */
  balance(request: { customerId: string }): Promise<CreditsBalance>;
  /**
   * Whether a customer could pay now. To show a price or grey out a button, not to decide whether to work: between this
   * and a payment others may spend the same credits. `hold` reserves.
   */
  check(request: Use & { customerId: string }): Promise<Sufficiency>;
  /** Takes the price of a feature at once: for work that is done already, or cannot fail. */
  use(request: {
    customerId: string;
    feature: string;
    quantity?: number;
    idempotencyKey?: string;
    description?: string;
    metadata?: Record<string, unknown>;
  }): Promise<Usage>;
  /** Sets credits aside before the work. A repeated key returns the first hold, in the state it is in by now. */
  hold(request: HoldRequest): Promise<Hold>;
  /** Takes what is held, or `amount` of it, and releases the rest. A capture whose answer was lost is not made twice. */
  capture(request: { customerId: string; holdId: string; amount?: number }): Promise<Capture>;
  /** Gives what is held back to the customer. Releasing again after a lost answer is no error. */
  release(request: { customerId: string; holdId: string }): Promise<void>;
  /** Reports usage that Stripe bills by a meter; resolves once the service has it. */
  reportUsage(request: {
    customerId: string;
    eventName: string;
    quantity: number;
    idempotencyKey?: string;
    occurredAt?: Date;
  }): Promise<void>;
};

/**
 * A client of the service at `url` with an API key of it. `timeoutMs` is for one attempt; `attempts` and `firstWaitMs` say
 * how patiently it is tried. Throws TypeError where the address cannot be one.
 */
export function createCreditsClient(options: {
  url: string;
  apiKey: string;
  timeoutMs?: number;
  attempts?: number;
  firstWaitMs?: number;
}): CreditsClient {
  const service: Service = {
    url: new URL(options.url).href.replace(/\/+$/, ''),
    apiKey: options.apiKey,
    timeoutMs: options.timeoutMs ?? 5_000,
    attempts: options.attempts ?? 4,
    firstWaitMs: options.firstWaitMs ?? 100,
  };
  const get = (customerId: string, path: string) =>
    callService(service, { method: 'GET', path: pathOf(customerId, path) });
  const post = (customerId: string, path: string, body: Record<string, unknown>) =>
    callService(service, { method: 'POST', path: pathOf(customerId, path), body });

  return {
    async balance({ customerId }) {
      const answer = await get(customerId, 'balance');
      return {
        customerId: textIn(answer, 'customer_id'),
        balance: numberIn(answer, 'balance'),
        held: numberIn(answer, 'held'),
        available: numberIn(answer, 'available'),
        lifetimeCredits: numberIn(answer, 'lifetime_credits'),
      };
    },

    async check({ customerId, ...use }) {
      try {
        return sufficiencyIn(await post(customerId, 'check', use), true);
      } catch (error) {
        if (!isRefusal(error, 'insufficient_credits')) throw error;
        return sufficiencyIn(error.details, false);
      }
    },

    async use({ customerId, idempotencyKey, ...rest }) {
      const answer = await post(customerId, 'usage', { ...rest, ...keyed(idempotencyKey) });
      return {
        transactionId: textIn(answer, 'transaction_id'),
        cost: numberIn(answer, 'cost'),
        available: numberIn(answer, 'available'),
      };
    },

    async hold({ customerId, idempotencyKey, expiresInSeconds, ...rest }) {
      const answer = await post(customerId, 'holds', {
        ...rest,
        ...keyed(idempotencyKey),
        expires_in_seconds: expiresInSeconds,
      });
      return {
        holdId: textIn(answer, 'hold_id'),
        amount: numberIn(answer, 'amount'),
        state: textIn(answer, 'state') as Hold['state'],
        expiresAt: textIn(answer, 'expires_at'),
        available: numberIn(answer, 'available'),
      };
    },

    async capture({ customerId, holdId, amount }) {
      try {
        const answer = await post(customerId, `holds/${encodeURIComponent(holdId)}/capture`, {
          amount,
        });
        return {
          transactionId: textIn(answer, 'transaction_id'),
          cost: numberIn(answer, 'cost'),
          available: numberIn(answer, 'available'),
        };
      } catch (error) {
        // What closed it was the attempt whose answer was lost: a released or expired hold names itself.
        if (!isRefusal(error, 'hold_closed') || !error.outcomeUnknown) throw error;
        const { first_id: transactionId } = error.details;
        if (typeof transactionId !== 'string' || transactionId === holdId) throw error;
        return { transactionId, cost: amount, available: undefined };
      }
    },

    async release({ customerId, holdId }) {
      try {
        await post(customerId, `holds/${encodeURIComponent(holdId)}/release`, {});
      } catch (error) {
        const isOurs =
          isRefusal(error, 'hold_closed') &&
          error.outcomeUnknown &&
          error.details.first_id === holdId;
        if (!isOurs) throw error;
      }
    },

    async reportUsage({ customerId, eventName, quantity, idempotencyKey, occurredAt }) {
      await post(customerId, 'metered-usage', {
        event_name: eventName,
        quantity,
        ...keyed(idempotencyKey),
        occurred_at: occurredAt?.toISOString(),
      });
    },
  };
}

/** Whether a call was refused with this code. */
export function isRefusal(error: unknown, code: string): error is CreditsError {
  return error instanceof CreditsError && error.code === code;
}

function keyed(idempotencyKey = randomUUID() as string) {
  return { idempotency_key: idempotencyKey };
}

function sufficiencyIn(answer: Answer, sufficient: boolean): Sufficiency {
  return {
    sufficient,
    required: numberIn(answer, 'required'),
    available: numberIn(answer, 'available'),
  };
}

function pathOf(customerId: string, path: string): string {
  // URLs swallow these two, also encoded: the call would be one about another address.
  if (typeof customerId !== 'string' || ['', '.', '..'].includes(customerId)) {
    throw new CreditsError({
      status: 422,
      code: 'invalid_argument',
      message: `“${customerId}” is no customer id. Nothing was sent.`,
    });
  }
  return `/v1/customers/${encodeURIComponent(customerId)}/${path}`;
}
