import { alertsProcedures } from './alerts.ts';
import { analyticsProcedures } from './analytics.ts';
import { apiKeysProcedures } from './api-keys.ts';
import { billingProcedures } from './billing.ts';
import { catalogProcedures } from './catalog.ts';
import { customersProcedures } from './customers.ts';
import { featuresProcedures } from './features.ts';
import { jobsProcedures } from './jobs.ts';
import { ledgerProcedures } from './ledger.ts';
import { meteringProcedures } from './metering.ts';
import { notificationsProcedures } from './notifications.ts';
import { reconciliationProcedures } from './reconciliation.ts';
import { settingsProcedures } from './settings.ts';
import { stripeProcedures } from './stripe.ts';
import { transactionsProcedures } from './transactions.ts';

/** Every procedure that the window can call, keyed `area.verb`. */
export const contract = {
  ...customersProcedures,
  ...transactionsProcedures,
  ...analyticsProcedures,
  ...ledgerProcedures,
  ...catalogProcedures,
  ...billingProcedures,
  ...meteringProcedures,
  ...stripeProcedures,
  ...reconciliationProcedures,
  ...featuresProcedures,
  ...alertsProcedures,
  ...notificationsProcedures,
  ...apiKeysProcedures,
  ...jobsProcedures,
  ...settingsProcedures,
};

export type Contract = typeof contract;
export type ProcedureName = keyof Contract;
