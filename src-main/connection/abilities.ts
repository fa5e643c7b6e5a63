import type { ConnectionReport as DatabaseReport } from '#main/database/connection-checks.ts';
import type { Ability } from '#shared/ipc/settings.ts';

/** The SQL function that each ability stands or falls with. */
const FUNCTION_OF: Readonly<Record<Exclude<Ability, 'export'>, string>> = {
  grant: 'add_credits',
  adjust: 'adjust_credits',
  reverse: 'reverse_transaction',
  extendGrant: 'extend_grant',
  releaseHold: 'release_hold',
  ensureCustomer: 'ensure_customer',
  addNote: 'add_customer_note',
  sell: 'link_stripe_customer',
  refund: 'request_refund',
  // Catalog, events, reconciliation: whatever can end in a purchase being granted.
  manageStripe: 'provision_payment',
  // A customer's threshold, and whether they get e-mails.
  setAlerts: 'set_low_balance_threshold',
  // Prices of features, keys of the service, notification settings, jobs.
  administer: 'set_feature_cost',
};

/**
 * What a person may do with a role: decided by the functions the role may execute. On a read-only database nothing but
 * reading is left. The database refuses the rest whatever stands here.
 */
export function abilitiesOf(
  report: Pick<DatabaseReport, 'executableFunctions' | 'readOnly' | 'memberOf' | 'isSuperuser'>,
): Ability[] {
  const mayRead = report.memberOf.reader || report.isSuperuser;
  const acts = report.readOnly
    ? []
    : Object.entries(FUNCTION_OF)
        .filter(([, sqlFunction]) => report.executableFunctions.includes(sqlFunction))
        .map(([ability]) => ability as Ability);
  return mayRead ? [...acts, 'export'] : acts;
}
