import { Button, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { type CustomerId, customerIdSchema } from '#shared/ids.ts';
import { FormFilter } from './FormFilter.tsx';
import classes from './Transactions.module.css';

/** One customer's transactions, by the customer's id. */
export function CustomerFilter({ onChange }: { onChange: (customerId: CustomerId) => void }) {
  return (
    <FormFilter label="Customer">
      {(close) => (
        <CustomerForm
          onSubmit={(customerId) => {
            close();
            onChange(customerId);
          }}
        />
      )}
    </FormFilter>
  );
}

function CustomerForm({ onSubmit }: { onSubmit: (customerId: CustomerId) => void }) {
  const [text, setText] = useState('');
  const [error, setError] = useState<string | null>(null);

  function submit(event: FormEvent) {
    event.preventDefault();
    const parsed = customerIdSchema.safeParse(text.trim());
    if (parsed.success) onSubmit(parsed.data);
    else setError('Enter the whole id of a customer, at most 200 characters.');
  }

  return (
    <form className={classes.amountForm} onSubmit={submit} noValidate>
      <TextInput
        label="Customer id"
        autoComplete="off"
        data-autofocus
        value={text}
        error={error}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit">Apply</Button>
    </form>
  );
}
