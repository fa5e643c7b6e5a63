import { ensureCustomer } from '#main/customers/ensure-customer.ts';
import { explainCredits } from '#main/customers/explain-credits.ts';
import { getCustomer } from '#main/customers/get-customer.ts';
import { listCustomerTransactions } from '#main/customers/list-customer-transactions.ts';
import { listCustomers } from '#main/customers/list-customers.ts';
import { listGrantChanges } from '#main/customers/list-grant-changes.ts';
import { listGrantDebits } from '#main/customers/list-grant-debits.ts';
import { listPlans } from '#main/customers/list-plans.ts';
import { addNote } from '#main/customers/notes.ts';
import { customerUsageByDay } from '#main/customers/usage-by-day.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { customersProcedures } from '#shared/ipc/customers.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { HandlerDependencies } from './dependencies.ts';

/** The customers, one customer, and what a person may write to the record. */
export function customersHandlers(
  console: HandlerDependencies,
): Pick<Handlers<Contract>, keyof typeof customersProcedures> {
  return {
    'customers.list': (input, { signal }) => listCustomers(console.database(), input, signal),
    'customers.plans': async (_, { signal }) => ({
      plans: await listPlans(console.database(), signal),
    }),
    'customers.get': ({ customerId }, { signal }) =>
      getCustomer(console.database(), customerId, signal),
    'customers.ensure': async (input) => {
      const database = console.databaseFor('ensureCustomer');
      const { id } = await ensureCustomer(database, { actor: database.actor }, input);
      console.events.emit({ type: 'ledger.changed', customerId: id });
      return { id };
    },
    'customers.addNote': async (input) => {
      const database = console.databaseFor('addNote');
      const note = await addNote(database, { actor: database.actor }, input);
      console.events.emit({ type: 'ledger.changed', customerId: input.customerId });
      return note;
    },
    'customers.credits': ({ customerId }, { signal }) =>
      explainCredits(console.database(), customerId, signal),
    'customers.grantDebits': (input, { signal }) =>
      listGrantDebits(console.database(), input, signal),
    'customers.grantChanges': ({ customerId }, { signal }) =>
      listGrantChanges(console.database(), customerId, signal),
    'customers.transactions': (input, { signal }) =>
      listCustomerTransactions(console.database(), input, signal),
    'customers.usage': (input, { signal }) => customerUsageByDay(console.database(), input, signal),
  };
}
