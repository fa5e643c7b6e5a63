import type { StripeTarget } from '../stripe-target.ts';
import { type ClaimedEvent, claimEvents, releaseEvents } from './claim-event.ts';
import { handleEvent } from './handle-event.ts';

/** Events taken at once, and handled side by side: most of the time goes into waiting for Stripe. */
const BATCH = 16;
const SIDE_BY_SIDE = 4;

export type InboxRound = {
  /** How many events were handled, ignored, failed or refused. */
  events: number;
  customerIds: Set<string>;
};

/**
 * Handles every event that is due, until none is left or the signal aborts (what is under way is finished, what was taken and
 * not begun is given back). Any number of workers may do this at once, each under a name of its own.
 */
export async function workInbox(
  target: StripeTarget,
  worker: string,
  signal?: AbortSignal,
): Promise<InboxRound> {
  const round: InboxRound = { events: 0, customerIds: new Set() };
  while (!signal?.aborted) {
    const claimed = await claimEvents(target, worker, BATCH);
    if (claimed.length === 0) break;
    await handleAll(target, claimed, round, signal);
  }
  return round;
}

async function handleAll(
  target: StripeTarget,
  claimed: readonly ClaimedEvent[],
  round: InboxRound,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Events of one object one after the other: side by side they would only overtake each other.
  const waiting = byObject(claimed);
  const left: ClaimedEvent[] = [];
  let failure: unknown;
  const lane = async () => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      for (const event of group) {
        if (signal?.aborted || failure !== undefined) left.push(event);
        else {
          await handleEvent(target, event).then(
            ({ customerIds }) => {
              round.events += 1;
              for (const id of customerIds) round.customerIds.add(id);
            },
            (error: unknown) => {
              failure = error ?? new Error('an event was not handled');
            },
          );
        }
      }
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
  await releaseEvents(target, left);
  if (failure !== undefined) throw failure;
}

function byObject(events: readonly ClaimedEvent[]): ClaimedEvent[][] {
  const groups = new Map<string, ClaimedEvent[]>();
  for (const event of events) {
    const objectId = event.objectId ?? event.id;
    const group = groups.get(objectId) ?? [];
    group.push(event);
    groups.set(objectId, group);
  }
  return [...groups.values()];
}
