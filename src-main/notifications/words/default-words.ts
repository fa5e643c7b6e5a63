import type { AlertKind } from '#shared/ipc/alerts.ts';
import type { Words } from './words.ts';

/** The console's own words, until somebody saves others. */
export const DEFAULT_WORDS: Readonly<Record<AlertKind, Words>> = {
  low: {
    subject: 'Your credits are running low: {{balance}} left',
    body: `Hello {{customer}},

Credits left on your account: {{balance}}.
We write when there are fewer than {{threshold}}, so that you can get more before they run out.

Get more credits: {{purchase_url}}

{{company}}`,
  },
  empty: {
    subject: 'You have no credits left',
    body: `Hello {{customer}},

There are no credits left on your account (balance: {{balance}}).
Whatever uses credits works again as soon as there are some.

Get more credits: {{purchase_url}}

{{company}}`,
  },
};
