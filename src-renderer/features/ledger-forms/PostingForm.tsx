import { type UseFormReturnType, useForm } from '@mantine/form';
import type { ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { useSession } from '#renderer/api/session.tsx';
import { errorsByField } from '#renderer/ui/form-problems.ts';
import { EntryDrawer } from './EntryDrawer.tsx';
import type { ActWords, LedgerPreview, PostingAttempt } from './ledger-act.ts';
import { type AboutPreview, PreviewPanel } from './PreviewPanel.tsx';
import { ReasonFields } from './ReasonFields.tsx';
import { type ReasonValues, readReason } from './reason-values.ts';
import { useEntry } from './use-entry.ts';
import { type PreviewQuestion, useLedgerPreview } from './use-ledger-preview.ts';

/** The fields read as an act with its words, or what is wrong with each of them. */
export type Reading<Values, Act> =
  | { ok: true; act: Act; words: (options: { customer: string; timeZone: string }) => ActWords }
  | { ok: false; fields: Partial<Record<keyof Values & string, string>> };

/** How a form was left: `posted` and `discarded` are over, `kept` waits for its outcome. */
export type FormEnd<Act, Answer> =
  | { how: 'posted'; answer: Answer; attempt: PostingAttempt<Act> }
  | { how: 'discarded' }
  | { how: 'kept'; attempt: PostingAttempt<Act> };

export type FormHost<Act, Answer> = {
  opened: boolean;
  onEnd: (end: FormEnd<Act, Answer>) => void;
};

/**
 * The frame of every form that posts: a drawer with the act's own fields, the reason, a live preview at the foot, and
 * one button that names act and amount. It posts under one idempotency key for as long as it lives.
 */
export function PostingForm<
  Values extends ReasonValues,
  Act,
  Preview extends LedgerPreview,
  Answer,
>({
  title,
  idleButton,
  idleText,
  customerId,
  initialValues,
  read,
  preview: previewQuestion,
  aboutPreview,
  post,
  fieldOfArgument = {},
  consequence,
  isDangerous = false,
  focusReason = false,
  host,
  children,
}: {
  title: string;
  /** The button as long as the fields do not make an act. */
  idleButton: string;
  /** What is missing until there is something to preview. */
  idleText: string;
  customerId: string;
  initialValues: Values;
  read: (values: Values) => Reading<Values, Act>;
  /** What the act would do: asked while it is being typed. */
  preview: PreviewQuestion<Act, Preview>;
  /** What the preview tells beside balance and grants. */
  aboutPreview?: ((preview: Preview) => AboutPreview) | undefined;
  /** One try. Throws AppError; where its outcome is unknown, the same attempt is repeated with the same key. */
  post: (attempt: PostingAttempt<Act>, idempotencyKey: string) => Promise<Answer>;
  /** The contract's names of values that the form asks for under other names. */
  fieldOfArgument?: Readonly<Record<string, string>>;
  /** What the second question of a production connection says cannot be taken back. */
  consequence?: string;
  /** For what cannot be taken back: the button warns by its colour, and Cancel has the focus. */
  isDangerous?: boolean;
  /** Begin with the reason, where no field stands above it. */
  focusReason?: boolean;
  host: FormHost<Act, Answer>;
  children: (form: UseFormReturnType<Values>, options: { disabled: boolean }) => ReactNode;
}) {
  const { timeZone } = useSession();
  const form = useForm<Values>({ mode: 'controlled', initialValues });
  const entry = useEntry<PostingAttempt<Act>, Answer>({
    customerId,
    hasDraft: form.isDirty(),
    post,
    onPosted: (answer, attempt) => host.onEnd({ how: 'posted', answer, attempt }),
    onRefused: (error) => form.setErrors(errorsByField(error, fieldOfArgument)),
    onDiscard: () => host.onEnd({ how: 'discarded' }),
    onKeep: (attempt) => host.onEnd({ how: 'kept', attempt }),
  });
  const { state, disabled } = entry;

  const reading = read(form.values);
  const preview = useLedgerPreview(
    reading.ok && !disabled && host.opened ? reading.act : null,
    previewQuestion,
  );
  const words = reading.ok ? reading.words({ customer: entry.customer.name, timeZone }) : null;

  function submit() {
    const reason = readReason(form.values);
    if (!reading.ok || !reason.ok || words === null) {
      flushSync(() =>
        form.setErrors({
          ...(reading.ok ? {} : reading.fields),
          ...(reason.ok ? {} : reason.fields),
        }),
      );
      entry.focusFirstError();
      return;
    }
    entry.submit({ act: reading.act, reason: reason.reason, confirmedProduction: false, words });
  }

  return (
    <EntryDrawer
      entry={entry}
      opened={host.opened}
      title={title}
      idleButton={idleButton}
      words={words}
      canSubmit={preview.status !== 'refused'}
      isDangerous={isDangerous}
      consequence={consequence}
      onSubmit={submit}
      foot={
        state.status !== 'unknown' && (
          <PreviewPanel
            state={preview}
            timeZone={timeZone}
            about={aboutPreview}
            idleText={
              state.status === 'open'
                ? idleText
                : state.status === 'posting'
                  ? 'Posting…'
                  : 'Posted.'
            }
          />
        )
      }
    >
      {children(form, { disabled })}
      <ReasonFields
        form={form as unknown as UseFormReturnType<ReasonValues>}
        disabled={disabled}
        autoFocus={focusReason}
      />
    </EntryDrawer>
  );
}
