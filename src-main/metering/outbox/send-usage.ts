import type { AppError, ErrorCode } from '#shared/errors.ts';
import type { MeteringTarget } from '../metering-target.ts';
import {
  batchUsage,
  type ClaimedUsage,
  claimUsage,
  makeUsageDue,
  releaseUsage,
} from './claim-usage.ts';
import { deliverUsage } from './deliver-usage.ts';

export type UsageRound = {
  /** How many events were sent, taken back or refused. */
  events: number;
  customerIds: Set<string>;
  /** Why the round ended early: Stripe did not answer, or asks for fewer requests. What is left is sent by a later one. */
  problem: AppError | undefined;
};

/** Events taken at once, and sent side by side: most of the time goes into waiting for Stripe. */
const BATCH = 200;
const SIDE_BY_SIDE = 4;
/** What was taken longer ago is not begun: another worker may send it. */
const BEGIN_WITHIN_MS = 60_000;

/** What the next round may not meet any more. The others, such as a key that Stripe does not accept, are thrown. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'stripe_unavailable',
  'stripe_rate_limited',
  'stripe_refused',
  'stripe_not_found',
]);

/**
 * Makes meter events of the reports that wait, and sends every event that is due, until none is left or the signal aborts (what
 * is under way is finished, what was taken and not begun is given back). `atOnce`: also of the minute that is not over, and
 * what waits for a later attempt. Any number of workers may do this at once, each under a name of its own.
 * Errors: stripe_key_invalid, stripe_permission, stripe_other_mode, those of the database; nothing is lost by them.
 */
export async function sendUsage(
  target: MeteringTarget,
  worker: string,
  { atOnce = false, signal }: { atOnce?: boolean; signal?: AbortSignal | undefined } = {},
): Promise<UsageRound> {
  const round: UsageRound = { events: 0, customerIds: new Set(), problem: undefined };
  if (atOnce) await makeUsageDue(target);
  await batchUsage(target, { atOnce, signal });
  while (!signal?.aborted && round.problem === undefined) {
    const begun = clocks(target);
    const claimed = await claimUsage(target, worker, BATCH);
    if (claimed.length === 0) break;
    const isOver = () => signal?.aborted === true || isLate(begun, clocks(target));
    await sendAll(target, claimed, round, isOver);
  }
  return round;
}

async function sendAll(
  target: MeteringTarget,
  claimed: readonly ClaimedUsage[],
  round: UsageRound,
  isOver: () => boolean,
): Promise<void> {
  const waiting = byCustomerAndMeter(claimed);
  const left: ClaimedUsage[] = [];
  let failure: { error: unknown } | undefined;
  const lane = async () => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      for (const event of group) {
        if (failure !== undefined || round.problem !== undefined || isOver()) {
          left.push(event);
          continue;
        }
        try {
          const problem = await deliverUsage(target, event);
          round.customerIds.add(event.customerId);
          if (problem === undefined) round.events += 1;
          else if (PASSING.has(problem.code)) round.problem = problem;
          else failure = { error: problem };
        } catch (error) {
          failure = { error };
        }
      }
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
  if (failure === undefined) await releaseUsage(target, left);
  else {
    // Where the database is gone, the claims run out by themselves.
    await releaseUsage(target, left).catch(() => undefined);
    throw failure.error;
  }
}

/** Events of one customer and meter one after the other, in their order. */
function byCustomerAndMeter(events: readonly ClaimedUsage[]): ClaimedUsage[][] {
  const groups = new Map<string, ClaimedUsage[]>();
  for (const event of events) {
    const key = `${event.stripeCustomerId}\n${event.eventName}`;
    const group = groups.get(key) ?? [];
    group.push(event);
    groups.set(key, group);
  }
  return [...groups.values()];
}

type Clocks = { wall: number; steady: number };

// One clock stands still while the computer sleeps, the other one can be set back.
function clocks({ now }: MeteringTarget): Clocks {
  return { wall: now().getTime(), steady: performance.now() };
}

function isLate(begun: Clocks, now: Clocks): boolean {
  return Math.max(now.wall - begun.wall, now.steady - begun.steady) > BEGIN_WITHIN_MS;
}
