import { useQueryClient } from '@tanstack/react-query';
import { useCommand } from '#renderer/api/queries.ts';
import { announce } from '#renderer/ui/announce.tsx';

/** Makes a customer, or fills what is missing of one; the lists that would show it are asked again. */
export function useEnsureCustomer() {
  const client = useQueryClient();
  return useCommand('customers.ensure', {
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['customers.list'] }),
        client.invalidateQueries({ queryKey: ['customers.plans'] }),
        client.invalidateQueries({ queryKey: ['customers.get'] }),
      ]),
  });
}

/** Adds a note to a customer's record. */
export function useAddNote(customerId: string) {
  const client = useQueryClient();
  return useCommand('customers.addNote', {
    onSuccess: () => {
      announce('Note added.');
      return client.invalidateQueries({ queryKey: ['customers.get', { customerId }] });
    },
  });
}
