import type { StripeTarget } from '../stripe-target.ts';

const listeners = new WeakMap<object, Set<() => void>>();

/** Calls back when this process stored an event for the database; answers with how to stop that. */
export function onEventStored({ database }: StripeTarget, wake: () => void): () => void {
  const all = listeners.get(database.pool) ?? new Set();
  listeners.set(database.pool, all);
  all.add(wake);
  return () => void all.delete(wake);
}

/** Tells whoever works on the inbox of this database in this process that there is something to do. */
export function wakeWorkers({ database }: StripeTarget): void {
  for (const wake of listeners.get(database.pool) ?? []) wake();
}
