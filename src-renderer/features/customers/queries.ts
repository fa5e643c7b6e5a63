import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { consolePages, consoleQuery } from '#renderer/api/queries.ts';
import type { DayRange } from '#shared/time.ts';
import { type CustomerListView, toListInput } from './customer-filter.ts';

const LIST_ROWS = 100;
const TRANSACTION_ROWS = 100;
const DEBIT_ROWS = 50;

/** The list of customers, page by page; the rows of the view before stay until the new ones are there. */
export function useCustomerList(view: CustomerListView) {
  const pages = useInfiniteQuery({
    ...consolePages('customers.list', toListInput(view, LIST_ROWS)),
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(
    () => withoutRepeats(pages.data?.pages.flatMap((page) => page.rows) ?? []),
    [pages.data],
  );
  return { pages, rows, total: pages.data?.pages[0]?.total ?? null };
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
  const pages = useInfiniteQuery(
    consolePages('customers.transactions', { customerId, limit: TRANSACTION_ROWS }),
  );
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.rows) ?? [], [pages.data]);
  return { pages, rows };
}

export function useGrantChanges(customerId: string) {
  return useQuery(consoleQuery('customers.grantChanges', { customerId }));
}

/** The debits that one grant paid, newest first. */
export function useGrantDebits(customerId: string, grantId: string) {
  const pages = useInfiniteQuery(
    consolePages('customers.grantDebits', { customerId, grantId, limit: DEBIT_ROWS }),
  );
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.rows) ?? [], [pages.data]);
  return { pages, rows };
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
  return useQuery({
    ...consoleQuery('customers.usage', { customerId, from, to, timeZone }),
    placeholderData: keepPreviousData,
  });
}
