import { analyticsProcedures } from './analytics.ts';
import { billingProcedures } from './billing.ts';
import { catalogProcedures } from './catalog.ts';
import { customersProcedures } from './customers.ts';
import { ledgerProcedures } from './ledger.ts';
import { meteringProcedures } from './metering.ts';
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
  ...settingsProcedures,
};

export type Contract = typeof contract;
export type ProcedureName = keyof Contract;
