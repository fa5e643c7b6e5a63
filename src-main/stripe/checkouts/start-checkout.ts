import { sql } from 'kysely';
import type { z } from 'zod';
import { type RunQuery, readSnapshot, runQuery } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import {
  billedAlready,
  listRunningItems,
  type MeteredOffer,
  readMeteredOffer,
  refuseOfferedByLink,
} from '#main/ledger/read-metered-offer.ts';
import { AppError } from '#shared/errors.ts';
import type { billingProcedures } from '#shared/ipc/billing.ts';
import type { CheckoutSession } from '../gateway/gateway.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { lockObject } from '../sync/lock-object.ts';
import { ensureStripeCustomer } from './ensure-stripe-customer.ts';
import { type CheckoutData, findCheckout, getCheckout } from './list-checkouts.ts';

type Order = Pick<
  z.output<(typeof billingProcedures)['billing.startCheckout']['input']>,
  'id' | 'customerId' | 'kind' | 'itemId' | 'meteredPriceId'
>;

/** A catalog item that can be ordered: what Stripe sells it as now. */
type Offer = { priceId: string; credits: number; currency: string; amountMinor: number };

/** Writes an item of the catalog to Stripe; throws `not_permitted` where the role may not. */
export type SyncItem = (item: { kind: 'package' | 'plan'; id: string }) => Promise<void>;

/** Stripe closes a session by itself after that long, and forgets our idempotency key too. */
const SESSION_MS = 24 * 60 * 60 * 1_000;

const PLAN_INTERVAL = 'month';

/**
 * Starts a purchase, top-up or subscription: it is written down first, then the Stripe customer is found or made, then
 * the session, each with a key of its own. The same id goes on where it stopped, and answers with the same checkout.
 * A subscription may be of a plan together with a metered price.
 * Errors: not_found, invalid_argument (not for sale, not to be sold together), idempotency_conflict, stripe_*.
 */
export async function startCheckout(
  target: StripeTarget,
  order: Order,
  syncItem: SyncItem,
): Promise<CheckoutData> {
  const known = await readSnapshot(target.database, undefined, (run) =>
    findCheckout(run, order.id),
  );
  if (known === undefined) {
    const offer = await currentOffer(target, order, syncItem);
    const metered = await assertSoldTogether(target, order, offer);
    await writeDown(target, order, offer, metered);
  }
  const checkout = known ?? (await readCheckout(target, order.id));
  assertSame(order, checkout);
  return checkout.state === 'creating' ? continueCheckout(target, checkout) : checkout;
}

/**
 * Asks Stripe for the session of a checkout that has none yet. What Stripe refuses for good ends the checkout; after
 * anything else it stays as it is and can be continued. Errors: stripe_*.
 */
export async function continueCheckout(
  target: StripeTarget,
  checkout: CheckoutData,
): Promise<CheckoutData> {
  const { id } = checkout;
  if (target.now().getTime() - Date.parse(checkout.createdAt) >= SESSION_MS) {
    await settle(
      target,
      id,
      'expired',
      'Stripe did not answer within a day; the link never existed.',
    );
    return readCheckout(target, id);
  }
  try {
    const session = await createSession(target, checkout);
    await keepSession(target, id, session);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const isFinal = error.code === 'stripe_refused' || error.code === 'stripe_not_found';
    await settle(target, id, isFinal ? 'refused' : 'creating', error.message);
    throw error;
  }
  return readCheckout(target, id);
}

async function createSession(
  target: StripeTarget,
  { id, customerId, kind, itemId, meteredPriceId, credits }: CheckoutData,
): Promise<CheckoutSession> {
  const [row] = await runQuery(
    target.database,
    sql<{ price_id: string }>`SELECT price_id FROM credits_billing.checkouts WHERE id = ${id}`,
  );
  if (!row) throw new Error(`the checkout ${id} is gone`);
  const metered = meteredPriceId === null ? undefined : await readMetered(target, meteredPriceId);
  const stripeCustomerId = await ensureStripeCustomer(target, customerId, id);
  return target.gateway.createCheckoutSession(
    {
      mode: kind === 'subscription' ? 'subscription' : 'payment',
      priceId: row.price_id,
      meteredPriceId: metered?.priceId,
      customerId: stripeCustomerId,
      clientReferenceId: customerId,
      metadata:
        kind === 'subscription'
          ? { user_id: customerId, plan: itemId, type: kind, order_id: id }
          : {
              user_id: customerId,
              credits: String(credits),
              type: kind,
              order_id: id,
              package: itemId,
            },
      successUrl: target.gateway.afterwardsUrl,
      cancelUrl: target.gateway.afterwardsUrl,
    },
    `checkout:${id}`,
  );
}

async function readCheckout({ database }: StripeTarget, id: string): Promise<CheckoutData> {
  return readSnapshot(database, undefined, (run) => getCheckout(run, id));
}

function assertSame(order: Order, checkout: CheckoutData): void {
  if (
    order.customerId === checkout.customerId &&
    order.kind === checkout.kind &&
    order.itemId === checkout.itemId &&
    (order.meteredPriceId ?? null) === checkout.meteredPriceId
  ) {
    return;
  }
  throw new AppError(
    'idempotency_conflict',
    'This form started another checkout before. Nothing was changed. Close it and open a new one.',
    { details: { first_id: checkout.id } },
  );
}

async function readMetered(
  { database, accountId, livemode }: StripeTarget,
  meteredPriceId: string,
): Promise<MeteredOffer> {
  return readSnapshot(database, undefined, (run) =>
    readMeteredOffer(run, { meteredPriceId, accountId, livemode }),
  );
}

/** The metered price of an order. Throws `invalid_argument` where it cannot be sold together with the item. */
async function assertSoldTogether(
  target: StripeTarget,
  { customerId, kind, meteredPriceId }: Order,
  plan: Offer,
): Promise<MeteredOffer | undefined> {
  if (meteredPriceId === undefined) return undefined;
  if (kind !== 'subscription') {
    throw notTogether('goes with a plan only', 'A metered price goes with a plan only.');
  }
  const metered = await readMetered(target, meteredPriceId);
  // Stripe's page takes neither prices of different intervals nor of different currencies.
  if (metered.interval !== PLAN_INTERVAL) {
    throw notTogether(
      'is billed by the year',
      `${meteredPriceId} is billed by the ${metered.interval}, and plans are billed by the ${PLAN_INTERVAL}.`,
    );
  }
  if (metered.currency !== plan.currency) {
    throw notTogether(
      'is in another currency',
      `${meteredPriceId} is in ${metered.currency.toUpperCase()}, and the plan is in ${plan.currency.toUpperCase()}.`,
    );
  }
  const { accountId } = target;
  const { eventName } = metered;
  const [running] = await readSnapshot(target.database, undefined, (run) =>
    listRunningItems(run, { customerId, eventName, accountId }),
  );
  if (running !== undefined) throw billedAlready(eventName, running);
  return metered;
}

function notTogether(field: string, why: string): AppError {
  return new AppError(
    'invalid_argument',
    `${why} They cannot be sold together. Nothing was changed. Choose another metered price, or none.`,
    { fields: { meteredPriceId: field } },
  );
}

/** What the item is sold as now, written to Stripe first where Stripe's version is not the console's. */
async function currentOffer(
  target: StripeTarget,
  order: Order,
  syncItem: SyncItem,
): Promise<Offer> {
  const read = () =>
    readSnapshot(target.database, undefined, (run) => readOffer(run, target.accountId, order));
  const before = await read();
  if (before !== 'outdated') return before;
  await syncItem({
    kind: order.kind === 'subscription' ? 'plan' : 'package',
    id: order.itemId,
  });
  const after = await read();
  if (after !== 'outdated') return after;
  throw new AppError(
    'stripe_unavailable',
    'The item changed while it was written to Stripe. No checkout was started. Try again.',
  );
}

type ItemRow = {
  active: boolean;
  price_id: string | null;
  credits: number;
  currency: string | null;
  amount_minor: number | null;
};

async function readOffer(
  run: RunQuery,
  accountId: string,
  order: Order,
): Promise<Offer | 'outdated'> {
  const kind = order.kind === 'subscription' ? 'plan' : 'package';
  const item =
    kind === 'plan'
      ? sql`SELECT tier AS id, monthly_credits AS credits, currency, amount_minor, active FROM credits_billing.plans`
      : sql`SELECT id, credits, currency, amount_minor, active FROM credits_billing.credit_packages`;
  const [row] = await run(sql<ItemRow>`
    SELECT i.active, c.price_id, i.credits, i.currency, i.amount_minor FROM (${item}) i
    LEFT JOIN credits_billing.catalog_prices c ON c.is_current AND c.account_id = ${accountId} AND c.item_kind = ${kind}
      AND c.item_id = i.id AND (c.credits, c.currency, c.amount_minor) = (i.credits, i.currency, i.amount_minor)
      AND c.product_active IS NOT false
    WHERE i.id = ${order.itemId}`);
  if (row === undefined) {
    throw new AppError('not_found', `There is no ${kind} ${order.itemId}. Nothing was changed.`, {
      details: { entity: kind, id: order.itemId },
    });
  }
  const { price_id: priceId, credits, currency, amount_minor: amountMinor } = row;
  if (!row.active || currency === null || amountMinor === null) {
    throw new AppError(
      'invalid_argument',
      `The ${kind} ${order.itemId} is not for sale. Nothing was changed. Choose another one.`,
      { fields: { itemId: 'is not for sale' } },
    );
  }
  return priceId === null ? 'outdated' : { priceId, credits, currency, amountMinor };
}

async function writeDown(
  target: StripeTarget,
  order: Order,
  offer: Offer,
  metered: MeteredOffer | undefined,
): Promise<void> {
  const { accountId } = target;
  const { id, customerId } = order;
  await post(target.database, { actor: target.actor }, async (session) => {
    const { run } = session;
    // Two links at the same moment would not see each other.
    if (metered !== undefined) await lockObject(session, `metered:${customerId}`);
    const known = await run(sql`SELECT FROM credits_billing.checkouts WHERE id = ${id}`);
    if (known.length > 0) return;
    if (metered !== undefined) {
      await refuseOfferedByLink(run, { customerId, eventName: metered.eventName, accountId });
    }
    const customers = await run(sql`SELECT FROM credits.customers WHERE id = ${order.customerId}`);
    if (customers.length === 0) {
      throw new AppError(
        'not_found',
        `There is no customer ${order.customerId}. Nothing was changed.`,
        {
          details: { entity: 'customer', id: order.customerId },
        },
      );
    }
    await run(sql`
      INSERT INTO credits_billing.checkouts (id, account_id, customer_id, kind, item_id, price_id, metered_price_id,
        credits, currency, amount_minor, actor)
      VALUES (${order.id}, ${target.accountId}, ${order.customerId}, ${order.kind}, ${order.itemId}, ${offer.priceId},
        ${order.meteredPriceId ?? null}, ${offer.credits}, ${offer.currency}, ${offer.amountMinor}, ${target.actor})
      ON CONFLICT (id) DO NOTHING`);
  });
}

/** The session's id stays with the checkout also where an event was quicker and moved it on. */
async function keepSession(
  target: StripeTarget,
  id: string,
  session: CheckoutSession,
): Promise<void> {
  await post(target.database, { actor: target.actor }, async ({ run }) => {
    await run(sql`
      UPDATE credits_billing.checkouts SET session_id = ${session.id}, url = ${session.url},
        expires_at = ${session.expiresAt}, state = CASE state WHEN 'creating' THEN 'open' ELSE state END,
        error = NULL, changed_at = clock_timestamp()
      WHERE id = ${id} AND session_id IS NULL`);
  });
}

/** Ends a checkout without a session, or notes why it has none yet. */
async function settle(
  target: StripeTarget,
  id: string,
  state: 'creating' | 'expired' | 'refused',
  error: string,
): Promise<void> {
  await post(target.database, { actor: target.actor }, async ({ run }) => {
    await run(sql`
      UPDATE credits_billing.checkouts SET state = ${state}, error = ${error}, changed_at = clock_timestamp()
      WHERE id = ${id} AND state = 'creating'`);
  });
}
