import { useQuery } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import type { AppError } from '#shared/errors.ts';
import type { ActWords } from './ledger-act.ts';
import { usePosting } from './use-posting.ts';

/** One try. A repeat sends exactly the same again; `words` tell the person what was sent. */
export type EntryAttempt = { confirmedProduction: boolean; words: ActWords };

/**
 * An entry under one idempotency key, from the opening of its form until its outcome is known: the question that production
 * asks first, the way out, and where the focus goes when a try failed. EntryDrawer shows it.
 */
export function useEntry<Attempt extends EntryAttempt, Answer>({
  customerId,
  hasDraft,
  post,
  onPosted,
  onRefused,
  onDiscard,
  onKeep,
}: {
  customerId: string;
  /** Something was entered that is lost when the form closes. */
  hasDraft: boolean;
  /** One try. Throws AppError; where its outcome is unknown, the same attempt is repeated with the same key. */
  post: (attempt: Attempt, idempotencyKey: string) => Promise<Answer>;
  onPosted: (answer: Answer, attempt: Attempt) => void;
  /** Nothing was posted, and the fields can be corrected. */
  onRefused?: (error: AppError) => void;
  onDiscard: () => void;
  /** The outcome is not known: the form is kept with its key. */
  onKeep: (attempt: Attempt) => void;
}) {
  const { connection } = useSession();
  // A form belongs to the database it was opened on: its key would protect nothing on another one.
  const [openedOn] = useState(connection.id);
  const elsewhere = connection.id !== openedOn;
  const customer = useQuery(consoleQuery('customers.get', { customerId }));
  const formElement = useRef<HTMLFormElement>(null);
  const notice = useRef<HTMLDivElement>(null);
  const [question, setQuestion] = useState<'leave' | 'production' | null>(null);
  /** What the person submitted last: waits for the second question, or was sent. */
  const [submitted, setSubmitted] = useState<Attempt | null>(null);

  const posting = usePosting<Attempt, Answer>({
    post,
    onPosted,
    onRefused: (error) => {
      if (error.code === 'confirmation_required') setQuestion('production');
      else onRefused?.(error);
    },
  });
  const { state } = posting;

  function focusFirstError(): boolean {
    const field = formElement.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    field?.focus();
    return field !== null && field !== undefined;
  }

  const failure = state.status === 'open' || state.status === 'unknown' ? state.error : null;
  // The button that had the focus was disabled while posting: without a new place for it, no key would be heard.
  const focusFailure = useEffectEvent(() => {
    if (!focusFirstError()) notice.current?.focus();
  });
  useEffect(() => {
    if (failure !== null) focusFailure();
  }, [failure]);

  return {
    customer: {
      id: customerId,
      name: customer.data?.name ?? customer.data?.email ?? customerId,
    },
    connection,
    /** The connection is another one than the form was opened on. */
    elsewhere,
    state,
    failure,
    /** The fields cannot be edited. */
    disabled: state.status !== 'open' || elsewhere,
    submitted,
    question,
    formElement,
    notice,
    focusFirstError,
    /** Posts, on production after its question. */
    submit(attempt: Attempt) {
      setSubmitted(attempt);
      if (connection.environment === 'production') setQuestion('production');
      else void posting.post(attempt);
    },
    /** The answer to production's question. */
    confirm() {
      setQuestion(null);
      if (submitted !== null) void posting.post({ ...submitted, confirmedProduction: true });
    },
    checkAgain: () => void posting.checkAgain(),
    /** The way out: asks first where something would be lost or is not known. */
    leave() {
      // Esc reaches the dialog that lies over the drawer and the drawer alike.
      if (question !== null || state.status === 'posting') return;
      if (state.status === 'unknown' || hasDraft) setQuestion('leave');
      else onDiscard();
    },
    stay: () => setQuestion(null),
    discard: onDiscard,
    keep() {
      setQuestion(null);
      if (submitted !== null) onKeep(submitted);
    },
  };
}

export type Entry<Attempt extends EntryAttempt> = ReturnType<typeof useEntry<Attempt, unknown>>;
