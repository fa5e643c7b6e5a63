import { type RawBuilder, sql } from 'kysely';

/**
 * True in SQL where the workspace belongs to another Stripe account or mode by now. Whoever works for the account before, such
 * as a service that still runs, must neither grant for its payments (a test account's would be free credits) nor send it usage.
 * Between simulators nothing is at stake, and several consoles have one each.
 */
export function isBoundElsewhere(of: {
  accountId: string;
  livemode: boolean;
}): RawBuilder<boolean> {
  return sql<boolean>`EXISTS (SELECT FROM credits_billing.stripe_settings s
    WHERE s.account_id IS NOT NULL AND NOT s.simulated AND (s.account_id, s.livemode) IS DISTINCT FROM (${of.accountId}, ${of.livemode}))`;
}
