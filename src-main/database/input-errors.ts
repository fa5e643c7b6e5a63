import pg from 'pg';
import { AppError } from '#shared/errors.ts';

// Invalid time zone or parameter, date or time, character (NUL), text for a type, number out of range.
const INPUT_STATES = /^(22023|22007|22008|22021|22P02|22003)$/;

/** The server's refusal of a value that came through the contract's schemas, as invalid_argument; else undefined. */
export function toInputError(error: unknown): AppError | undefined {
  if (!(error instanceof pg.DatabaseError) || !INPUT_STATES.test(error.code ?? ''))
    return undefined;
  return new AppError(
    'invalid_argument',
    'The database cannot use a value that was given (a date, a time zone or a character); nothing was changed. Check what was entered.',
    { cause: error },
  );
}
