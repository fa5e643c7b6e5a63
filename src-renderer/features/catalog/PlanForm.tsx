import { Checkbox, Radio, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useCommand } from '#renderer/api/queries.ts';
import { CreditsField } from '#renderer/ui/CreditsField.tsx';
import { creditsOrZeroProblem, parseCreditsOrZero } from '#renderer/ui/credits-or-zero.ts';
import { FormDrawer } from '#renderer/ui/FormDrawer.tsx';
import { problemOf } from '#renderer/ui/form-problems.ts';
import { catalogIdSchema, type Plan, type RolloverRule } from '#shared/ipc/catalog.ts';
import {
  currencyProblem,
  initialPrice,
  PriceFields,
  priceProblem,
  readPrice,
} from './PriceFields.tsx';
import { useItemSaving } from './use-item-saving.ts';

/** The contract's names of values that the form asks for under other names. */
const FIELD_OF_ARGUMENT = { 'price.amountMinor': 'price', 'price.currency': 'currency' };

const ROLLOVERS: Record<RolloverRule, { label: string; description: string }> = {
  expire: {
    label: 'Expires with the period',
    description: 'What is left at the end of the paid month is gone.',
  },
  keep: { label: 'Stays', description: 'Never expires.' },
  cap: {
    label: 'Stays up to a cap',
    description: 'With the next allocation, what is left beyond the cap expires.',
  },
};

/** Whole credits, zero included. */
function creditsOf(text: string): number {
  const parsed = parseCreditsOrZero(text);
  return parsed.ok ? parsed.value : 0;
}
const isBlank = (text: string) => text.trim() === '';

/** Makes or changes one plan; null makes a new one. Saving does not send it to Stripe. */
export function PlanForm({ plan, onClose }: { plan: Plan | null; onClose: () => void }) {
  const form = useForm({
    initialValues: {
      tier: plan?.tier ?? '',
      name: plan?.name ?? '',
      monthlyCredits: plan === null ? '' : String(plan.monthlyCredits),
      rollover: (plan?.rollover ?? 'expire') as RolloverRule,
      rolloverCap: plan?.rolloverCap == null ? '' : String(plan.rolloverCap),
      allocatesWithoutSubscription: plan?.allocatesWithoutSubscription ?? false,
      lowBalanceThreshold:
        plan?.lowBalanceThreshold == null ? '' : String(plan.lowBalanceThreshold),
      isSold: plan?.price != null,
      ...initialPrice(plan?.price ?? null),
      active: plan?.active ?? true,
      confirmed: false,
    },
    validate: {
      // In the order of the fields: the first that is wrong gets the focus.
      name: (name) => (name.trim() === '' ? 'Enter a name.' : null),
      tier: (tier) => problemOf(catalogIdSchema, tier),
      monthlyCredits: creditsOrZeroProblem,
      rolloverCap: (text, values) =>
        values.rollover === 'cap' ? creditsOrZeroProblem(text) : null,
      lowBalanceThreshold: (text) => (isBlank(text) ? null : creditsOrZeroProblem(text)),
      price: (_, values) => (values.isSold ? priceProblem(values) : null),
      currency: (_, values) => (values.isSold ? currencyProblem(values) : null),
    },
  });
  const { asksProduction, whenAnswered } = useItemSaving({
    setErrors: form.setErrors,
    fieldOfArgument: FIELD_OF_ARGUMENT,
    onClose,
  });
  const save = useCommand('catalog.savePlan', whenAnswered);
  function submit(values: typeof form.values) {
    const price = values.isSold ? readPrice(values) : null;
    if (values.isSold && price === null) return;
    save.mutate({
      isNew: plan === null,
      tier: values.tier,
      name: values.name,
      monthlyCredits: creditsOf(values.monthlyCredits),
      rollover: values.rollover,
      rolloverCap: values.rollover === 'cap' ? creditsOf(values.rolloverCap) : null,
      price,
      active: values.active,
      allocatesWithoutSubscription: values.allocatesWithoutSubscription,
      lowBalanceThreshold: isBlank(values.lowBalanceThreshold)
        ? null
        : creditsOf(values.lowBalanceThreshold),
      confirmedProduction: asksProduction && values.confirmed,
    });
  }
  return (
    <FormDrawer
      title={plan === null ? 'New plan' : `Edit ${plan.name}`}
      saveLabel="Save plan"
      form={form}
      asksProduction={asksProduction}
      save={save}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput label="Name" data-autofocus maxLength={100} {...form.getInputProps('name')} />
      <TextInput
        label="Tier"
        description={
          plan === null
            ? 'Small letters, digits and underscores; stands on customers and in Stripe’s lookup key.'
            : 'Never changes: customers and Stripe’s lookup key carry it.'
        }
        disabled={plan !== null}
        spellCheck={false}
        maxLength={60}
        {...form.getInputProps('tier')}
      />
      <TextInput
        label="Credits a month"
        inputMode="numeric"
        autoComplete="off"
        {...form.getInputProps('monthlyCredits')}
      />
      <Radio.Group label="What is left over" {...form.getInputProps('rollover')}>
        <Stack gap="xs" mt={4}>
          {(Object.keys(ROLLOVERS) as RolloverRule[]).map((rule) => (
            <Radio
              key={rule}
              value={rule}
              label={ROLLOVERS[rule].label}
              description={ROLLOVERS[rule].description}
            />
          ))}
        </Stack>
      </Radio.Group>
      {form.values.rollover === 'cap' && (
        <TextInput
          label="Cap, in credits"
          inputMode="numeric"
          autoComplete="off"
          {...form.getInputProps('rolloverCap')}
        />
      )}
      <Checkbox
        label="Give the monthly credits also without a Stripe subscription"
        description="Each customer on this plan without a subscription to a plan in Stripe gets them once per calendar month (UTC), the first within a minute of saving; what is left over follows the rule above. Where the plan is no longer offered, they stop."
        {...form.getInputProps('allocatesWithoutSubscription', { type: 'checkbox' })}
      />
      <CreditsField
        label="Low below"
        hint="Blank: as the workspace says. A customer’s own threshold goes first."
        {...form.getInputProps('lowBalanceThreshold')}
        value={form.values.lowBalanceThreshold}
      />
      <Checkbox
        label="Sold through Stripe"
        {...form.getInputProps('isSold', { type: 'checkbox' })}
      />
      {form.values.isSold && <PriceFields label="Price a month" form={form} />}
      <Checkbox
        label="Offered"
        description="What is not offered can no longer be subscribed to; subscriptions go on."
        {...form.getInputProps('active', { type: 'checkbox' })}
      />
    </FormDrawer>
  );
}
