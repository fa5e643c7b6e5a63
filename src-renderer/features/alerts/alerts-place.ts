import { paths } from '#renderer/navigation/paths.ts';
import { type CustomerId, customerIdSchema } from '#shared/ids.ts';
import {
  ALERT_KINDS,
  type AlertKind,
  DELIVERY_STATES,
  type DeliveryState,
} from '#shared/ipc/alerts.ts';

/** Which notifications the delivery log shows. */
export type LogFilter = { state: DeliveryState | null; customerId: CustomerId | null };

/** Where the page is: its tab, and the filter of each. */
export type AlertsPlace = { tab: 'customers' | 'log'; level: AlertKind | null } & LogFilter;

/** Reads the place from an address; what is malformed counts as not there. */
export function readAlertsPlace(search: string): AlertsPlace {
  const query = new URLSearchParams(search);
  const customerId = customerIdSchema.safeParse(query.get('customer'));
  return {
    tab: query.get('tab') === 'log' ? 'log' : 'customers',
    level: ALERT_KINDS.find((each) => each === query.get('level')) ?? null,
    state: DELIVERY_STATES.find((each) => each === query.get('state')) ?? null,
    customerId: customerId.success ? customerId.data : null,
  };
}

/** Writes the place as an address, of the tab that is shown. */
export function alertsAddress(
  place: Partial<Omit<AlertsPlace, 'customerId'>> & { customerId?: string | null },
): string {
  const { tab = 'customers', level = null, state = null, customerId = null } = place;
  const query = new URLSearchParams(
    tab === 'customers'
      ? { ...(level !== null && { level }) }
      : {
          tab,
          ...(state !== null && { state }),
          ...(customerId !== null && { customer: customerId }),
        },
  ).toString();
  return query === '' ? paths.alerts : `${paths.alerts}?${query}`;
}
