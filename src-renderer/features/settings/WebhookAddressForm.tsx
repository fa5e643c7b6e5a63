import { TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { FormDrawer } from '#renderer/ui/FormDrawer.tsx';
import { problemOf } from '#renderer/ui/form-problems.ts';
import { useSaving } from '#renderer/ui/use-saving.ts';
import { notificationSettingsSchema } from '#shared/ipc/notifications.ts';
import {
  changedSettings,
  type NotificationAnswer,
  settingsFields,
  textOrNull,
  useKeepNotifications,
} from './notification-answer.ts';

const FIELD_OF_ARGUMENT = settingsFields('webhookUrl');

/** Where the company's own system is told. */
export function WebhookAddressForm({
  answer,
  onClose,
}: {
  answer: NotificationAnswer;
  onClose: () => void;
}) {
  // As the form was opened with: what changes meanwhile is somebody else's.
  const [settings] = useState(answer.settings);
  const form = useForm({
    initialValues: { webhookUrl: settings.webhookUrl ?? '', confirmed: false },
    validate: {
      webhookUrl: (text) =>
        answer.settings.webhookEnabled && text.trim() === ''
          ? 'Enter an address, or turn the webhook off first.'
          : problemOf(notificationSettingsSchema.shape.webhookUrl, textOrNull(text)),
    },
  });
  const { asksProduction, whenAnswered } = useSaving<NotificationAnswer>({
    setErrors: form.setErrors,
    fieldOfArgument: FIELD_OF_ARGUMENT,
    keep: useKeepNotifications(),
    saved: () => 'The address was saved.',
    onClose,
  });
  const save = useCommand('notifications.saveSettings', whenAnswered);
  return (
    <FormDrawer
      title="Webhook address"
      saveLabel="Save address"
      form={form}
      asksProduction={asksProduction}
      save={save}
      onSubmit={(values) =>
        save.mutate({
          settings: changedSettings(settings, { webhookUrl: textOrNull(values.webhookUrl) }),
          confirmedProduction: asksProduction && values.confirmed,
        })
      }
      onClose={onClose}
    >
      <TextInput
        label="Address"
        description="Each notification is sent there as a signed POST of JSON. https, or http to this computer."
        placeholder="https://company.example/hooks/credits"
        data-autofocus
        spellCheck={false}
        autoComplete="off"
        maxLength={1000}
        {...form.getInputProps('webhookUrl')}
      />
    </FormDrawer>
  );
}
