import { type RawBuilder, sql } from 'kysely';

// The functions credits.balance_level and watch_balances say the same; these are put in line for roles that only read.

/** Of customers `c` and their plans `p`, if any: the threshold that holds, in credits. */
export function thresholdOf(): RawBuilder<number> {
  // Not a join: of a table of one row that nobody analyzed the planner expects hundreds.
  return sql`coalesce(c.low_balance_threshold, p.low_balance_threshold,
    (SELECT w.low_balance_threshold FROM credits_billing.notification_settings w))`;
}

/** Of the same: whose threshold it is. */
export function thresholdFrom(): RawBuilder<'customer' | 'plan' | 'workspace'> {
  return sql`CASE WHEN c.low_balance_threshold IS NOT NULL THEN 'customer'
    WHEN p.low_balance_threshold IS NOT NULL THEN 'plan' ELSE 'workspace' END`;
}

/** 0: enough, 1: low (below the threshold), 2: empty (nothing left, or less). */
export function levelOf(
  balance: RawBuilder<unknown>,
  threshold: RawBuilder<unknown>,
): RawBuilder<number> {
  return sql`CASE WHEN ${balance} <= 0 THEN 2 WHEN ${balance} < ${threshold} THEN 1 ELSE 0 END`;
}
