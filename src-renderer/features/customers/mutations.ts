import { useCommand } from '#renderer/api/queries.ts';
import { announce } from '#renderer/ui/announce.tsx';

// Main tells the window what changed (`ledger.changed`), and the cache follows: nothing is invalidated here.

/** Makes a customer, or fills what is missing of one. */
export function useEnsureCustomer() {
  return useCommand('customers.ensure');
}

/** Adds a note to a customer's record. */
export function useAddNote() {
  return useCommand('customers.addNote', { onSuccess: () => announce('Note added.') });
}
