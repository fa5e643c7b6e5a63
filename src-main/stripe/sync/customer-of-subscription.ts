import { sql } from 'kysely';
import type { RunQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import { assertCustomer, customerLinkedTo, untrusted } from './read-order.ts';

/**
 * Whose subscription it is: the customer that its Stripe customer is linked to, else the one its metadata names, else the one
 * it was known for. Throws `stripe_metadata` where those contradict, `not_found` where there is no such customer (yet).
 */
export async function customerOfSubscription(
  run: RunQuery,
  of: {
    /** The invoice or subscription that is looked at, for the message. */
    objectId: string;
    subscriptionId: string | null;
    stripeCustomerId: string | null;
    metadata: Record<string, string>;
  },
): Promise<string> {
  const linked = await customerLinkedTo(run, of.stripeCustomerId);
  const named = of.metadata.user_id || undefined;
  if (linked !== undefined && named !== undefined && linked !== named) {
    throw untrusted(
      of.objectId,
      `it is of ${of.stripeCustomerId}, which is customer ${linked}, and its metadata says ${named}`,
    );
  }
  const found = linked ?? named ?? (await knownFor(run, of.subscriptionId));
  if (found === undefined) {
    throw new AppError(
      'not_found',
      `No customer is linked to ${of.stripeCustomerId ?? 'it'}, and ${of.objectId} names none in its metadata (user_id). Nothing was granted; it is tried again by itself.`,
      { details: { entity: 'customer', id: of.stripeCustomerId } },
    );
  }
  await assertCustomer(run, found);
  return found;
}

async function knownFor(run: RunQuery, subscriptionId: string | null): Promise<string | undefined> {
  const [row] = await run(sql<{ customer_id: string }>`
    SELECT customer_id FROM credits_billing.subscriptions WHERE id = ${subscriptionId}`);
  return row?.customer_id;
}
