import { Button, PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { FormDialog } from '#renderer/ui/FormDialog.tsx';
import type { NOTIFICATION_SECRETS } from '#shared/ipc/notifications.ts';
import classes from './NotificationSettings.module.css';
import { type NotificationAnswer, useKeepNotifications } from './notification-answer.ts';

type Which = (typeof NOTIFICATION_SECRETS)[number];

const WORDS: Record<
  Which,
  { title: string; label: string; save: string; words: string; saved: string; forgotten: string }
> = {
  smtp: {
    title: 'Password of the mail server',
    label: 'Password',
    save: 'Save password',
    words:
      'It is kept on this computer, for this connection, and never written to the database: other consoles need it entered there too. A service reads SMTP_PASSWORD from its environment.',
    saved: 'The password is kept.',
    forgotten: 'The password was forgotten.',
  },
  webhook: {
    title: 'Signing secret of the webhook',
    label: 'Signing secret',
    save: 'Save secret',
    words:
      'For the secret (whsec_…) that the receiver knows already, such as one made on another computer. It is kept on this computer and never written to the database. A service reads NOTIFICATION_WEBHOOK_SECRET from its environment.',
    saved: 'The signing secret is kept.',
    forgotten: 'The signing secret was forgotten.',
  },
};

/** Takes a secret that is kept on this computer, or forgets it; it cannot be read again. */
export function NotificationSecretDialog({
  which,
  place,
  onClose,
}: {
  which: Which;
  place: NotificationAnswer['smtpPassword'];
  onClose: () => void;
}) {
  const { title, label, save: saveLabel, words, saved, forgotten } = WORDS[which];
  const [secret, setSecret] = useState('');
  const keep = useKeepNotifications();
  const save = useCommand('notifications.setSecret', {
    // What was sent holds the secret: it goes with the dialog, not minutes later.
    gcTime: 0,
    onSuccess: (answer, input) => {
      keep(answer);
      announce(input.secret === null ? forgotten : saved);
      onClose();
    },
  });
  return (
    <FormDialog
      title={title}
      onClose={onClose}
      onSubmit={() => save.mutate({ which, secret })}
      submitLabel={saveLabel}
      isPending={save.isPending}
      isIncomplete={secret === ''}
      otherActs={
        place !== 'missing' && (
          <Button
            variant="default"
            color="red"
            loading={save.isPending}
            onClick={() => save.mutate({ which, secret: null })}
          >
            Forget it
          </Button>
        )
      }
    >
      <p className={classes.words}>{words}</p>
      <PasswordInput
        data-autofocus
        label={label}
        autoComplete="off"
        spellCheck={false}
        maxLength={500}
        value={secret}
        error={save.error?.fields?.secret}
        onChange={(event) => setSecret(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': `Show or hide the ${label}`, tabIndex: 0 }}
      />
      {save.error !== null && save.error.fields?.secret === undefined && (
        <ErrorState error={save.error} />
      )}
    </FormDialog>
  );
}
