import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useRef } from 'react';
import { flushSync } from 'react-dom';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { customersProcedures } from '#shared/ipc/customers.ts';
import styles from './customers.module.css';
import { useEnsureCustomer } from './mutations.ts';

type NewCustomerValues = {
  id: string;
  name: string;
  email: string;
  stripeCustomerId: string;
  plan: string;
};

const FIELDS = [
  {
    field: 'id',
    label: 'Id',
    description: 'The product’s own user id. It is never made here and cannot be changed later.',
  },
  { field: 'name', label: 'Name (optional)' },
  { field: 'email', label: 'E-mail (optional)' },
  { field: 'stripeCustomerId', label: 'Stripe id (optional)' },
  { field: 'plan', label: 'Plan (optional)' },
] as const satisfies ReadonlyArray<{
  field: keyof NewCustomerValues;
  label: string;
  description?: string;
}>;

const EMPTY: NewCustomerValues = { id: '', name: '', email: '', stripeCustomerId: '', plan: '' };

/** Checks the fields by the contract's own limits. */
function errorsOf(values: NewCustomerValues): Partial<Record<keyof NewCustomerValues, string>> {
  const result = customersProcedures['customers.ensure'].input.safeParse(values);
  if (result.success) return {};
  const errors: Partial<Record<keyof NewCustomerValues, string>> = {};
  for (const issue of result.error.issues) {
    const field = FIELDS.find((each) => each.field === issue.path[0])?.field;
    if (field === undefined) continue;
    errors[field] ??=
      field === 'id' && values.id === ''
        ? 'Enter the product’s own user id.'
        : issue.code === 'too_big'
          ? `This can have at most ${Number(issue.maximum).toLocaleString('en')} characters.`
          : `This ${issue.message}.`;
  }
  return errors;
}

/** Makes a customer of the product known to the ledger. An id that exists is opened, and what it lacks filled in. */
export function NewCustomerDialog({
  opened,
  onClose,
  onAdded,
}: {
  opened: boolean;
  onClose: () => void;
  onAdded: (customerId: string) => void;
}) {
  const ensure = useEnsureCustomer();
  const form = useForm<NewCustomerValues>({ mode: 'controlled', initialValues: EMPTY });
  const formElement = useRef<HTMLFormElement>(null);

  function close() {
    if (ensure.isPending) return;
    ensure.reset();
    form.reset();
    onClose();
  }

  function submit() {
    if (ensure.isPending) return;
    const values = { ...form.values, id: form.values.id.trim() };
    const errors = errorsOf(values);
    if (Object.keys(errors).length > 0) {
      showErrors(errors);
      return;
    }
    ensure.mutate(values, {
      onSuccess: ({ id }) => {
        form.reset();
        onAdded(id);
      },
      onError: (error) => showErrors(error.fields ?? {}),
    });
  }

  function showErrors(errors: Record<string, string>) {
    flushSync(() => form.setErrors(errors));
    formElement.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }

  return (
    <Modal
      opened={opened}
      onClose={close}
      title="New customer"
      size={460}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        ref={formElement}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack gap="md">
          {ensure.isError && <ErrorState error={ensure.error} />}
          {FIELDS.map((each) => (
            <TextInput
              key={each.field}
              label={each.label}
              description={'description' in each ? each.description : undefined}
              value={form.values[each.field]}
              onChange={(event) => {
                form.setFieldValue(each.field, event.currentTarget.value);
                form.clearFieldError(each.field);
              }}
              error={form.errors[each.field]}
              disabled={ensure.isPending}
              required={each.field === 'id'}
              withAsterisk={false}
              autoComplete="off"
              spellCheck={false}
              {...(each.field === 'id' && { 'data-autofocus': true })}
            />
          ))}
          <p className={styles.hint}>If this id exists already, only what it lacks is filled in.</p>
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={close} disabled={ensure.isPending}>
              Cancel
            </Button>
            <Button type="submit" loading={ensure.isPending}>
              Add customer
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
