import { sql } from 'kysely';
import type { RunQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';

/** What a metered price is sold as in one Stripe account. */
export type MeteredOffer = {
  /** Stripe's own id of the price, and of the meter it bills. */
  priceId: string;
  meterId: string | null;
  eventName: string;
  currency: string;
  interval: 'month' | 'year';
};

/** An item that bills a customer's usage of a meter now. */
export type RunningItem = { id: string; subscriptionId: string };

/** Subscriptions that bill, or may do so again. */
export const NOT_ENDED = sql`s.status NOT IN ('canceled', 'incomplete_expired')`;

/**
 * Reads what a metered price is sold as. Errors: not_found; invalid_argument where it is not for sale or not in Stripe yet.
 */
export async function readMeteredOffer(
  run: RunQuery,
  of: { meteredPriceId: string; accountId: string; livemode: boolean },
): Promise<MeteredOffer> {
  const id = of.meteredPriceId;
  const [row] = await run(sql<
    Omit<MeteredOffer, 'priceId'> & { active: boolean; priceId: string | null }
  >`
    SELECT p.active, s.price_id AS "priceId", m.meter_id AS "meterId", p.event_name AS "eventName", p.currency,
      p.billing_interval AS interval
    FROM credits_billing.metered_prices p
    LEFT JOIN credits_billing.stripe_metered_prices s ON s.metered_price_id = p.id AND s.active
      AND s.account_id = ${of.accountId} AND s.livemode = ${of.livemode}
    LEFT JOIN credits_billing.stripe_meters m ON m.event_name = p.event_name
      AND m.account_id = ${of.accountId} AND m.livemode = ${of.livemode}
    WHERE p.id = ${id}`);
  if (row === undefined) {
    throw new AppError('not_found', `There is no metered price ${id}. Nothing was changed.`, {
      details: { entity: 'metered price', id },
    });
  }
  const { active, priceId, ...offer } = row;
  if (!active) {
    throw new AppError(
      'invalid_argument',
      `The metered price ${id} is not for sale. Nothing was changed. Choose another one.`,
      { fields: { meteredPriceId: 'is not for sale' } },
    );
  }
  if (priceId === null) {
    throw new AppError(
      'invalid_argument',
      `The metered price ${id} is not in Stripe yet. Nothing was changed. Send it first on the Metering page.`,
      { fields: { meteredPriceId: 'is not in Stripe yet; send it first on the Metering page' } },
    );
  }
  return { ...offer, priceId };
}

/** The items that bill a customer's usage of a meter now, as far as Stripe has told. */
export async function listRunningItems(
  run: RunQuery,
  of: { customerId: string; eventName: string; accountId: string },
): Promise<RunningItem[]> {
  return run(sql<RunningItem>`
    SELECT i.id, i.subscription_id AS "subscriptionId"
    FROM credits_billing.subscription_items i JOIN credits_billing.subscriptions s ON s.id = i.subscription_id
    WHERE i.customer_id = ${of.customerId} AND i.event_name = ${of.eventName} AND i.account_id = ${of.accountId}
      AND i.removed_at IS NULL AND ${NOT_ENDED}
    ORDER BY i.id`);
}

/** Refuses a second price on a meter. */
export function billedAlready(eventName: string, { subscriptionId }: { subscriptionId: string }) {
  return new AppError(
    'invalid_argument',
    `${subscriptionId} bills this customer’s usage of ${eventName} already: it would be billed twice. Nothing was changed. End that subscription first, or keep it.`,
    { fields: { meteredPriceId: 'is on a meter that bills this customer already' } },
  );
}

/** Refuses a second price on a meter of which the customer has a link to pay: who pays it would be billed twice. */
export async function refuseOfferedByLink(
  run: RunQuery,
  of: { customerId: string; eventName: string; accountId: string },
): Promise<void> {
  const [checkout] = await run(sql<{ meteredPriceId: string }>`
    SELECT c.metered_price_id AS "meteredPriceId"
    FROM credits_billing.checkouts c JOIN credits_billing.metered_prices p ON p.id = c.metered_price_id
    WHERE c.customer_id = ${of.customerId} AND c.account_id = ${of.accountId} AND p.event_name = ${of.eventName}
      AND (c.state = 'processing' OR (c.state IN ('creating', 'open')
        AND coalesce(c.expires_at, c.created_at + interval '1 day') > clock_timestamp()))
    LIMIT 1`);
  if (checkout === undefined) return;
  throw new AppError(
    'invalid_argument',
    `This customer has an open purchase by link with ${checkout.meteredPriceId}, which bills the usage of ${of.eventName}: once it is paid, the usage would be billed twice. Nothing was changed. Close that purchase first, or wait until it is paid.`,
    {
      fields: { meteredPriceId: 'is on a meter that an open purchase of this customer would bill' },
    },
  );
}
