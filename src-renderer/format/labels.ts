import type { Ability, Environment } from '#shared/ipc/settings.ts';
import type { ReasonCode, TransactionType } from '#shared/ipc/vocabulary.ts';

const TRANSACTION_TYPE_LABELS: Record<TransactionType, string> = {
  purchase: 'Purchase',
  subscription_allocation: 'Subscription',
  bonus: 'Bonus',
  refund: 'Refund',
  adjustment: 'Adjustment',
  usage: 'Usage',
  expire: 'Expired',
  clawback: 'Clawback',
  reversal: 'Reversal',
};

/** The word for a kind of transaction. */
export function transactionTypeLabel(type: TransactionType): string {
  return TRANSACTION_TYPE_LABELS[type];
}

const REASON_LABELS: Record<ReasonCode, string> = {
  goodwill: 'Goodwill',
  service_issue: 'Service issue',
  billing_error: 'Billing error',
  correction: 'Correction',
  promotion: 'Promotion',
  migration: 'Migration',
  abuse: 'Abuse',
  customer_request: 'Customer request',
  other: 'Other',
};

/** The words for a reason code; a code that this version does not know is shown as it is. */
export function reasonLabel(code: string): string {
  return Object.hasOwn(REASON_LABELS, code) ? REASON_LABELS[code as ReasonCode] : code;
}

const ENVIRONMENT_LABELS: Record<Environment, string> = {
  local: 'Local',
  staging: 'Staging',
  production: 'Production',
};

/** The word for an environment; where it must be unmissable, the screen sets it in capitals. */
export function environmentLabel(environment: Environment): string {
  return ENVIRONMENT_LABELS[environment];
}

const ABILITY_LABELS: Record<Ability, string> = {
  grant: 'grant credits',
  adjust: 'adjust down',
  reverse: 'reverse transactions',
  extendGrant: 'extend expiries',
  releaseHold: 'release holds',
  ensureCustomer: 'add customers',
  addNote: 'add notes',
  sell: 'sell credits',
  refund: 'refund payments',
  manageStripe: 'manage Stripe and the catalog',
  setAlerts: 'set thresholds and e-mails of customers',
  administer: 'change feature prices, API keys, notifications and run jobs',
  export: 'export',
};

/** What an ability lets a person do, as a phrase after "may". */
export function abilityLabel(ability: Ability): string {
  return ABILITY_LABELS[ability];
}

/** The name of a feature, where none was recorded: "No feature". */
export function featureLabel(feature: string | null): string {
  if (feature === null) return 'Other';
  return feature === '' ? 'No feature' : feature;
}
