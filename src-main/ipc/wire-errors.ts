import { z } from 'zod';
import { toLedgerError } from '#main/ledger/ledger-errors.ts';
import { AppError } from '#shared/errors.ts';

type Kind = 'query' | 'command';

/** What a driver's error carries, as far as it concerns us. Told by its shape: the driver itself belongs to the database. */
type DriverError = Error & { code?: unknown };

/** SQLSTATE classes and codes that mean the connection went away after the statement may have been sent. */
const LOST_STATES = /^(08\w{3}|57P01|57P02|57P05)$/;
/** The statement was never sent: nothing can have happened. */
const NOT_CONNECTED_CODES = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  '57P03',
  '53300',
]);
const NOT_CONNECTED_TEXT =
  /timeout exceeded when trying to connect|Connection terminated due to connection timeout|Cannot use a pool after calling end/i;
const LOST_CODES = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED']);
const LOST_TEXT =
  /Connection terminated|connection error and is not queryable|Client was closed|socket hang up|Query read timeout/i;

/**
 * What went wrong, as an AppError of the closed list: AppErrors as they are; a schema's refusal by field; the ledger's
 * SQLSTATE CR4xx with its message and DETAIL; what the database says about rights, disk, cancelling and lost
 * connections. Undefined for what nobody expected.
 */
export function toAppError(error: unknown, kind: Kind): AppError | undefined {
  if (error instanceof AppError) return error;
  if (error instanceof z.ZodError) return invalidInput(error);
  if (isAbort(error)) return cancelled(error);
  if (!(error instanceof Error)) return undefined;
  return (
    fromDriver(error, kind) ??
    (error.cause instanceof Error ? fromDriver(error.cause, kind) : undefined)
  );
}

/** The refusal of an input: which fields, and why. What was sent is not repeated. */
export function invalidInput(error: z.ZodError): AppError {
  const fields: Record<string, string> = {};
  for (const issue of error.issues) {
    const field = issue.path.map(String).join('.').slice(0, 100);
    if (issue.code === 'unrecognized_keys') {
      fields[field] ??= 'has fields that are not known';
    } else {
      fields[field] ??= issue.message.slice(0, 300);
    }
  }
  const named = Object.keys(fields).filter((field) => field !== '');
  const what =
    named.length > 0 ? `Check ${named.slice(0, 5).join(', ')}.` : 'Check what was entered.';
  return new AppError(
    'invalid_argument',
    `Something entered cannot be used; nothing was changed. ${what}`,
    {
      fields,
    },
  );
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function cancelled(cause: unknown): AppError {
  return new AppError('cancelled', 'The work was cancelled; nothing was changed.', { cause });
}

/** A time limit of the server ended it, or other work was in the way: the server undid the whole of it. */
function tooSlow(cause: unknown): AppError {
  return new AppError(
    'database_unavailable',
    'The database was too busy to answer in time; nothing was changed. Try again in a moment, or ask for less at once.',
    { cause },
  );
}

function fromDriver(error: DriverError, kind: Kind): AppError | undefined {
  const raised = toLedgerError(error);
  if (raised) return raised;
  const code = typeof error.code === 'string' ? error.code : '';
  switch (code) {
    case '42501':
      return new AppError(
        'not_permitted',
        'The database role in use may not do this; nothing was changed. Ask whoever manages the database for the right.',
        { cause: error },
      );
    case '25006':
      return new AppError(
        'not_permitted',
        'The database is read-only; nothing was changed. Connect to the primary server to post entries.',
        { cause: error },
      );
    case '57014':
      return /timeout/.test(error.message) ? tooSlow(error) : cancelled(error);
    case '55P03':
    case '40P01':
    case '40001':
      return tooSlow(error);
    case '53100':
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError(
        'disk_full',
        'The disk is full; nothing was changed, and what was confirmed before is safe. Free some space, then try again.',
        { cause: error },
      );
  }
  if (NOT_CONNECTED_CODES.has(code) || NOT_CONNECTED_TEXT.test(error.message)) {
    return new AppError(
      'database_unavailable',
      'The database does not answer; nothing was changed. Try again in a moment.',
      { cause: error },
    );
  }
  if (LOST_STATES.test(code) || LOST_CODES.has(code) || LOST_TEXT.test(error.message)) {
    return kind === 'command'
      ? new AppError(
          'outcome_unknown',
          'The connection was lost before the answer came, so it is not known whether this was posted. Try again: the same form posts once at most.',
          { cause: error },
        )
      : new AppError(
          'database_unavailable',
          'The connection to the database was lost; nothing was changed. Try again in a moment.',
          { cause: error },
        );
  }
  return undefined;
}
