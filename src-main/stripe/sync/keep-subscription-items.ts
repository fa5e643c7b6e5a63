import { sql } from 'kysely';
import type { RunQuery } from '#main/database/run-query.ts';
import type { StripeSubscription } from '../gateway/gateway.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { planOfPrice } from './plan-of-price.ts';

/** An item of a subscription, and what of the catalog it stands for; each null where it stands for nothing. */
export type KnownItem = StripeSubscription['items'][number] & {
  planTier: string | null;
  meteredPriceId: string | null;
  /** The meter that bills it, also where its price is none of the catalog's. */
  eventName: string | null;
};

/** What the items of a subscription stand for in this account. */
export async function recogniseItems(
  { accountId, livemode }: StripeTarget,
  run: RunQuery,
  items: StripeSubscription['items'],
): Promise<KnownItem[]> {
  const known: KnownItem[] = [];
  for (const item of items) {
    const plan = await planOfPrice(run, accountId, { id: item.priceId, lookupKey: item.lookupKey });
    const [metered] = await run(sql<{ id: string; event_name: string }>`
      SELECT p.id, p.event_name
      FROM credits_billing.stripe_metered_prices s JOIN credits_billing.metered_prices p ON p.id = s.metered_price_id
      WHERE s.account_id = ${accountId} AND s.livemode = ${livemode} AND s.price_id = ${item.priceId}`);
    const [meter] = await run(sql<{ event_name: string }>`
      SELECT event_name FROM credits_billing.stripe_meters
      WHERE account_id = ${accountId} AND livemode = ${livemode} AND meter_id = ${item.meterId}`);
    known.push({
      ...item,
      planTier: plan?.tier ?? null,
      meteredPriceId: metered?.id ?? null,
      eventName: metered?.event_name ?? meter?.event_name ?? null,
    });
  }
  return known;
}

/**
 * Keeps the items of a subscription, and the periods of those that are billed by use. `items` are all that it has: others
 * were taken off it. The subscription itself must be kept before.
 */
export async function keepItems(
  run: RunQuery,
  of: { subscriptionId: string; customerId: string; accountId: string },
  items: readonly KnownItem[],
): Promise<void> {
  for (const item of items) await keepItem(run, of, item);
  await run(sql`
    UPDATE credits_billing.subscription_items SET removed_at = clock_timestamp(), changed_at = clock_timestamp()
    WHERE subscription_id = ${of.subscriptionId} AND removed_at IS NULL AND id <> ALL (${items.map(({ id }) => id)}::text[])`);
}

async function keepItem(
  run: RunQuery,
  of: { subscriptionId: string; customerId: string; accountId: string },
  item: KnownItem,
): Promise<void> {
  const { subscriptionId, customerId, accountId } = of;
  const { id, priceId, planTier, meteredPriceId, eventName } = item;
  const { currentPeriodStart: start, currentPeriodEnd: end } = item;
  await run(sql`
    INSERT INTO credits_billing.subscription_items (id, subscription_id, account_id, customer_id, price_id, plan_tier,
      metered_price_id, event_name, current_period_start, current_period_end)
    VALUES (${id}, ${subscriptionId}, ${accountId}, ${customerId}, ${priceId}, ${planTier}, ${meteredPriceId}, ${eventName},
      ${start}, ${end})
    ON CONFLICT (id) DO UPDATE
    SET subscription_id = excluded.subscription_id, account_id = excluded.account_id, customer_id = excluded.customer_id,
      price_id = excluded.price_id, plan_tier = excluded.plan_tier, metered_price_id = excluded.metered_price_id,
      event_name = excluded.event_name, current_period_start = excluded.current_period_start,
      current_period_end = excluded.current_period_end, removed_at = NULL, changed_at = clock_timestamp()`);
  if (eventName === null) return;
  await run(sql`
    INSERT INTO credits_billing.subscription_item_periods (item_id, period_start, period_end, account_id, customer_id, event_name)
    VALUES (${id}, ${start}, ${end}, ${accountId}, ${customerId}, ${eventName})
    ON CONFLICT (item_id, period_start) DO UPDATE SET period_end = excluded.period_end, customer_id = excluded.customer_id`);
  // A period that began anew before its time cut the one before it short.
  await run(sql`
    UPDATE credits_billing.subscription_item_periods SET period_end = ${start}
    WHERE item_id = ${id} AND period_start < ${start} AND period_end > ${start}`);
}
