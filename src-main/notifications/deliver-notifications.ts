import type { AppError } from '#shared/errors.ts';
import type { NotificationChannel } from '#shared/ipc/alerts.ts';
import type { Attempt, Channel } from './delivery/channel.ts';
import { type ChannelHealth, createChannelHealth } from './delivery/channel-health.ts';
import {
  type ClaimedDelivery,
  claimDeliveries,
  findDueChannels,
  releaseDeliveries,
} from './delivery/claim-deliveries.ts';
import { markEnded, markRefused, putBack } from './delivery/mark-delivery.ts';
import { openChannel } from './delivery/open-channels.ts';
import type { NotificationTarget } from './notification-target.ts';

export type { NotificationTarget } from './notification-target.ts';

/** Deliveries taken at once, and made side by side: most of the time goes into waiting for the other side. */
const BATCH = 20;
const SIDE_BY_SIDE = 4;
/** What was taken longer ago is not begun: another worker may make it. An attempt takes less than the rest of the claim. */
const BEGIN_WITHIN_MS = 60_000;

type Lane = { channel: NotificationChannel; worker: string; channels: ChannelHealth };

type Round = {
  done: number;
  customerIds: Set<string>;
  /** True once the other side answered: until then deliveries go one at a time. */
  isReached: boolean;
  /** What ends the round: nobody answers, or the login is refused. */
  problem: AppError | undefined;
};

/**
 * Delivers what is due over both channels, until nothing is left or the signal aborts: what is under way is finished, what was
 * taken and not begun is given back. `done` counts the deliveries that came to an end: sent, suppressed or failed.
 *
 * Any number of processes may do this at once, each under a worker's name of its own. A delivery is claimed, made, and marked by
 * whoever claimed it: two that run never make the same one. One that is killed in the instant between the mail server's or
 * endpoint's answer and the mark leaves a claim that runs out after two minutes, and the delivery is made once more, under the
 * same Message-ID or webhook-id, by which receivers can tell. Nothing is lost.
 *
 * `channels` is how they did in earlier rounds of this process, which leaves out those that are in a pause, and learns how they do.
 *
 * Errors: delivery_failed (nobody answers, or the login is refused: the delivery that met it waits, no other is tried), those of
 * the database. Nothing is lost by them; what was done before stays done.
 */
export async function deliverNotifications(
  target: NotificationTarget,
  worker: string,
  signal: AbortSignal,
  channels: ChannelHealth = createChannelHealth(),
): Promise<{ done: number; customerIds: ReadonlySet<string> }> {
  channels.begin();
  const due = await findDueChannels(target.database);
  const rounds = await Promise.allSettled(
    due
      .filter(channels.mayTry)
      .map((channel) => deliverOver(target, { channel, worker, channels }, signal)),
  );
  const customerIds = new Set<string>();
  let done = 0;
  for (const round of rounds) {
    if (round.status === 'rejected') throw round.reason;
    if (round.value.problem !== undefined) throw round.value.problem;
    done += round.value.done;
    for (const customerId of round.value.customerIds) customerIds.add(customerId);
  }
  return { done, customerIds };
}

async function deliverOver(
  target: NotificationTarget,
  { channel, worker, channels }: Lane,
  signal: AbortSignal,
): Promise<Round> {
  const round: Round = { done: 0, customerIds: new Set(), isReached: false, problem: undefined };
  try {
    while (!signal.aborted && round.problem === undefined) {
      const make = await openChannel(target, channel, signal);
      if (make === undefined) {
        channels.lacks(channel);
        break;
      }
      const begun = clocks(target);
      // While it is open whether anybody answers here, all but one stay free for those whom somebody answers.
      const limit = round.isReached || round.done > 0 ? BATCH : 1;
      const claimed = await claimDeliveries(target.database, { worker, channel, limit });
      if (claimed.length === 0) break;
      const isOver = () => signal.aborted || isLate(begun, clocks(target));
      await deliverAll(target, make, claimed, round, isOver);
      if (round.isReached) channels.worked(channel);
    }
  } catch (error) {
    channels.failed(channel);
    throw error;
  }
  if (round.problem !== undefined) channels.failed(channel);
  return round;
}

async function deliverAll(
  target: NotificationTarget,
  make: Channel,
  claimed: readonly ClaimedDelivery[],
  round: Round,
  isOver: () => boolean,
): Promise<void> {
  const waiting = [...claimed];
  let failure: { error: unknown } | undefined;
  const mayGoOn = () => failure === undefined && round.problem === undefined && !isOver();
  const lane = async (isFirst: boolean) => {
    while (mayGoOn() && (isFirst ? !round.isReached : true)) {
      const delivery = waiting.shift();
      if (delivery === undefined) return;
      try {
        note(round, delivery, await attempt(target, make, delivery, isOver));
      } catch (error) {
        failure = { error };
      }
    }
  };
  // A server that nobody reaches costs one delivery an attempt, not four.
  await lane(true);
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => lane(false)));
  if (failure === undefined) return releaseDeliveries(target.database, waiting);
  // Where the database is gone, the claims run out by themselves.
  await releaseDeliveries(target.database, waiting).catch(() => undefined);
  throw failure.error;
}

/** Makes one delivery and marks what came of it; one that was given up before it began is as if it had never been taken. */
async function attempt(
  { database }: NotificationTarget,
  make: Channel,
  delivery: ClaimedDelivery,
  isOver: () => boolean,
): Promise<Attempt> {
  const made = await make(delivery);
  switch (made.kind) {
    case 'sent':
      await markEnded(database, delivery, 'sent', { recipient: made.recipient, reason: null });
      return made;
    case 'suppressed':
      await markEnded(database, delivery, 'suppressed', made);
      return made;
    case 'failed':
      if (made.suppresses) await markRefused(database, delivery, made);
      else await markEnded(database, delivery, 'failed', made);
      return made;
    case 'later':
      if (made.isUntouched && isOver()) {
        await releaseDeliveries(database, [delivery]);
        return made;
      }
      if ((await putBack(database, delivery, made)) === 'later') return made;
      return made.problem === undefined ? { ...made, kind: 'failed' } : made;
  }
}

function note(round: Round, { customerId }: ClaimedDelivery, made: Attempt): void {
  round.customerIds.add(customerId);
  if (made.kind !== 'later') round.done += 1;
  if (made.kind === 'later' && made.problem !== undefined) round.problem = made.problem;
  else if (made.kind !== 'suppressed' && !(made.kind === 'later' && made.isUnasked)) {
    round.isReached = true;
  }
}

type Clocks = { wall: number; steady: number };

// One clock stands still while the computer sleeps, the other one can be set back.
function clocks({ now }: NotificationTarget): Clocks {
  return { wall: now().getTime(), steady: performance.now() };
}

function isLate(begun: Clocks, now: Clocks): boolean {
  return Math.max(now.wall - begun.wall, now.steady - begun.steady) > BEGIN_WITHIN_MS;
}
