import { deliverNotifications } from '#main/notifications/deliver-notifications.ts';
import { createChannelHealth } from '#main/notifications/delivery/channel-health.ts';
import type { NotificationTarget } from '#main/notifications/notification-target.ts';
import { AppError } from '#shared/errors.ts';
import { createRunRecorder } from './record-runs.ts';
import { repeatWork } from './repeat-work.ts';
import type { JobResult } from './run-job.ts';

/** Delivering notifications, while it lasts. */
export type NotificationJob = {
  /**
   * Delivers now, also over a channel that is in a pause. Throws `delivery_failed` where a channel's other side does not answer,
   * or something is due and none of it can be sent from here.
   */
  readonly runNow: () => Promise<void>;
  /** No round begins any more; what is under way is finished, a mail that has not left yet is not. */
  readonly stop: (why: AppError) => Promise<void>;
};

/**
 * Delivers notifications, until it is stopped. Each process does this for itself, side by side with others: who has no password
 * leaves deliveries to those who have, and who does not reach the mail server or the webhook pauses alone, ever longer, at most
 * 5 minutes, and only over that channel. An error ends nothing: it is noted with the job, and told to the log once for as long as
 * it stays the same. `onRun`: something was delivered or tried, or a run was noted; without a result it went wrong.
 */
export function startNotificationJob(
  target: NotificationTarget,
  options: {
    worker: string;
    everyMs: number;
    onlyOnRequest: boolean;
    onRun: (result: JobResult | undefined) => void;
  },
): NotificationJob {
  const stopping = new AbortController();
  const { signal } = stopping;
  const channels = createChannelHealth();
  let isNoted = false;
  let told: string | undefined;
  const runs = createRunRecorder(target.database, {
    name: 'notifications',
    everyMs: options.everyMs,
    worker: options.worker,
    signal,
    pauseMs: () => Math.max(options.everyMs, channels.pauseMs()),
    onRun: () => {
      isNoted = true;
    },
  });

  async function round(): Promise<JobResult> {
    let result: JobResult & { customerIds: ReadonlySet<string> } = {
      done: 0,
      customerIds: new Set(),
    };
    if (signal.aborted) return result;
    isNoted = false;
    try {
      await runs.run(async () => {
        result = await deliverNotifications(target, options.worker, signal, channels);
        // What is due and left to others, or to the end of a pause, makes no run: it would look as if it were taken care of.
        if (result.customerIds.size === 0 && channels.isAnyLeftOut()) return undefined;
        return { done: result.done, isProof: !channels.isAnyInTrouble() };
      });
    } catch (error) {
      const mayHaveTried = error instanceof AppError && error.code === 'delivery_failed';
      if (!signal.aborted && (isNoted || mayHaveTried)) options.onRun(undefined);
      throw error;
    }
    if (!channels.isAnyInTrouble()) told = undefined;
    if (isNoted || result.customerIds.size > 0) options.onRun(result);
    return result;
  }

  const delivering = repeatWork({
    everyMs: options.everyMs,
    onlyOnRequest: options.onlyOnRequest,
    work: async () => void (await round()),
    onError(error) {
      // A pause is a round without an error: the same one after it is no news.
      if (told === String(error)) return;
      told = String(error);
      target.log.warn('Notifications could not be delivered; it is tried again.', error);
    },
  });
  return {
    runNow: () =>
      delivering.between(async () => {
        signal.throwIfAborted();
        runs.noteNext();
        channels.endPauses();
        const { customerIds } = await round();
        if (customerIds?.size === 0 && channels.isAnyLeftOut()) throw leftToOthers();
      }),
    async stop(why) {
      stopping.abort(why);
      await delivering.stop();
    },
  };
}

function leftToOthers(): AppError {
  return new AppError(
    'delivery_failed',
    'What is due cannot be sent from here: this console lacks the mail server’s password, the webhook’s secret or another setting. Nothing is lost: it waits for a console or service that has them. Look at the notification settings.',
  );
}
