import { z } from 'zod';
import { creditsSchema } from '../credits.ts';
import { customerIdSchema, transactionIdSchema } from '../ids.ts';
import { requiredText } from '../text.ts';
import { instantSchema } from '../time.ts';
import { command, query } from './procedure.ts';
import { confirmedProductionField, countSchema, cursorSchema } from './vocabulary.ts';

/** low: below the threshold; empty: nothing left, or less. */
export const ALERT_KINDS = ['low', 'empty'] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];
/** Whose threshold it is that holds for a customer: the first of these that has one. */
const THRESHOLD_SOURCES = ['customer', 'plan', 'workspace'] as const;
export const NOTIFICATION_CHANNELS = ['email', 'webhook'] as const;
export type NotificationChannel = (typeof NOTIFICATION_CHANNELS)[number];
export const DELIVERY_STATES = ['queued', 'sent', 'suppressed', 'failed'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** A customer's own threshold: 0 means only once nothing is left. */
export const thresholdSchema = creditsSchema.refine((value) => value >= 0, {
  error: 'must be zero or more',
});

export const deliverySchema = z.strictObject({
  channel: z.enum(NOTIFICATION_CHANNELS),
  /** suppressed: not to be sent; failed: refused for good, or tried for a day. `reason` says why. */
  state: z.enum(DELIVERY_STATES),
  /** The e-mail address or the host; null before the first attempt. */
  recipient: z.string().nullable(),
  attempts: z.number().int(),
  /** Of a queued one. */
  nextAttemptAt: instantSchema.nullable(),
  reason: z.string().nullable(),
  sentAt: instantSchema.nullable(),
});
export type Delivery = z.output<typeof deliverySchema>;

export const notificationSchema = z.strictObject({
  id: z.string(),
  customerId: customerIdSchema,
  customerName: z.string().nullable(),
  kind: z.enum(ALERT_KINDS),
  /** The balance that the debit left, and the threshold of then. */
  balance: creditsSchema,
  threshold: creditsSchema,
  transactionId: transactionIdSchema,
  occurredAt: instantSchema,
  /** One for each channel that was on. */
  deliveries: z.array(deliverySchema),
});
export type Notification = z.output<typeof notificationSchema>;

const emailSuppressionSchema = z.strictObject({
  reason: z.string(),
  /** True where the customer's mail server refused the address for good. */
  byMailServer: z.boolean(),
  createdAt: instantSchema,
  createdBy: z.string(),
});

export const alertSchema = z.strictObject({
  customerId: customerIdSchema,
  customerName: z.string().nullable(),
  customerEmail: z.string().nullable(),
  plan: z.string().nullable(),
  level: z.enum(ALERT_KINDS),
  balance: creditsSchema,
  held: creditsSchema,
  threshold: creditsSchema,
  thresholdFrom: z.enum(THRESHOLD_SOURCES),
  lastActivityAt: instantSchema,
  /** Whether e-mails to this customer are suppressed. */
  emailsSuppressed: z.boolean(),
  lastNotification: notificationSchema.nullable(),
});
export type Alert = z.output<typeof alertSchema>;

export const customerAlertsSchema = z.strictObject({
  level: z.enum(ALERT_KINDS).nullable(),
  /** The one that holds, and where it comes from. */
  threshold: creditsSchema,
  thresholdFrom: z.enum(THRESHOLD_SOURCES),
  emailSuppression: emailSuppressionSchema.nullable(),
  /** Newest first, at most 20. */
  notifications: z.array(notificationSchema),
});

export const alertsProcedures = {
  /** Customers who are low on credits or have none left, and were active once: the latest active first, keyset-paged. */
  'alerts.list': query({
    input: z.strictObject({
      level: z.enum(ALERT_KINDS).nullable(),
      cursor: cursorSchema,
      limit: z.number().int().min(1).max(200),
    }),
    output: z.strictObject({
      rows: z.array(alertSchema),
      nextCursor: cursorSchema,
      /** Only with the first page (cursor null). */
      totals: z.strictObject({ low: countSchema, empty: countSchema }).nullable(),
    }),
  }),
  /** The delivery log: notifications newest first, keyset-paged; `state` chooses those with such a delivery. */
  'alerts.notifications': query({
    input: z.strictObject({
      customerId: customerIdSchema.nullable(),
      state: z.enum(DELIVERY_STATES).nullable(),
      cursor: cursorSchema,
      limit: z.number().int().min(1).max(200),
    }),
    output: z.strictObject({ rows: z.array(notificationSchema), nextCursor: cursorSchema }),
  }),
  /** One customer's threshold, suppression and latest notifications. Errors: not_found. */
  'alerts.customer': query({
    input: z.strictObject({ customerId: customerIdSchema }),
    output: customerAlertsSchema,
  }),
  /** Sets a customer's own threshold; null: as the plan or the workspace says. Errors: not_found. */
  'alerts.setThreshold': command({
    input: z.strictObject({
      customerId: customerIdSchema,
      threshold: thresholdSchema.nullable(),
      ...confirmedProductionField,
    }),
    output: customerAlertsSchema,
  }),
  /** Suppresses e-mails to a customer, with a reason, or (null) allows them again. Errors: not_found. */
  'alerts.suppressEmails': command({
    input: z.strictObject({
      customerId: customerIdSchema,
      reason: requiredText(1000).nullable(),
      ...confirmedProductionField,
    }),
    output: customerAlertsSchema,
  }),
  /** Queues a delivery that failed or was suppressed once more. Errors: not_found, invalid_argument (it is queued or sent). */
  'alerts.sendAgain': command({
    input: z.strictObject({
      notificationId: z.string().regex(/^[1-9][0-9]{0,18}$/),
      channel: z.enum(NOTIFICATION_CHANNELS),
      ...confirmedProductionField,
    }),
    output: notificationSchema,
  }),
};
