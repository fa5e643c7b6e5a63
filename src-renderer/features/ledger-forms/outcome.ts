import type { ErrorCode } from '#shared/errors.ts';

/**
 * What a failed posting proves. `refused`: the ledger or the console answered, and nothing was posted.
 * `unreachable`: this try never got to the database. `unknown`: it may have been posted; only a repeat with the same
 * key can tell.
 */
type FailureMeaning = 'refused' | 'unreachable' | 'unknown';

/** Reads a failure of a posting. A code of the closed list that is missing here does not compile. */
export function meaningOfFailure(code: ErrorCode): FailureMeaning {
  switch (code) {
    case 'invalid_argument':
    case 'not_permitted':
    case 'limit_exceeded':
    case 'not_found':
    case 'idempotency_conflict':
    case 'already_processed':
    case 'hold_closed':
    case 'already_spent':
    case 'already_reversed':
    case 'insufficient_credits':
    case 'confirmation_required':
    case 'unknown_procedure':
    case 'sender_refused':
    case 'delivery_failed':
    case 'file_error':
    // Stripe, or the console before it asked Stripe, said no: nothing was sold or refunded.
    case 'stripe_not_connected':
    case 'stripe_key_invalid':
    case 'stripe_live_disabled':
    case 'stripe_other_account':
    case 'stripe_permission':
    case 'stripe_not_found':
    case 'stripe_refused':
    case 'stripe_metadata':
    case 'webhook_signature':
      return 'refused';
    case 'database_unavailable':
    case 'database_password':
    case 'database_not_found':
    case 'database_tls':
    case 'database_version':
    case 'database_folder':
    case 'not_postgresql':
    case 'schema_missing':
    case 'schema_outdated':
    case 'schema_newer':
    case 'disk_full':
      return 'unreachable';
    // A command that was cut off, or an answer that main could not make sense of, may still have been committed; what
    // Stripe was to be asked is kept in the database before, and may be finished later.
    case 'outcome_unknown':
    case 'stripe_unavailable':
    case 'stripe_rate_limited':
    case 'stripe_other_mode':
    case 'cancelled':
    case 'internal':
      return 'unknown';
  }
}
