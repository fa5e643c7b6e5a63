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
  const [asked, setAsked] = useState<{ apiKey: ApiKey; isProduction: boolean } | null>(null);
  const revoke = useCommand('keys.revoke', {
    onSuccess: ({ name }) => announce(`${name} revoked.`),
    onSettled: () => void queryClient.invalidateQueries({ queryKey: ['keys.list'] }),
  });
  function run({ apiKey, isProduction }: { apiKey: ApiKey; isProduction: boolean }) {
    // A question that did not name production confirms nothing about it.
    const input = { id: apiKey.id, confirmedProduction: isProduction };
    revoke.mutate(input, {
      onError: (error) => {
        // Main may know of production where this window does not.
        if (error.code === 'confirmation_required') setAsked({ apiKey, isProduction: true });
      },
    });
  }
  return {
    start: (apiKey: ApiKey) =>
      setAsked({ apiKey, isProduction: connection.environment === 'production' }),
    revokingId: revoke.isPending ? (revoke.variables?.id ?? null) : null,
    error: revoke.error?.code === 'confirmation_required' ? null : revoke.error,
    question: (
      <ConfirmDialog
        opened={asked !== null}
        title={`Revoke ${asked?.apiKey.name ?? ''}?`}
        confirmLabel={`Revoke key${asked?.isProduction === true ? ` for ${connection.name}` : ''}`}
        isDangerous
        onCancel={() => setAsked(null)}
        onConfirm={() => {
          if (asked !== null) run(asked);
          setAsked(null);
        }}
      >
        {asked?.isProduction === true && `${connection.name} is production. `}
        Whatever calls with the key {asked?.apiKey.prefix}… is refused by every service within 5
        seconds. This cannot be undone; a new key can be made.{' '}
        {asked?.apiKey.lastUsedAt == null ? (
          'It was never used.'
        ) : (
          <>
            Last used: <InstantText iso={asked.apiKey.lastUsedAt} />.
          </>
        )}
      </ConfirmDialog>
    ),
  };
}
