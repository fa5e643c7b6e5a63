import { getCustomerAlerts } from '#main/notifications/alerts/customer-alerts.ts';
import { listAlerts } from '#main/notifications/alerts/list-alerts.ts';
import { listNotifications } from '#main/notifications/alerts/list-notifications.ts';
import { sendAgain } from '#main/notifications/alerts/send-again.ts';
import { setThreshold } from '#main/notifications/alerts/set-threshold.ts';
import { suppressEmails } from '#main/notifications/alerts/suppress-emails.ts';
import type { alertsProcedures } from '#shared/ipc/alerts.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { HandlerDependencies } from './dependencies.ts';
import { tellChange } from './tell-change.ts';

/** Customers who are low on credits or have none left, and what they were told. */
export function alertsHandlers(
  console: Pick<HandlerDependencies, 'database' | 'databaseFor' | 'events'>,
): Pick<Handlers<Contract>, keyof typeof alertsProcedures> {
  const changed = (customerId: string | null) =>
    console.events.emit({ type: 'alerts.changed', customerId });

  return {
    'alerts.list': (input, { signal }) => listAlerts(console.database(), input, signal),
    'alerts.notifications': (input, { signal }) =>
      listNotifications(console.database(), input, signal),
    'alerts.customer': ({ customerId }, { signal }) =>
      getCustomerAlerts(console.database(), customerId, signal),
    'alerts.setThreshold': async (input) => {
      const database = console.databaseFor('setAlerts', input);
      return tellChange(
        () => setThreshold(database, database.actor, input),
        () => changed(input.customerId),
      );
    },
    'alerts.suppressEmails': async (input) => {
      const database = console.databaseFor('setAlerts', input);
      return tellChange(
        () => suppressEmails(database, database.actor, input),
        () => changed(input.customerId),
      );
    },
    'alerts.sendAgain': async (input) => {
      const database = console.databaseFor('administer', input);
      return tellChange(
        () => sendAgain(database, database.actor, input),
        (notification) => changed(notification?.customerId ?? null),
      );
    },
  };
}
