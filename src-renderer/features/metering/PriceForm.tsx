import { SegmentedControl, Select, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMemo } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { PriceCurve } from '#renderer/charts/PriceCurve.tsx';
import { FormDrawer } from '#renderer/ui/FormDrawer.tsx';
import { problemOf } from '#renderer/ui/form-problems.ts';
import { useSaving } from '#renderer/ui/use-saving.ts';
import { catalogIdSchema } from '#shared/ipc/catalog.ts';
import type { Meter } from '#shared/ipc/metering.ts';
import { currencySchema } from '#shared/money.ts';
import classes from './metering.module.css';
import { PriceCalculator } from './PriceCalculator.tsx';
import { TierEditor } from './TierEditor.tsx';
import {
  emptyTier,
  endProblem,
  feeProblem,
  readTiers,
  type TierDraft,
  unitAmountProblem,
} from './tier-draft.ts';
import { useKeepCatalog } from './use-catalog-acts.tsx';

type Values = {
  name: string;
  id: string;
  eventName: string;
  currency: string;
  interval: 'month' | 'year';
  tiers: TierDraft[];
  confirmed: boolean;
};

/** Makes a metered price on one of the active meters, here and in Stripe, and shows what it comes to while it is typed. */
export function PriceForm({ meters, onClose }: { meters: readonly Meter[]; onClose: () => void }) {
  const form = useForm<Values>({
    initialValues: {
      name: '',
      id: '',
      eventName: meters[0]?.eventName ?? '',
      currency: 'usd',
      interval: 'month',
      tiers: [emptyTier()],
      confirmed: false,
    },
    validate: {
      // In the order of the fields: the first that is wrong gets the focus.
      name: (name) => (name.trim() === '' ? 'Enter a name.' : null),
      id: (id) => problemOf(catalogIdSchema, id),
      eventName: (eventName) => (eventName === '' ? 'Choose a meter.' : null),
      currency: (currency) => problemOf(currencySchema, currencyOf(currency)),
      tiers: {
        upTo: (_, { tiers }, path) => endProblem(tiers, rowOf(path)),
        unitAmount: (_, { tiers, currency }, path) =>
          unitAmountProblem(tiers[rowOf(path)], currencyOf(currency)),
        flatAmount: (_, { tiers, currency }, path) =>
          feeProblem(tiers[rowOf(path)], currencyOf(currency)),
      },
    },
  });
  const { asksProduction, whenAnswered } = useSaving({
    setErrors: form.setErrors,
    keep: useKeepCatalog(),
    saved: () => `${form.values.name} made.`,
    onClose,
  });
  const create = useCommand('metering.createPrice', whenAnswered);
  const currency = currencyOf(form.values.currency);
  const tiers = useMemo(
    () => readTiers(form.values.tiers, currency),
    [form.values.tiers, currency],
  );
  function submit({ confirmed, ...price }: Values) {
    if (tiers === null) return;
    create.mutate({
      ...price,
      currency,
      tiers,
      confirmedProduction: asksProduction && confirmed,
    });
  }
  return (
    <FormDrawer
      title="New metered price"
      saveLabel="Make price"
      width={660}
      form={form}
      asksProduction={asksProduction}
      save={create}
      onSubmit={submit}
      onClose={onClose}
      hint="It is made in Stripe too, at once. A price is never changed: another one takes its place."
    >
      <TextInput label="Name" data-autofocus maxLength={100} {...form.getInputProps('name')} />
      <TextInput
        label="Key"
        description="Small letters, digits and underscores; stands in Stripe’s lookup key and never changes."
        spellCheck={false}
        maxLength={60}
        {...form.getInputProps('id')}
      />
      <Select
        label="Meter"
        allowDeselect={false}
        data={meters.map(({ eventName, name }) => ({
          value: eventName,
          label: name === eventName ? name : `${name} (${eventName})`,
        }))}
        {...form.getInputProps('eventName')}
      />
      <div className={classes.price}>
        <div>
          <span className={classes.tiersLegend} id="price-form-billed">
            Billed
          </span>
          <div>
            <SegmentedControl
              aria-labelledby="price-form-billed"
              data={[
                { value: 'month', label: 'Monthly' },
                { value: 'year', label: 'Yearly' },
              ]}
              {...form.getInputProps('interval')}
            />
          </div>
        </div>
        <TextInput
          label="Currency"
          maxLength={3}
          spellCheck={false}
          {...form.getInputProps('currency')}
        />
      </div>
      <TierEditor
        form={form}
        currency={currency}
        onAdd={() => form.insertListItem('tiers', emptyTier())}
        onRemove={(index) => form.removeListItem('tiers', index)}
      />
      {tiers === null ? (
        <p className={classes.hint}>
          Once every tier can be read, its curve and a calculator stand here.
        </p>
      ) : (
        <>
          <PriceCurve tiers={tiers} currency={currency} height={170} />
          <PriceCalculator tiers={tiers} currency={currency} />
        </>
      )}
    </FormDrawer>
  );
}

function currencyOf(text: string): string {
  return text.trim().toLowerCase();
}

/** The row of a field such as "tiers.2.upTo". */
function rowOf(path: string): number {
  return Number(path.split('.')[1]);
}
