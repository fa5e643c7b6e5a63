import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import type { StripeSubscription } from '#main/stripe/gateway/gateway.ts';
import { AppError } from '#shared/errors.ts';
import type { MeteringTarget } from '../metering-target.ts';

/** Throws `not_found` unless the customer has a subscription of this id in the account. */
export async function assertOwn(
  { database, accountId }: Pick<MeteringTarget, 'database' | 'accountId'>,
  customerId: string,
  subscriptionId: string,
): Promise<void> {
  const known = await runQuery(
    database,
    sql`SELECT FROM credits_billing.subscriptions
      WHERE id = ${subscriptionId} AND customer_id = ${customerId} AND account_id = ${accountId}`,
  );
  if (known.length > 0) return;
  throw new AppError(
    'not_found',
    `This customer has no subscription ${subscriptionId}. Nothing was changed.`,
    { details: { entity: 'subscription', id: subscriptionId } },
  );
}

/** Whether a subscription has ended for good. */
export function isOver({ status }: Pick<StripeSubscription, 'status'>): boolean {
  return status === 'canceled' || status === 'incomplete_expired';
}
