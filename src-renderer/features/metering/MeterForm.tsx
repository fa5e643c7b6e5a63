import { Radio, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useCommand } from '#renderer/api/queries.ts';
import { meterFormulaWords } from '#renderer/format/metering.ts';
import { FormDrawer } from '#renderer/ui/FormDrawer.tsx';
import { problemOf } from '#renderer/ui/form-problems.ts';
import { useSaving } from '#renderer/ui/use-saving.ts';
import { eventNameSchema, METER_FORMULAS, type MeterFormula } from '#shared/ipc/metering.ts';
import { useKeepCatalog } from './use-catalog-acts.tsx';

/** Makes a meter, here and in Stripe. */
export function MeterForm({ onClose }: { onClose: () => void }) {
  const form = useForm({
    initialValues: {
      name: '',
      eventName: '',
      formula: 'sum' as MeterFormula,
      confirmed: false,
    },
    validate: {
      // In the order of the fields: the first that is wrong gets the focus.
      name: (name) => (name.trim() === '' ? 'Enter a name.' : null),
      eventName: (eventName) => problemOf(eventNameSchema, eventName),
    },
  });
  const { asksProduction, whenAnswered } = useSaving({
    setErrors: form.setErrors,
    keep: useKeepCatalog(),
    saved: () => `${form.values.name} made.`,
    onClose,
  });
  const create = useCommand('metering.createMeter', whenAnswered);
  return (
    <FormDrawer
      title="New meter"
      saveLabel="Make meter"
      form={form}
      asksProduction={asksProduction}
      save={create}
      onSubmit={({ confirmed, ...meter }) =>
        create.mutate({ ...meter, confirmedProduction: asksProduction && confirmed })
      }
      onClose={onClose}
      hint="It is made in Stripe too, at once. Neither the event name nor the way of counting can be changed later."
    >
      <TextInput label="Name" data-autofocus maxLength={100} {...form.getInputProps('name')} />
      <TextInput
        label="Event name"
        description="What reports of usage call it, such as api_calls."
        spellCheck={false}
        maxLength={100}
        {...form.getInputProps('eventName')}
      />
      <Radio.Group label="Counts" {...form.getInputProps('formula')}>
        <Stack gap="xs" mt={4}>
          {METER_FORMULAS.map((formula) => (
            <Radio
              key={formula}
              value={formula}
              label={meterFormulaWords(formula).label}
              description={meterFormulaWords(formula).sentence}
            />
          ))}
        </Stack>
      </Radio.Group>
    </FormDrawer>
  );
}
