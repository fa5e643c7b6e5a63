import { redactText } from '#main/logging/redact.ts';
import { AppError, type ErrorCode } from '#shared/errors.ts';
import { readableText } from '../gateway/readable-text.ts';
import type { StripeTarget } from '../stripe-target.ts';
import type { ClaimedEvent } from './claim-event.ts';

const ATTEMPTS_MAX = 12;
const FIRST_DELAY_SECONDS = 30;
const LONGEST_DELAY_SECONDS = 6 * 60 * 60;
// Nothing is wrong with the event: it waits for somebody else, and should not wait long once they are back.
const LONGEST_WAIT_SECONDS = 5 * 60;
// As many attempts as lead to the longest wait; however long Stripe was away, the event keeps its own further ones.
const WAITS_COUNTED_MAX = 5;

/** What a repeat cannot mend: a person has to look. */
const FOR_A_PERSON: ReadonlySet<ErrorCode> = new Set([
  'stripe_metadata',
  'stripe_other_mode',
  'invalid_argument',
  'idempotency_conflict',
  'already_processed',
]);

/** What has nothing to do with the event: Stripe, the key or the database. Tried again for as long as it takes. */
const OF_SURROUNDINGS: ReadonlySet<ErrorCode> = new Set([
  'stripe_unavailable',
  'stripe_rate_limited',
  'stripe_key_invalid',
  'stripe_permission',
  'stripe_not_connected',
  'stripe_live_disabled',
  // The workspace left the account between claim and end: the event waits until it is back.
  'stripe_other_account',
  'database_unavailable',
  'outcome_unknown',
  'not_permitted',
  'disk_full',
]);

export function isOfSurroundings(error: unknown): boolean {
  return error instanceof AppError && OF_SURROUNDINGS.has(error.code);
}

/** What comes after a failure: another attempt in so many seconds, or a person. */
export function afterFailure(
  code: ErrorCode,
  attempts: number,
): { state: 'failed' | 'refused'; delaySeconds: number } {
  const delay = FIRST_DELAY_SECONDS * 2 ** Math.min(Math.max(attempts, 1) - 1, 20);
  if (OF_SURROUNDINGS.has(code)) {
    return { state: 'failed', delaySeconds: Math.min(delay, LONGEST_WAIT_SECONDS) };
  }
  if (FOR_A_PERSON.has(code) || attempts >= ATTEMPTS_MAX) {
    return { state: 'refused', delaySeconds: 0 };
  }
  return { state: 'failed', delaySeconds: Math.min(delay, LONGEST_DELAY_SECONDS) };
}

/** Writes down why an event was not handled, and when it is tried again. Whoever else took it over meanwhile decides instead. */
export async function noteFailure(
  target: StripeTarget,
  event: ClaimedEvent,
  error: unknown,
): Promise<'failed' | 'refused'> {
  const code: ErrorCode = error instanceof AppError ? error.code : 'internal';
  const message = redactText(readableText(error instanceof Error ? error.message : String(error)));
  const { state, delaySeconds } = afterFailure(code, event.attempts);
  await target.database.pool.query(
    `UPDATE credits_billing.stripe_events
     SET state = $3, error_code = $4, error = $5, outcome = NULL, handled_at = NULL, claimed_by = NULL, claimed_until = NULL,
       next_attempt_at = clock_timestamp() + make_interval(secs => $6), attempts = least(attempts, $7)
     WHERE id = $1 AND claimed_by = $2`,
    [
      event.id,
      event.claimedBy,
      state,
      code,
      message,
      delaySeconds,
      OF_SURROUNDINGS.has(code) ? WAITS_COUNTED_MAX : event.attempts,
    ],
  );
  return state;
}
