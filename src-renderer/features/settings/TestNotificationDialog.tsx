import { SegmentedControl, Stack, TextInput } from '@mantine/core';
import { useId, useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { FormDialog } from '#renderer/ui/FormDialog.tsx';
import { ALERT_KINDS, type NotificationChannel } from '#shared/ipc/alerts.ts';
import classes from './NotificationSettings.module.css';
import { KIND_NAMES } from './template-words.ts';

const WORDS: Record<NotificationChannel, { title: string; words: string; answered: string }> = {
  email: {
    title: 'Send a test e-mail',
    words:
      'One mail about a made-up customer, through the mail server as it is saved. No customer gets anything.',
    answered: 'The mail server took it and answered:',
  },
  webhook: {
    title: 'Send a test webhook',
    words:
      'One signed request about a made-up customer, to the address as it is saved. No customer gets anything.',
    answered: 'The receiver took it and answered:',
  },
};

/** Sends one test over a channel and shows what the other side answered. */
export function TestNotificationDialog({
  channel,
  onClose,
}: {
  channel: NotificationChannel;
  onClose: () => void;
}) {
  const [to, setTo] = useState('');
  const [kind, setKind] = useState<(typeof ALERT_KINDS)[number]>('low');
  const send = useCommand('notifications.sendTest');
  const kindLabel = useId();
  const { title, words, answered } = WORDS[channel];
  const isMail = channel === 'email';
  return (
    <FormDialog
      title={title}
      onClose={onClose}
      onSubmit={() => send.mutate({ channel, kind, to: isMail ? to.trim() : null })}
      submitLabel="Send test"
      closeLabel="Close"
      isPending={send.isPending}
      isIncomplete={isMail && to.trim() === ''}
    >
      <Stack gap="md">
        <p className={classes.sentence}>{words}</p>
        <div>
          <div className={classes.controlLabel} id={kindLabel}>
            Kind
          </div>
          <SegmentedControl
            aria-labelledby={kindLabel}
            data={ALERT_KINDS.map((value) => ({ value, label: KIND_NAMES[value] }))}
            value={kind}
            onChange={setKind}
          />
        </div>
        {isMail && (
          <TextInput
            label="To"
            data-autofocus
            placeholder="you@company.example"
            spellCheck={false}
            autoComplete="off"
            maxLength={320}
            value={to}
            error={send.error?.fields?.to}
            onChange={(event) => setTo(event.currentTarget.value)}
          />
        )}
        {send.data !== undefined && (
          <div role="status">
            <p className={classes.sentence}>{answered}</p>
            <code className={classes.answer}>{send.data.answer}</code>
          </div>
        )}
        {send.error !== null && send.error.fields?.to === undefined && (
          <ErrorState error={send.error} />
        )}
      </Stack>
    </FormDialog>
  );
}
