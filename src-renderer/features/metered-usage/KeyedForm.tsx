import { Button, Group } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useQuery, useQueryClient } from '@tanstack/react-query';
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
import {
  type ActWords,
  FormNotice,
  KeepQuestion,
  ProductionQuestion,
  showDoneNotice,
  usePosting,
} from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { DiscardQuestion } from '#renderer/ui/DiscardQuestion.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import type { AppError } from '#shared/errors.ts';
import type { FormEnds } from './forms-context.ts';
import styles from './metered-usage.module.css';
import { reloadMetering } from './queries.ts';

/** The fields read as an act, or what is wrong with each of them. */
export type FieldReading<Values, Act> =
  | { ok: true; act: Act; words: (customer: string) => ActWords }
  | { ok: false; fields: Partial<Record<keyof Values & string, string>> };

/** One try. A repeat sends exactly the same again. */
type Attempt<Act> = { act: Act; confirmedProduction: boolean; words: ActWords };

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
  const { connection } = useSession();
  // A form belongs to the database it was opened on: its key would protect nothing on another one.
  const [openedOn] = useState(connection.id);
  const elsewhere = connection.id !== openedOn;
  const queryClient = useQueryClient();
  const customer = useQuery(consoleQuery('customers.get', { customerId }));
  const customerName = customer.data?.name ?? customer.data?.email ?? customerId;

  const formId = useId();
  const formElement = useRef<HTMLFormElement>(null);
  const notice = useRef<HTMLDivElement>(null);
  const [question, setQuestion] = useState<'leave' | 'production' | null>(null);
  const [submitted, setSubmitted] = useState<Attempt<Act> | null>(null);

  const posting = usePosting<Attempt<Act>, unknown>({
    post: ({ act, confirmedProduction }, key) => post(act, { key, confirmedProduction }),
    onPosted: (_, { words }) => {
      void reloadMetering(queryClient);
      showDoneNotice({ title: words.done, message: done });
      ends.onClose();
    },
    onRefused: (error) => {
      if (error.code === 'confirmation_required') setQuestion('production');
      else showRefusal(error);
    },
  });
  const { state } = posting;
  const disabled = state.status !== 'open' || elsewhere;
  const reading = read(form.values);
  const words = reading.ok ? reading.words(customerName) : null;

  function showRefusal(error: AppError) {
    const fields = Object.entries(error.fields ?? {}).filter(([field]) => field in form.values);
    form.setErrors(Object.fromEntries(fields));
  }

  function focusFirstError(): boolean {
    const field = formElement.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    field?.focus();
    return field !== null && field !== undefined;
  }

  function submit(event?: FormEvent) {
    event?.preventDefault();
    if (disabled || !isReady) return;
    if (!reading.ok || words === null) {
      flushSync(() => form.setErrors(reading.ok ? {} : reading.fields));
      focusFirstError();
      return;
    }
    const attempt = { act: reading.act, confirmedProduction: false, words };
    setSubmitted(attempt);
    if (connection.environment === 'production') setQuestion('production');
    else void posting.post(attempt);
  }

  function leave() {
    // Esc reaches the dialog that lies over the drawer and the drawer alike.
    if (question !== null || state.status === 'posting') return;
    if (state.status === 'unknown' || form.isDirty()) setQuestion('leave');
    else ends.onClose();
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
  const focusFailure = useEffectEvent(() => {
    if (!focusFirstError()) notice.current?.focus();
  });
  useEffect(() => {
    if (failure !== null) focusFailure();
  }, [failure]);

  const isRepeat = state.status === 'unknown' || (state.status === 'posting' && state.repeat);
  return (
    <>
      <SideDrawer
        opened={ends.opened}
        onClose={leave}
        title={title}
        width={500}
        foot={
          <div className={styles.foot}>
            {elsewhere ? (
              <p className={styles.failure}>
                <strong>The connection has changed.</strong> This form was opened on another
                database. Nothing was done here; close it and open it again.
              </p>
            ) : (
              state.status === 'open' && foot
            )}
            <Group justify="flex-end" gap="sm">
              <Button variant="default" onClick={leave} disabled={state.status === 'posting'}>
                {state.status === 'unknown' ? 'Close' : 'Cancel'}
              </Button>
              {isRepeat ? (
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
                  disabled={elsewhere || !isReady}
                >
                  {(state.status === 'open' ? words : submitted?.words)?.button ?? idleButton}
                </Button>
              )}
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
          <p className={styles.customerName}>{customerName}</p>
          {failure !== null && (
            <FormNotice ref={notice} error={failure} outcomeUnknown={state.status === 'unknown'} />
          )}
          {children({ disabled, leave })}
        </form>
      </SideDrawer>
      <DiscardQuestion
        opened={question === 'leave' && state.status !== 'unknown'}
        onStay={() => setQuestion(null)}
        onDiscard={ends.onClose}
      >
        What you entered has not been sent. If you close the form now, it is lost.
      </DiscardQuestion>
      <KeepQuestion
        opened={question === 'leave' && state.status === 'unknown'}
        onStay={() => setQuestion(null)}
        onKeep={() => {
          setQuestion(null);
          if (submitted !== null) ends.onKeep(submitted.words);
        }}
      />
      <ProductionQuestion
        opened={question === 'production'}
        connectionName={connection.name}
        action={submitted?.words.button ?? idleButton}
        customer={customerName}
        consequence={consequence}
        onCancel={() => setQuestion(null)}
        onConfirm={() => {
          setQuestion(null);
          if (submitted !== null) void posting.post({ ...submitted, confirmedProduction: true });
        }}
      />
    </>
  );
}
