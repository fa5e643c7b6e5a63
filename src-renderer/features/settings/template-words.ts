import type { AlertKind } from '#shared/ipc/alerts.ts';
import type { TEMPLATE_PLACEHOLDERS } from '#shared/ipc/notifications.ts';

/** What the mail of a kind is called. */
export const KIND_NAMES: Record<AlertKind, string> = {
  low: 'Low on credits',
  empty: 'Out of credits',
};

/** What stands in a placeholder's place once a mail is sent. */
export const PLACEHOLDER_MEANINGS: Record<(typeof TEMPLATE_PLACEHOLDERS)[number], string> = {
  customer: 'The customer’s name',
  balance: 'The credits that are left',
  threshold: 'The threshold that holds for the customer',
  company: 'The company',
  purchase_url: 'Where the customer buys more',
};
