import { Checkbox, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useCommand } from '#renderer/api/queries.ts';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { FormDrawer } from '#renderer/ui/FormDrawer.tsx';
import { problemOf } from '#renderer/ui/form-problems.ts';
import { parseCredits } from '#shared/credits.ts';
import { type CreditPackage, catalogIdSchema } from '#shared/ipc/catalog.ts';
import {
  currencyProblem,
  initialPrice,
  PriceFields,
  priceProblem,
  readPrice,
} from './PriceFields.tsx';
import { useItemSaving } from './use-item-saving.ts';

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
  const form = useForm({
    initialValues: {
      id: creditPackage?.id ?? '',
      name: creditPackage?.name ?? '',
      credits: creditPackage === null ? '' : String(creditPackage.credits),
      ...initialPrice(creditPackage?.price ?? null),
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
      price: (_, values) => priceProblem(values),
      currency: (_, values) => currencyProblem(values),
    },
  });
  const { asksProduction, whenAnswered } = useItemSaving({
    setErrors: form.setErrors,
    fieldOfArgument: FIELD_OF_ARGUMENT,
    onClose,
  });
  const save = useCommand('catalog.savePackage', whenAnswered);
  function submit(values: typeof form.values) {
    const typed = parseCredits(values.credits);
    const price = readPrice(values);
    if (!typed.ok || price === null) return;
    save.mutate({
      isNew: creditPackage === null,
      id: values.id,
      name: values.name,
      credits: typed.value,
      ...price,
      active: values.active,
      confirmedProduction: asksProduction && values.confirmed,
    });
  }
  const credits = parseCredits(form.values.credits);
  return (
    <FormDrawer
      title={creditPackage === null ? 'New package' : `Edit ${creditPackage.name}`}
      saveLabel="Save package"
      form={form}
      asksProduction={asksProduction}
      save={save}
      onSubmit={submit}
      onClose={onClose}
      hint={
        creditPackage === null
          ? undefined
          : 'Another price or number of credits makes a new price in Stripe and retires the old one; links that were sent stay valid at the old terms.'
      }
    >
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
          credits.ok ? `= ${formatCreditsInWords(credits.value)}` : 'Whole credits, such as 1,000'
        }
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        {...form.getInputProps('credits')}
      />
      <PriceFields label="Price" form={form} />
      <Checkbox
        label="On sale"
        description="What is not on sale can no longer be bought; what was bought stays."
        {...form.getInputProps('active', { type: 'checkbox' })}
      />
    </FormDrawer>
  );
}
