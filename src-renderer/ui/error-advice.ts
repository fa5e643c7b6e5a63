import type { AppError, ErrorCode } from '#shared/errors.ts';

/**
 * What happened, and what a person can do. A message that says itself that nothing was changed, and what to do, is
 * parted there and gets no second advice.
 */
export function errorWords(error: AppError): { what: string; advice: string | undefined } {
  const own = error.message.indexOf('. Nothing was ');
  if (own !== -1) {
    return { what: error.message.slice(0, own + 1), advice: error.message.slice(own + 2) };
  }
  const advised = /\bnothing was /i.test(error.message);
  return { what: error.message, advice: advised ? undefined : errorAdvice(error.code) };
}

/** What a person can do about a failure, by its code. */
export function errorAdvice(code: ErrorCode): string {
  switch (code) {
    case 'invalid_argument':
    case 'limit_exceeded':
    case 'confirmation_required':
      return 'Nothing was changed. Correct the values and try again.';
    case 'not_permitted':
      return 'Nothing was changed. Someone with the right to it can do this, or give it to your role.';
    case 'not_found':
      return 'It may lie in another database: look at the connection at the top of the window.';
    case 'idempotency_conflict':
      return 'Nothing was changed. Close this form and open it again to start a new entry.';
    case 'already_processed':
    case 'already_reversed':
    case 'already_spent':
    case 'hold_closed':
    case 'insufficient_credits':
      return 'Nothing was changed. Reload to see how things stand now.';
    case 'cancelled':
      return 'Nothing was changed.';
    case 'outcome_unknown':
      return 'It may or may not have been posted. Trying again is safe: the same entry is never posted twice.';
    case 'database_unavailable':
      return 'Nothing was lost. Check that the server runs and can be reached, then try again.';
    case 'database_password':
      return 'Nothing was lost. Enter the user and password again under Settings, Database.';
    case 'database_not_found':
    case 'not_postgresql':
      return 'Nothing was lost. Check the address under Settings, Database.';
    case 'database_tls':
      return 'Nothing was sent. Ask for the server’s certificate, or change the TLS choice of this connection.';
    case 'database_version':
      return 'Nothing was changed. The console needs a server of a version it works with.';
    case 'database_folder':
      return 'Nothing was lost. Check that the data folder exists, has space, and belongs to you.';
    case 'schema_missing':
    case 'schema_outdated':
      return 'Nothing was changed. The ledger can be installed or updated under Settings, Database.';
    case 'schema_newer':
      return 'Nothing was changed. Update the console to work with this database.';
    case 'stripe_not_connected':
      return 'Nothing was changed. Connect a Stripe account under Settings, Stripe.';
    case 'stripe_key_invalid':
      return 'Nothing was changed. Enter a key of this account under Settings, Stripe.';
    case 'stripe_live_disabled':
      return 'Nothing was changed. Use a test key, or enable live mode under Settings, Stripe.';
    case 'stripe_other_account':
      return 'Nothing was changed. Use a key of the account that this workspace began with.';
    case 'stripe_other_mode':
      return 'Nothing in the ledger was changed. Check under Settings, Stripe, that the key is of the mode you mean.';
    case 'stripe_permission':
      return 'Nothing was changed. Add the permission to the key in Stripe’s dashboard, then try again.';
    case 'stripe_unavailable':
      return 'Nothing was lost. Trying again is safe: Stripe does the same thing only once.';
    case 'stripe_rate_limited':
      return 'Nothing was changed. Wait a moment, then try again.';
    case 'stripe_not_found':
      return 'Nothing was changed. It may belong to another account or mode: see Settings, Stripe.';
    case 'stripe_refused':
      return 'Nothing was changed. Correct what Stripe names, then try again.';
    case 'stripe_metadata':
      return 'No credits were granted. Correct the metadata in Stripe, then replay the event or reconcile.';
    case 'webhook_signature':
      return 'Nothing was changed. Check the endpoint’s secret and the clock of this computer; Stripe sends the event again.';
    case 'disk_full':
      return 'Nothing was lost. Free some space, then try again.';
    case 'delivery_failed':
      return 'Nothing was changed. Check what the other side says, and the settings of this channel.';
    case 'file_error':
      return 'Nothing in the ledger was changed. Choose another place, then try again.';
    case 'unknown_procedure':
    case 'sender_refused':
    case 'internal':
      return 'Nothing was lost. Try again; if it happens again, the trace id finds it in the log.';
  }
}
