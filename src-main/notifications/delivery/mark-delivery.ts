import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import type { Attempt } from './channel.ts';
import type { ClaimedDelivery } from './claim-deliveries.ts';

const REASON_LENGTH_MAX = 1_000;
/** So long after the first attempt a delivery fails, whatever the last one was told. */
const TRIED_FOR = sql`interval '24 hours'`;

/** Ends a delivery, as long as it is this worker's. `recipient`: the address or host; null where it came to none. */
export async function markEnded(
  target: QueryTarget,
  delivery: ClaimedDelivery,
  state: 'sent' | 'suppressed' | 'failed',
  { recipient, reason }: { recipient: string | null; reason: string | null },
): Promise<void> {
  await runQuery(
    target,
    sql`UPDATE credits_billing.notification_deliveries
      SET state = ${state}, recipient = ${recipient}, reason = ${cut(reason)},
        sent_at = CASE WHEN ${state} = 'sent' THEN clock_timestamp() END,
        claimed_by = NULL, claimed_until = NULL, changed_at = clock_timestamp()
      WHERE ${isStillOwn(delivery)}`,
  );
}

/** As failed, and no further e-mail is sent to the customer: their mail server knows no such address. */
export async function markRefused(
  target: QueryTarget,
  delivery: ClaimedDelivery,
  { recipient, reason }: { recipient: string; reason: string },
): Promise<void> {
  await runQuery(
    target,
    sql`WITH refused AS (
        UPDATE credits_billing.notification_deliveries
        SET state = 'failed', recipient = ${recipient}, reason = ${cut(reason)}, claimed_by = NULL, claimed_until = NULL,
          changed_at = clock_timestamp()
        WHERE ${isStillOwn(delivery)} RETURNING notification_id
      )
      INSERT INTO credits_billing.email_suppressions (customer_id, reason, by_mail_server, created_by)
      SELECT ${delivery.customerId}, ${cut(`${recipient}: ${reason}`)}, true, 'mail server' FROM refused
      ON CONFLICT (customer_id) DO NOTHING`,
  );
}

/**
 * Has a delivery tried again after 1, 5, 15, then every 60 minutes, or, where it is untouched, as soon as somebody can: behind
 * all others that are due. A day after the first attempt it fails instead.
 */
export async function putBack(
  target: QueryTarget,
  delivery: ClaimedDelivery,
  { recipient, reason, isUntouched = false }: Attempt & { kind: 'later' },
): Promise<'later' | 'failed'> {
  const minutes = isUntouched
    ? sql`0`
    : sql`CASE attempts WHEN 1 THEN 1 WHEN 2 THEN 5 WHEN 3 THEN 15 ELSE 60 END`;
  const [row] = await runQuery(
    target,
    sql<{ state: string }>`UPDATE credits_billing.notification_deliveries d
      SET state = CASE WHEN w.at > d.first_attempt_at + ${TRIED_FOR} THEN 'failed' ELSE 'queued' END,
        next_attempt_at = w.at, recipient = ${recipient}, reason = ${cut(reason)},
        claimed_by = NULL, claimed_until = NULL, changed_at = clock_timestamp()
      FROM (
        SELECT clock_timestamp() + make_interval(mins => ${minutes}) AS at
        FROM credits_billing.notification_deliveries WHERE ${isStillOwn(delivery)}
      ) w
      WHERE ${isStillOwn(delivery, sql`d.`)} RETURNING d.state`,
  );
  return row?.state === 'failed' ? 'failed' : 'later';
}

function isStillOwn({ notificationId, channel, claimedBy }: ClaimedDelivery, of = sql``) {
  return sql`${of}notification_id = ${notificationId} AND ${of}channel = ${channel} AND ${of}claimed_by = ${claimedBy}
    AND ${of}state = 'queued'`;
}

function cut(reason: string | null): string | null {
  return reason?.slice(0, REASON_LENGTH_MAX) ?? null;
}
