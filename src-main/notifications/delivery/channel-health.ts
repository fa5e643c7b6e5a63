import { ERROR_KEPT_SECONDS, LONGEST_PAUSE_SECONDS } from '#main/jobs/schedule.ts';
import type { NotificationChannel } from '#shared/ipc/alerts.ts';

const FIRST_PAUSE_SECONDS = 5;

/** How the channels do in this process, which says nothing of how they do in others. In milliseconds of a steady clock. */
export type ChannelHealth = {
  /** A round begins. */
  readonly begin: () => void;
  /** Whether what is due over a channel may be tried now; to be asked only where something is. */
  readonly mayTry: (channel: NotificationChannel) => boolean;
  /** Something is due over a channel, and this process lacks what it takes. */
  readonly lacks: (channel: NotificationChannel) => void;
  /** The other side answered. */
  readonly worked: (channel: NotificationChannel) => void;
  /** Nobody answered, or the login was refused: the next attempt comes the later the more often that was so in a row. */
  readonly failed: (channel: NotificationChannel) => void;
  /** Milliseconds until no channel is in a pause. */
  readonly pauseMs: () => number;
  /** All may be tried at once. */
  readonly endPauses: () => void;
  /** Whether in this round something was due that was not tried: for want of a password, or in a pause. */
  readonly isAnyLeftOut: () => boolean;
  /** Whether a channel failed last, unless that is so long ago that it says nothing any more. */
  readonly isAnyInTrouble: () => boolean;
};

/** Remembers how the channels do, from one round to the next. */
export function createChannelHealth(): ChannelHealth {
  const troubles = new Map<
    NotificationChannel,
    { failures: number; since: number; until: number }
  >();
  const leftOut = new Set<NotificationChannel>();
  const remainingMs = () =>
    [...troubles.values()].map(({ until }) => Math.max(0, until - performance.now()));
  return {
    begin() {
      leftOut.clear();
      for (const [channel, { since }] of troubles) {
        if (performance.now() - since > ERROR_KEPT_SECONDS * 1_000) troubles.delete(channel);
      }
    },
    mayTry(channel) {
      if (performance.now() >= (troubles.get(channel)?.until ?? 0)) return true;
      leftOut.add(channel);
      return false;
    },
    lacks: (channel) => void leftOut.add(channel),
    worked: (channel) => void troubles.delete(channel),
    failed(channel) {
      const failures = (troubles.get(channel)?.failures ?? 0) + 1;
      const since = performance.now();
      const seconds = Math.min(
        LONGEST_PAUSE_SECONDS,
        FIRST_PAUSE_SECONDS * 2 ** Math.min(failures - 1, 20),
      );
      troubles.set(channel, { failures, since, until: since + seconds * 1_000 });
    },
    pauseMs: () => Math.max(0, ...remainingMs()),
    endPauses() {
      for (const trouble of troubles.values()) trouble.until = 0;
    },
    isAnyLeftOut: () => leftOut.size > 0,
    isAnyInTrouble: () => troubles.size > 0,
  };
}
