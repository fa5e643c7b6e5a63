import type { Ref } from 'react';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { errorAdvice } from '#renderer/ui/error-advice.ts';
import { WarningIcon } from '#renderer/ui/icons.tsx';
import type { AppError } from '#shared/errors.ts';
import type { EntryWords } from './entry-words.ts';
import styles from './ledger-forms.module.css';
import { meaningOfFailure } from './outcome.ts';

/** Why a try posted nothing, or that nobody knows yet: in the form, where the person looks. */
export function FormNotice({
  error,
  outcomeUnknown,
  words,
  ref,
}: {
  error: AppError;
  outcomeUnknown: boolean;
  words: EntryWords;
  ref?: Ref<HTMLDivElement>;
}) {
  return (
    <div
      ref={ref}
      tabIndex={-1}
      role="alert"
      className={outcomeUnknown ? styles.noticeUnknown : styles.noticeError}
    >
      <WarningIcon />
      <div className={styles.noticeWords}>
        <p className={styles.noticeTitle}>
          {outcomeUnknown ? 'The outcome is not known yet.' : error.message}
        </p>
        <p>{outcomeUnknown ? unknownText(error, words) : refusedText(error, words)}</p>
        {error.traceId !== undefined && (
          <p className={styles.noticeTrace}>
            Trace <CopyableId value={error.traceId} label="Trace id" />
          </p>
        )}
      </div>
    </div>
  );
}

function unknownText(error: AppError, { done }: EntryWords): string {
  return (
    `${error.message} The entry may or may not have been ${done}. Check again repeats exactly the same entry with the ` +
    `same key, so nothing is ${done} twice; until then the fields stay as they were sent.`
  );
}

function refusedText(error: AppError, { done, where }: EntryWords): string {
  if (error.code === 'idempotency_conflict') {
    const firstId = error.details?.first_id;
    const first = firstId === undefined ? '' : ` as transaction ${String(firstId)}`;
    return `An earlier try of this form was ${done} with other values${first}. Nothing was ${done} now. Close this form and look at ${where} before starting again.`;
  }
  if (meaningOfFailure(error.code) === 'unreachable') {
    return `Nothing was ${done}. You can try again as soon as the database answers: nothing is ${done} twice.`;
  }
  return errorAdvice(error.code);
}
