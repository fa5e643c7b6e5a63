import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';

/**
 * True in SQL where the workspace belongs to another account or mode by now. Whoever works for the account before, such as a
 * service that still runs, must not grant for its payments any more: a test account's would be free credits. Between
 * simulators nothing is at stake, and several consoles have one each.
 */
export function isBoundElsewhere({ accountId, livemode }: StripeTarget) {
  return sql<boolean>`EXISTS (SELECT FROM credits_billing.stripe_settings s
    WHERE s.account_id IS NOT NULL AND NOT s.simulated AND (s.account_id, s.livemode) IS DISTINCT FROM (${accountId}, ${livemode}))`;
}

/** Throws `stripe_other_account` where the workspace belongs to another account or mode by now. */
export async function assertBound(target: StripeTarget): Promise<void> {
  const [bound] = await runQuery(
    target.database,
    sql<{ elsewhere: boolean }>`SELECT ${isBoundElsewhere(target)} AS elsewhere`,
  );
  if (bound?.elsewhere) throw boundElsewhere(target);
}

export function boundElsewhere({ accountId }: StripeTarget): AppError {
  return new AppError(
    'stripe_other_account',
    `The workspace belongs to another Stripe account by now, no longer to ${accountId}. Nothing was changed. Start again with the key of its account.`,
  );
}
