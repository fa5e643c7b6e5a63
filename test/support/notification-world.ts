import type { QueryTarget } from '#main/database/run-query.ts';
import { createLog } from '#main/logging/log.ts';
import { deliverNotifications } from '#main/notifications/deliver-notifications.ts';
import type { AlertKind, NotificationChannel } from '#shared/ipc/alerts.ts';
import { queryTargetOn } from './query-target.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

export type DeliveryRow = {
  notification_id: string;
  channel: NotificationChannel;
  state: string;
  recipient: string | null;
  attempts: number;
  reason: string | null;
  sent_at: Date | null;
  first_attempt_at: Date | null;
  /** Minutes from the last change to the next attempt. */
  waits: number;
  claimed_by: string | null;
};

export type NotificationWorld = {
  database: TestDatabase;
  /** As a member of credits_admin. */
  target: QueryTarget;
  secrets: { smtp: string | undefined; webhook: string | undefined };
  logLines: string[];
  configure: (columns: Record<string, unknown>) => Promise<void>;
  customer: (
    id: string,
    options?: { email?: string | null; name?: string; balance?: number; threshold?: number },
  ) => Promise<string>;
  /** A notification with a queued delivery of each channel, as the watch raises it; returns its id. */
  notice: (
    customerId: string,
    options?: { kind?: AlertKind; balance?: number; channels?: readonly NotificationChannel[] },
  ) => Promise<string>;
  deliveries: (notificationId?: string) => Promise<DeliveryRow[]>;
  delivery: (notificationId: string) => Promise<DeliveryRow>;
  /** Makes everything that waits due. */
  makeDue: () => Promise<void>;
  /** One round of a process of this name. */
  round: (worker?: string, signal?: AbortSignal) => ReturnType<typeof deliverNotifications>;
  /** Begins the next test without anything of the one before. */
  clear: () => Promise<void>;
  close: () => Promise<void>;
};

/** A ledger whose notifications this process delivers as if it were several. */
export async function createNotificationWorld(): Promise<NotificationWorld> {
  const database = await createTestDatabase();
  const target = queryTargetOn(database.urlFor('test_admin'));
  const { pool } = database;
  const secrets: NotificationWorld['secrets'] = { smtp: undefined, webhook: undefined };
  const logLines: string[] = [];
  const log = createLog((line) => logLines.push(line));
  const world: NotificationWorld = {
    database,
    target,
    secrets,
    logLines,
    async configure(columns) {
      const set = Object.keys(columns).map((column, index) => `${column} = $${index + 1}`);
      await pool.query(
        `UPDATE credits_billing.notification_settings SET ${set.join(', ')}`,
        Object.values(columns),
      );
    },
    async customer(id, { email = `${id}@example.com`, name, balance = 5, threshold } = {}) {
      await pool.query('SELECT credits.ensure_customer($1, email => $2, name => $3)', [
        id,
        email,
        name ?? null,
      ]);
      if (balance > 0)
        await pool.query('SELECT credits.adjust_credits($1, $2, $3)', [
          id,
          balance,
          'for the test',
        ]);
      if (threshold !== undefined) {
        await pool.query('SELECT credits.set_low_balance_threshold($1, $2)', [id, threshold]);
      }
      return id;
    },
    async notice(customerId, { kind = 'low', balance = 5, channels = ['email'] } = {}) {
      const { rows } = await pool.query<{ id: string }>(
        `WITH n AS (
           INSERT INTO credits_billing.notifications (customer_id, kind, balance, threshold, transaction_id, occurred_at)
           VALUES ($1, $2, $3, 10, (SELECT coalesce(max(transaction_id), 0) + 1 FROM credits_billing.notifications), clock_timestamp())
           RETURNING id
         ), d AS (
           INSERT INTO credits_billing.notification_deliveries (notification_id, channel)
           SELECT n.id, channel FROM n CROSS JOIN unnest($4::text[]) AS channel
         )
         SELECT id::text FROM n`,
        [customerId, kind, balance, channels],
      );
      return rows[0]?.id ?? '';
    },
    async deliveries(notificationId) {
      const { rows } = await pool.query<DeliveryRow>(
        `SELECT notification_id::text, channel, state, recipient, attempts, reason, sent_at, first_attempt_at, claimed_by,
           round(extract(epoch FROM next_attempt_at - changed_at) / 60)::integer AS waits
         FROM credits_billing.notification_deliveries WHERE $1::bigint IS NULL OR notification_id = $1
         ORDER BY notification_id, channel`,
        [notificationId ?? null],
      );
      return rows;
    },
    async delivery(notificationId) {
      const [row] = await world.deliveries(notificationId);
      if (row === undefined) throw new Error(`there is no delivery of ${notificationId}`);
      return row;
    },
    async makeDue() {
      await pool.query(
        `UPDATE credits_billing.notification_deliveries SET next_attempt_at = clock_timestamp() WHERE state = 'queued'`,
      );
    },
    round: (worker = 'worker', signal = new AbortController().signal) =>
      deliverNotifications(
        {
          database: target,
          log,
          now: () => new Date(),
          secrets: {
            smtpPassword: async () => secrets.smtp,
            webhookSecret: async () => secrets.webhook,
          },
        },
        worker,
        signal,
      ),
    async clear() {
      secrets.smtp = undefined;
      secrets.webhook = undefined;
      logLines.splice(0);
      // Of so few rows faster than TRUNCATE.
      await pool.query(`DELETE FROM credits_billing.notification_deliveries; DELETE FROM credits_billing.notifications;
        DELETE FROM credits_billing.email_suppressions; DELETE FROM credits_billing.notification_templates;
        DELETE FROM credits_billing.notification_settings; INSERT INTO credits_billing.notification_settings DEFAULT VALUES`);
    },
    async close() {
      await target.pool.end();
      await database.drop();
    },
  };
  return world;
}
