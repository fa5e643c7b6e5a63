import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { isBoundElsewhere } from '#main/ledger/is-bound-elsewhere.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';

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
