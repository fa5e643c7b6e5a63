import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { consoleQuery, useConsolePages } from '#renderer/api/queries.ts';
import type { DayRange } from '#shared/time.ts';
import { type CustomerListView, toListInput } from './customer-filter.ts';

const LIST_ROWS = 100;
const TRANSACTION_ROWS = 100;
const DEBIT_ROWS = 50;

/** The list of customers, page by page; the rows of the view before stay until the new ones are there. */
export function useCustomerList(view: CustomerListView) {
  const { pages, rows, loadMore } = useConsolePages(
    'customers.list',
    toListInput(view, LIST_ROWS),
    { keepRows: true },
  );
  const total = pages.data?.pages[0]?.total ?? null;
  return { pages, rows: useMemo(() => withoutRepeats(rows), [rows]), total, loadMore };
}

/** A customer who moves in the order between two pages, by being active say, is in both of them. */
function withoutRepeats<Row extends { id: string }>(rows: readonly Row[]): Row[] {
  const seen = new Set<string>();
  return rows.filter((row) => !seen.has(row.id) && seen.add(row.id));
}

export function usePlans() {
  return useQuery(consoleQuery('customers.plans', {}));
}

export function useCustomer(customerId: string) {
  return useQuery(consoleQuery('customers.get', { customerId }));
}

export function useCustomerCredits(customerId: string) {
  return useQuery(consoleQuery('customers.credits', { customerId }));
}

/** One customer's transactions, newest first; every tab that shows them shares these pages. */
export function useCustomerTransactions(customerId: string) {
  return useConsolePages('customers.transactions', { customerId, limit: TRANSACTION_ROWS });
}

export function useGrantChanges(customerId: string) {
  return useQuery(consoleQuery('customers.grantChanges', { customerId }));
}

/** The debits that one grant paid, newest first. */
export function useGrantDebits(customerId: string, grantId: string) {
  return useConsolePages('customers.grantDebits', { customerId, grantId, limit: DEBIT_ROWS });
}

/** One transaction with the grants that paid it; asks nothing while none is chosen. */
export function useTransaction(customerId: string, transactionId: string | null) {
  return useQuery({
    ...consoleQuery('transactions.get', { customerId, transactionId: transactionId ?? '' }),
    enabled: transactionId !== null,
  });
}

export function useCustomerUsage(customerId: string, range: DayRange, timeZone: string) {
  const { from, to } = range;
  return useQuery(consoleQuery('customers.usage', { customerId, from, to, timeZone }));
}
