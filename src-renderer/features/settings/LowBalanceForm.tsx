import { TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { CreditsField } from '#renderer/ui/CreditsField.tsx';
import { creditsOrZeroProblem, parseCreditsOrZero } from '#renderer/ui/credits-or-zero.ts';
import { FormDrawer } from '#renderer/ui/FormDrawer.tsx';
import { problemOf } from '#renderer/ui/form-problems.ts';
import { notificationSettingsSchema } from '#shared/ipc/notifications.ts';
import type { NotificationAnswer } from './notification-answer.ts';
import { textOrNull, useOpenedSettings, useSavingSettings } from './use-saving-settings.ts';

const { shape } = notificationSettingsSchema;

/** When a customer counts as low, and what messages say of the company. */
export function LowBalanceForm({
  answer,
  onClose,
}: {
  answer: NotificationAnswer;
  onClose: () => void;
}) {
  const settings = useOpenedSettings(answer);
  const form = useForm({
    initialValues: {
      lowBalanceThreshold: String(settings.lowBalanceThreshold),
      companyName: settings.companyName ?? '',
      purchaseUrl: settings.purchaseUrl ?? '',
      confirmed: false,
    },
    validate: {
      lowBalanceThreshold: creditsOrZeroProblem,
      companyName: (text) => problemOf(shape.companyName, textOrNull(text)),
      purchaseUrl: (text) => problemOf(shape.purchaseUrl, textOrNull(text)),
    },
  });
  const { drawer, submit } = useSavingSettings({
    opened: settings,
    setErrors: form.setErrors,
    saved: 'The threshold and what messages say were saved.',
    onClose,
  });
  return (
    <FormDrawer
      title="Threshold and messages"
      saveLabel="Save"
      form={form}
      {...drawer}
      onSubmit={(values) => {
        const parsed = parseCreditsOrZero(values.lowBalanceThreshold);
        if (!parsed.ok) return;
        submit(
          {
            lowBalanceThreshold: parsed.value,
            companyName: textOrNull(values.companyName),
            purchaseUrl: textOrNull(values.purchaseUrl),
          },
          values.confirmed,
        );
      }}
    >
      <CreditsField
        label="Low below"
        hint="For customers without a threshold of their own or of their plan. At 0 nobody is low, only empty."
        data-autofocus
        {...form.getInputProps('lowBalanceThreshold')}
        value={form.values.lowBalanceThreshold}
      />
      <TextInput
        label="Company"
        description="Stands in messages as {{company}}."
        maxLength={100}
        {...form.getInputProps('companyName')}
      />
      <TextInput
        label="Purchase address"
        description="Where customers buy more credits: in messages as {{purchase_url}}, and in the service’s answers when credits do not suffice. {customer_id} stands for the customer."
        placeholder="https://company.example/credits?customer={customer_id}"
        spellCheck={false}
        autoComplete="off"
        maxLength={1000}
        {...form.getInputProps('purchaseUrl')}
      />
    </FormDrawer>
  );
}
