import { sql } from 'kysely';
import type { QueryTarget, RunQuery } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { NotificationSettings } from '#shared/ipc/notifications.ts';
import { parseMailbox } from '../email/mailbox.ts';
import { readSettings } from './read-settings.ts';

type Changes = {
  readonly [Name in keyof NotificationSettings]?: NotificationSettings[Name] | undefined;
};

/**
 * Saves the settings that are named; what others saved of the rest stays, and what is saved as it stands changes nothing.
 * Passwords are not among them, and may be where only a service knows them, so a channel without its secret is saved.
 * Errors: invalid_argument (a channel that is on lacks what it needs).
 */
export async function saveSettings(
  target: QueryTarget,
  actor: string,
  changes: Changes,
): Promise<void> {
  await post(target, { actor }, async ({ run }) => {
    // Who saves at the same moment waits, and is judged by what stands then.
    await run(sql`SELECT FROM credits_billing.notification_settings FOR UPDATE`);
    const { settings } = await readSettings(run);
    await writeSettings(run, actor, withChanges(settings, changes));
  });
}

function withChanges(settings: NotificationSettings, changes: Changes): NotificationSettings {
  const named = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...settings, ...Object.fromEntries(named) };
}

async function writeSettings(
  run: RunQuery,
  actor: string,
  settings: NotificationSettings,
): Promise<void> {
  refuseIncomplete(settings);
  const s = settings;
  const columns = sql`(low_balance_threshold, purchase_url, company_name, desktop_enabled, email_enabled, email_from,
    email_reply_to, smtp_host, smtp_port, smtp_security, smtp_user, hours_between_emails, webhook_enabled, webhook_url)`;
  const values = sql`(${s.lowBalanceThreshold}::bigint, ${s.purchaseUrl}::text, ${s.companyName}::text,
    ${s.desktopEnabled}::boolean, ${s.emailEnabled}::boolean, ${s.emailFrom}::text, ${s.emailReplyTo}::text,
    ${s.smtpHost}::text, ${s.smtpPort}::integer, ${s.smtpSecurity}::text, ${s.smtpUser}::text,
    ${s.hoursBetweenEmails}::integer, ${s.webhookEnabled}::boolean, ${s.webhookUrl}::text)`;
  await run(sql`UPDATE credits_billing.notification_settings
    SET ${columns} = ${values}, changed_at = clock_timestamp(), changed_by = ${actor} WHERE ${columns} IS DISTINCT FROM ${values}`);
}

function refuseIncomplete(settings: NotificationSettings): void {
  const fields: Record<string, string> = {};
  const refuse = (field: keyof NotificationSettings, why: string) => {
    fields[`settings.${field}`] = why;
  };
  for (const field of ['emailFrom', 'emailReplyTo'] as const) {
    const mailbox = settings[field];
    if (mailbox !== null && parseMailbox(mailbox) === undefined) {
      refuse(field, 'must be one e-mail address, such as Ann <ann@company.example>');
    }
  }
  if (settings.emailEnabled) {
    if (settings.smtpHost === null) refuse('smtpHost', 'is required to send e-mails');
    if (settings.emailFrom === null) refuse('emailFrom', 'is required to send e-mails');
  }
  if (settings.webhookEnabled && settings.webhookUrl === null) {
    refuse('webhookUrl', 'is required to send webhooks');
  }
  if (Object.keys(fields).length === 0) return;
  throw new AppError(
    'invalid_argument',
    'The settings are incomplete. Nothing was changed. Fill in what is missing, or switch the channel off.',
    { fields },
  );
}
