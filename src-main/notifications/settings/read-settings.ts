import { sql } from 'kysely';
import type { RunQuery } from '#main/database/run-query.ts';
import type { NotificationSettings } from '#shared/ipc/notifications.ts';

export type SavedSettings = {
  settings: NotificationSettings;
  changedAt: Date;
  changedBy: string;
};

type Row = NotificationSettings & { changedAt: Date; changedBy: string };

/** What is told when credits run low, and how, as it is saved. */
export async function readSettings(run: RunQuery): Promise<SavedSettings> {
  const [row] = await run(sql<Row>`
    SELECT low_balance_threshold AS "lowBalanceThreshold", purchase_url AS "purchaseUrl", company_name AS "companyName",
      desktop_enabled AS "desktopEnabled", email_enabled AS "emailEnabled", email_from AS "emailFrom",
      email_reply_to AS "emailReplyTo", smtp_host AS "smtpHost", smtp_port AS "smtpPort", smtp_security AS "smtpSecurity",
      smtp_user AS "smtpUser", hours_between_emails AS "hoursBetweenEmails", webhook_enabled AS "webhookEnabled",
      webhook_url AS "webhookUrl", changed_at AS "changedAt", changed_by AS "changedBy"
    FROM credits_billing.notification_settings`);
  if (row === undefined) throw new Error('the row of notification settings is missing');
  const { changedAt, changedBy, ...settings } = row;
  return { settings, changedAt, changedBy };
}
