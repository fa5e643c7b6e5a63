import { type RawBuilder, sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import {
  type AlertKind,
  NOTIFICATION_CHANNELS,
  type NotificationChannel,
} from '#shared/ipc/alerts.ts';

/** A delivery that this worker makes now. */
export type ClaimedDelivery = {
  notificationId: string;
  channel: NotificationChannel;
  claimedBy: string;
  /** True where an attempt was made before this one. */
  wasAttempted: boolean;
  customerId: string;
  kind: AlertKind;
  /** Credits. */
  balance: number;
  /** Credits. */
  threshold: number;
  transactionId: string;
  occurredAt: Date;
  raisedAt: Date;
  /** True where a person asked for it once more. */
  wasAskedFor: boolean;
};

/** Longer than the longest attempt with what comes before it; where it is not, two deliver under one id. */
const CLAIM = sql`interval '2 minutes'`;

/** The channels over which something is due that nobody has taken. */
export async function findDueChannels(target: QueryTarget): Promise<NotificationChannel[]> {
  const found = await runQuery(
    target,
    sql<{
      channel: NotificationChannel;
    }>`SELECT c.channel FROM unnest(${NOTIFICATION_CHANNELS}::text[]) AS c (channel)
      WHERE EXISTS (SELECT FROM credits_billing.notification_deliveries d WHERE ${isDue(sql`c.channel`)})`,
  );
  return found.map(({ channel }) => channel);
}

function isDue(channel: NotificationChannel | RawBuilder<unknown>) {
  return sql`d.state = 'queued' AND d.channel = ${channel} AND d.next_attempt_at <= clock_timestamp()
    AND (d.claimed_until IS NULL OR d.claimed_until < clock_timestamp())`;
}

/**
 * Takes deliveries of a channel that are due, the longest due first, so that nobody else makes them for two minutes. Committed
 * before anything is sent.
 */
export async function claimDeliveries(
  target: QueryTarget,
  { worker, channel, limit }: { worker: string; channel: NotificationChannel; limit: number },
): Promise<ClaimedDelivery[]> {
  return runQuery(
    target,
    sql<ClaimedDelivery>`
      WITH due AS (
        SELECT d.notification_id, d.channel, d.first_attempt_at, row_number() OVER (ORDER BY d.next_attempt_at, d.notification_id) AS place
        FROM (
          SELECT * FROM credits_billing.notification_deliveries d
          WHERE ${isDue(channel)}
          ORDER BY d.next_attempt_at, d.notification_id LIMIT ${limit} FOR UPDATE SKIP LOCKED
        ) d
      ), claimed AS (
        UPDATE credits_billing.notification_deliveries d
        SET claimed_by = ${worker}, claimed_until = clock_timestamp() + ${CLAIM}, attempts = d.attempts + 1,
          first_attempt_at = coalesce(d.first_attempt_at, clock_timestamp())
        FROM due WHERE d.notification_id = due.notification_id AND d.channel = due.channel
        RETURNING d.notification_id, d.channel, d.claimed_by, d.asked_by, due.first_attempt_at AS attempted_before_at, due.place
      )
      SELECT n.id::text AS "notificationId", c.channel, c.claimed_by AS "claimedBy",
        c.attempted_before_at IS NOT NULL AS "wasAttempted", c.asked_by IS NOT NULL AS "wasAskedFor",
        n.customer_id AS "customerId", n.kind, n.balance, n.threshold, n.transaction_id::text AS "transactionId",
        n.occurred_at AS "occurredAt", n.created_at AS "raisedAt"
      FROM claimed c JOIN credits_billing.notifications n ON n.id = c.notification_id
      ORDER BY c.place`,
  );
}

/** Gives deliveries back that were taken and not begun: as if they had never been taken. */
export async function releaseDeliveries(
  target: QueryTarget,
  deliveries: readonly ClaimedDelivery[],
): Promise<void> {
  const [first] = deliveries;
  if (first === undefined) return;
  const idsOf = (chosen: readonly ClaimedDelivery[]) =>
    chosen.map(({ notificationId }) => notificationId);
  const untouched = deliveries.filter(({ wasAttempted }) => !wasAttempted);
  await runQuery(
    target,
    sql`UPDATE credits_billing.notification_deliveries
      SET claimed_by = NULL, claimed_until = NULL, attempts = attempts - 1,
        first_attempt_at = CASE WHEN notification_id = ANY (${idsOf(untouched)}::bigint[]) THEN NULL ELSE first_attempt_at END
      WHERE notification_id = ANY (${idsOf(deliveries)}::bigint[]) AND channel = ${first.channel}
        AND claimed_by = ${first.claimedBy} AND state = 'queued'`,
  );
}
