import type { Contract } from '#shared/ipc/contract.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { Console } from '../console.ts';
import { alertsHandlers } from './alerts-handlers.ts';
import { analyticsHandlers } from './analytics-handlers.ts';
import { apiKeysHandlers } from './api-keys-handlers.ts';
import { billingHandlers } from './billing-handlers.ts';
import { catalogHandlers } from './catalog-handlers.ts';
import { customersHandlers } from './customers-handlers.ts';
import { featuresHandlers } from './features-handlers.ts';
import { jobsHandlers } from './jobs-handlers.ts';
import { ledgerHandlers } from './ledger-handlers.ts';
import { meteringCatalogHandlers } from './metering-catalog-handlers.ts';
import { meteringCustomerHandlers } from './metering-customer-handlers.ts';
import { meteringOutboxHandlers } from './metering-outbox-handlers.ts';
import { notificationsHandlers } from './notifications-handlers.ts';
import { reconciliationHandlers } from './reconciliation-handlers.ts';
import { settingsHandlers } from './settings-handlers.ts';
import { stripeEventsHandlers } from './stripe-events-handlers.ts';
import { stripeHandlers } from './stripe-handlers.ts';
import { transactionsHandlers } from './transactions-handlers.ts';

/** Every procedure's handler: one that is missing or of another shape does not compile. */
export function createHandlers(console: Console): Handlers<Contract> {
  return {
    ...customersHandlers(console),
    ...transactionsHandlers(console),
    ...analyticsHandlers(console),
    ...ledgerHandlers(console),
    ...billingHandlers(console),
    ...catalogHandlers(console),
    ...meteringCatalogHandlers(console),
    ...meteringCustomerHandlers(console),
    ...meteringOutboxHandlers(console),
    ...reconciliationHandlers(console),
    ...featuresHandlers(console),
    ...alertsHandlers(console),
    ...notificationsHandlers(console),
    ...apiKeysHandlers(console),
    ...jobsHandlers(console),
    ...stripeHandlers(console),
    ...stripeEventsHandlers(console),
    ...settingsHandlers(console),
  };
}
