import { type CustomerId, customerIdSchema } from '#shared/ids.ts';

/** Which meter events the list shows. */
export type DeliveryFilter = {
  show: 'all' | 'waiting' | 'problems';
  customerId: CustomerId | null;
};

/** Where the page is: its tab, and the filter of the list of events. */
export type MeteringPlace = { tab: 'prices' | 'delivery' } & DeliveryFilter;

/** Reads the place from an address; what is malformed counts as not there. */
export function readMeteringPlace(search: string): MeteringPlace {
  const query = new URLSearchParams(search);
  const shown = query.get('show');
  const customerId = customerIdSchema.safeParse(query.get('customer'));
  return {
    tab: query.get('tab') === 'delivery' ? 'delivery' : 'prices',
    show: shown === 'waiting' || shown === 'problems' ? shown : 'all',
    customerId: customerId.success ? customerId.data : null,
  };
}

/** Writes the place as an address of the page at `path`. */
export function meteringAddress(path: string, { tab, show, customerId }: MeteringPlace): string {
  if (tab === 'prices') return path;
  const query = new URLSearchParams({
    tab,
    ...(show !== 'all' && { show }),
    ...(customerId !== null && { customer: customerId }),
  });
  return `${path}?${query}`;
}
