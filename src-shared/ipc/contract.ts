import { analyticsProcedures } from './analytics.ts';
import { customersProcedures } from './customers.ts';
import { ledgerProcedures } from './ledger.ts';
import { settingsProcedures } from './settings.ts';
import { transactionsProcedures } from './transactions.ts';

/** Every procedure that the window can call, keyed `area.verb`. */
export const contract = {
  ...customersProcedures,
  ...transactionsProcedures,
  ...analyticsProcedures,
  ...ledgerProcedures,
  ...settingsProcedures,
};

export type Contract = typeof contract;
export type ProcedureName = keyof Contract;
