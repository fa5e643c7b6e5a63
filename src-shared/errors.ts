/**
 * The closed list of error codes, each with its meaning. Everything that goes wrong in front of a person, on the
 * IPC or on the command line carries one of these; switch over them exhaustively.
 */
export const ERROR_CODES = {
  // The ledger's own (SQLSTATE CR4xx; the database decides).
  invalid_argument: 'A value is missing, malformed or out of range.',
  not_permitted: 'The role or connection in use may not do this.',
  limit_exceeded: 'The amount is above a limit that is set for it.',
  not_found: 'There is no such customer, transaction, grant, hold, feature or meter.',
  idempotency_conflict: 'This key was used before for something else.',
  already_processed: 'This payment or link was processed before.',
  hold_closed: 'The hold was captured, released or has expired.',
  already_spent: 'Less is left of these credits than was asked for.',
  already_reversed: 'Less of this transaction is left to reverse than was asked for.',
  insufficient_credits: 'The customer has fewer credits available than needed.',
  // The console's.
  confirmation_required: 'This connection is production: the entry must be confirmed once more.',
  cancelled: 'The work was cancelled.',
  unknown_procedure: 'There is no procedure of this name.',
  sender_refused: 'The call did not come from the console window.',
  internal: 'Something unexpected went wrong; the trace id finds it in the log.',
  // The database connection.
  database_unavailable: 'The database does not answer.',
  database_password: 'The database refused the user or password.',
  database_not_found: 'There is no database of this name.',
  database_tls: 'The connection could not be secured with a verified certificate.',
  database_version: 'The server’s version is not one the console works with.',
  database_folder: 'The folder of the embedded database cannot be used.',
  not_postgresql: 'What answered at this address is not PostgreSQL.',
  outcome_unknown:
    'The connection was lost before the answer came; repeat with the same key to learn the outcome.',
  schema_missing: 'The database has no ledger yet.',
  schema_outdated: 'The ledger in the database is older than this console.',
  schema_newer: 'The ledger in the database is newer than this console.',
  disk_full: 'The disk is full.',
  // Stripe.
  stripe_not_connected: 'No Stripe account is connected to this workspace.',
  stripe_key_invalid: 'Stripe does not accept the key, or it is not a key the console can use.',
  stripe_live_disabled: 'The key is a live one, and live mode is not enabled for this connection.',
  stripe_other_account: 'The key belongs to another Stripe account than this workspace.',
  stripe_other_mode: 'Stripe answered for the other mode (test or live) than the console works in.',
  stripe_permission: 'The restricted key lacks a permission, which the details name.',
  stripe_unavailable: 'Stripe did not answer; what was asked may or may not have happened.',
  stripe_rate_limited: 'Stripe asks for fewer requests; try again in a moment.',
  stripe_not_found: 'Stripe has no such object in this account and mode.',
  stripe_refused: 'Stripe refused the request, and says why.',
  stripe_metadata: 'What the Stripe object says of credits is missing, malformed or contradictory.',
  webhook_signature: 'The webhook is not signed with the endpoint’s secret, or is too old.',
  // Notifications.
  delivery_failed: 'The mail server or webhook did not take the message, and says why.',
  // Files.
  file_error: 'A file could not be read or written.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}

export type ErrorData = {
  code: ErrorCode;
  message: string;
  /** Messages by form field, where the error belongs to fields. */
  fields?: Record<string, string> | undefined;
  /** Plain data of the code, such as `{ left, asked }`. */
  details?: Record<string, unknown> | undefined;
};

/** An expected failure with a code of the closed list and a message that can be shown to a person as it is. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly fields: Record<string, string> | undefined;
  readonly details: Record<string, unknown> | undefined;
  /** Set where the error crossed the IPC: finds the entry in main's log. */
  readonly traceId: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      fields?: Record<string, string> | undefined;
      details?: Record<string, unknown> | undefined;
      traceId?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.fields = options.fields;
    this.details = options.details;
    this.traceId = options.traceId;
  }
}
