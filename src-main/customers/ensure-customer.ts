import type { QueryTarget } from '#main/database/run-query.ts';
import { type Author, post } from '#main/ledger/ledger-session.ts';

export type EnsuredCustomer = {
  id: string;
  name?: string | undefined;
  email?: string | undefined;
  stripeCustomerId?: string | undefined;
  plan?: string | undefined;
};

/** Makes a customer, or fills what is missing of an existing one. Errors: already_processed (Stripe id of another). */
export async function ensureCustomer(
  target: QueryTarget,
  author: Author,
  customer: EnsuredCustomer,
): Promise<{ id: string }> {
  return post(target, author, (session) =>
    session.call<{ id: string }>({
      name: 'customers.ensure',
      text: `SELECT f.id FROM credits.ensure_customer(id => $1, email => $2, name => $3, stripe_customer_id => $4,
        plan_tier => $5) f`,
      values: [
        customer.id,
        customer.email ?? null,
        customer.name ?? null,
        customer.stripeCustomerId ?? null,
        customer.plan ?? null,
      ],
    }),
  );
}
