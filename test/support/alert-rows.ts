import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';

export type AlertData = HandlerOutput<Contract['alerts.list']>['rows'][number];
export type NotificationData = HandlerOutput<Contract['alerts.notifications']>['rows'][number];
export type DeliveryData = NotificationData['deliveries'][number];
export type CustomerAlertsData = HandlerOutput<Contract['alerts.customer']>;
export type NotificationAnswerData = HandlerOutput<Contract['notifications.settings']>;

/** What main would answer about alerts and notifications, for tests of screens; each test changes what it is about. */

export function aDelivery(changes: Partial<DeliveryData> = {}): DeliveryData {
  return {
    channel: 'email',
    state: 'sent',
    recipient: 'ada@example.com',
    attempts: 1,
    nextAttemptAt: null,
    reason: null,
    sentAt: '2026-11-22T08:01:00.000Z',
    ...changes,
  };
}

export function aNotification(changes: Partial<NotificationData> = {}): NotificationData {
  return {
    id: '1',
    customerId: 'user_1',
    customerName: 'Ada Lovelace',
    kind: 'low',
    balance: 7,
    threshold: 10,
    transactionId: '101',
    occurredAt: '2026-11-22T08:00:00.000Z',
    deliveries: [aDelivery()],
    ...changes,
  };
}

export function anAlert(changes: Partial<AlertData> = {}): AlertData {
  return {
    customerId: 'user_1',
    customerName: 'Ada Lovelace',
    customerEmail: 'ada@example.com',
    plan: 'pro',
    level: 'low',
    balance: 7,
    held: 0,
    threshold: 10,
    thresholdFrom: 'workspace',
    lastActivityAt: '2026-11-22T08:00:00.000Z',
    emailsSuppressed: false,
    lastNotification: aNotification(),
    ...changes,
  };
}

export function someCustomerAlerts(changes: Partial<CustomerAlertsData> = {}): CustomerAlertsData {
  return {
    level: null,
    threshold: 10,
    thresholdFrom: 'workspace',
    emailSuppression: null,
    notifications: [],
    ...changes,
  };
}

/** A workspace whose e-mail is set up and on, and whose webhook is not. `settings` are changes of the settings. */
export function aNotificationAnswer({
  settings,
  ...changes
}: Partial<Omit<NotificationAnswerData, 'settings'>> & {
  settings?: Partial<NotificationAnswerData['settings']>;
} = {}): NotificationAnswerData {
  return {
    settings: {
      lowBalanceThreshold: 10,
      purchaseUrl: 'https://acme.example/credits?customer={customer_id}',
      companyName: 'Acme',
      desktopEnabled: true,
      emailEnabled: true,
      emailFrom: 'Acme <credits@acme.example>',
      emailReplyTo: null,
      smtpHost: 'smtp.acme.example',
      smtpPort: 587,
      smtpSecurity: 'starttls',
      smtpUser: 'acme',
      hoursBetweenEmails: 24,
      webhookEnabled: false,
      webhookUrl: null,
      ...settings,
    },
    templates: [
      {
        kind: 'low',
        subject: '{{balance}} credits left',
        body: 'Dear {{customer}}',
        isDefault: true,
      },
      { kind: 'empty', subject: 'No credits left', body: 'Sorry, {{customer}}', isDefault: false },
    ],
    smtpPassword: 'key_store',
    webhookSecret: 'missing',
    changedAt: '2026-11-20T08:00:00.000Z',
    changedBy: 'ada',
    ...changes,
  };
}
