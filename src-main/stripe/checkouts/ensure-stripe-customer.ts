import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';

type CustomerRow = { name: string | null; email: string | null; stripe_customer_id: string | null };

/**
 * The id of a customer's customer in Stripe: the linked one where the account has it, else one that is made and linked.
 * `forWhat` names the occasion: a repeat of it makes no second one. Errors: not_found, stripe_*.
 */
export async function ensureStripeCustomer(
  target: StripeTarget,
  customerId: string,
  forWhat: string,
): Promise<string> {
  const [customer] = await runQuery(target.database, readCustomer(customerId));
  if (customer === undefined) {
    throw new AppError('not_found', `There is no customer ${customerId}. Nothing was changed.`, {
      details: { entity: 'customer', id: customerId },
    });
  }
  const linked = customer.stripe_customer_id;
  if (linked !== null) {
    const known = await target.gateway.findCustomer(linked);
    if (known !== undefined && !known.deleted) return linked;
  }
  const { name, email } = customer;
  const content = JSON.stringify([customerId, name, email, linked]);
  const made = await target.gateway.createCustomer(
    { userId: customerId, name, email },
    `customer:${forWhat}:${createHash('sha256').update(content).digest('hex')}`,
  );
  return post(target.database, { actor: target.actor }, async (session) => {
    const [now] = await session.run(readCustomer(customerId));
    // Somebody else linked one meanwhile: theirs is used, and the one made here stays without purchases.
    if (now?.stripe_customer_id && now.stripe_customer_id !== linked) return now.stripe_customer_id;
    await session.call({
      name: 'stripe.link_customer',
      text: 'SELECT f.id FROM credits.link_stripe_customer(customer_id => $1, stripe_customer_id => $2) f',
      values: [customerId, made.id],
    });
    return made.id;
  });
}

function readCustomer(customerId: string) {
  return sql<CustomerRow>`
    SELECT name, email, stripe_customer_id FROM credits.customers WHERE id = ${customerId}`;
}
