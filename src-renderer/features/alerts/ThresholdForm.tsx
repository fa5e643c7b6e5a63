import { Checkbox, Radio, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { CreditsField } from '#renderer/ui/CreditsField.tsx';
import { creditsOrZeroProblem, parseCreditsOrZero } from '#renderer/ui/credits-or-zero.ts';
import { FormDialog } from '#renderer/ui/FormDialog.tsx';
import { useSaving } from '#renderer/ui/use-saving.ts';
import { thresholdSentence } from './alert-words.ts';
import classes from './alerts.module.css';
import { type CustomerAlertsData, useKeepCustomerAlerts } from './keep-alerts.ts';

/** Gives a customer a threshold of their own, or takes it away. */
export function ThresholdForm({
  customerId,
  alerts,
  onClose,
}: {
  customerId: string;
  alerts: CustomerAlertsData;
  onClose: () => void;
}) {
  const { connection } = useSession();
  const hasOwn = alerts.thresholdFrom === 'customer';
  const form = useForm({
    initialValues: {
      whose: hasOwn ? 'own' : 'default',
      threshold: hasOwn ? String(alerts.threshold) : '',
      confirmed: false,
    },
    validate: {
      threshold: (text, { whose }) => (whose === 'own' ? creditsOrZeroProblem(text) : null),
    },
  });
  const { asksProduction, whenAnswered } = useSaving<CustomerAlertsData>({
    setErrors: form.setErrors,
    keep: useKeepCustomerAlerts(customerId),
    saved: (saved) => `${thresholdSentence(saved)}.`,
    onClose,
  });
  const save = useCommand('alerts.setThreshold', whenAnswered);
  function submit(values: typeof form.values) {
    const parsed = parseCreditsOrZero(values.threshold);
    const threshold = values.whose === 'own' && parsed.ok ? parsed.value : null;
    save.mutate({
      customerId,
      threshold,
      confirmedProduction: asksProduction && values.confirmed,
    });
  }
  return (
    <FormDialog
      title="Change the threshold"
      submitLabel="Save threshold"
      isPending={save.isPending}
      isIncomplete={asksProduction && !form.values.confirmed}
      onClose={onClose}
      onSubmit={() => form.onSubmit(submit)()}
    >
      <Stack gap="md">
        <Radio.Group label="Low below" {...form.getInputProps('whose')}>
          <Stack gap="xs" mt={4}>
            <Radio
              value="default"
              {...(!hasOwn && { 'data-autofocus': true })}
              label="As the plan or the workspace says"
              description="The plan’s threshold where it has one, else the workspace’s."
            />
            <Radio value="own" label="A number for this customer" />
          </Stack>
        </Radio.Group>
        {form.values.whose === 'own' && (
          <div className={classes.own}>
            <CreditsField
              label="Threshold, in credits"
              hint="At 0 the customer is never low, only empty once nothing is left."
              {...(hasOwn && { 'data-autofocus': true })}
              {...form.getInputProps('threshold')}
              value={form.values.threshold}
            />
          </div>
        )}
        {asksProduction && (
          <Checkbox
            label={`Yes, for ${connection.name}, which is production`}
            {...form.getInputProps('confirmed', { type: 'checkbox' })}
          />
        )}
        <CommandFailure error={save.error} />
      </Stack>
    </FormDialog>
  );
}
