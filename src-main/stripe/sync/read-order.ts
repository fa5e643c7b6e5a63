import { sql } from 'kysely';
import type { RunQuery } from '#main/database/run-query.ts';
import { CREDITS_MAX } from '#shared/credits.ts';
import { AppError } from '#shared/errors.ts';
import { customerIdSchema } from '#shared/ids.ts';
import type { CheckoutSession } from '../gateway/gateway.ts';
import { readableText } from '../gateway/readable-text.ts';

/** What a checkout session says was ordered. */
export type Order = {
  kind: 'credit_purchase' | 'credit_topup';
  customerId: string;
  credits: number;
  amountMinor: number;
  currency: string;
};

/** What the console itself wrote down of a checkout before it asked Stripe. */
export type OwnCheckout = { kind: string; customerId: string; credits: number };

/** Whether a session says that it sells credits; an account may well sell other things too. */
export function isAboutCredits({ metadata }: CheckoutSession): boolean {
  return metadata.type === 'credit_purchase' || metadata.type === 'credit_topup';
}

/**
 * What of a paid session makes a grant: its metadata, complete and well-formed. Throws `stripe_metadata` naming what is
 * missing or malformed.
 */
export function readOrder(session: CheckoutSession): Order {
  const { type, user_id: userId, credits } = session.metadata;
  if (type !== 'credit_purchase' && type !== 'credit_topup') {
    throw untrusted(session.id, 'its metadata has no type that the console knows');
  }
  if (userId === undefined || userId === '') {
    throw untrusted(session.id, 'its metadata has no user_id');
  }
  if (!customerIdSchema.safeParse(userId).success) {
    throw untrusted(session.id, 'its metadata’s user_id cannot be a customer’s id');
  }
  if (session.amountMinor === null || session.currency === null) {
    throw untrusted(session.id, 'it does not say what was paid');
  }
  if (!Number.isSafeInteger(session.amountMinor)) {
    throw untrusted(session.id, 'what was paid is no whole number of minor units');
  }
  return {
    kind: type,
    customerId: userId,
    credits: readCredits(session.id, credits, 'its metadata'),
    amountMinor: session.amountMinor,
    currency: session.currency.toLowerCase(),
  };
}

/** Credits as metadata holds them: digits alone, from 1 to 2^53 − 1. Throws `stripe_metadata`. */
export function readCredits(objectId: string, text: string | undefined, where: string): number {
  if (text === undefined || text === '') throw untrusted(objectId, `${where} has no credits`);
  const credits = /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (credits <= CREDITS_MAX) return credits;
  throw untrusted(
    objectId,
    `${where} has credits “${text.slice(0, 40)}”, which is not a whole number from 1 to 9007199254740991`,
  );
}

/**
 * Compares an order with everything else that is known of it: the console's own note, the payment intent's metadata, the
 * prices of its lines, and whose Stripe customer paid. Throws `stripe_metadata` with what contradicts.
 */
export function checkOrder(
  session: CheckoutSession,
  order: Order,
  known: { own: OwnCheckout | undefined; linkedCustomerId: string | undefined },
): void {
  const { own, linkedCustomerId } = known;
  const contradiction =
    (own && contradictionOfOwn(order, own)) ??
    contradictionOfIntent(session) ??
    contradictionOfLines(session, order) ??
    (linkedCustomerId !== undefined && linkedCustomerId !== order.customerId
      ? `it was paid by ${session.customerId}, which is customer ${linkedCustomerId}, and its metadata says ${order.customerId}`
      : undefined);
  if (contradiction !== undefined) throw untrusted(session.id, contradiction);
}

function contradictionOfOwn(order: Order, own: OwnCheckout): string | undefined {
  if (own.customerId !== order.customerId) {
    return `it was started for customer ${own.customerId}, and its metadata says ${order.customerId}`;
  }
  if (own.credits !== order.credits) {
    return `it was started for ${own.credits} credits, and its metadata says ${order.credits}`;
  }
  return own.kind === order.kind
    ? undefined
    : `it was started as ${own.kind}, and its metadata says ${order.kind}`;
}

function contradictionOfIntent({
  metadata,
  paymentIntentMetadata,
}: CheckoutSession): string | undefined {
  for (const name of ['user_id', 'credits', 'type']) {
    const there = paymentIntentMetadata?.[name];
    if (there !== undefined && there !== '' && there !== metadata[name]) {
      return `its metadata says ${name} ${metadata[name]}, and its payment’s ${there.slice(0, 200)}`;
    }
  }
  return undefined;
}

function contradictionOfLines({ lines }: CheckoutSession, order: Order): string | undefined {
  if (lines === null || lines.length === 0) return undefined;
  let total = 0n;
  for (const { credits, quantity } of lines) {
    // A price that says nothing of credits, such as a made-up one: there is nothing to compare with.
    if (credits === null || credits === '') return undefined;
    if (!/^[0-9]{1,16}$/.test(credits) || !Number.isSafeInteger(quantity)) {
      return `one of its prices says credits “${credits.slice(0, 40)}”`;
    }
    total += BigInt(credits) * BigInt(quantity);
  }
  return total === BigInt(order.credits)
    ? undefined
    : `its prices stand for ${total} credits, and its metadata says ${order.credits}`;
}

/** Stripe's object cannot be trusted with credits; the sentence ends with why. */
export function untrusted(objectId: string, because: string): AppError {
  // Metadata may hold anything.
  const why = readableText(because);
  return new AppError(
    'stripe_metadata',
    `${objectId} is refused: ${why}. Nothing was granted. Compare it in Stripe, then handle its event again.`,
    { details: { objectId, why } },
  );
}

/** Throws `not_found` for a customer the ledger does not have: customers are never made by an event. */
export async function assertCustomer(run: RunQuery, customerId: string): Promise<void> {
  if (await hasCustomer(run, customerId)) return;
  throw new AppError(
    'not_found',
    `There is no customer ${customerId}. Nothing was granted; it is tried again by itself, as the customer may still be made.`,
    { details: { entity: 'customer', id: customerId } },
  );
}

export async function hasCustomer(run: RunQuery, customerId: string): Promise<boolean> {
  const rows = await run(sql`SELECT FROM credits.accounts WHERE customer_id = ${customerId}`);
  return rows.length > 0;
}

/** The customer that a Stripe customer is linked to, if any. */
export async function customerLinkedTo(
  run: RunQuery,
  stripeCustomerId: string | null,
): Promise<string | undefined> {
  if (stripeCustomerId === null || stripeCustomerId === '') return undefined;
  const [row] = await run(sql<{ id: string }>`
    SELECT id FROM credits.customers WHERE stripe_customer_id = ${stripeCustomerId}`);
  return row?.id;
}
