import { sql } from 'kysely';
import type { QueryTarget } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { NotificationChannel } from '#shared/ipc/alerts.ts';
import { type NotificationData, readNotifications } from './read-notifications.ts';

/**
 * Queues a delivery that failed or was suppressed once more, as new, under the same Message-ID or webhook-id. A person asked for
 * it, so it goes out however short ago another one did; what is not true any more is still not sent.
 * Errors: not_found, invalid_argument (it is queued or sent).
 */
export async function sendAgain(
  target: QueryTarget,
  actor: string,
  { notificationId, channel }: { notificationId: string; channel: NotificationChannel },
): Promise<NotificationData> {
  return post(target, { actor }, async ({ run }) => {
    const queued = await run(sql`
      UPDATE credits_billing.notification_deliveries
      SET state = 'queued', attempts = 0, first_attempt_at = NULL, next_attempt_at = clock_timestamp(), claimed_by = NULL,
        claimed_until = NULL, reason = NULL, asked_by = ${actor}, changed_at = clock_timestamp()
      WHERE notification_id = ${notificationId}::bigint AND channel = ${channel} AND state IN ('failed', 'suppressed')
      RETURNING notification_id`);
    const [notification] = await readNotifications(run, sql`n.id = ${notificationId}::bigint`, 1);
    const delivery = notification?.deliveries.find((each) => each.channel === channel);
    if (notification === undefined || delivery === undefined) {
      throw new AppError('not_found', 'There is no such delivery. Nothing was changed.', {
        details: { entity: 'delivery', id: `${notificationId} ${channel}` },
      });
    }
    if (queued.length > 0) return notification;
    throw new AppError(
      'invalid_argument',
      delivery.state === 'sent'
        ? 'This was sent already. Nothing was changed.'
        : 'This is queued already. Nothing was changed.',
      { fields: { channel: `is ${delivery.state}` } },
    );
  });
}
