import { callForRow, posting, reading, type SpendingTarget } from './call-ledger.ts';

const BALANCE = reading(
  'balance',
  'SELECT balance, held, available, lifetime AS lifetime_credits FROM credits.get_balance($1)',
);
const ENSURE = posting(
  'ensure_customer',
  'f.id AS customer_id, f.email, f.name',
  'credits.ensure_customer(id => a.customer_id, email => $3, name => $4)',
);

export type BalanceRow = {
  balance: number;
  held: number;
  available: number;
  lifetime_credits: number;
};

/** What a customer has, in credits. Errors: not_found, and those of callLedger. */
export function readBalance(target: SpendingTarget, customerId: string): Promise<BalanceRow> {
  return callForRow(target, BALANCE, [customerId]);
}

export type CustomerRow = { customer_id: string; email: string | null; name: string | null };

/** Makes a customer, or fills what is missing of one; what is there stays. Errors: those of ensure_customer and callLedger. */
export function ensureCustomer(
  target: SpendingTarget,
  actor: string,
  customer: { id: string; email?: string | undefined; name?: string | undefined },
): Promise<CustomerRow> {
  const { id, email, name } = customer;
  return callForRow(target, ENSURE, [actor, id, email ?? null, name ?? null]);
}
