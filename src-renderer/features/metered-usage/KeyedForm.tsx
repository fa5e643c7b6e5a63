import type { UseFormReturnType } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { flushSync } from 'react-dom';
import {
  type ActWords,
  EntryDrawer,
  type EntryWords,
  showDoneNotice,
  useEntry,
} from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { errorsByField } from '#renderer/ui/form-problems.ts';
import type { FormEnds } from './forms-context.ts';
import { reloadMetering } from './queries.ts';

/** The fields read as an act, or what is wrong with each of them. */
export type FieldReading<Values, Act> =
  | { ok: true; act: Act; words: (customer: string) => ActWords }
  | { ok: false; fields: Partial<Record<keyof Values & string, string>> };

/** One try. A repeat sends exactly the same again. */
type Attempt<Act> = { act: Act; confirmedProduction: boolean; words: ActWords };

const ENTRY_WORDS: EntryWords = { done: 'carried out', where: 'the customer’s Metered tab' };

/**
 * The frame of a form that writes to Stripe or reports usage: a drawer whose one button names the act, with one key for as
 * long as the form lives, so that neither a double click nor a lost answer does anything twice.
 */
export function KeyedForm<Values extends Record<string, unknown>, Act>({
  title,
  idleButton,
  customerId,
  form,
  read,
  post,
  done,
  consequence,
  foot,
  isReady = true,
  ends,
  children,
}: {
  title: string;
  /** The button as long as the fields do not make an act. */
  idleButton: string;
  customerId: string;
  form: UseFormReturnType<Values>;
  read: (values: Values) => FieldReading<Values, Act>;
  /** One try. Throws AppError. */
  post: (act: Act, options: { key: string; confirmedProduction: boolean }) => Promise<unknown>;
  /** What is told once it is done, beside the words of the act: a sentence. */
  done: string;
  /** What the second question of a production connection says cannot be taken back. */
  consequence: string;
  /** What the act comes to, above the buttons. */
  foot?: ReactNode;
  /** False where there is nothing to choose. */
  isReady?: boolean;
  ends: FormEnds;
  children: (options: { disabled: boolean; leave: () => void }) => ReactNode;
}) {
  const queryClient = useQueryClient();
  const entry = useEntry<Attempt<Act>, unknown>({
    customerId,
    hasDraft: form.isDirty(),
    post: ({ act, confirmedProduction }, key) => post(act, { key, confirmedProduction }),
    onPosted: (_, { words }) => {
      void reloadMetering(queryClient);
      showDoneNotice({ title: words.done, message: done });
      ends.onClose();
    },
    onRefused: (error) => form.setErrors(errorsByField(error, {})),
    onDiscard: ends.onClose,
    onKeep: ({ words }) => ends.onKeep(words),
  });
  const { disabled, leave } = entry;
  const reading = read(form.values);
  const words = reading.ok ? reading.words(entry.customer.name) : null;

  function submit() {
    if (!reading.ok || words === null) {
      flushSync(() => form.setErrors(reading.ok ? {} : reading.fields));
      entry.focusFirstError();
      return;
    }
    entry.submit({ act: reading.act, confirmedProduction: false, words });
  }

  return (
    <EntryDrawer
      entry={entry}
      opened={ends.opened}
      title={title}
      idleButton={idleButton}
      words={words}
      entryWords={ENTRY_WORDS}
      canSubmit={isReady}
      consequence={consequence}
      foot={entry.state.status === 'open' && foot}
      onSubmit={submit}
    >
      {children({ disabled, leave })}
    </EntryDrawer>
  );
}
