// A plain list without zod: the preload imports it, and a sandboxed preload stays small and free of logic.
// That it equals the contract's keys is held by a test.
export const PROCEDURE_NAMES = [
  'customers.list',
  'customers.plans',
  'customers.get',
  'customers.ensure',
  'customers.addNote',
  'customers.credits',
  'customers.grantDebits',
  'customers.grantChanges',
  'customers.transactions',
  'customers.usage',
  'transactions.list',
  'transactions.count',
  'transactions.get',
  'transactions.facets',
  'transactions.export',
  'transactions.cancelExport',
  'analytics.usage',
  'analytics.topCustomers',
  'ledger.grant',
  'ledger.adjustDown',
  'ledger.reverse',
  'ledger.extendGrant',
  'ledger.releaseHold',
  'ledger.preview',
  'settings.session',
  'settings.about',
  'settings.updatePreferences',
  'connections.list',
  'connections.test',
  'connections.save',
  'connections.remove',
  'connections.switch',
  'connections.retry',
  'connections.migrate',
  'settings.openFolder',
  'settings.showExport',
  'settings.openCaseLink',
] as const;

/** The one channel for calls, the one for cancelling them, and the one for events. */
export const CALL_CHANNEL = 'console:call';
export const CANCEL_CHANNEL = 'console:cancel';
export const EVENT_CHANNEL = 'console:event';
