import { Button, Popover, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ChevronDownIcon } from '#renderer/ui/icons.tsx';
import { type CustomerId, customerIdSchema } from '#shared/ids.ts';
import classes from './Transactions.module.css';

/** One customer's transactions, by the customer's id. */
export function CustomerFilter({ onChange }: { onChange: (customerId: CustomerId) => void }) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      trapFocus
      returnFocus
      withinPortal
    >
      <Popover.Target>
        <Button
          variant="default"
          rightSection={<ChevronDownIcon size={12} />}
          onClick={() => setOpened(!opened)}
        >
          Customer
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Customer">
        <CustomerForm
          onSubmit={(customerId) => {
            setOpened(false);
            onChange(customerId);
          }}
        />
      </Popover.Dropdown>
    </Popover>
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
