import { Button, Textarea } from '@mantine/core';
import { type KeyboardEvent, type Ref, useState } from 'react';
import { customersProcedures } from '#shared/ipc/customers.ts';
import styles from './customer-page.module.css';
import { useAddNote } from './mutations.ts';

const textSchema = customersProcedures['customers.addNote'].input.shape.text;

/** Writes a note to the customer's record; notes are never changed afterwards. */
export function NoteComposer({
  customerId,
  ref,
}: {
  customerId: string;
  /** The field to write in. */
  ref?: Ref<HTMLTextAreaElement> | undefined;
}) {
  const add = useAddNote();
  const [text, setText] = useState('');
  const read = textSchema.safeParse(text);
  const isEmpty = text.trim() === '';
  const tooMuch = isEmpty || read.success ? null : `A note ${read.error.issues[0]?.message}.`;

  function submit() {
    if (!read.success || add.isPending) return;
    add.mutate({ customerId, text: read.data }, { onSuccess: () => setText('') });
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    submit();
  }

  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Textarea
        ref={ref}
        aria-label="New note"
        placeholder="Add a note to the record"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        error={
          tooMuch ?? (add.isError ? failureText(add.error.code, add.error.message) : undefined)
        }
        disabled={add.isPending}
        rows={2}
        resize="vertical"
      />
      {!isEmpty && (
        <Button type="submit" size="xs" variant="default" loading={add.isPending}>
          Add note
        </Button>
      )}
    </form>
  );
}

function failureText(code: string, message: string): string {
  return code === 'outcome_unknown'
    ? `${message} The note may have been saved: look at the list before adding it again.`
    : `${message} The note was not saved; it is still here.`;
}
