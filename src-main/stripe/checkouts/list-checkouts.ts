import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import type { RunQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { CHECKOUT_KINDS, CHECKOUT_STATES, checkoutSchema } from '#shared/ipc/billing.ts';

export type CheckoutData = z.input<typeof checkoutSchema>;
export type CheckoutState = (typeof CHECKOUT_STATES)[number];

type CheckoutRow = {
  id: string;
  customer_id: string;
  kind: (typeof CHECKOUT_KINDS)[number];
  item_id: string;
  item_name: string | null;
  metered_price_id: string | null;
  credits: number;
  currency: string;
  amount_minor: number;
  state: CheckoutState;
  session_id: string | null;
  url: string | null;
  expires_at: Date | null;
  transaction_id: string | null;
  error: string | null;
  actor: string;
  created_at: Date;
};

/** A customer's checkouts, newest first, at most `limit`. */
export async function listCheckouts(
  run: RunQuery,
  customerId: string,
  limit: number,
): Promise<CheckoutData[]> {
  return readCheckouts(run, sql`o.customer_id = ${customerId}`, limit);
}

/** One checkout, if there is one of this id. */
export async function findCheckout(run: RunQuery, id: string): Promise<CheckoutData | undefined> {
  return (await readCheckouts(run, sql`o.id = ${id}`, 1))[0];
}

/** One checkout. Errors: not_found. */
export async function getCheckout(run: RunQuery, id: string): Promise<CheckoutData> {
  const checkout = await findCheckout(run, id);
  if (checkout) return checkout;
  throw new AppError('not_found', `There is no checkout ${id}. Nothing was changed.`, {
    details: { entity: 'checkout', id },
  });
}

async function readCheckouts(
  run: RunQuery,
  where: RawBuilder<unknown>,
  limit: number,
): Promise<CheckoutData[]> {
  const rows = await run(sql<CheckoutRow>`
    SELECT o.id, o.customer_id, o.kind, o.item_id, coalesce(k.name, l.name) AS item_name, o.metered_price_id, o.credits, o.currency,
      o.amount_minor, o.state, o.session_id, o.url, o.expires_at, p.transaction_id::text, o.error, o.actor, o.created_at
    FROM credits_billing.checkouts o
    LEFT JOIN credits_billing.credit_packages k ON o.kind <> 'subscription' AND k.id = o.item_id
    LEFT JOIN credits_billing.plans l ON o.kind = 'subscription' AND l.tier = o.item_id
    LEFT JOIN credits.stripe_payments p ON p.stripe_payment_id = o.stripe_payment_id AND p.customer_id = o.customer_id
    WHERE ${where} ORDER BY o.created_at DESC, o.id DESC LIMIT ${limit}`);
  return rows.map((row) => ({
    id: row.id,
    customerId: row.customer_id,
    kind: row.kind,
    itemId: row.item_id,
    itemName: row.item_name ?? row.item_id,
    meteredPriceId: row.metered_price_id,
    credits: row.credits,
    price: { amountMinor: row.amount_minor, currency: row.currency },
    state: row.state,
    sessionId: row.session_id,
    url: row.state === 'open' ? row.url : null,
    expiresAt: row.expires_at?.toISOString() ?? null,
    transactionId: row.transaction_id,
    error: row.error,
    actor: row.actor,
    createdAt: row.created_at.toISOString(),
  }));
}
