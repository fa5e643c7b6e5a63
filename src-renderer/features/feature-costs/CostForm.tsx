import { Checkbox, SegmentedControl, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { localTimeOf } from '#renderer/format/local-time.ts';
import { formatInstant, formatTimeZone } from '#renderer/format/time.ts';
import { FormDrawer } from '#renderer/ui/FormDrawer.tsx';
import { useSaving } from '#renderer/ui/use-saving.ts';
import { parseCredits } from '#shared/credits.ts';
import type { Feature, FeatureCost } from '#shared/ipc/features.ts';
import {
  type CostValues,
  changeInWords,
  nameProblem,
  readStart,
  UNIT_LENGTH_MAX,
} from './cost-values.ts';
import classes from './feature-costs.module.css';
import { costInWords } from './feature-words.ts';
import { useRereadFeatures } from './use-reread-features.ts';

/**
 * Sets what a feature costs, now or from an instant on. `feature` null makes a new one; one without any price gets its first.
 */
export function CostForm({ feature, onClose }: { feature: Feature | null; onClose: () => void }) {
  const { timeZone } = useSession();
  const known = feature?.current ?? feature?.scheduled[0] ?? null;
  const form = useForm<CostValues>({
    initialValues: {
      feature: feature?.feature ?? '',
      cost: known === null ? '' : String(known.cost),
      unit: known?.unit ?? 'use',
      active: known?.active ?? true,
      when: 'now',
      validFrom: '',
      confirmed: false,
    },
    validate: {
      // In the order of the fields: the first that is wrong gets the focus.
      feature: (name) => (feature === null ? nameProblem(name) : null),
      cost: (text) => {
        const parsed = parseCredits(text);
        return parsed.ok ? null : parsed.why;
      },
      unit: (unit) => (unit.trim() === '' ? 'Enter what is counted, such as use or page.' : null),
      validFrom: (_, values) => {
        const start = readStart(values, { timeZone, now: new Date() });
        return start.ok ? null : start.why;
      },
    },
  });
  const { asksProduction, whenAnswered } = useSaving<FeatureCost>({
    setErrors: form.setErrors,
    keep: useRereadFeatures(),
    saved: (price) =>
      price.validFrom !== null && Date.parse(price.validFrom) > Date.now()
        ? `${price.feature}: ${costInWords(price)} from ${formatInstant(price.validFrom, timeZone)}.`
        : `${price.feature} costs ${costInWords(price)}.`,
    onClose,
  });
  const save = useCommand('features.setCost', whenAnswered);
  function submit(values: CostValues) {
    const cost = parseCredits(values.cost);
    const start = readStart(values, { timeZone, now: new Date() });
    if (!cost.ok || !start.ok) return;
    save.mutate({
      isNew: known === null,
      feature: values.feature,
      cost: cost.value,
      unit: values.unit,
      active: values.active,
      validFrom: start.validFrom,
      confirmedProduction: asksProduction && values.confirmed,
    });
  }
  const { values } = form;
  const cost = parseCredits(values.cost);
  const start = readStart(values, { timeZone, now: new Date() });
  const change = changeInWords(values, feature, { timeZone, now: new Date() });
  return (
    <FormDrawer
      title={titleOf(feature, known)}
      saveLabel={feature === null ? 'Add feature' : 'Set price'}
      form={form}
      asksProduction={asksProduction}
      save={save}
      onSubmit={submit}
      onClose={onClose}
      hint="What was used keeps the price it was used at, whatever is set here."
    >
      {feature === null && (
        <TextInput
          label="Name"
          description="As the product’s code writes it, such as export_report. It cannot be changed later."
          data-autofocus
          spellCheck={false}
          maxLength={200}
          {...form.getInputProps('feature')}
        />
      )}
      <TextInput
        label="Credits"
        inputMode="numeric"
        autoComplete="off"
        description={
          cost.ok ? `= ${formatCreditsInWords(cost.value)}` : 'Whole credits, at least 1'
        }
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        {...(feature !== null && { 'data-autofocus': true })}
        {...form.getInputProps('cost')}
      />
      <TextInput
        label="For each"
        description="What is counted, such as use, page or image."
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        maxLength={UNIT_LENGTH_MAX}
        {...form.getInputProps('unit')}
      />
      <Checkbox
        label="Active"
        description="A use of an inactive feature is refused; what was used stays."
        {...form.getInputProps('active', { type: 'checkbox' })}
      />
      <SegmentedControl
        aria-label="From when"
        fullWidth
        value={values.when}
        onChange={(when) => form.setFieldValue('when', when === 'later' ? 'later' : 'now')}
        data={[
          { value: 'now', label: 'From now on' },
          { value: 'later', label: 'From a later time' },
        ]}
      />
      {values.when === 'later' && (
        <TextInput
          type="datetime-local"
          label="From"
          description={`In ${formatTimeZone(timeZone)}. It can be withdrawn until then.`}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          min={localTimeOf(new Date(), timeZone)}
          {...form.getInputProps('validFrom')}
        />
      )}
      <p className={classes.change} role="status">
        {change ??
          (cost.ok && !start.ok
            ? 'Choose from when to see what the price changes.'
            : 'Enter a price to see what it changes.')}
      </p>
    </FormDrawer>
  );
}

function titleOf(feature: Feature | null, known: FeatureCost | null): string {
  if (feature === null) return 'New feature';
  return known === null ? `Price of ${feature.feature}` : `Change the price of ${feature.feature}`;
}
