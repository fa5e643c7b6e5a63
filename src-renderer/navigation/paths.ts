export const CUSTOMER_TABS = [
  'timeline',
  'credits',
  'transactions',
  'usage',
  'billing',
  'metered',
  'notes',
] as const;
export type CustomerTab = (typeof CUSTOMER_TABS)[number];

/** The paths of the window, so that nobody writes them by hand or forgets to encode an id. */
export const paths = {
  customers: '/customers',
  transactions: '/transactions',
  usage: '/usage',
  features: '/features',
  alerts: '/alerts',
  catalog: '/catalog',
  metering: '/metering',
  stripeEvents: '/stripe/events',
  moneyBack: '/stripe/refunds',
  reconciliation: '/stripe/reconciliation',
  jobs: '/jobs',
  apiKeys: '/api-keys',
  settings: '/settings',
  databaseSettings: '/settings/database',
  stripeSettings: '/settings/stripe',
  notificationSettings: '/settings/notifications',
  about: '/about',
} as const;

/** The page of one customer, on a tab where one is given. */
export function customerPath(customerId: string, tab?: CustomerTab): string {
  return `/customers/${encodeURIComponent(customerId)}${tab === undefined ? '' : `?tab=${tab}`}`;
}

/** The log with a filter, as the query string that the page reads. */
export function transactionsPath(query: Record<string, string>): string {
  const text = new URLSearchParams(query).toString();
  return text === '' ? paths.transactions : `${paths.transactions}?${text}`;
}

/** The log of the usage of one day, of one feature where one is given ('' is none), or of one customer. */
export function usageOfDayPath(
  day: string,
  { feature, customerId }: { feature: string | null; customerId?: string },
): string {
  return transactionsPath({
    ...(customerId !== undefined && { customer: customerId }),
    types: 'usage',
    from: day,
    to: day,
    ...(feature !== null && { feature }),
  });
}

/** The id in a path segment, as customerPath wrote it; what cannot be decoded is taken as it is. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
