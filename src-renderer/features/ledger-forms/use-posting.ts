import { useRef, useState } from 'react';
import { toAppError } from '#renderer/api/client.ts';
import type { AppError } from '#shared/errors.ts';
import { meaningOfFailure } from './outcome.ts';

/**
 * Where a form stands. `open`: fields can be edited; `error` says why the last try posted nothing.
 * `posting`: a try is under way. `unknown`: a try may have been posted, so the fields stay as they were sent until a
 * repeat with the same key tells. `posted`: done.
 */
type PostingState =
  | { status: 'open'; error: AppError | null }
  | { status: 'posting'; repeat: boolean }
  | { status: 'unknown'; error: AppError }
  | { status: 'posted' };

export type Posting<Attempt> = {
  state: PostingState;
  /** Posts; does nothing while a try is under way or its outcome unknown. */
  post: (attempt: Attempt) => Promise<void>;
  /** Repeats the attempt whose outcome is unknown, with the same key and the same fields. */
  checkAgain: () => Promise<void>;
};

/**
 * Posts a form's act under one idempotency key, made when the form opens and kept until it closes. Only Stripe's own
 * refusal ends what the key stood for: it is on record as refused, and another try is another request.
 */
export function usePosting<Attempt, Answer>({
  post,
  onPosted,
  onRefused,
}: {
  /** One try. Throws AppError. */
  post: (attempt: Attempt, idempotencyKey: string) => Promise<Answer>;
  onPosted: (answer: Answer, attempt: Attempt) => void;
  /** Nothing was posted, and the fields can be corrected. */
  onRefused: (error: AppError) => void;
}): Posting<Attempt> {
  const [idempotencyKey, setIdempotencyKey] = useState(() => crypto.randomUUID());
  const [state, setState] = useState<PostingState>({ status: 'open', error: null });
  // React renders later than a second click arrives, so what guards against it cannot be state.
  const underWay = useRef(false);
  const unsettled = useRef<Attempt | null>(null);
  const done = useRef(false);

  async function attemptOnce(attempt: Attempt): Promise<void> {
    if (underWay.current || done.current) return;
    underWay.current = true;
    setState({ status: 'posting', repeat: unsettled.current !== null });
    let answer: Answer;
    try {
      answer = await post(attempt, idempotencyKey);
    } catch (thrown) {
      const error = toAppError(thrown);
      const meaning = meaningOfFailure(error.code);
      if (meaning === 'refused') unsettled.current = null;
      else if (meaning === 'unknown') unsettled.current = attempt;
      if (error.code === 'stripe_refused') setIdempotencyKey(crypto.randomUUID());
      // An unreachable database says nothing about an earlier try: what was unknown stays unknown.
      setState(
        unsettled.current === null ? { status: 'open', error } : { status: 'unknown', error },
      );
      if (unsettled.current === null) onRefused(error);
      return;
    } finally {
      underWay.current = false;
    }
    unsettled.current = null;
    done.current = true;
    setState({ status: 'posted' });
    onPosted(answer, attempt);
  }

  return {
    state,
    post: async (attempt) => {
      if (unsettled.current === null) await attemptOnce(attempt);
    },
    checkAgain: async () => {
      if (unsettled.current !== null) await attemptOnce(unsettled.current);
    },
  };
}
