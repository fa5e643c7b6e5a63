import { sql } from 'kysely';
import type { RunQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';

/** The id that a customer has in Stripe; null: none yet. Errors: not_found where there is no such customer. */
export async function readStripeCustomerId(
  run: RunQuery,
  customerId: string,
): Promise<string | null> {
  const [customer] = await run(sql<{ stripe_customer_id: string | null }>`
    SELECT stripe_customer_id FROM credits.customers WHERE id = ${customerId}`);
  if (customer === undefined) {
    throw new AppError('not_found', `There is no customer ${customerId}.`, {
      details: { entity: 'customer', id: customerId },
    });
  }
  return customer.stripe_customer_id;
}
