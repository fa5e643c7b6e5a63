import { useQueryClient } from '@tanstack/react-query';
import { useCommand } from '#renderer/api/queries.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { useAskedAct } from '#renderer/ui/use-asked-act.tsx';
import type { ApiKey } from '#shared/ipc/api-keys.ts';

/** Revoking a key, which is always asked about first. Render `question` once. */
export function useRevoking() {
  const queryClient = useQueryClient();
  const revoke = useCommand('keys.revoke', {
    onSuccess: ({ name }) => announce(`${name} revoked.`),
    onSettled: () => void queryClient.invalidateQueries({ queryKey: ['keys.list'] }),
  });
  const { start, question } = useAskedAct<ApiKey>({
    asks: () => true,
    questionOf: ({ name, prefix, lastUsedAt }) => ({
      title: `Revoke ${name}?`,
      confirmLabel: 'Revoke key',
      words: (
        <>
          Whatever calls with the key {prefix}… is refused by every service within 5 seconds. This
          cannot be undone; a new key can be made.{' '}
          {lastUsedAt === null ? (
            'It was never used.'
          ) : (
            <>
              Last used: <InstantText iso={lastUsedAt} />.
            </>
          )}
        </>
      ),
    }),
    perform: ({ id }, confirmedProduction, onError) =>
      revoke.mutate({ id, confirmedProduction }, { onError }),
  });
  return {
    start,
    revokingId: revoke.isPending ? (revoke.variables?.id ?? null) : null,
    error: revoke.error,
    question,
  };
}
