import type { Console } from '#main/console.ts';

/** What the handlers of customers, transactions, analytics and ledger need of the console. */
export type HandlerDependencies = Pick<
  Console,
  'database' | 'databaseFor' | 'events' | 'desktop' | 'exportedFiles' | 'now'
>;
