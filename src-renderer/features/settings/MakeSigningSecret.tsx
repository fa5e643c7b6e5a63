import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { SecretOnceDialog } from '#renderer/ui/SecretOnceDialog.tsx';
import { NOTIFICATION_SETTINGS_KEY } from './notification-answer.ts';

/** Makes a secret that webhooks are signed with and shows it this once; asks first where it takes the place of another. */
export function MakeSigningSecret({ hasOne }: { hasOne: boolean }) {
  const queryClient = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const make = useCommand('notifications.makeWebhookSecret', {
    // The answer is the secret: it goes with the dialog, not minutes later.
    gcTime: 0,
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: NOTIFICATION_SETTINGS_KEY }),
  });
  return (
    <>
      <Button
        variant="default"
        loading={make.isPending}
        onClick={() => (hasOne ? setAsking(true) : make.mutate({}))}
      >
        Make a secret…
      </Button>
      <ConfirmDialog
        opened={isAsking}
        title="Make a new signing secret?"
        confirmLabel="Make a new one"
        isDangerous
        onCancel={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          make.mutate({});
        }}
      >
        It takes the place of the one that is kept on this computer. Until the receiver knows the
        new one, it refuses what this console sends.
      </ConfirmDialog>
      {make.error !== null && <ErrorState error={make.error} />}
      {make.data !== undefined && (
        <SecretOnceDialog
          title="The signing secret"
          secret={make.data.secret}
          what="Signing secret"
          onClose={() => make.reset()}
        >
          Copy it now and give it to what receives the webhooks, and to services as
          NOTIFICATION_WEBHOOK_SECRET. This computer keeps it to sign with; it cannot be shown
          again.
        </SecretOnceDialog>
      )}
    </>
  );
}
