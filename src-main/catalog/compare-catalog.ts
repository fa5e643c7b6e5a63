import { readSnapshot } from '#main/database/run-query.ts';
import type { CatalogPrice } from '#main/stripe/gateway/gateway.ts';
import {
  type CatalogItem,
  type CatalogTarget,
  differencesOf,
  type ItemName,
  marksOf,
  type SoldItem,
} from './catalog-item.ts';
import { readItems } from './read-catalog.ts';

/** What Stripe has of an item besides what the database knows; `priceId` is the price that was compared. */
type Found = { priceId: string | null; differences: string[] };

/** What comparing the catalog with Stripe found. */
export type Comparison = {
  readonly at: Date;
  readonly accountId: string;
  readonly found: (item: ItemName) => Found | undefined;
  /** Forgets what was found of one item or (null) of all: it was written to Stripe meanwhile. */
  readonly forget: (item: ItemName | null) => void;
};

/** Compares every item that is or was sold with Stripe's product and price. Reads only. Errors: stripe_*. */
export async function compareCatalog(target: CatalogTarget, at: Date): Promise<Comparison> {
  const items = await readSnapshot(target.database, undefined, (run) => readItems(run, null));
  const found = new Map<string, Found>();
  for (const { item, sold } of items) {
    if (sold === null && item.price === null) continue;
    found.set(keyOf(item), {
      priceId: sold?.priceId ?? null,
      differences: await compareItem(target, item, sold),
    });
  }
  return {
    at,
    accountId: target.accountId,
    found: (item) => found.get(keyOf(item)),
    forget: (item) => (item === null ? found.clear() : found.delete(keyOf(item))),
  };
}

function keyOf({ kind, id }: ItemName): string {
  return `${kind} ${id}`;
}

async function compareItem(
  { gateway }: CatalogTarget,
  item: CatalogItem,
  sold: SoldItem | null,
): Promise<string[]> {
  const { lookupKey } = marksOf(item);
  if (sold === null) {
    const stranger = await gateway.findPriceByLookupKey(lookupKey);
    return stranger === undefined
      ? []
      : [`Stripe has a price with the lookup key ${lookupKey} already: ${stranger.id}.`];
  }
  const price = await gateway.findPrice(sold.priceId);
  if (price === undefined) return ['The price is not in Stripe any more.'];
  return drift(item, price);
}

/** What of a price and its product is not as the console has it. */
function drift(item: CatalogItem, price: CatalogPrice): string[] {
  const { lookupKey, metadata, interval } = marksOf(item);
  if (isDeleted(price)) return ['The product was deleted in Stripe.'];
  const differences = differencesOf(item, {
    price:
      price.amountMinor === null
        ? null
        : { amountMinor: price.amountMinor, currency: price.currency },
    credits: price.metadata.credits ?? null,
    name: price.productName,
    active: price.productActive,
  });
  if (!item.active || item.price === null) return differences;
  if (!price.active) differences.push('The price is archived in Stripe.');
  if (price.interval !== interval) {
    differences.push(
      `The price is ${price.interval === null ? 'paid once' : `paid every ${price.interval}`}.`,
    );
  }
  if (price.lookupKey !== lookupKey) {
    differences.push(
      price.lookupKey === null
        ? `The price has lost its lookup key ${lookupKey}.`
        : `The price’s lookup key is ${price.lookupKey} instead of ${lookupKey}.`,
    );
  }
  for (const [name, value] of Object.entries(metadata)) {
    if (name !== 'credits' && price.metadata[name] !== value) {
      differences.push(`The price’s metadata “${name}” is not ${value}.`);
    }
    if (price.productMetadata[name] !== value) {
      differences.push(`The product’s metadata “${name}” is not ${value}.`);
    }
  }
  return differences;
}

/** The gateway tells a deleted product by a name that no product can have. */
export function isDeleted(price: CatalogPrice): boolean {
  return price.productName === '' && !price.productActive;
}
