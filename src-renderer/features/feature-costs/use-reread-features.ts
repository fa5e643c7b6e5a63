import { useQueryClient } from '@tanstack/react-query';

/** Has everything that shows prices read again, after one was changed here. */
export function useRereadFeatures(): () => void {
  const queryClient = useQueryClient();
  return () =>
    void queryClient.invalidateQueries({
      predicate: ({ queryKey }) => String(queryKey[0]).startsWith('features.'),
    });
}
