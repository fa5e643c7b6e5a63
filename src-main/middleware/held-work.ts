import { createHash, randomUUID } from 'node:crypto';
import { type CreditsClient, type Hold, type HoldRequest, isRefusal } from './credits-client.ts';
import { CreditsError } from './credits-error.ts';

/** The credits that work in progress stands on, as the work itself sees them. */
export type HeldCredits = {
  /** Undefined where the work goes ahead without a hold: the service is out of reach and `onUnavailable` allows it. */
  readonly holdId: string | undefined;
  /** Credits set aside. 0 where a meter bills the use, or nothing is held. */
  readonly amount: number;
  /** The same key was paid before; this time costs nothing. Only where `onRepeat` is `run`. */
  readonly isRepeat: boolean;
  /**
   * Fewer credits than are held, once the work knows what it cost; 0 pays nothing. RangeError for anything else, Error
   * once the hold is closed.
   */
  setAmount(credits: number): void;
  /**
   * Pays now instead of with the answer: before the first byte of a stream that is worth something in part. Rejects with
   * CreditsError where that is impossible; then give nothing away. Paid is paid: what fails later gives nothing back.
   */
  capture(): Promise<void>;
};

/** The same, as those see it who decide about success and failure. The first decision stands. */
export type HeldWork = HeldCredits & {
  readonly customerId: string;
  /** Captures. Rejects with CreditsError where the work could not be paid for; it is then not to be given away. */
  succeed(): Promise<void>;
  /** Releases. Never rejects: what cannot be released expires, and `onError` hears of it. */
  fail(): Promise<void>;
  /** Whether it was captured or released, or either is under way. */
  readonly isDecided: boolean;
  /** Whether that is over. */
  readonly isSettled: boolean;
};

/** Told of what no answer to a request can tell. */
export type OnError = (
  error: unknown,
  /** Without a hold's id where nothing is held. */
  about: { customerId: string; holdId: string | undefined },
) => void;

/** Attempts that failed under one key before this one. Each is a hold of its own. */
const CLOSED_HOLDS_MAX = 20;

/** The longest key the ledger takes. */
const KEY_LENGTH_MAX = 255;

/**
 * Sets credits aside for work. A key whose earlier work failed, so that its hold was released or ran out, holds anew;
 * one that was paid rejects with `already_processed`. Errors: CreditsError.
 */
export async function holdForWork(
  client: CreditsClient,
  use: HoldRequest,
  onError: OnError = warn,
): Promise<HeldWork> {
  const { customerId } = use;
  const { hold, key } = await openHold(client, use, use.idempotencyKey ?? randomUUID());
  let { holdId } = hold;
  let amount = hold.amount;
  let decision: { paid: boolean; done: Promise<void> } | undefined;
  let isSettled = false;

  function decide(paid: boolean, done: Promise<void>): Promise<void> {
    decision = { paid, done };
    const settled = () => {
      isSettled = true;
    };
    done.then(settled, settled);
    return done;
  }

  /** Nobody waits for what `onError` makes of it: were it to throw, it would end the process, or hide why the work failed. */
  function tell(error: unknown): void {
    try {
      onError(error, { customerId, holdId });
    } catch (failure) {
      warn(failure, { customerId, holdId });
    }
  }

  async function giveBack(): Promise<void> {
    try {
      await client.release({ customerId, holdId });
    } catch (error) {
      // It ran out by itself, or was captured by an attempt whose answer was lost.
      if (!isRefusal(error, 'hold_closed')) tell(error);
    }
  }

  const take = (held: number) =>
    client.capture({ customerId, holdId, ...(amount < held && { amount }) });

  /**
   * Captures. A hold that is closed by now was captured by the same request elsewhere, or by an attempt of ours whose
   * answer was lost, or the work outlasted it; the last is paid from a new hold, where there are credits left for it.
   */
  async function pay(): Promise<void> {
    try {
      await take(hold.amount);
    } catch (error) {
      if (!isRefusal(error, 'hold_closed')) throw error;
      const again = await openHold(client, use, key).catch((reason: unknown) => {
        if (isRefusal(reason, 'already_processed') && error.outcomeUnknown) return undefined;
        throw reason;
      });
      if (!again) return;
      holdId = again.hold.holdId;
      await take(again.hold.amount);
    }
  }

  async function payOrGiveBack(): Promise<void> {
    try {
      await pay();
    } catch (error) {
      // What was not paid for is not given away, so nothing needs to stay set aside. Nobody waits for this.
      giveBack();
      throw error;
    }
  }

  function succeed(): Promise<void> {
    if (decision) return decision.done;
    // A hold of 0 credits is captured too: that reports the use to its meter.
    const isFree = amount === 0 && hold.amount > 0;
    return decide(true, isFree ? giveBack() : payOrGiveBack());
  }

  function fail(): Promise<void> {
    return decision ? decision.done.catch(() => undefined) : decide(false, giveBack());
  }

  return {
    customerId,
    get holdId() {
      return holdId;
    },
    amount: hold.amount,
    isRepeat: false,
    get isDecided() {
      return decision !== undefined;
    },
    get isSettled() {
      return isSettled;
    },
    setAmount(credits) {
      if (decision) throw new Error(`The hold ${holdId} is captured or released already.`);
      if (!Number.isSafeInteger(credits) || credits < 0 || credits > hold.amount) {
        throw new RangeError(`${credits} is not between 0 and the ${hold.amount} credits held.`);
      }
      amount = credits;
    },
    async capture() {
      if (decision?.paid === false) {
        throw new CreditsError({
          status: 409,
          code: 'hold_closed',
          message: `The hold ${holdId} was released before the work was done: whoever asked for it is gone.`,
        });
      }
      await succeed();
    },
    succeed,
    fail,
  };
}

/** Work that stands on no hold: nothing is captured, nothing released. */
export function workWithoutHold(customerId: string, isRepeat: boolean): HeldWork {
  return {
    customerId,
    holdId: undefined,
    amount: 0,
    isRepeat,
    isDecided: true,
    isSettled: true,
    setAmount() {},
    async capture() {},
    async succeed() {},
    async fail() {},
  };
}

/** The first open hold along the chain of keys that begins with `firstKey`, and the key it stands under. */
async function openHold(
  client: CreditsClient,
  use: HoldRequest,
  firstKey: string,
): Promise<{ hold: Hold; key: string }> {
  let key = firstKey;
  for (let holds = 0; holds < CLOSED_HOLDS_MAX; holds += 1) {
    const hold = await client.hold({ ...use, idempotencyKey: key });
    if (hold.state === 'captured') throw alreadyPaid(hold);
    if (hold.state === 'open') return { hold, key };
    key = keyAfter(key, hold);
  }
  throw new CreditsError({
    status: 409,
    code: 'hold_closed',
    message: `Work under this idempotency key failed ${CLOSED_HOLDS_MAX} times. Use a new key.`,
  });
}

/** The key of the work's next attempt: the same for whoever repeats it, and told apart from the last by its hold. */
function keyAfter(key: string, { holdId }: Hold): string {
  const next = `${key}~${holdId}`;
  return next.length <= KEY_LENGTH_MAX ? next : createHash('sha256').update(next).digest('hex');
}

function alreadyPaid({ holdId }: Hold): CreditsError {
  return new CreditsError({
    status: 409,
    code: 'already_processed',
    message: 'This was done and paid for before, under the same idempotency key.',
    details: { first_id: holdId },
  });
}

/** An `onError` for whoever gives none: a warning of the process. */
export const warn: OnError = (error, { customerId, holdId }) => {
  const what = holdId === undefined ? 'A use' : `The hold ${holdId}`;
  const why = error instanceof Error ? error.message : String(error);
  process.emitWarning(
    `${what} of customer ${customerId} was not settled: ${why}`,
    'CreditsWarning',
  );
};
