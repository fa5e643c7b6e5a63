import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput, Input } from '#shared/ipc/procedure.ts';

const reason = { reasonCode: 'goodwill' as const, note: 'Said sorry', confirmedProduction: false };
const keyed = { idempotencyKey: 'key-12345678', ...reason };
const days = { from: '2026-01-01', to: '2026-01-31', timeZone: 'UTC' };
const connection = {
  name: 'Team',
  color: 'amber' as const,
  environment: 'staging' as const,
  url: 'postgresql://ada@db.example/credits',
  allowUnverifiedTls: false,
};

/** One input for each procedure that its schema accepts. */
export const VALID_INPUTS: { [Name in keyof Contract]: Input<Contract[Name]> } = {
  'customers.list': { filter: {}, sort: 'name', descending: false, cursor: null, limit: 50 },
  'customers.plans': {},
  'customers.get': { customerId: 'cus_1' },
  'customers.ensure': { id: 'cus_1', name: 'Ada' },
  'customers.addNote': { customerId: 'cus_1', text: 'Called back' },
  'customers.credits': { customerId: 'cus_1' },
  'customers.grantDebits': { customerId: 'cus_1', grantId: '7', cursor: null, limit: 50 },
  'customers.grantChanges': { customerId: 'cus_1' },
  'customers.transactions': { customerId: 'cus_1', cursor: null, limit: 50 },
  'customers.usage': { customerId: 'cus_1', ...days },
  'transactions.list': { filter: {}, cursor: null, limit: 50 },
  'transactions.count': { filter: {} },
  'transactions.get': { customerId: 'cus_1', transactionId: '7' },
  'transactions.facets': {},
  'transactions.export': {
    exportId: '8f14e45f-ceea-467f-9c3e-2f6a3b1f0c11',
    filter: {},
    timeZone: 'UTC',
  },
  'transactions.cancelExport': { exportId: '8f14e45f-ceea-467f-9c3e-2f6a3b1f0c11' },
  'analytics.usage': days,
  'analytics.topCustomers': { ...days, limit: 10 },
  'ledger.grant': {
    customerId: 'cus_1',
    type: 'bonus',
    amount: 100,
    expiresAt: null,
    priority: 100,
    ...keyed,
  },
  'ledger.adjustDown': { customerId: 'cus_1', amount: 100, ...keyed },
  'ledger.reverse': { customerId: 'cus_1', transactionId: '7', amount: null, ...keyed },
  'ledger.extendGrant': {
    customerId: 'cus_1',
    grantId: '7',
    expiresAt: '2027-01-01T00:00:00.000Z',
    ...reason,
  },
  'ledger.releaseHold': { customerId: 'cus_1', holdId: '7', ...reason },
  'ledger.preview': { act: 'adjustDown', customerId: 'cus_1', amount: 100 },
  'settings.session': {},
  'settings.about': {},
  'settings.updatePreferences': { theme: 'dark' },
  'connections.list': {},
  'connections.test': { id: null, url: connection.url, allowUnverifiedTls: false },
  'connections.save': { id: null, ...connection },
  'connections.remove': { id: 'team' },
  'connections.switch': { id: 'team', password: 'secret' },
  'connections.retry': {},
  'connections.migrate': { confirmedProduction: false },
  'settings.openFolder': { folder: 'data' },
  'settings.showExport': { exportId: '8f14e45f-ceea-467f-9c3e-2f6a3b1f0c11' },
  'settings.openCaseLink': { url: 'https://tickets.example/1' },
};

/** An answer that fits `customers.plans`. */
export const PLANS_ANSWER: HandlerOutput<Contract['customers.plans']> = { plans: ['pro'] };
