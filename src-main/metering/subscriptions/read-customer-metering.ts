import { sql } from 'kysely';
import type { z } from 'zod';
import { type QueryTarget, type RunQuery, readSnapshot } from '#main/database/run-query.ts';
import { NOT_ENDED } from '#main/ledger/read-metered-offer.ts';
import { readStripeCustomerId } from '#main/ledger/read-stripe-customer.ts';
import { readPosition, wholeMinutes } from '#main/ledger/read-usage-position.ts';
import type {
  CustomerMetering,
  MeterFormula,
  meteredSubscriptionSchema,
} from '#shared/ipc/metering.ts';
import { lastThirtyDays } from '../usage/last-thirty-days.ts';
import { toUsagePosition } from '../usage/usage-position.ts';

type SubscriptionData = z.input<typeof meteredSubscriptionSchema>;
type UsageRow = CustomerMetering['usage'][number];

/** The newest so many subscriptions are shown. */
const SHOWN_MAX = 100;

/** Rows of the account that the workspace belongs to now: of another one, Stripe would know nothing. */
const OF_BOUND_ACCOUNT = sql`s.account_id = coalesce(
  (SELECT b.account_id FROM credits_billing.stripe_settings b), s.account_id)`;

/**
 * A customer's subscriptions with their items, newest first, and usage by meter: of the current period of each item that is
 * billed by use, and of the last 30 days where usage was reported without one. From the database alone.
 * Errors: not_found.
 */
export async function readCustomerMetering(
  database: QueryTarget,
  customerId: string,
  pageOf: (subscriptionId: string) => string | null,
  signal?: AbortSignal,
): Promise<CustomerMetering> {
  return readSnapshot(database, signal, async (run) => {
    return {
      stripeCustomerId: await readStripeCustomerId(run, customerId),
      subscriptions: await listSubscriptions(run, customerId, pageOf),
      usage: await listUsage(run, customerId),
    };
  });
}

type ItemRow = {
  id: string;
  price_id: string;
  name: string | null;
  plan_tier: string | null;
  metered_price_id: string | null;
  event_name: string | null;
  current_period_start: Date;
  current_period_end: Date;
};

async function listSubscriptions(
  run: RunQuery,
  customerId: string,
  pageOf: (subscriptionId: string) => string | null,
): Promise<SubscriptionData[]> {
  const rows = await run(sql<{
    id: string;
    status: string;
    cancel_at_period_end: boolean;
    cancel_at: Date | null;
  }>`
    SELECT s.id, s.status, s.cancel_at_period_end, s.cancel_at FROM credits_billing.subscriptions s
    WHERE s.customer_id = ${customerId} AND ${OF_BOUND_ACCOUNT}
    ORDER BY s.current_period_start DESC NULLS LAST, s.id LIMIT ${SHOWN_MAX}`);
  const subscriptions: SubscriptionData[] = [];
  for (const row of rows) {
    const items = await run(sql<ItemRow>`
      SELECT i.id, i.price_id, coalesce(m.name, p.name) AS name, i.plan_tier, i.metered_price_id, i.event_name,
        i.current_period_start, i.current_period_end
      FROM credits_billing.subscription_items i
      LEFT JOIN credits_billing.metered_prices m ON m.id = i.metered_price_id
      LEFT JOIN credits_billing.plans p ON p.tier = i.plan_tier
      WHERE i.subscription_id = ${row.id} AND i.removed_at IS NULL
      ORDER BY i.plan_tier IS NULL, i.event_name, i.id`);
    subscriptions.push({
      id: row.id,
      stripeUrl: pageOf(row.id),
      status: row.status,
      cancelAtPeriodEnd: row.cancel_at_period_end,
      cancelAt: row.cancel_at?.toISOString() ?? null,
      items: items.map((item) => ({
        id: item.id,
        priceId: item.price_id,
        name: item.name ?? item.price_id,
        planTier: item.plan_tier,
        meteredPriceId: item.metered_price_id,
        eventName: item.event_name,
        currentPeriodStart: item.current_period_start.toISOString(),
        currentPeriodEnd: item.current_period_end.toISOString(),
      })),
    });
  }
  return subscriptions;
}

async function listUsage(run: RunQuery, customerId: string): Promise<UsageRow[]> {
  const rows = await run(sql<{
    event_name: string;
    name: string;
    formula: MeterFormula;
    subscription_id: string | null;
    item_id: string | null;
    metered_price_id: string | null;
    start: Date | null;
    end: Date | null;
  }>`
    SELECT m.event_name, m.name, m.formula, i.subscription_id, i.id AS item_id, i.metered_price_id,
      i.current_period_start AS start, i.current_period_end AS end
    FROM credits_billing.meters m LEFT JOIN (
      SELECT i.* FROM credits_billing.subscription_items i JOIN credits_billing.subscriptions s ON s.id = i.subscription_id
      WHERE i.customer_id = ${customerId} AND i.removed_at IS NULL AND ${NOT_ENDED} AND ${OF_BOUND_ACCOUNT}
    ) i ON i.event_name = m.event_name
    WHERE i.id IS NOT NULL OR EXISTS (
      SELECT FROM credits.usage_reports r WHERE r.customer_id = ${customerId} AND r.event_name = m.event_name)
    ORDER BY m.name, m.event_name, i.id`);
  const usage: UsageRow[] = [];
  for (const row of rows) {
    const { start, end, formula, event_name: eventName } = row;
    const period =
      start !== null && end !== null ? wholeMinutes({ start, end }) : await lastThirtyDays(run);
    const position = await readPosition(run, { customerId, eventName, formula, ...period });
    usage.push({
      eventName,
      meterName: row.name,
      formula,
      subscriptionId: row.subscription_id,
      itemId: row.item_id,
      meteredPriceId: row.metered_price_id,
      position: toUsagePosition(position, period),
    });
  }
  return usage;
}
