import { Button, Group } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import {
  type FormEvent,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useEffectEvent,
  useId,
  useRef,
  useState,
} from 'react';
import { flushSync } from 'react-dom';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { DiscardQuestion } from '#renderer/ui/DiscardQuestion.tsx';
import { KeyCaps } from '#renderer/ui/Kbd.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import type { AppError } from '#shared/errors.ts';
import { FormNotice } from './FormNotice.tsx';
import { KeepQuestion } from './KeepQuestion.tsx';
import type { ActWords, LedgerPreview, PostingAttempt } from './ledger-act.ts';
import styles from './ledger-forms.module.css';
import { type AboutPreview, PreviewPanel } from './PreviewPanel.tsx';
import { ProductionQuestion } from './ProductionQuestion.tsx';
import { ReasonFields } from './ReasonFields.tsx';
import { type ReasonValues, readReason } from './reason-values.ts';
import { type PreviewQuestion, useLedgerPreview } from './use-ledger-preview.ts';
import { usePosting } from './use-posting.ts';

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
  const session = useSession();
  const { connection, timeZone } = session;
  // A form belongs to the database it was opened on: its key would protect nothing on another one.
  const [openedOn] = useState(connection.id);
  const elsewhere = connection.id !== openedOn;
  const customer = useQuery(consoleQuery('customers.get', { customerId }));
  const customerName = customer.data?.name ?? customer.data?.email ?? customerId;

  const formId = useId();
  const form = useForm<Values>({ mode: 'controlled', initialValues });
  const formElement = useRef<HTMLFormElement>(null);
  const notice = useRef<HTMLDivElement>(null);
  const [question, setQuestion] = useState<'leave' | 'production' | null>(null);
  /** What the person submitted last: waits for the second question, or was sent. */
  const [submitted, setSubmitted] = useState<PostingAttempt<Act> | null>(null);

  const posting = usePosting({
    post,
    onPosted: (answer, attempt) => host.onEnd({ how: 'posted', answer, attempt }),
    onRefused: (error) => {
      if (error.code === 'confirmation_required') setQuestion('production');
      else showRefusal(error);
    },
  });
  const { state } = posting;
  const disabled = state.status !== 'open' || elsewhere;

  const reading = read(form.values);
  const preview = useLedgerPreview(
    reading.ok && state.status === 'open' && host.opened && !elsewhere ? reading.act : null,
    previewQuestion,
  );
  const words = reading.ok ? reading.words({ customer: customerName, timeZone }) : null;

  function showRefusal(error: AppError) {
    const fields: Record<string, string> = {};
    for (const [argument, message] of Object.entries(error.fields ?? {})) {
      const field = fieldOfArgument[argument] ?? argument;
      if (field in form.values) fields[field] = message;
    }
    form.setErrors(fields);
  }

  function focusFirstError(): boolean {
    const field = formElement.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    field?.focus();
    return field !== null && field !== undefined;
  }

  function submit(event?: FormEvent) {
    event?.preventDefault();
    if (disabled || preview.status === 'refused') return;
    const reason = readReason(form.values);
    if (!reading.ok || !reason.ok || words === null) {
      flushSync(() =>
        form.setErrors({
          ...(reading.ok ? {} : reading.fields),
          ...(reason.ok ? {} : reason.fields),
        }),
      );
      focusFirstError();
      return;
    }
    const attempt = { act: reading.act, reason: reason.reason, confirmedProduction: false, words };
    setSubmitted(attempt);
    if (connection.environment === 'production') setQuestion('production');
    else void posting.post(attempt);
  }

  function confirmProduction() {
    setQuestion(null);
    if (submitted !== null) void posting.post({ ...submitted, confirmedProduction: true });
  }

  function leave() {
    // Esc reaches the dialog that lies over the drawer and the drawer alike.
    if (question !== null || state.status === 'posting') return;
    if (state.status === 'unknown' || form.isDirty()) setQuestion('leave');
    else host.onEnd({ how: 'discarded' });
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      submit();
    } else if (event.target instanceof HTMLInputElement) {
      // Enter in a field never posts: the button and Ctrl/Cmd+Enter do.
      event.preventDefault();
    }
  }

  const failure = state.status === 'open' || state.status === 'unknown' ? state.error : null;
  // The button that had the focus was disabled while posting: without a new place for it, no key would be heard.
  const focusFailure = useEffectEvent(() => {
    if (!focusFirstError()) notice.current?.focus();
  });
  useEffect(() => {
    if (failure !== null) focusFailure();
  }, [failure]);
  return (
    <>
      <SideDrawer
        opened={host.opened}
        onClose={leave}
        title={title}
        width={500}
        foot={
          <div className={styles.foot}>
            {elsewhere ? (
              <p className={styles.previewRefused}>
                <strong>The connection has changed.</strong> This form was opened on another
                database. Nothing was posted here; close it and open it again.
              </p>
            ) : (
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
            )}
            <Group justify="space-between" gap="sm">
              <span className={styles.footHint}>
                {state.status === 'open' && <KeyCaps keys="mod+Enter" />}
              </span>
              <Group gap="sm">
                <Button
                  variant="default"
                  onClick={leave}
                  disabled={state.status === 'posting'}
                  {...(isDangerous && { 'data-autofocus': true })}
                >
                  {state.status === 'unknown' ? 'Close' : 'Cancel'}
                </Button>
                {state.status === 'unknown' || (state.status === 'posting' && state.repeat) ? (
                  <Button
                    onClick={() => void posting.checkAgain()}
                    loading={state.status === 'posting'}
                    disabled={elsewhere}
                  >
                    Check again
                  </Button>
                ) : (
                  <Button
                    type="submit"
                    form={formId}
                    {...(isDangerous && { color: 'red' })}
                    loading={state.status === 'posting'}
                    disabled={elsewhere || preview.status === 'refused'}
                  >
                    {(state.status === 'open' ? words : submitted?.words)?.button ?? idleButton}
                  </Button>
                )}
              </Group>
            </Group>
          </div>
        }
      >
        <form
          id={formId}
          ref={formElement}
          className={styles.form}
          onSubmit={submit}
          onKeyDown={onKeyDown}
          noValidate
        >
          <p className={styles.customer}>
            <span className={styles.customerName}>{customerName}</span>
            {customerName !== customerId && <span className={styles.customerId}>{customerId}</span>}
          </p>
          {failure !== null && (
            <FormNotice ref={notice} error={failure} outcomeUnknown={state.status === 'unknown'} />
          )}
          {children(form, { disabled })}
          <ReasonFields
            form={form as unknown as UseFormReturnType<ReasonValues>}
            disabled={disabled}
            autoFocus={focusReason}
          />
        </form>
      </SideDrawer>
      <DiscardQuestion
        opened={question === 'leave' && state.status !== 'unknown'}
        onStay={() => setQuestion(null)}
        onDiscard={() => host.onEnd({ how: 'discarded' })}
      >
        What you entered has not been posted. If you close the form now, it is lost.
      </DiscardQuestion>
      <KeepQuestion
        opened={question === 'leave' && state.status === 'unknown'}
        onStay={() => setQuestion(null)}
        onKeep={() => {
          setQuestion(null);
          if (submitted !== null) host.onEnd({ how: 'kept', attempt: submitted });
        }}
      />
      <ProductionQuestion
        opened={question === 'production'}
        connectionName={connection.name}
        action={submitted?.words.button ?? idleButton}
        customer={customerName}
        consequence={consequence}
        onCancel={() => setQuestion(null)}
        onConfirm={confirmProduction}
      />
    </>
  );
}
