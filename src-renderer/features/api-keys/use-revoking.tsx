import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { announce } from '#renderer/ui/announce.tsx';
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import type { ApiKey } from '#shared/ipc/api-keys.ts';

/** Revoking a key, which is always asked about first. Render `question` once. */
export function useRevoking() {
  const { connection } = useSession();
  const queryClient = useQueryClient();
  const [asked, setAsked] = useState<ApiKey | null>(null);
  const revoke = useCommand('keys.revoke', {
    onSuccess: ({ name }) => announce(`${name} revoked.`),
    onSettled: () => void queryClient.invalidateQueries({ queryKey: ['keys.list'] }),
  });
  const isProduction = connection.environment === 'production';
  return {
    start: setAsked,
    revokingId: revoke.isPending ? (revoke.variables?.id ?? null) : null,
    error: revoke.error,
    question: (
      <ConfirmDialog
        opened={asked !== null}
        title={`Revoke ${asked?.name ?? ''}?`}
        confirmLabel={`Revoke key${isProduction ? ` for ${connection.name}` : ''}`}
        isDangerous
        onCancel={() => setAsked(null)}
        onConfirm={() => {
          // Asked on every connection, production or not: the answer covers both.
          if (asked !== null) revoke.mutate({ id: asked.id, confirmedProduction: true });
          setAsked(null);
        }}
      >
        {isProduction && `${connection.name} is production. `}
        Whatever calls with the key {asked?.prefix}… is refused by every service within 5 seconds.
        This cannot be undone; a new key can be made.{' '}
        {asked?.lastUsedAt == null ? (
          'It was never used.'
        ) : (
          <>
            Last used: <InstantText iso={asked.lastUsedAt} />.
          </>
        )}
      </ConfirmDialog>
    ),
  };
}
