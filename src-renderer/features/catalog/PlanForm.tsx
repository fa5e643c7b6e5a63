import { Button, Checkbox, Radio, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { announce } from '#renderer/ui/announce.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { parseCredits } from '#shared/credits.ts';
import { catalogIdSchema, type Plan, type RolloverRule } from '#shared/ipc/catalog.ts';
import { currencySchema, moneyDigits, parseMoney } from '#shared/money.ts';
import classes from './catalog.module.css';
import { errorsByField, problemOf } from './form-problems.ts';

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
function creditsProblem(text: string): string | null {
  if (text.trim() === '0') return null;
  const parsed = parseCredits(text);
  return parsed.ok ? null : parsed.why;
}
function creditsOf(text: string): number {
  const parsed = parseCredits(text);
  return parsed.ok ? parsed.value : 0;
}

/** Makes or changes one plan; null makes a new one. Saving does not send it to Stripe. */
export function PlanForm({ plan, onClose }: { plan: Plan | null; onClose: () => void }) {
  const { connection } = useSession();
  const formId = useId();
  const queryClient = useQueryClient();
  const [asksProduction, setAsksProduction] = useState(connection.environment === 'production');
  const form = useForm({
    initialValues: {
      tier: plan?.tier ?? '',
      name: plan?.name ?? '',
      monthlyCredits: plan === null ? '' : String(plan.monthlyCredits),
      rollover: (plan?.rollover ?? 'expire') as RolloverRule,
      rolloverCap: plan?.rolloverCap == null ? '' : String(plan.rolloverCap),
      isSold: plan?.price != null,
      currency: plan?.price?.currency ?? 'usd',
      price: plan?.price == null ? '' : moneyDigits(plan.price),
      active: plan?.active ?? true,
      confirmed: false,
    },
    validate: {
      // In the order of the fields: the first that is wrong gets the focus.
      name: (name) => (name.trim() === '' ? 'Enter a name.' : null),
      tier: (tier) => problemOf(catalogIdSchema, tier),
      monthlyCredits: creditsProblem,
      rolloverCap: (text, values) => (values.rollover === 'cap' ? creditsProblem(text) : null),
      price: (text, values) => {
        if (!values.isSold) return null;
        const parsed = parseMoney(text, values.currency.trim());
        return parsed.ok ? null : parsed.why;
      },
      currency: (currency, values) =>
        values.isSold ? problemOf(currencySchema, currency.trim().toLowerCase()) : null,
    },
  });
  function focusFirstError(errors: typeof form.errors) {
    const [first] = Object.keys(errors);
    if (first !== undefined) form.getInputNode(first)?.focus();
  }
  const save = useCommand('catalog.savePlan', {
    onSuccess: (saved) => {
      announce(`${saved.name} saved.`);
      void queryClient.invalidateQueries({ queryKey: ['catalog.list'] });
      onClose();
    },
    onError: (error) => {
      form.setErrors(errorsByField(error, FIELD_OF_ARGUMENT));
      // Main may know of production where this window does not.
      if (error.code === 'confirmation_required') setAsksProduction(true);
    },
  });
  function submit(values: typeof form.values) {
    const currency = values.currency.trim().toLowerCase();
    const price = parseMoney(values.price, currency);
    if (values.isSold && !price.ok) return;
    save.mutate({
      isNew: plan === null,
      tier: values.tier,
      name: values.name,
      monthlyCredits: creditsOf(values.monthlyCredits),
      rollover: values.rollover,
      rolloverCap: values.rollover === 'cap' ? creditsOf(values.rolloverCap) : null,
      price: values.isSold && price.ok ? { currency, amountMinor: price.amountMinor } : null,
      active: values.active,
      confirmedProduction: asksProduction && values.confirmed,
    });
  }
  return (
    <SideDrawer
      opened
      onClose={onClose}
      title={plan === null ? 'New plan' : `Edit ${plan.name}`}
      foot={
        <div className={classes.foot}>
          <Button variant="subtle" color="gray" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            form={formId}
            loading={save.isPending}
            disabled={asksProduction && !form.values.confirmed}
          >
            Save plan
          </Button>
        </div>
      }
    >
      <form id={formId} noValidate onSubmit={form.onSubmit(submit, focusFirstError)}>
        <Stack gap="lg">
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
            label="Sold through Stripe"
            {...form.getInputProps('isSold', { type: 'checkbox' })}
          />
          {form.values.isSold && (
            <div className={classes.price}>
              <TextInput
                label="Price a month"
                inputMode="decimal"
                autoComplete="off"
                {...form.getInputProps('price')}
              />
              <TextInput
                label="Currency"
                maxLength={3}
                spellCheck={false}
                {...form.getInputProps('currency')}
              />
            </div>
          )}
          <Checkbox
            label="Offered"
            description="What is not offered can no longer be subscribed to; subscriptions go on."
            {...form.getInputProps('active', { type: 'checkbox' })}
          />
          {asksProduction && (
            <Checkbox
              label={`Yes, for ${connection.name}, which is production`}
              {...form.getInputProps('confirmed', { type: 'checkbox' })}
            />
          )}
        </Stack>
      </form>
      {save.error !== null && save.error.code !== 'confirmation_required' && (
        <ErrorState error={save.error} />
      )}
    </SideDrawer>
  );
}
