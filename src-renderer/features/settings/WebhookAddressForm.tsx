import { TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { FormDrawer } from '#renderer/ui/FormDrawer.tsx';
import { problemOf } from '#renderer/ui/form-problems.ts';
import { notificationSettingsSchema } from '#shared/ipc/notifications.ts';
import type { NotificationAnswer } from './notification-answer.ts';
import { textOrNull, useOpenedSettings, useSavingSettings } from './use-saving-settings.ts';

/** Where the company's own system is told. */
export function WebhookAddressForm({
  answer,
  onClose,
}: {
  answer: NotificationAnswer;
  onClose: () => void;
}) {
  const settings = useOpenedSettings(answer);
  const form = useForm({
    initialValues: { webhookUrl: settings.webhookUrl ?? '', confirmed: false },
    validate: {
      webhookUrl: (text) =>
        answer.settings.webhookEnabled && text.trim() === ''
          ? 'Enter an address, or turn the webhook off first.'
          : problemOf(notificationSettingsSchema.shape.webhookUrl, textOrNull(text)),
    },
  });
  const { drawer, submit } = useSavingSettings({
    opened: settings,
    setErrors: form.setErrors,
    saved: 'The address was saved.',
    onClose,
  });
  return (
    <FormDrawer
      title="Webhook address"
      saveLabel="Save address"
      form={form}
      {...drawer}
      onSubmit={(values) => submit({ webhookUrl: textOrNull(values.webhookUrl) }, values.confirmed)}
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
