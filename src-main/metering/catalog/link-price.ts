import { sql } from 'kysely';
import { readSnapshot } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { MeteringTarget } from '#main/metering/metering-target.ts';
import type { CatalogPrice } from '#main/stripe/gateway/gateway.ts';
import { AppError } from '#shared/errors.ts';
import { needPrice, type PriceRow } from './catalog-rows.ts';
import { linkMeter } from './link-meter.ts';
import { digestOf, keyOf } from './stripe-keys.ts';

type Content = Pick<PriceRow, 'id' | 'eventName' | 'currency' | 'interval' | 'tiers'>;

/**
 * Makes Stripe agree with a metered price of the console, and keeps its link. Looks for the price first, by its link and then by
 * its lookup key: one that is there is taken over, and archived or brought back. An inactive one that Stripe does not have
 * is not made there. The price's meter is brought to Stripe where the price needs it. Safe to repeat.
 * Errors: not_found, invalid_argument (another price has the lookup key; or the meter's), stripe_*.
 */
export async function linkPrice(target: MeteringTarget, id: string): Promise<void> {
  for (;;) {
    const price = await readSnapshot(target.database, undefined, (run) =>
      needPrice(run, target, id),
    );
    const found = await find(target, price);
    if (found === undefined && !price.active) {
      if (price.link === null) return;
      // Only its link is left of it, and inactive is what it shall be.
      if ((await saveLink(target, price, price.link)) === price.active) return;
      continue;
    }
    const brought = found ? await bring(target, price, found) : await make(target, price);
    // Somebody may have decided otherwise meanwhile, and been done in Stripe before us.
    if ((await saveLink(target, price, brought)) === price.active) return;
  }
}

/** What finds a metered price again in Stripe, and stands on it there; the content by its digest, as prices there are fixed. */
export function marksOf(price: Content): { lookupKey: string; metadata: Record<string, string> } {
  const { id, eventName, currency, interval, tiers } = price;
  const content = tiers.map(({ upTo, unitAmount, flatAmount }) => [upTo, unitAmount, flatAmount]);
  return {
    lookupKey: `metered_${id}`,
    metadata: {
      metered_price: id,
      event_name: eventName,
      content: digestOf([id, eventName, currency, interval, content]),
    },
  };
}

/** Why the price that Stripe has under the lookup key cannot be the console's; undefined where it can. */
export function objectionTo(price: Content, found: CatalogPrice): AppError | undefined {
  const { lookupKey, metadata } = marksOf(price);
  if (!lacks(found.metadata, metadata)) return undefined;
  return new AppError(
    'invalid_argument',
    `Stripe has another price under the lookup key ${lookupKey} (${found.id}), which does not say that it charges the same. Nothing was changed in Stripe. Use another id, or take the lookup key off that price in Stripe first.`,
    { fields: { id: 'is another price in Stripe' }, details: { stripePriceId: found.id } },
  );
}

async function find(
  { gateway }: MeteringTarget,
  price: PriceRow,
): Promise<CatalogPrice | undefined> {
  const linked = price.link && (await gateway.findPrice(price.link.stripeId));
  if (linked) return linked;
  const byKey = await gateway.findPriceByLookupKey(marksOf(price).lookupKey);
  const objection = byKey && objectionTo(price, byKey);
  if (objection === undefined) return byKey;
  // One that is not sold here needs no place in Stripe.
  if (!price.active) return undefined;
  throw objection;
}

type Brought = { stripeId: string; productId: string };

async function bring(
  target: MeteringTarget,
  price: PriceRow,
  found: CatalogPrice,
): Promise<Brought> {
  const { gateway } = target;
  const { metadata } = marksOf(price);
  if (price.active && !found.active) await linkMeter(target, price.eventName);
  if (price.active && !found.productActive) {
    await gateway.updateProduct(found.productId, { active: true });
  }
  if (found.active !== price.active || lacks(found.metadata, metadata)) {
    await gateway.updatePrice(found.id, { active: price.active, metadata });
  }
  return { stripeId: found.id, productId: found.productId };
}

async function make(target: MeteringTarget, price: PriceRow): Promise<Brought> {
  const { gateway } = target;
  const meterId = await linkMeter(target, price.eventName);
  if (meterId === null) {
    throw new AppError(
      'invalid_argument',
      `The meter ${price.eventName} is inactive by now, so the price ${price.id} was not made in Stripe. Activate the meter first.`,
      { fields: { eventName: 'is inactive' } },
    );
  }
  const { lookupKey, metadata } = marksOf(price);
  // What was there before tells a price that is gone from a repeat of the call that made it.
  const content = [price.name, metadata, price.link?.stripeId ?? null];
  const product = await gateway.createProduct(
    { name: price.name, metadata: { metered_price: price.id } },
    keyOf('product', content),
  );
  const { currency, interval, tiers } = price;
  const { id } = await gateway.createMeteredPrice(
    { productId: product.id, meterId, currency, interval, tiers, lookupKey, metadata },
    keyOf('price', [...content, product.id, meterId]),
  );
  return { stripeId: id, productId: product.id };
}

/** Notes what Stripe has now. Returns whether the console wants the price active by now. */
async function saveLink(
  { database, accountId, livemode, actor }: MeteringTarget,
  { id, active }: PriceRow,
  { stripeId, productId }: Brought,
): Promise<boolean> {
  return post(database, { actor }, async ({ run }) => {
    const [now] = await run(sql<{ active: boolean }>`
      SELECT active FROM credits_billing.metered_prices WHERE id = ${id} FOR UPDATE`);
    await run(sql`
      INSERT INTO credits_billing.stripe_metered_prices (account_id, livemode, metered_price_id, price_id, product_id, active)
      VALUES (${accountId}, ${livemode}, ${id}, ${stripeId}, ${productId}, ${active})
      ON CONFLICT (account_id, livemode, metered_price_id) DO UPDATE
      SET price_id = excluded.price_id, product_id = excluded.product_id, active = excluded.active`);
    return now?.active ?? active;
  });
}

function lacks(metadata: Record<string, string>, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).some(([name, value]) => metadata[name] !== value);
}
