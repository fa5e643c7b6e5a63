import type { AppError } from '#shared/errors.ts';

/**
 * Every way the service refuses: code, HTTP status, and what it means. Status and code belong together for good; the list
 * stands in the OpenAPI document.
 */
export const HTTP_ERRORS = {
  malformed_request: [
    400,
    'The request is not JSON, or not of the described shape: something is missing, unknown, or of another type.',
  ],
  unauthorized: [
    401,
    'There is no key in `Authorization: Bearer …`, or none that is known and in use.',
  ],
  insufficient_credits: [402, 'The customer has fewer credits available than needed.'],
  not_permitted: [403, 'The key lacks the scope that `needs` names.'],
  limit_exceeded: [403, 'The amount is above a limit that is set for it.'],
  not_found: [404, 'There is no such customer, feature, hold or meter; `entity` says which.'],
  no_such_route: [404, 'There is nothing at this address.'],
  method_not_allowed: [
    405,
    'The address exists, the method does not; `Allow` lists those that do.',
  ],
  request_timeout: [408, 'The request did not arrive in time.'],
  idempotency_conflict: [
    409,
    'This idempotency key was used before for something else, `first_id`.',
  ],
  already_processed: [409, 'This was processed before, for `first_id`.'],
  hold_closed: [
    409,
    'The hold was captured, released or has expired. `first_id` is the transaction that captured it, else the hold itself.',
  ],
  already_spent: [410, 'Less is left of these credits than was asked for.'],
  already_reversed: [410, 'Less of this transaction is left to reverse than was asked for.'],
  too_large: [413, 'The body is larger than 64 KB.'],
  unsupported_media_type: [415, 'The body is not sent as application/json in UTF-8.'],
  invalid_argument: [
    422,
    'A value is of the right type and cannot be used: `argument` says which, `why` says why.',
  ],
  rate_limited: [429, 'More requests than the key may make, or too many with unknown keys.'],
  headers_too_large: [431, 'The headers are larger than 16 KB.'],
  internal: [500, 'Something unexpected went wrong; the service’s log has it under `request_id`.'],
  unavailable: [503, 'The database does not answer or is too busy. Nothing was changed.'],
  outcome_unknown: [
    503,
    'The connection to the database was lost before its answer came. Repeat with the same idempotency key to learn the outcome.',
  ],
} as const satisfies Record<string, readonly [status: number, meaning: string]>;

export type HttpErrorCode = keyof typeof HTTP_ERRORS;

/** What an answer says besides code and message: numbers in credits, ids as strings. */
export type HttpErrorDetails = Readonly<Record<string, string | number | null>>;

/** A refusal as it is answered. The message is for the developer of the caller, and holds nothing of the inside. */
export class HttpError extends Error {
  readonly code: HttpErrorCode;
  readonly details: HttpErrorDetails;
  /** Seconds after which to try again. */
  readonly retryAfter: number | undefined;

  constructor(
    code: HttpErrorCode,
    message: string,
    options: { details?: HttpErrorDetails; retryAfter?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HttpError';
    this.code = code;
    this.details = options.details ?? {};
    this.retryAfter = options.retryAfter;
  }

  get status(): number {
    return HTTP_ERRORS[this.code][0];
  }
}

/** The codes that answers of this status may carry. */
export function codesOf(status: number): HttpErrorCode[] {
  return (Object.keys(HTTP_ERRORS) as HttpErrorCode[]).filter(
    (code) => HTTP_ERRORS[code][0] === status,
  );
}

const RETRY_SECONDS = 1;

/** An error of the ledger or the database as it is answered; undefined for one that nobody expected. */
export function fromAppError(error: AppError): HttpError | undefined {
  const details = plain(error.details);
  switch (error.code) {
    case 'invalid_argument': {
      const { argument = 'body', why = 'holds something that the database cannot use' } = details;
      return new HttpError('invalid_argument', `${argument}: ${why}. Nothing was changed.`, {
        details: { argument, why },
        cause: error,
      });
    }
    case 'insufficient_credits':
      return new HttpError(
        'insufficient_credits',
        `${details.required} credits are needed, ${details.available} are available. Nothing was changed.`,
        { details, cause: error },
      );
    case 'not_found':
      return new HttpError('not_found', `There is no ${details.entity} ${details.id}.`, {
        details,
        cause: error,
      });
    case 'idempotency_conflict':
      return new HttpError(
        'idempotency_conflict',
        'This idempotency_key was used before for something else. Nothing was changed. Repeat a call with its own values, or use a new key for a new one.',
        { details, cause: error },
      );
    case 'hold_closed':
      return new HttpError(
        'hold_closed',
        'The hold was captured, released or has expired. Nothing was changed.',
        { details, cause: error },
      );
    case 'database_unavailable':
    case 'disk_full':
    case 'cancelled':
    // A standby that nothing can be posted on, or a right that the login lost: not the caller's doing, and passing.
    case 'not_permitted':
      return new HttpError(
        'unavailable',
        'The database does not answer or is too busy. Nothing was changed. Try again in a moment.',
        { retryAfter: RETRY_SECONDS, cause: error },
      );
    case 'outcome_unknown':
      return new HttpError(
        'outcome_unknown',
        'The connection to the database was lost before its answer came. Repeat the call with the same idempotency_key; without one, repeat it and read a hold_closed as done.',
        { retryAfter: RETRY_SECONDS, cause: error },
      );
    case 'already_processed':
    case 'already_spent':
    case 'already_reversed':
    case 'limit_exceeded':
      return new HttpError(error.code, HTTP_ERRORS[error.code][1], { details, cause: error });
    default:
      return undefined;
  }
}

function plain(details: Record<string, unknown> | undefined): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(details ?? {}).filter(
      (entry): entry is [string, string | number] =>
        typeof entry[1] === 'string' || typeof entry[1] === 'number',
    ),
  );
}
