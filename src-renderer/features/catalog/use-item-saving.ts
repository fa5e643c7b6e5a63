import { useQueryClient } from '@tanstack/react-query';
import { useSaving } from '#renderer/ui/use-saving.ts';

/** useSaving of an item of the catalog, whose list is read again. */
export function useItemSaving(form: {
  setErrors: (errors: Record<string, string>) => void;
  fieldOfArgument: Readonly<Record<string, string>>;
  onClose: () => void;
}) {
  const queryClient = useQueryClient();
  return useSaving<{ name: string }>({
    ...form,
    keep: () => void queryClient.invalidateQueries({ queryKey: ['catalog.list'] }),
    saved: ({ name }) => `${name} saved.`,
  });
}
