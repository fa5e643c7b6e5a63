import { Button, PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { FormDialog } from '#renderer/ui/FormDialog.tsx';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import classes from './StripeSettingsPage.module.css';
import { useKeepStatus } from './use-keep-status.ts';

/** The signing secret of `stripe listen`: with it the receiver on this computer runs, without it it does not. */
export function WebhookSecretDialog({
  status,
  onClose,
}: {
  status: StripeStatus;
  onClose: () => void;
}) {
  const [secret, setSecret] = useState('');
  const keep = useKeepStatus();
  const save = useCommand('stripe.setWebhookSecret', {
    // What was sent holds the secret: it goes with the dialog, not minutes later.
    gcTime: 0,
    onSuccess: (changed) => {
      keep(changed);
      announce(
        changed.webhook.url === null
          ? 'The webhook receiver is off.'
          : `Webhooks are received at ${changed.webhook.url}.`,
      );
      if (changed.webhook.error === null) onClose();
    },
  });
  function submit() {
    save.mutate({ secret: secret.trim() });
  }
  return (
    <FormDialog
      title="Webhook receiver on this computer"
      onClose={onClose}
      onSubmit={submit}
      submitLabel="Save secret"
      isPending={save.isPending}
      isIncomplete={secret.trim() === ''}
      otherActs={
        status.webhook.secret !== 'missing' && (
          <Button
            variant="default"
            color="red"
            loading={save.isPending}
            onClick={() => save.mutate({ secret: null })}
          >
            Turn off
          </Button>
        )
      }
    >
      <p className={classes.words}>
        Run “stripe listen --print-secret” and paste the signing secret (whsec_…) that it prints.
        Only events signed with it are taken.{' '}
        {status.webhook.url === null
          ? 'The receiver then starts, and its address stands in the settings: forward events to it with “stripe listen --forward-to”.'
          : `Forward events with “stripe listen --forward-to ${status.webhook.url}”.`}
      </p>
      <PasswordInput
        data-autofocus
        label="Signing secret"
        autoComplete="off"
        spellCheck={false}
        maxLength={300}
        value={secret}
        error={save.error?.fields?.secret}
        onChange={(event) => setSecret(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the secret', tabIndex: 0 }}
      />
      {save.error !== null && save.error.fields?.secret === undefined && (
        <ErrorState error={save.error} />
      )}
      {save.data !== undefined && save.data.webhook.error !== null && (
        <p className={classes.trouble} role="alert">
          {save.data.webhook.error}
        </p>
      )}
    </FormDialog>
  );
}
