import { Button, Checkbox, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { parseCredits } from '#shared/credits.ts';
import { type CreditPackage, catalogIdSchema } from '#shared/ipc/catalog.ts';
import { currencySchema, moneyDigits, parseMoney } from '#shared/money.ts';
import classes from './catalog.module.css';
import { errorsByField, problemOf } from './form-problems.ts';

/** The contract's names of values that the form asks for under other names. */
const FIELD_OF_ARGUMENT = { amountMinor: 'price' };

/** Makes or changes one credit package; null makes a new one. Saving does not send it to Stripe. */
export function PackageForm({
  creditPackage,
  onClose,
}: {
  creditPackage: CreditPackage | null;
  onClose: () => void;
}) {
  const { connection } = useSession();
  const formId = useId();
  const queryClient = useQueryClient();
  const [asksProduction, setAsksProduction] = useState(connection.environment === 'production');
  const form = useForm({
    initialValues: {
      id: creditPackage?.id ?? '',
      name: creditPackage?.name ?? '',
      credits: creditPackage === null ? '' : String(creditPackage.credits),
      currency: creditPackage?.price.currency ?? 'usd',
      price: creditPackage === null ? '' : moneyDigits(creditPackage.price),
      active: creditPackage?.active ?? true,
      confirmed: false,
    },
    validate: {
      // In the order of the fields: the first that is wrong gets the focus.
      name: (name) => (name.trim() === '' ? 'Enter a name.' : null),
      id: (id) => problemOf(catalogIdSchema, id),
      credits: (text) => {
        const parsed = parseCredits(text);
        return parsed.ok ? null : parsed.why;
      },
      price: (text, values) => {
        const parsed = parseMoney(text, values.currency.trim());
        return parsed.ok ? null : parsed.why;
      },
      currency: (currency) => problemOf(currencySchema, currency.trim().toLowerCase()),
    },
  });
  function focusFirstError(errors: typeof form.errors) {
    const [first] = Object.keys(errors);
    if (first !== undefined) form.getInputNode(first)?.focus();
  }
  const save = useCommand('catalog.savePackage', {
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
    const credits = parseCredits(values.credits);
    const price = parseMoney(values.price, currency);
    if (!credits.ok || !price.ok) return;
    save.mutate({
      isNew: creditPackage === null,
      id: values.id,
      name: values.name,
      credits: credits.value,
      currency,
      amountMinor: price.amountMinor,
      active: values.active,
      confirmedProduction: asksProduction && values.confirmed,
    });
  }
  const credits = parseCredits(form.values.credits);
  return (
    <SideDrawer
      opened
      onClose={onClose}
      title={creditPackage === null ? 'New package' : `Edit ${creditPackage.name}`}
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
            Save package
          </Button>
        </div>
      }
    >
      <form id={formId} noValidate onSubmit={form.onSubmit(submit, focusFirstError)}>
        <Stack gap="lg">
          <TextInput label="Name" data-autofocus maxLength={100} {...form.getInputProps('name')} />
          <TextInput
            label="Key"
            description={
              creditPackage === null
                ? 'Small letters, digits and underscores; stands in Stripe’s lookup key and never changes.'
                : 'Never changes: Stripe’s lookup key is made of it.'
            }
            disabled={creditPackage !== null}
            spellCheck={false}
            maxLength={60}
            {...form.getInputProps('id')}
          />
          <TextInput
            label="Credits"
            inputMode="numeric"
            autoComplete="off"
            description={
              credits.ok
                ? `= ${formatCreditsInWords(credits.value)}`
                : 'Whole credits, such as 1,000'
            }
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            {...form.getInputProps('credits')}
          />
          <div className={classes.price}>
            <TextInput
              label="Price"
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
          <Checkbox
            label="On sale"
            description="What is not on sale can no longer be bought; what was bought stays."
            {...form.getInputProps('active', { type: 'checkbox' })}
          />
          {asksProduction && (
            <Checkbox
              label={`Yes, for ${connection.name}, which is production`}
              {...form.getInputProps('confirmed', { type: 'checkbox' })}
            />
          )}
          {creditPackage !== null && (
            <p className={classes.hint}>
              Another price or number of credits makes a new price in Stripe and retires the old
              one; links that were sent stay valid at the old terms.
            </p>
          )}
        </Stack>
      </form>
      {save.error !== null && save.error.code !== 'confirmation_required' && (
        <ErrorState error={save.error} />
      )}
    </SideDrawer>
  );
}
