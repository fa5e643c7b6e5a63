import type { Console } from '#main/console.ts';

/** What the handlers need of the console. */
export type HandlerDependencies = Pick<
  Console,
  | 'database'
  | 'databaseFor'
  | 'events'
  | 'desktop'
  | 'exportedFiles'
  | 'jobs'
  | 'now'
  | 'log'
  | 'stripe'
  | 'reconciliations'
>;
