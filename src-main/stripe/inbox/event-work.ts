import { createRunRecorder } from '#main/jobs/record-runs.ts';
import { repeatWork } from '#main/jobs/repeat-work.ts';
import { workerName } from '#main/jobs/worker-name.ts';
import { AppError } from '#shared/errors.ts';
import type { JobName } from '#shared/ipc/jobs.ts';
import { giveUpPolling, pollEvents } from '../polling/poll-events.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { onEventStored } from './wake-workers.ts';
import { workInbox } from './work-inbox.ts';

export type EventWork = {
  /** Reads Stripe's events now and handles what is due. Throws what went wrong with reading them. */
  pollNow: () => Promise<void>;
  /** Handles what is due in the inbox now. Throws what went wrong with the inbox. */
  handleNow: () => Promise<void>;
  state: () => {
    /** elsewhere: another console or service reads the events. */
    polling: 'on' | 'elsewhere';
    /** When this process read them last. */
    lastAt: Date | null;
    error: string | null;
  };
  /** Waits for what is under way, and gives back what was taken and not begun. */
  stop: () => Promise<void>;
};

// Other processes put events into the same inbox, and failed ones become due by time alone.
const INBOX_EVERY_MS = 2_000;

/**
 * Reads Stripe's events (where `poll`), handles what is in the inbox, and finishes refunds that wait, until it is stopped. An error never ends it: it is
 * logged, once for as long as it stays the same, and tried again with the next round.
 */
export function startEventWork(
  target: StripeTarget,
  options: {
    poll: boolean;
    pollEveryMs: number;
    /** Inbox or polling changed. */
    onChange: () => void;
    /** Credits or billing of this customer changed. */
    onBillingChange: (customerId: string | null) => void;
    /** A run was noted with its job. */
    onRun?: ((name: JobName) => void) | undefined;
  },
): EventWork {
  const worker = workerName();
  const stopping = new AbortController();
  const { signal } = stopping;
  const { onRun } = options;
  const inboxRuns = createRunRecorder(target.database, {
    name: 'stripe_inbox',
    everyMs: INBOX_EVERY_MS,
    worker,
    signal,
    onRun,
  });
  const pollRuns = createRunRecorder(target.database, {
    name: 'stripe_events',
    everyMs: options.pollEveryMs,
    worker,
    signal,
    onRun,
  });
  let polling: 'on' | 'elsewhere' = 'on';
  let lastAt: Date | null = null;
  let error: string | null = null;

  function tellCustomers(customerIds: Iterable<string>): void {
    for (const customerId of customerIds) options.onBillingChange(customerId);
  }

  async function handleDue(): Promise<number> {
    const { events, customerIds } = await workInbox(target, worker, signal);
    tellCustomers(customerIds);
    if (events > 0) options.onChange();
    return events;
  }

  async function poll(force: boolean): Promise<number | undefined> {
    const before = { polling, error };
    try {
      const read = await pollEvents(target, { holder: worker, force, signal });
      polling = read.outcome === 'elsewhere' ? 'elsewhere' : 'on';
      if (read.outcome === 'read') lastAt = target.now();
      error = null;
      tellCustomers(read.customerIds);
      if (read.stored > 0 || before.polling !== polling || before.error !== null)
        options.onChange();
      return read.outcome === 'read' ? read.stored : undefined;
    } catch (failure) {
      polling = 'on';
      error = failure instanceof AppError ? failure.message : 'Something unexpected went wrong.';
      if (before.error !== error) options.onChange();
      throw failure;
    }
  }

  const tell = (what: string) => (failure: unknown) => target.log.warn(what, failure);
  const inbox = repeatWork({
    everyMs: INBOX_EVERY_MS,
    work: () => inboxRuns.run(handleDue),
    onError: tell('The events in the inbox could not be handled; it is tried again.'),
  });
  const reading = options.poll
    ? repeatWork({
        everyMs: options.pollEveryMs,
        work: () => pollRuns.run(() => poll(false)),
        onError: tell('Stripe’s events could not be read; it is tried again.'),
      })
    : undefined;
  const stopListening = onEventStored(target, () => inbox.wake());

  return {
    async pollNow() {
      if (signal.aborted) return;
      const forced = () => {
        pollRuns.noteNext();
        return pollRuns.run(() => poll(true));
      };
      await (reading ? reading.between(forced) : forced());
      await inbox.now();
    },
    handleNow() {
      inboxRuns.noteNext();
      return inbox.now();
    },
    state: () => ({ polling, lastAt, error }),
    async stop() {
      stopping.abort(new AppError('cancelled', 'The work on events was stopped.'));
      stopListening();
      await Promise.all([inbox.stop(), reading?.stop()]);
      // Where the database is gone, the lease ends by itself.
      if (reading) await giveUpPolling(target, worker).catch(() => undefined);
    },
  };
}
