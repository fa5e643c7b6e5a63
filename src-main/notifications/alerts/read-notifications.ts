import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import type { RunQuery } from '#main/database/run-query.ts';
import type { deliverySchema, notificationSchema } from '#shared/ipc/alerts.ts';

export type NotificationData = z.input<typeof notificationSchema>;
type DeliveryData = z.input<typeof deliverySchema>;

type NotificationRow = Omit<NotificationData, 'occurredAt' | 'deliveries'> & { occurredAt: Date };
type DeliveryRow = Omit<DeliveryData, 'nextAttemptAt' | 'sentAt'> & {
  notificationId: string;
  nextAttemptAt: Date | null;
  sentAt: Date | null;
};

/** Notifications `n` that fit, newest first, each with its deliveries. */
export async function readNotifications(
  run: RunQuery,
  where: RawBuilder<unknown>,
  limit: number,
): Promise<NotificationData[]> {
  const rows = await run(sql<NotificationRow>`
    SELECT n.id::text AS id, n.customer_id AS "customerId", c.name AS "customerName", n.kind, n.balance, n.threshold,
      n.transaction_id::text AS "transactionId", n.occurred_at AS "occurredAt"
    FROM credits_billing.notifications n LEFT JOIN credits.customers c ON c.id = n.customer_id
    WHERE ${where} ORDER BY n.id DESC LIMIT ${limit}`);
  const deliveries = await readDeliveries(
    run,
    rows.map(({ id }) => id),
  );
  return rows.map(({ occurredAt, ...row }) => ({
    ...row,
    occurredAt: occurredAt.toISOString(),
    deliveries: deliveries.get(row.id) ?? [],
  }));
}

async function readDeliveries(
  run: RunQuery,
  ids: readonly string[],
): Promise<Map<string, DeliveryData[]>> {
  const byNotification = new Map<string, DeliveryData[]>();
  if (ids.length === 0) return byNotification;
  const rows = await run(sql<DeliveryRow>`
    SELECT d.notification_id::text AS "notificationId", d.channel, d.state, d.recipient, d.attempts,
      CASE WHEN d.state = 'queued' THEN d.next_attempt_at END AS "nextAttemptAt", d.reason, d.sent_at AS "sentAt"
    FROM credits_billing.notification_deliveries d WHERE d.notification_id = ANY (${[...ids]}::bigint[])
    ORDER BY d.notification_id, d.channel`);
  for (const { notificationId, nextAttemptAt, sentAt, ...row } of rows) {
    const delivery = {
      ...row,
      nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
      sentAt: sentAt?.toISOString() ?? null,
    };
    byNotification.set(notificationId, [...(byNotification.get(notificationId) ?? []), delivery]);
  }
  return byNotification;
}
