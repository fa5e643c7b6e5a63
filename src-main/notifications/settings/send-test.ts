import { randomUUID } from 'node:crypto';
import { readSnapshot } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { AlertKind, NotificationChannel } from '#shared/ipc/alerts.ts';
import type { NotificationSettings, NotificationTemplate } from '#shared/ipc/notifications.ts';
import type { DeliveryOutcome } from '../delivery/outcome.ts';
import { isAddress } from '../email/mailbox.ts';
import { mailServerOf, sendMail } from '../email/send-mail.ts';
import type { NotificationTarget } from '../notification-target.ts';
import { postWebhook } from '../webhook/post-webhook.ts';
import { webhookKeyOf } from '../webhook/sign-webhook.ts';
import { readSettings } from './read-settings.ts';
import { readTemplates } from './read-templates.ts';
import { SAMPLE_CUSTOMER, sampleBalance, sampleMessage } from './sample-message.ts';

type Test = { channel: NotificationChannel; kind: AlertKind; to: string | null };

/**
 * Sends one test as it is saved, the way real ones go, also while the channel is off; answers with what the other side said.
 * Errors: delivery_failed, invalid_argument (the channel is not set up).
 */
export async function sendTest(target: NotificationTarget, test: Test): Promise<string> {
  const { settings, templates } = await readSnapshot(target.database, undefined, async (run) => ({
    settings: (await readSettings(run)).settings,
    templates: await readTemplates(run),
  }));
  const outcome =
    test.channel === 'email'
      ? await mailTest(target, test, settings, templates)
      : await postTest(target, test, settings);
  if (outcome.kind === 'sent') return outcome.answer;
  throw new AppError(
    'delivery_failed',
    `${asSentence(outcome.reason)} Nothing was changed here. Check the settings, then test again.`,
  );
}

/** What a server said ends as it likes. */
function asSentence(reason: string): string {
  return /[.!?]$/.test(reason.trimEnd()) ? reason.trimEnd() : `${reason.trimEnd()}.`;
}

async function mailTest(
  { secrets }: NotificationTarget,
  { kind, to }: Test,
  settings: NotificationSettings,
  templates: readonly NotificationTemplate[],
): Promise<DeliveryOutcome> {
  if (to === null || !isAddress(to)) throw notSetUp('to', 'must be an e-mail address');
  if (settings.smtpHost === null) throw notSetUp('smtpHost', 'is required to send e-mails');
  if (settings.emailFrom === null) throw notSetUp('emailFrom', 'is required to send e-mails');
  const server = mailServerOf(settings, await secrets.smtpPassword());
  if (server === undefined) {
    throw notSetUp('smtpPassword', `is missing on this computer for the user ${settings.smtpUser}`);
  }
  const words = templates.find((template) => template.kind === kind);
  if (words === undefined) throw new Error(`there are no words for ${kind}`);
  return sendMail(server, {
    to,
    key: `test_${randomUUID()}`,
    message: sampleMessage(kind, words, settings),
  });
}

async function postTest(
  { secrets, now }: NotificationTarget,
  { kind }: Test,
  settings: NotificationSettings,
): Promise<DeliveryOutcome> {
  if (settings.webhookUrl === null) throw notSetUp('webhookUrl', 'is required to send webhooks');
  const key = webhookKeyOf((await secrets.webhookSecret()) ?? '');
  if (key === undefined) throw notSetUp('webhookSecret', 'is missing on this computer');
  return postWebhook(
    { url: settings.webhookUrl, key, now },
    {
      id: `test_${randomUUID()}`,
      kind,
      occurredAt: now(),
      customerId: SAMPLE_CUSTOMER.id,
      balance: sampleBalance(kind, settings),
      threshold: settings.lowBalanceThreshold,
      transactionId: '0',
      purchaseUrl: null,
      isTest: true,
    },
  );
}

function notSetUp(field: string, why: string): AppError {
  return new AppError(
    'invalid_argument',
    `The test was not sent: ${NAMES[field] ?? field} ${why}. Save the settings first, then test again.`,
    { fields: { [field]: why } },
  );
}

const NAMES: Readonly<Record<string, string>> = {
  to: 'the recipient',
  smtpHost: 'the mail server',
  emailFrom: 'the sender’s address',
  smtpPassword: 'the mail server’s password',
  webhookUrl: 'the webhook’s address',
  webhookSecret: 'the secret to sign webhooks with',
};
