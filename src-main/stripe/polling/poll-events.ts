import { giveUpLease, holdLease } from '#main/jobs/lease.ts';
import { redactText } from '#main/logging/redact.ts';
import { AppError } from '#shared/errors.ts';
import { HANDLED_EVENT_TYPES } from '../inbox/event-types.ts';
import { receiveEvents } from '../inbox/receive-event.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { assertBound } from '../workspace/assert-bound.ts';
import { resyncSince } from './resync.ts';

export type PollResult = {
  /** elsewhere: another console or service reads them now. */
  outcome: 'read' | 'elsewhere';
  /** Events that were new. */
  stored: number;
  /** Customers that a resync changed. */
  customerIds: Set<string>;
};

/** Events become visible late, and their instants are whole seconds: what was read is read once more. */
const OVERLAP_MS = 10 * 60_000;
/** Stripe keeps events for 30 days. */
const KEPT_MS = 29 * 86_400_000;

type Place = { read_until: Date; resync_from: Date | null };

/**
 * Reads Stripe's events since the last time into the inbox, oldest first. One reader at a time per account, by a lease that
 * `force` does without (the inbox takes each event once anyway). After longer than Stripe keeps events, all objects since
 * then are compared besides. Errors: `stripe_other_account`, those of the gateway and the database; what was read until then is kept.
 */
export async function pollEvents(
  target: StripeTarget,
  options: { holder: string; force?: boolean; signal?: AbortSignal },
): Promise<PollResult> {
  await assertBound(target);
  const lease = leaseOf(target);
  const isHeld = await holdLease(target.database, lease, options.holder);
  if (!isHeld && !options.force) return { outcome: 'elsewhere', stored: 0, customerIds: new Set() };
  const keepLease = async () => {
    options.signal?.throwIfAborted();
    if (isHeld) await holdLease(target.database, lease, options.holder);
  };
  try {
    const place = await openPlace(target);
    const stored = await readEvents(target, place, keepLease);
    const customerIds = await resyncWhereMissed(target, keepLease);
    await target.database.pool.query(
      `UPDATE credits_billing.stripe_polls SET polled_at = clock_timestamp(), error = NULL, error_at = NULL WHERE account_id = $1`,
      [target.accountId],
    );
    return { outcome: 'read', stored, customerIds };
  } catch (error) {
    if (!options.signal?.aborted) await noteError(target, error);
    throw error;
  }
}

/** Lets another console or service read the events at once. */
export async function giveUpPolling(target: StripeTarget, holder: string): Promise<void> {
  await giveUpLease(target.database, leaseOf(target), holder);
}

function leaseOf({ accountId }: StripeTarget): string {
  return `stripe-poll:${accountId}`;
}

/** Where reading goes on. Where this console was away for longer than Stripe keeps events, that is noted first. */
async function openPlace({ database, accountId }: StripeTarget): Promise<Place> {
  await database.pool.query(
    `INSERT INTO credits_billing.stripe_polls (account_id, read_until)
     SELECT $1, coalesce(max(s.bound_at), clock_timestamp()) FROM credits_billing.stripe_settings s
     ON CONFLICT (account_id) DO NOTHING`,
    [accountId],
  );
  await database.pool.query(
    `UPDATE credits_billing.stripe_polls
     SET resync_from = least(resync_from, greatest(read_until, polled_at))
     WHERE account_id = $1 AND greatest(read_until, polled_at) < clock_timestamp() - make_interval(secs => $2)`,
    [accountId, KEPT_MS / 1_000],
  );
  const { rows } = await database.pool.query<Place>(
    'SELECT read_until, resync_from FROM credits_billing.stripe_polls WHERE account_id = $1',
    [accountId],
  );
  const [place] = rows;
  if (place === undefined) throw new Error('the place of polling cannot be read');
  return place;
}

async function readEvents(
  target: StripeTarget,
  { read_until: readUntil }: Place,
  keepLease: () => Promise<void>,
): Promise<number> {
  const { accountId, database, gateway } = target;
  let stored = 0;
  const since = new Date(readUntil.getTime() - OVERLAP_MS);
  for await (const events of gateway.listEvents({ since, types: HANDLED_EVENT_TYPES })) {
    await keepLease();
    if (events.length === 0) continue;
    stored += (await receiveEvents(target, events, 'poll')).size;
    const newest = new Date(Math.max(...events.map(({ createdAt }) => createdAt.getTime())));
    // By Stripe's clock alone: this computer's may be wrong, and the simulator's runs ahead. Where it jumped by more than
    // Stripe keeps, events between may be gone.
    await database.pool.query(
      `UPDATE credits_billing.stripe_polls
       SET read_until = greatest(read_until, $2),
         resync_from = CASE WHEN $2 - $3::timestamptz > make_interval(secs => $4) THEN least(resync_from, $3) ELSE resync_from END
       WHERE account_id = $1`,
      [accountId, newest, readUntil, KEPT_MS / 1_000],
    );
  }
  return stored;
}

async function resyncWhereMissed(
  target: StripeTarget,
  keepLease: () => Promise<void>,
): Promise<Set<string>> {
  const { accountId, database } = target;
  const { rows } = await database.pool.query<{ resync_from: Date | null }>(
    'SELECT resync_from FROM credits_billing.stripe_polls WHERE account_id = $1',
    [accountId],
  );
  const from = rows[0]?.resync_from ?? null;
  if (from === null) return new Set();
  target.log.info(
    'Events were missed for longer than Stripe keeps them: its objects are compared.',
    {
      since: from,
    },
  );
  const customerIds = await resyncSince(target, from, keepLease);
  await database.pool.query(
    `UPDATE credits_billing.stripe_polls SET resync_from = NULL WHERE account_id = $1 AND resync_from >= $2`,
    [accountId, from],
  );
  return customerIds;
}

async function noteError({ accountId, database }: StripeTarget, error: unknown): Promise<void> {
  const message =
    error instanceof AppError
      ? error.message
      : redactText(error instanceof Error ? error.message : String(error));
  await database.pool
    .query(
      `UPDATE credits_billing.stripe_polls SET error = $2, error_at = clock_timestamp() WHERE account_id = $1`,
      [accountId, message],
    )
    .catch(() => undefined);
}
