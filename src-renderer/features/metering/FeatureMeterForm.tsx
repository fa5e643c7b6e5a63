import { Radio, Select, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { consoleQuery, useCommand } from '#renderer/api/queries.ts';
import { featureMeterModeLabel } from '#renderer/format/metering.ts';
import { FormDrawer } from '#renderer/ui/FormDrawer.tsx';
import { useSaving } from '#renderer/ui/use-saving.ts';
import type { FeatureMeter, Meter } from '#shared/ipc/metering.ts';
import { useKeepCatalog } from './use-catalog-acts.tsx';

/** No plan is called so: tiers are letters, digits and underscores. */
const EVERY_PLAN = '*';

const MODES: Record<FeatureMeter['mode'], string> = {
  report: 'A use costs no credits: Stripe bills it.',
  both: 'A use costs credits as before, and Stripe counts it besides.',
};

/** Binds a feature to a meter that sums, for one plan or for every customer. */
export function FeatureMeterForm({
  features,
  meters,
  onClose,
}: {
  /** Active features. */
  features: readonly string[];
  /** Active meters that sum. */
  meters: readonly Meter[];
  onClose: () => void;
}) {
  const plans = useQuery(consoleQuery('catalog.list', {})).data?.plans ?? [];
  const form = useForm({
    initialValues: {
      feature: null as string | null,
      planTier: EVERY_PLAN,
      eventName: meters[0]?.eventName ?? '',
      mode: 'report' as FeatureMeter['mode'],
      confirmed: false,
    },
    validate: {
      feature: (feature) => (feature === null ? 'Choose a feature.' : null),
      eventName: (eventName) => (eventName === '' ? 'Choose a meter.' : null),
    },
  });
  const { asksProduction, whenAnswered } = useSaving({
    setErrors: form.setErrors,
    keep: useKeepCatalog(),
    saved: () => `${form.values.feature ?? ''} is metered.`,
    onClose,
  });
  const bind = useCommand('metering.bindFeature', whenAnswered);
  return (
    <FormDrawer
      title="Meter a feature"
      saveLabel="Meter the feature"
      form={form}
      asksProduction={asksProduction}
      save={bind}
      onSubmit={({ feature, planTier, eventName, mode, confirmed }) => {
        if (feature === null) return;
        bind.mutate({
          feature,
          planTier: planTier === EVERY_PLAN ? null : planTier,
          eventName,
          mode,
          confirmedProduction: asksProduction && confirmed,
        });
      }}
      onClose={onClose}
      hint="It holds from now on, for customers who are subscribed to a metered price of the meter. Where a feature is metered for a plan and for every plan, the plan’s own row goes first."
    >
      <Select
        label="Feature"
        data-autofocus
        searchable
        nothingFoundMessage="No active feature of such a name"
        data={[...features]}
        {...form.getInputProps('feature')}
      />
      <Select
        label="Plan"
        allowDeselect={false}
        data={[
          { value: EVERY_PLAN, label: 'Every plan, and none' },
          ...plans.map(({ tier, name }) => ({ value: tier, label: name })),
        ]}
        {...form.getInputProps('planTier')}
      />
      <Select
        label="Meter"
        description="Of the meters that sum: each use adds its units."
        allowDeselect={false}
        data={meters.map(({ eventName, name }) => ({ value: eventName, label: name }))}
        {...form.getInputProps('eventName')}
      />
      <Radio.Group label="A use does" {...form.getInputProps('mode')}>
        <Stack gap="xs" mt={4}>
          {(['report', 'both'] as const).map((mode) => (
            <Radio
              key={mode}
              value={mode}
              label={featureMeterModeLabel(mode)}
              description={MODES[mode]}
            />
          ))}
        </Stack>
      </Radio.Group>
    </FormDrawer>
  );
}
