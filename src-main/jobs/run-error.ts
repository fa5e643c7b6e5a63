import { redactText } from '#main/logging/redact.ts';
import { AppError } from '#shared/errors.ts';

const MESSAGE_MAX = 1_000;

/** What went wrong with a run, in words for the screen of jobs, without secrets. */
export function runError(error: unknown): string {
  if (error instanceof AppError && error.code === 'outcome_unknown') {
    return 'The connection to the database was lost before the answer came. What was done is kept; the next run does the rest.';
  }
  if (error instanceof AppError) return redactText(error.message).slice(0, MESSAGE_MAX);
  const reason = redactText(error instanceof Error ? error.message : String(error));
  return `Something unexpected went wrong: ${reason}`.slice(0, MESSAGE_MAX);
}
