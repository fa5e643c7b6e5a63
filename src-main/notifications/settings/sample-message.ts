import type { AlertKind } from '#shared/ipc/alerts.ts';
import type { NotificationSettings } from '#shared/ipc/notifications.ts';
import { purchaseUrlFor } from '../words/purchase-url.ts';
import { type Message, renderMessage } from '../words/render-message.ts';
import type { Words } from '../words/words.ts';

/** Whom previews and tests are about: nobody. */
export const SAMPLE_CUSTOMER = { id: 'example_customer', name: 'Ann Example' } as const;

/** What the made-up customer has left: less than the threshold, in credits. */
export function sampleBalance(
  kind: AlertKind,
  { lowBalanceThreshold }: NotificationSettings,
): number {
  return kind === 'empty' ? 0 : Math.max(1, Math.floor(lowBalanceThreshold / 2));
}

/** The mail as the made-up customer would get it. */
export function sampleMessage(
  kind: AlertKind,
  words: Words,
  settings: NotificationSettings,
): Message {
  return renderMessage(words, {
    customer: SAMPLE_CUSTOMER.name,
    balance: sampleBalance(kind, settings),
    threshold: settings.lowBalanceThreshold,
    company: settings.companyName,
    purchaseUrl: purchaseUrlFor(settings.purchaseUrl, SAMPLE_CUSTOMER.id),
  });
}
