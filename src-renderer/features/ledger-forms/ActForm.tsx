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
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';
import { KeyCaps } from '#renderer/ui/Kbd.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import type { AppError } from '#shared/errors.ts';
import { ACT_TITLES, actWords } from './act-words.ts';
import { FormNotice } from './FormNotice.tsx';
import type { LedgerAct, LedgerActName, Posted, PostingAttempt } from './ledger-act.ts';
import styles from './ledger-forms.module.css';
import { PreviewPanel } from './PreviewPanel.tsx';
import { ProductionQuestion } from './ProductionQuestion.tsx';
import { ReasonFields } from './ReasonFields.tsx';
import { type ReasonValues, readReason } from './reason-values.ts';
import { useLedgerPreview } from './use-ledger-preview.ts';
import { usePosting } from './use-posting.ts';

/** The fields read as an act, or what is wrong with each of them. */
export type ActReading<Values> =
  | { ok: true; act: LedgerAct; credits: number }
  | { ok: false; fields: Partial<Record<keyof Values & string, string>> };

/** How a form was left: `posted` and `discarded` are over, `kept` waits for its outcome. */
export type FormEnd =
  | { how: 'posted'; posted: Posted; attempt: PostingAttempt }
  | { how: 'discarded' }
  | { how: 'kept'; attempt: PostingAttempt };

export type ActFormHost = { opened: boolean; onEnd: (end: FormEnd) => void };

// The ledger's and the contract's names of a value, where the form asks for it under another name.
const FIELD_OF_ARGUMENT: Record<string, string> = {
  expiresAt: 'expiryDay',
  expires_at: 'expiryDay',
  description: 'note',
  reason: 'note',
};

/**
 * The frame of every ledger form: a drawer with the act's own fields, the reason, a live preview at the foot, and one
 * button that names act and amount. It posts under one idempotency key for as long as it lives.
 */
export function ActForm<Values extends ReasonValues>({
  name,
  customerId,
  initialValues,
  read,
  idleText,
  host,
  children,
}: {
  name: LedgerActName;
  customerId: string;
  initialValues: Values;
  read: (values: Values) => ActReading<Values>;
  idleText: string;
  host: ActFormHost;
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
  const [submitted, setSubmitted] = useState<PostingAttempt | null>(null);

  const posting = usePosting({
    onPosted: (posted, attempt) => host.onEnd({ how: 'posted', posted, attempt }),
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
  );
  const words = reading.ok
    ? actWords(reading.act, { credits: reading.credits, customer: customerName, timeZone })
    : null;

  function showRefusal(error: AppError) {
    const fields: Record<string, string> = {};
    for (const [argument, message] of Object.entries(error.fields ?? {})) {
      const field = FIELD_OF_ARGUMENT[argument] ?? argument;
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
        title={ACT_TITLES[name].title}
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
                <Button variant="default" onClick={leave} disabled={state.status === 'posting'}>
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
                    loading={state.status === 'posting'}
                    disabled={elsewhere || preview.status === 'refused'}
                  >
                    {(state.status === 'open' ? words : submitted?.words)?.button ??
                      ACT_TITLES[name].button}
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
            autoFocus={name === 'releaseHold'}
          />
        </form>
      </SideDrawer>
      <ConfirmDialog
        opened={question === 'leave' && state.status !== 'unknown'}
        title="Discard this draft?"
        confirmLabel="Discard draft"
        cancelLabel="Keep editing"
        isDangerous
        onCancel={() => setQuestion(null)}
        onConfirm={() => host.onEnd({ how: 'discarded' })}
      >
        What you entered has not been posted. If you close the form now, it is lost.
      </ConfirmDialog>
      <ConfirmDialog
        opened={question === 'leave' && state.status === 'unknown'}
        title="Close without knowing the outcome?"
        confirmLabel="Close for now"
        cancelLabel="Stay here"
        onCancel={() => setQuestion(null)}
        onConfirm={() => {
          setQuestion(null);
          if (submitted !== null) host.onEnd({ how: 'kept', attempt: submitted });
        }}
      >
        The entry may or may not have been posted. It is kept with its key until the console closes:
        return to it from the notice, or by opening the same form again. Entering it anew somewhere
        else could post it twice.
      </ConfirmDialog>
      <ProductionQuestion
        opened={question === 'production'}
        connectionName={connection.name}
        action={submitted?.words.button ?? ACT_TITLES[name].button}
        customer={customerName}
        onCancel={() => setQuestion(null)}
        onConfirm={confirmProduction}
      />
    </>
  );
}
