import { z } from 'zod';
import { requiredText } from '../text.ts';
import { instantSchema } from '../time.ts';
import { ALERT_KINDS, NOTIFICATION_CHANNELS, thresholdSchema } from './alerts.ts';
import { command, query } from './procedure.ts';
import { confirmedProductionField } from './vocabulary.ts';

/** starttls is demanded, not tried; none is for a server on this computer or a trusted network. */
export const SMTP_SECURITIES = ['starttls', 'tls', 'none'] as const;
/** Where a secret is: nowhere, in the operating system's key store, or only in memory until the console closes. */
const SECRET_PLACES = ['missing', 'key_store', 'memory'] as const;
export const NOTIFICATION_SECRETS = ['smtp', 'webhook'] as const;

/** Placeholders that a template may hold, as {{name}}. */
export const TEMPLATE_PLACEHOLDERS = [
  'customer',
  'balance',
  'threshold',
  'company',
  'purchase_url',
] as const;

const text = (max: number) => requiredText(max).nullable();

const WEBHOOK_ADDRESS = 'must be an https address, or http on this computer';

/** An address a mail can be from or go to, with or without a name before it: `Ann <ann@company.example>`. */
const mailboxSchema = z
  .string()
  .max(320)
  .regex(/^(?:[^<>\r\n"]{1,200} )?<?[^\s<>@"]{1,64}@[^\s<>@"]{1,255}>?$/, {
    error: 'must be an e-mail address',
  });

/** Whether a text is an address as every process reads it; nothing is put in its host's or port's place. */
const isAddress = (text: string) =>
  URL.parse(text.replaceAll('{customer_id}', 'customer')) !== null;

/** Whether a webhook address is https, or http to this computer. */
function isHttpsOrLocal(text: string): boolean {
  const url = URL.parse(text);
  if (url === null) return false;
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLocal);
}

/** Whether an address holds no login: it would stand in the settings, which everybody reads, and no request takes it. */
function holdsNoLogin(text: string): boolean {
  const url = URL.parse(text);
  return url === null || (url.username === '' && url.password === '');
}

export const notificationSettingsSchema = z.strictObject({
  /** Credits; customers and plans may have their own. */
  lowBalanceThreshold: thresholdSchema,
  /** Where customers buy more credits; {customer_id} stands for the customer. */
  purchaseUrl: z
    .string()
    .max(1000)
    .regex(/^https?:\/\/[^\s"<>]+$/, { error: 'must be an http or https address' })
    .refine(isAddress, { error: 'must be an http or https address' })
    .nullable(),
  companyName: text(100),
  desktopEnabled: z.boolean(),
  emailEnabled: z.boolean(),
  emailFrom: mailboxSchema.nullable(),
  emailReplyTo: mailboxSchema.nullable(),
  smtpHost: z
    .string()
    .max(255)
    .regex(/^[A-Za-z0-9.:_-]+$/, { error: 'must be the name or address of a server' })
    .nullable(),
  smtpPort: z.number().int().min(1).max(65_535).nullable(),
  smtpSecurity: z.enum(SMTP_SECURITIES),
  smtpUser: text(320),
  hoursBetweenEmails: z.number().int().min(0).max(8760),
  webhookEnabled: z.boolean(),
  /** https, or http to this computer. */
  webhookUrl: z
    .string()
    .max(1000)
    .regex(/^https?:\/\/[^\s"<>]+$/, { error: WEBHOOK_ADDRESS })
    .refine(isHttpsOrLocal, { error: WEBHOOK_ADDRESS })
    .refine(holdsNoLogin, { error: 'must not hold a user or password' })
    .nullable(),
});
export type NotificationSettings = z.output<typeof notificationSettingsSchema>;

const templateSchema = z.strictObject({
  kind: z.enum(ALERT_KINDS),
  subject: z.string(),
  body: z.string(),
  /** True: the console's own words. */
  isDefault: z.boolean(),
});
export type NotificationTemplate = z.output<typeof templateSchema>;

const settingsAnswer = z.strictObject({
  settings: notificationSettingsSchema,
  templates: z.array(templateSchema),
  /** Of this computer; a service reads its own from its environment. */
  smtpPassword: z.enum(SECRET_PLACES),
  webhookSecret: z.enum(SECRET_PLACES),
  changedAt: instantSchema,
  changedBy: z.string(),
});

const words = {
  subject: requiredText(200).refine((subject) => !/[\r\n]/.test(subject), {
    error: 'must be one line',
  }),
  body: requiredText(5000),
};

export const notificationsProcedures = {
  'notifications.settings': query({ input: z.strictObject({}), output: settingsAnswer }),
  /** Saves those that are named; the others stay as they are. Errors: invalid_argument (a channel that is on lacks what it needs). */
  'notifications.saveSettings': command({
    input: z.strictObject({
      settings: notificationSettingsSchema.partial(),
      ...confirmedProductionField,
    }),
    output: settingsAnswer,
  }),
  /** Keeps a secret on this computer, or (null) forgets it. It cannot be read again. */
  'notifications.setSecret': command({
    input: z.strictObject({
      which: z.enum(NOTIFICATION_SECRETS),
      secret: z.string().min(1).max(500).nullable(),
    }),
    output: settingsAnswer,
  }),
  /** Makes a new secret to sign webhooks with, keeps it, and shows it this once, as whsec_… */
  'notifications.makeWebhookSecret': command({
    input: z.strictObject({}),
    output: z.strictObject({ secret: z.string() }),
  }),
  /** Saves the words of one kind, or (null) goes back to the console's own. Errors: invalid_argument (unknown placeholder). */
  'notifications.saveTemplate': command({
    input: z.strictObject({
      kind: z.enum(ALERT_KINDS),
      words: z.strictObject(words).nullable(),
      ...confirmedProductionField,
    }),
    output: settingsAnswer,
  }),
  /** The mail as a made-up customer would get it, as text and as HTML. Errors: invalid_argument (unknown placeholder). */
  'notifications.preview': query({
    input: z.strictObject({ kind: z.enum(ALERT_KINDS), ...words }),
    output: z.strictObject({ subject: z.string(), text: z.string(), html: z.string() }),
  }),
  /**
   * Sends one test over a channel as it is saved and says what the other side answered. `to`: of an e-mail. Errors:
   * delivery_failed (with what the server said), invalid_argument (the channel is not set up).
   */
  'notifications.sendTest': command({
    input: z.strictObject({
      channel: z.enum(NOTIFICATION_CHANNELS),
      kind: z.enum(ALERT_KINDS),
      to: z
        .string()
        .max(320)
        .regex(/^[^\s<>@"]{1,64}@[^\s<>@"]{1,255}$/, { error: 'must be an e-mail address' })
        .nullable(),
    }),
    output: z.strictObject({ answer: z.string() }),
  }),
};
