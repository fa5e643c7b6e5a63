import { randomUUID } from 'node:crypto';
import { type Order, type StripeSide, subscribe } from '#main/metering/subscriptions/subscribe.ts';
import { ensureStripeCustomer } from '#main/stripe/checkouts/ensure-stripe-customer.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';
import { syncSubscription } from '#main/stripe/sync/sync-subscription.ts';
import type { MeterFormula } from '#shared/ipc/metering.ts';
import type { Tier } from '#shared/metered-price.ts';
import type { StripeShop } from './stripe-shop.ts';

export const TIERS: Tier[] = [
  { upTo: 1_000, unitAmount: '10', flatAmount: null },
  { upTo: 10_000, unitAmount: '5', flatAmount: null },
  { upTo: null, unitAmount: '2', flatAmount: null },
];

/** What of the shop these helpers need. */
type Shop = Pick<StripeShop, 'database' | 'simulator'> & {
  target: Pick<StripeTarget, 'gateway' | 'accountId'>;
};

export type MeteredPriceForSale = { id: string; eventName: string; priceId: string };

/** A meter that is here and in Stripe. */
export async function makeMeter(shop: Shop, formula: MeterFormula = 'sum'): Promise<string> {
  const eventName = `units_${randomUUID().slice(0, 8)}`;
  const { gateway, accountId } = shop.target;
  const meter = await gateway.createMeter(
    { eventName, name: `Units ${eventName}`, formula },
    `meter:${eventName}`,
  );
  await shop.database.pool.query(
    'INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ($1, $2, $3)',
    [eventName, `Units ${eventName}`, formula],
  );
  await shop.database.pool.query(
    'INSERT INTO credits_billing.stripe_meters (account_id, livemode, event_name, meter_id, active) VALUES ($1, false, $2, $3, true)',
    [accountId, eventName, meter.id],
  );
  return eventName;
}

/** A metered price that can be sold: on a meter of its own, or on one that is there. */
export async function sellMeteredPrice(
  shop: Shop,
  how: {
    eventName?: string;
    formula?: MeterFormula;
    tiers?: Tier[];
    interval?: 'month' | 'year';
    currency?: string;
  } = {},
): Promise<MeteredPriceForSale> {
  const { tiers = TIERS, interval = 'month', currency = 'usd' } = how;
  const eventName = how.eventName ?? (await makeMeter(shop, how.formula));
  const id = `price_${randomUUID().slice(0, 8)}`;
  const { gateway, accountId } = shop.target;
  const { id: meterId } = (await gateway.findMeter(eventName)) ?? { id: '' };
  const product = await gateway.createProduct({ name: id, metadata: {} }, `product:${id}`);
  const price = await gateway.createMeteredPrice(
    { productId: product.id, meterId, currency, interval, tiers, lookupKey: id, metadata: {} },
    `price:${id}`,
  );
  await shop.database.pool.query(
    `INSERT INTO credits_billing.metered_prices (id, name, event_name, currency, billing_interval, tiers)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [id, `Price ${id}`, eventName, currency, interval, JSON.stringify(tiers)],
  );
  await shop.database.pool.query(
    `INSERT INTO credits_billing.stripe_metered_prices (account_id, livemode, metered_price_id, price_id, product_id, active)
     VALUES ($1, false, $2, $3, $4, true)`,
    [accountId, id, price.id, product.id],
  );
  return { id, eventName, priceId: price.id };
}

export function stripeSideOf(target: StripeTarget): StripeSide {
  return {
    ensureStripeCustomer: (customerId, forWhat) =>
      ensureStripeCustomer(target, customerId, forWhat),
    syncSubscription: (id) => syncSubscription(target, id),
    endGoneSubscription: (id) =>
      syncSubscription(target, id, undefined, { type: 'customer.subscription.deleted' }),
  };
}

export function orderOf(
  customerId: string,
  meteredPriceId: string,
  change: Partial<Order> = {},
): Order {
  return {
    customerId,
    meteredPriceId,
    subscriptionId: null,
    collection: 'charge_automatically',
    key: randomUUID(),
    ...change,
  };
}

/** A customer of its own on a metered price. */
export async function subscribed(
  shop: Pick<StripeShop, 'customer' | 'target'>,
  meteredPriceId: string,
): Promise<{ customerId: string }> {
  const customerId = await shop.customer();
  await subscribe(shop.target, orderOf(customerId, meteredPriceId), stripeSideOf(shop.target));
  return { customerId };
}

/** Reports usage; without a time, of now. */
export async function report(
  shop: Pick<StripeShop, 'database'>,
  customerId: string,
  eventName: string,
  quantity: number,
  occurredAt: Date | null = null,
): Promise<void> {
  await shop.database.pool.query('SELECT credits.report_usage($1, $2, $3, $4, $5)', [
    customerId,
    eventName,
    quantity,
    randomUUID(),
    occurredAt,
  ]);
}

/** Makes events of what waits of a customer, without sending them; answers with their identifiers, the oldest first. */
export async function queueUsage(shop: Shop, customerId: string): Promise<string[]> {
  await shop.database.pool.query('SELECT credits.batch_usage($1, false, true)', [
    shop.target.accountId,
  ]);
  const { rows } = await shop.database.pool.query<{ identifier: string }>(
    `SELECT identifier FROM credits_billing.meter_events WHERE customer_id = $1 AND state = 'queued' ORDER BY position`,
    [customerId],
  );
  return rows.map((row) => row.identifier);
}

/** Sends what waits of a customer to Stripe and notes it, as taken so many minutes ago; answers with the identifiers. */
export async function deliver(shop: Shop, customerId: string, minutesAgo = 0): Promise<string[]> {
  const identifiers = await queueUsage(shop, customerId);
  for (const identifier of identifiers) {
    const { rows } = await shop.database.pool.query(
      'SELECT * FROM credits_billing.meter_events WHERE identifier = $1',
      [identifier],
    );
    const [event] = rows;
    await shop.target.gateway.sendUsage({
      identifier,
      eventName: event.event_name,
      stripeCustomerId: event.stripe_customer_id,
      value: event.value,
      occurredAt: event.occurred_at,
    });
    await markEvent(shop, identifier, 'sent', minutesAgo);
  }
  return identifiers;
}

export async function markEvent(
  shop: Pick<StripeShop, 'database'>,
  identifier: string,
  state: string,
  minutesAgo = 0,
): Promise<void> {
  await shop.database.pool.query(
    `UPDATE credits_billing.meter_events SET state = $2,
       sent_at = CASE WHEN $2 = 'sent' THEN clock_timestamp() - make_interval(mins => $3) ELSE sent_at END
     WHERE identifier = $1`,
    [identifier, state, minutesAgo],
  );
}
