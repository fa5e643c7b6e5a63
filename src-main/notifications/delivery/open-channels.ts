import { readSnapshot } from '#main/database/run-query.ts';
import type { NotificationChannel } from '#shared/ipc/alerts.ts';
import type { NotificationSettings } from '#shared/ipc/notifications.ts';
import { mailServerOf } from '../email/send-mail.ts';
import type { NotificationTarget } from '../notification-target.ts';
import { readSettings } from '../settings/read-settings.ts';
import { readTemplates } from '../settings/read-templates.ts';
import { webhookKeyOf } from '../webhook/sign-webhook.ts';
import type { Channel } from './channel.ts';
import { mailNotice } from './email-channel.ts';
import { postNotice } from './webhook-channel.ts';

/** The pools of which it was said already that this process cannot deliver over a channel. */
const told: Record<NotificationChannel, WeakSet<object>> = {
  email: new WeakSet(),
  webhook: new WeakSet(),
};

/**
 * The way to deliver over a channel, with the settings of now. Undefined where this process lacks what it takes, such as the
 * password: its deliveries are left to others, which the log says once. A mail that has not left when the signal aborts does not.
 */
export async function openChannel(
  target: NotificationTarget,
  channel: NotificationChannel,
  signal: AbortSignal,
): Promise<Channel | undefined> {
  const { settings, templates } = await readSnapshot(target.database, undefined, async (run) => ({
    settings: (await readSettings(run)).settings,
    templates: channel === 'email' ? await readTemplates(run) : [],
  }));
  if (channel === 'email') {
    if (!settings.emailEnabled) return switchedOff('E-mails are switched off in the settings.');
    const server = mailServerOf(settings, await target.secrets.smtpPassword());
    if (server === undefined) return missing(target, channel, whatMailLacks(settings));
    told.email.delete(target.database.pool);
    return (delivery) =>
      mailNotice(target.database, { server, settings, templates, signal }, delivery);
  }
  const { webhookUrl: url } = settings;
  if (!settings.webhookEnabled) return switchedOff('The webhook is switched off in the settings.');
  const key = webhookKeyOf((await target.secrets.webhookSecret()) ?? '');
  if (url === null || key === undefined) {
    return missing(target, channel, url === null ? 'its address' : 'the secret to sign it with');
  }
  told.webhook.delete(target.database.pool);
  return (delivery) => postNotice({ url, key, now: target.now }, settings, delivery);
}

function switchedOff(reason: string): Channel {
  return async () => ({ kind: 'suppressed', recipient: null, reason });
}

function whatMailLacks({ smtpHost, emailFrom }: NotificationSettings): string {
  if (smtpHost === null) return 'the mail server’s name';
  return emailFrom === null ? 'the sender’s address' : 'the mail server’s password';
}

function missing(
  target: NotificationTarget,
  channel: NotificationChannel,
  what: string,
): undefined {
  const { pool } = target.database;
  if (told[channel].has(pool)) return undefined;
  told[channel].add(pool);
  const name = channel === 'email' ? 'E-mails' : 'Webhooks';
  target.log.warn(
    `${name} cannot be delivered from here: ${what} is missing. Nothing is lost: they wait for a console or service that has it.`,
  );
  return undefined;
}
