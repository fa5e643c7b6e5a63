import type { DatabaseStatus } from './settings.ts';

/** What main tells the window unasked: one channel, one union. */
export type ConsoleEvent =
  /** Something was posted, or a customer changed: of this customer or (null) of some. */
  | { type: 'ledger.changed'; customerId: string | null }
  | { type: 'database.changed'; database: DatabaseStatus }
  | { type: 'session.changed' }
  /** Connection, inbox, polling or receiver changed: ask stripe.status again. */
  | { type: 'stripe.changed' }
  /** Checkouts, refunds or disputes changed, of this customer or (null) of some. */
  | { type: 'billing.changed'; customerId: string | null }
  /** Meter events or subscriptions changed, of this customer or (null) of some. */
  | { type: 'metering.changed'; customerId: string | null }
  /** Notifications were raised or delivered, or a threshold changed, of this customer or (null) of some. */
  | { type: 'alerts.changed'; customerId: string | null }
  /** A feature's price changed. */
  | { type: 'features.changed' }
  /** A key of the service was made, changed or revoked. */
  | { type: 'api_keys.changed' }
  /** A job of this console ran. */
  | { type: 'jobs.changed' }
  | { type: 'reconciliation.changed'; runId: string }
  | { type: 'export.progress'; exportId: string; rows: number }
  /** A command of the application menu or a deep link: navigation only, never an act. */
  | { type: 'navigate'; to: string }
  | { type: 'menu'; item: 'search' | 'shortcuts' | 'about' | 'reload_data' };
