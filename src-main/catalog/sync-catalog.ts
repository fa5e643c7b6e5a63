import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { readSnapshot } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { CatalogPrice } from '#main/stripe/gateway/gateway.ts';
import type { Money } from '#shared/money.ts';
import {
  type CatalogItem,
  type CatalogTarget,
  type ItemName,
  isSameMoney,
  marksOf,
  type SoldItem,
} from './catalog-item.ts';
import { isDeleted } from './compare-catalog.ts';
import { readItems } from './read-catalog.ts';

/**
 * Makes Stripe agree with the console, for one item or (null) for all: a product made or changed, a new price where amount,
 * currency or credits changed, with the old one archived, and what was changed in Stripe put right. What already agrees is left alone,
 * so it is safe to repeat, also after it broke off half-way. Errors: not_found, stripe_*.
 */
export async function syncCatalog(
  target: CatalogTarget,
  actor: string,
  name: ItemName | null,
): Promise<void> {
  const items = await readSnapshot(target.database, undefined, (run) => readItems(run, name));
  for (const { item, sold } of items) {
    if (item.active && item.price !== null) await offer(target, actor, item, item.price, sold);
    else if (sold !== null) await withdraw(target, actor, item, sold);
  }
}

async function offer(
  target: CatalogTarget,
  actor: string,
  item: CatalogItem,
  amount: Money,
  sold: SoldItem | null,
): Promise<void> {
  const { gateway } = target;
  const marks = marksOf(item);
  const byKey = await gateway.findPriceByLookupKey(marks.lookupKey);
  const known =
    sold === null || sold.priceId === byKey?.id ? byKey : await gateway.findPrice(sold.priceId);
  const here = [byKey, known].filter((price) => price !== undefined).filter(alive);

  const productId =
    here.find((price) => belongsTo(item, price, sold))?.productId ??
    (await createProduct(target, item, sold));
  await bringProduct(target, item, here, productId);

  const kept = here.find(
    (price) => price.productId === productId && isPriceOf(item, amount, price, sold),
  );
  const price =
    kept ??
    (await gateway.createPrice(
      {
        productId,
        ...marks,
        currency: amount.currency,
        amountMinor: amount.amountMinor,
      },
      // The price before it tells a change back to an earlier amount from a repeat of the earlier call.
      keyOf('price', item, [productId, amount, marks, sold?.priceId ?? null]),
    ));
  if (kept !== undefined && (!kept.active || lacks(kept.metadata, marks.metadata))) {
    await gateway.updatePrice(kept.id, { active: true, metadata: marks.metadata });
  }
  for (const old of here) {
    const isOurs = old.id === sold?.priceId || old.productId === productId;
    if (old.id !== price.id && old.active && isOurs) {
      await gateway.updatePrice(old.id, { active: false });
    }
  }
  await saveSold(target, actor, item, { priceId: price.id, productId, price: amount });
}

/** Not for sale any more: its product is archived; of a plan without a price its price too. */
async function withdraw(
  target: CatalogTarget,
  actor: string,
  item: CatalogItem,
  sold: SoldItem,
): Promise<void> {
  const { gateway } = target;
  const price = await gateway.findPrice(sold.priceId);
  if (price && alive(price)) {
    if (price.productActive) await gateway.updateProduct(price.productId, { active: false });
    if (item.price === null && price.active) {
      await gateway.updatePrice(price.id, { active: false });
    }
  }
  await post(target.database, { actor }, async (session) => {
    await session.run(sql`
      UPDATE credits_billing.catalog_prices SET product_active = false, is_current = ${item.price !== null}
      WHERE account_id = ${target.accountId} AND price_id = ${sold.priceId}`);
  });
}

/** Whether a price's product is this item's: by our own record, or by what stands on it. */
function belongsTo(item: CatalogItem, price: CatalogPrice, sold: SoldItem | null): boolean {
  return price.id === sold?.priceId || price.productMetadata[item.kind] === item.id;
}

/**
 * Whether a price can go on: amount and lookup key are fixed with it. Credits that were changed in Stripe are put right,
 * but those changed in the console make a new price, because checkouts under way still count by the old one.
 */
function isPriceOf(
  item: CatalogItem,
  amount: Money,
  price: CatalogPrice,
  sold: SoldItem | null,
): boolean {
  const { lookupKey, interval } = marksOf(item);
  const money =
    price.amountMinor === null
      ? null
      : { amountMinor: price.amountMinor, currency: price.currency };
  const credits = price.id === sold?.priceId ? String(sold.credits) : price.metadata.credits;
  return (
    price.lookupKey === lookupKey &&
    price.interval === interval &&
    isSameMoney(money, amount) &&
    credits === String(item.credits)
  );
}

async function createProduct(
  { gateway }: CatalogTarget,
  item: CatalogItem,
  sold: SoldItem | null,
): Promise<string> {
  const { metadata } = marksOf(item);
  const { id } = await gateway.createProduct(
    { name: item.name, metadata },
    keyOf('product', item, [item.name, metadata, sold?.productId ?? null]),
  );
  return id;
}

async function bringProduct(
  { gateway }: CatalogTarget,
  item: CatalogItem,
  prices: CatalogPrice[],
  productId: string,
): Promise<void> {
  const product = prices.find((price) => price.productId === productId);
  if (product === undefined) return;
  const { metadata } = marksOf(item);
  const isCurrent =
    product.productActive &&
    product.productName === item.name &&
    !lacks(product.productMetadata, metadata);
  if (isCurrent) return;
  await gateway.updateProduct(productId, { name: item.name, active: true, metadata });
}

function alive(price: CatalogPrice): boolean {
  return !isDeleted(price);
}

function lacks(metadata: Record<string, string>, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).some(([name, value]) => metadata[name] !== value);
}

/** The same for the same item with the same content: a repeat makes nothing twice. */
function keyOf(what: 'product' | 'price', item: CatalogItem, content: unknown[]): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([item.id, ...content]))
    .digest('hex');
  return `catalog:${what}:${item.kind}:${hash}`;
}

async function saveSold(
  target: CatalogTarget,
  actor: string,
  item: CatalogItem,
  sold: { priceId: string; productId: string; price: Money },
): Promise<void> {
  const { accountId } = target;
  await post(target.database, { actor }, async (session) => {
    // Two consoles that write the same item here wait for each other.
    await session.run(
      item.kind === 'package'
        ? sql`SELECT FROM credits_billing.credit_packages WHERE id = ${item.id} FOR UPDATE`
        : sql`SELECT FROM credits_billing.plans WHERE tier = ${item.id} FOR UPDATE`,
    );
    await session.run(sql`
      UPDATE credits_billing.catalog_prices SET is_current = false
      WHERE account_id = ${accountId} AND item_kind = ${item.kind} AND item_id = ${item.id} AND is_current
        AND price_id <> ${sold.priceId}`);
    await session.run(sql`
      INSERT INTO credits_billing.catalog_prices AS c (account_id, price_id, item_kind, item_id, product_id, credits,
        currency, amount_minor, product_name, product_active)
      VALUES (${accountId}, ${sold.priceId}, ${item.kind}, ${item.id}, ${sold.productId}, ${item.credits},
        ${sold.price.currency}, ${sold.price.amountMinor}, ${item.name}, true)
      ON CONFLICT (account_id, price_id) DO UPDATE
      SET is_current = true, product_id = excluded.product_id, product_name = excluded.product_name, product_active = true`);
  });
}
