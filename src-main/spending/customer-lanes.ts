import { AppError } from '#shared/errors.ts';

/** Runs work for a customer as soon as there is a lane. Rejects with the work's error, or database_unavailable. */
export type CustomerLanes = <Result>(
  customerId: string,
  work: () => Promise<Result>,
) => Promise<Result>;

/** Postings for one customer come one after the other anyhow, under the account's lock: so many keep it busy. */
const LANES = 4;
/** As long as a request waits for a connection, which is what it would do otherwise. */
const WAIT_MS = 5_000;

type Lanes = { busy: number; waiting: Set<() => void> };

/**
 * Lets at most four postings for one customer at once have a connection each. Without it one customer whose account is locked,
 * by a person's open transaction or a long job, would soon have every connection wait for it, and nobody else be served. Who
 * waits longer than five seconds is refused with database_unavailable; nothing was sent then.
 */
export function createCustomerLanes(): CustomerLanes {
  const customers = new Map<string, Lanes>();

  async function enter(customerId: string): Promise<Lanes> {
    const lanes = customers.get(customerId) ?? { busy: 0, waiting: new Set() };
    customers.set(customerId, lanes);
    if (lanes.busy < LANES) {
      lanes.busy += 1;
      return lanes;
    }
    await new Promise<void>((resolve, reject) => {
      const goOn = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        lanes.waiting.delete(goOn);
        reject(accountBusy());
      }, WAIT_MS);
      lanes.waiting.add(goOn);
    });
    return lanes;
  }

  function leave(customerId: string, lanes: Lanes): void {
    const [next] = lanes.waiting;
    if (next) {
      // The lane is handed on, first come, first served.
      lanes.waiting.delete(next);
      next();
      return;
    }
    lanes.busy -= 1;
    if (lanes.busy === 0) customers.delete(customerId);
  }

  return async (customerId, work) => {
    const lanes = await enter(customerId);
    try {
      return await work();
    } finally {
      leave(customerId, lanes);
    }
  };
}

function accountBusy(): AppError {
  return new AppError(
    'database_unavailable',
    'Other work held the customer’s account for too long; nothing was changed. Try again in a moment.',
  );
}
