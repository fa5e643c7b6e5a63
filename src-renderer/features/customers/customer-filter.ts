import type { Contract } from '#shared/ipc/contract.ts';
import { BALANCE_FILTERS, CUSTOMER_SORTS } from '#shared/ipc/customers.ts';
import type { Input } from '#shared/ipc/procedure.ts';

export type CustomerSort = (typeof CUSTOMER_SORTS)[number];
type BalanceFilter = (typeof BALANCE_FILTERS)[number];

/** What the list of customers shows, as its page and its address hold it. */
export type CustomerListView = {
  search: string;
  balance: BalanceFilter | null;
  plan: string | null;
  sort: CustomerSort;
  descending: boolean;
};

export const BALANCE_FILTER_LABELS: Record<BalanceFilter, string> = {
  low: 'Low',
  zero: 'Zero',
  negative: 'Negative',
};

export const WHOLE_LIST: CustomerListView = {
  search: '',
  balance: null,
  plan: null,
  sort: 'last_activity',
  descending: true,
};

const SEARCH_MAX = 200;
const PLAN_MAX = 100;

/** Reads the view from an address; what is malformed counts as not there. */
export function parseCustomerView(query: string): CustomerListView {
  const values = new URLSearchParams(query);
  const sort = CUSTOMER_SORTS.find((each) => each === values.get('sort'));
  const plan = values.get('plan') ?? '';
  return {
    search: (values.get('q') ?? '').slice(0, SEARCH_MAX),
    balance: BALANCE_FILTERS.find((each) => each === values.get('balance')) ?? null,
    plan: plan === '' || plan.length > PLAN_MAX ? null : plan,
    ...(sort === undefined
      ? { sort: WHOLE_LIST.sort, descending: WHOLE_LIST.descending }
      : { sort, descending: values.get('order') === 'desc' }),
  };
}

/** Writes the view as the query of an address, without the question mark; '' for the whole list. */
export function formatCustomerView(view: CustomerListView): string {
  const values = new URLSearchParams();
  if (view.search !== '') values.set('q', view.search);
  if (view.balance !== null) values.set('balance', view.balance);
  if (view.plan !== null) values.set('plan', view.plan);
  if (view.sort !== WHOLE_LIST.sort || view.descending !== WHOLE_LIST.descending) {
    values.set('sort', view.sort);
    values.set('order', view.descending ? 'desc' : 'asc');
  }
  return values.toString();
}

/** Whether the view leaves customers out; the order does not. */
export function isFiltered(view: CustomerListView): boolean {
  return view.search.trim() !== '' || view.balance !== null || view.plan !== null;
}

/** The view as customers.list takes it, without its cursor. */
export function toListInput(
  view: CustomerListView,
  limit: number,
): Omit<Input<Contract['customers.list']>, 'cursor'> {
  const search = view.search.trim();
  return {
    filter: {
      ...(search !== '' && { search }),
      ...(view.balance !== null && { balance: view.balance }),
      ...(view.plan !== null && { plan: view.plan }),
    },
    sort: view.sort,
    descending: view.descending,
    limit,
  };
}
