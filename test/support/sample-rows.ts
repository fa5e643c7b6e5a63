import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';

export type CustomerData = HandlerOutput<Contract['customers.get']>;
export type CustomerRowData = HandlerOutput<Contract['customers.list']>['rows'][number];
export type BalanceData = CustomerData['balance'];
export type TransactionRowData = HandlerOutput<Contract['customers.transactions']>['rows'][number];
export type TransactionDetailData = HandlerOutput<Contract['transactions.get']>;
export type CreditsData = HandlerOutput<Contract['customers.credits']>;
export type GrantRowData = CreditsData['openGrants'][number];
export type HoldRowData = CreditsData['holds'][number];
export type PreviewData = HandlerOutput<Contract['ledger.preview']>;

/** Rows as main would answer them, for tests of screens; each test changes what it is about. */

export function aBalance(changes: Partial<BalanceData> = {}): BalanceData {
  return {
    balance: 1_200,
    held: 0,
    available: 1_200,
    lifetime: 5_000,
    nextExpiry: null,
    ...changes,
  };
}

export function aCustomer(changes: Partial<CustomerData> = {}): CustomerData {
  return {
    id: 'user_1',
    name: 'Ada Lovelace',
    email: 'ada@example.com',
    stripeCustomerId: 'cus_ada',
    plan: 'pro',
    lowBalanceThreshold: null,
    metadata: {},
    createdAt: '2026-01-05T08:00:00.000Z',
    lastActivityAt: '2026-11-20T08:00:00.000Z',
    balance: aBalance(),
    notes: [],
    ...changes,
  };
}

export function aCustomerRow(changes: Partial<CustomerRowData> = {}): CustomerRowData {
  return {
    id: 'user_1',
    name: 'Ada Lovelace',
    email: 'ada@example.com',
    stripeCustomerId: 'cus_ada',
    plan: 'pro',
    balance: 1_200,
    held: 0,
    lastActivityAt: '2026-11-20T08:00:00.000Z',
    createdAt: '2026-01-05T08:00:00.000Z',
    ...changes,
  };
}

export function aTransaction(changes: Partial<TransactionRowData> = {}): TransactionRowData {
  return {
    id: '101',
    customerId: 'user_1',
    customerName: 'Ada Lovelace',
    customerEmail: 'ada@example.com',
    amount: 500,
    balanceAfter: 1_200,
    type: 'bonus',
    description: 'Sorry for the outage',
    feature: null,
    stripePaymentId: null,
    idempotencyKey: null,
    reversesId: null,
    reversed: 0,
    actor: 'ada',
    reasonCode: 'goodwill',
    caseLink: null,
    createdAt: '2026-11-20T08:00:00.000Z',
    ...changes,
  };
}

export function aTransactionDetail(
  changes: Partial<TransactionDetailData> = {},
): TransactionDetailData {
  return {
    transaction: aTransaction(),
    metadata: {},
    consumptions: [],
    grants: [],
    reversals: [],
    reversible: 500,
    ...changes,
  };
}

export function aGrant(changes: Partial<GrantRowData> = {}): GrantRowData {
  return {
    id: '11',
    transactionId: '101',
    source: 'bonus',
    description: 'Sorry for the outage',
    granted: 500,
    remaining: 500,
    priority: 100,
    isPaid: false,
    expiresAt: '2099-01-01T00:00:00.000Z',
    createdAt: '2026-11-20T08:00:00.000Z',
    ...changes,
  };
}

export function aHold(changes: Partial<HoldRowData> = {}): HoldRowData {
  return {
    id: '71',
    amount: 40,
    state: 'open',
    feature: 'render',
    description: 'Rendering of scene 7',
    expiresAt: '2099-01-01T00:00:00.000Z',
    createdAt: '2026-11-22T08:00:00.000Z',
    ...changes,
  };
}

/** A preview that takes the available credits from 1,200 to `available`. */
export function aPreview(available: number, changes: Partial<PreviewData> = {}): PreviewData {
  return {
    before: aBalance(),
    after: aBalance({ balance: available, available }),
    grants: [],
    alsoPosts: [],
    ...changes,
  };
}
