import { QueryClient } from '@tanstack/react-query';
import { AppError } from '#shared/errors.ts';
import type { ConsoleEvent } from '#shared/ipc/events.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import type { settingsProcedures } from '#shared/ipc/settings.ts';
import { onConsoleEvent } from './client.ts';

export type Session = Output<(typeof settingsProcedures)['settings.session']>;

/** Where the session lies in the cache: the key of consoleQuery('settings.session', {}). */
export const SESSION_KEY = ['settings.session', {}] as const;

/** The cache of the window. Failures that main explained are not retried: the answer would be the same. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Main says when something changed, so data does not age by the clock of the window.
        staleTime: 30_000,
        gcTime: 5 * 60_000,
        refetchOnWindowFocus: true,
        networkMode: 'always',
        retry: (failures, error) => !(error instanceof AppError) && failures < 2,
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
}

/** Keeps the cache true to what main tells; returns the function that ends it. */
export function followConsoleEvents(client: QueryClient): () => void {
  return onConsoleEvent((event) => applyEvent(client, event));
}

function applyEvent(client: QueryClient, event: ConsoleEvent): void {
  switch (event.type) {
    case 'ledger.changed':
      void client.invalidateQueries({
        predicate: ({ queryKey }) =>
          isAboutCustomers(queryKey[0]) && concerns(queryKey[1], event.customerId),
      });
      return;
    case 'database.changed':
      client.setQueryData<Session>(SESSION_KEY, (session) =>
        session === undefined ? session : { ...session, database: event.database },
      );
      // Another database, or the same one after a break: nothing read before may be shown as if it were from this one.
      void client.resetQueries({ predicate: ({ queryKey }) => isLedgerData(queryKey[0]) });
      void client.invalidateQueries({ predicate: ({ queryKey }) => !isLedgerData(queryKey[0]) });
      return;
    case 'session.changed':
      void client.invalidateQueries({ predicate: ({ queryKey }) => !isLedgerData(queryKey[0]) });
      return;
    case 'stripe.changed':
      void client.invalidateQueries({
        // Of metering, what the database answers alone: how its own things stand in the account that is connected.
        predicate: ({ queryKey }) =>
          /^(stripe\.|catalog\.|metering\.(catalog|events|customer)$)/.test(String(queryKey[0])),
      });
      return;
    case 'billing.changed':
      void client.invalidateQueries({
        predicate: ({ queryKey }) =>
          String(queryKey[0]).startsWith('billing.') && concerns(queryKey[1], event.customerId),
      });
      return;
    case 'metering.changed':
      void client.invalidateQueries({
        predicate: ({ queryKey }) =>
          String(queryKey[0]).startsWith('metering.') && concerns(queryKey[1], event.customerId),
      });
      return;
    case 'alerts.changed':
      void client.invalidateQueries({
        predicate: ({ queryKey: [name, input] }) =>
          String(name).startsWith('alerts.') &&
          (name !== 'alerts.customer' || concerns(input, event.customerId)),
      });
      void client.invalidateQueries({ queryKey: ['customers.get'] });
      return;
    case 'features.changed':
      void client.invalidateQueries({
        // Of metering, the features that can be bound: those with a price.
        predicate: ({ queryKey }) => /^(features\.|metering\.catalog$)/.test(String(queryKey[0])),
      });
      return;
    case 'api_keys.changed':
      void client.invalidateQueries({ queryKey: ['keys.list'] });
      return;
    case 'jobs.changed':
      void client.invalidateQueries({ queryKey: ['jobs.list'] });
      return;
    case 'reconciliation.changed':
      void client.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[0]).startsWith('reconciliation.'),
      });
      return;
    case 'menu':
      if (event.item === 'reload_data') void client.invalidateQueries();
      return;
    case 'export.progress':
    case 'navigate':
      return;
  }
}

function isLedgerData(name: unknown): boolean {
  return typeof name === 'string' && !/^(settings|connections)\./.test(name);
}

/** What of it can change because a customer did: not how things are set up, nor the work on it, which has events of its own. */
function isAboutCustomers(name: unknown): boolean {
  return isLedgerData(name) && !/^(stripe|catalog|keys|jobs|notifications)\./.test(String(name));
}

/** Whether a query's answer may depend on this customer (null: on some): all do, except those asked about another one. */
function concerns(input: unknown, customerId: string | null): boolean {
  if (customerId === null) return true;
  if (typeof input !== 'object' || input === null || !('customerId' in input)) return true;
  return input.customerId === customerId;
}
