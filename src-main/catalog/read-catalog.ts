import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import type { RunQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { creditPackageSchema, planSchema, RolloverRule } from '#shared/ipc/catalog.ts';
import type { Money } from '#shared/money.ts';
import type { CatalogItem, ItemName, Link, SoldItem } from './catalog-item.ts';
import { differencesOf } from './catalog-item.ts';

export type PackageData = z.input<typeof creditPackageSchema>;
export type PlanData = z.input<typeof planSchema>;

/** An item of the catalog, and how it stands in the account that the workspace is bound to. */
export type ListedItem<Data> = { item: CatalogItem; sold: SoldItem | null; data: Data };

type SoldColumns = {
  price_id: string | null;
  product_id: string | null;
  sold_credits: number;
  sold_currency: string;
  sold_amount_minor: number;
  product_name: string | null;
  product_active: boolean | null;
};

type PackageRow = SoldColumns & {
  id: string;
  name: string;
  credits: number;
  currency: string;
  amount_minor: number;
  active: boolean;
  changed_at: Date;
  changed_by: string;
};

type PlanRow = SoldColumns & {
  tier: string;
  name: string;
  monthly_credits: number;
  rollover: RolloverRule;
  rollover_cap: number | null;
  allocates_without_subscription: boolean;
  low_balance_threshold: number | null;
  currency: string | null;
  amount_minor: number | null;
  active: boolean;
  changed_at: Date;
  changed_by: string;
};

const SOLD_COLUMNS = sql`c.price_id, c.product_id, c.credits AS sold_credits, c.currency AS sold_currency,
  c.amount_minor AS sold_amount_minor, c.product_name, c.product_active`;

/** How an item stands in the bound account, as `c`. */
function soldAs(kind: ItemName['kind'], id: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`LEFT JOIN credits_billing.catalog_prices c ON c.is_current AND c.item_kind = ${kind} AND c.item_id = ${id}
    AND c.account_id = (SELECT s.account_id FROM credits_billing.stripe_settings s)`;
}

/** Packages by their credits; `id` chooses one. */
export async function readPackages(run: RunQuery, id?: string): Promise<ListedItem<PackageData>[]> {
  const rows = await run(sql<PackageRow>`
    SELECT p.id, p.name, p.credits, p.currency, p.amount_minor, p.active, p.changed_at, p.changed_by, ${SOLD_COLUMNS}
    FROM credits_billing.credit_packages p ${soldAs('package', sql`p.id`)}
    WHERE ${id === undefined ? sql`true` : sql`p.id = ${id}`}
    ORDER BY p.credits, p.id`);
  return rows.map((row) => {
    const price = { amountMinor: row.amount_minor, currency: row.currency };
    const { id, name, credits, active } = row;
    const item: CatalogItem = { kind: 'package', id, name, credits, price, active };
    const sold = soldOf(row);
    const changedAt = row.changed_at.toISOString();
    return {
      item,
      sold,
      data: {
        id,
        name,
        credits,
        price,
        active,
        changedAt,
        changedBy: row.changed_by,
        link: linkOf(item, sold),
      },
    };
  });
}

/** Plans by their credits; `tier` chooses one. */
export async function readPlans(run: RunQuery, tier?: string): Promise<ListedItem<PlanData>[]> {
  const rows = await run(sql<PlanRow>`
    SELECT p.tier, p.name, p.monthly_credits, p.rollover, p.rollover_cap, p.allocates_without_subscription, p.low_balance_threshold, p.currency, p.amount_minor, p.active,
      p.changed_at, p.changed_by, ${SOLD_COLUMNS}
    FROM credits_billing.plans p ${soldAs('plan', sql`p.tier`)}
    WHERE ${tier === undefined ? sql`true` : sql`p.tier = ${tier}`}
    ORDER BY p.monthly_credits, p.tier`);
  return rows.map((row) => {
    const price = priceOf(row);
    const { name, active } = row;
    const credits = row.monthly_credits;
    const item: CatalogItem = { kind: 'plan', id: row.tier, name, credits, price, active };
    const sold = soldOf(row);
    return {
      item,
      sold,
      data: {
        tier: row.tier,
        name,
        monthlyCredits: credits,
        rollover: row.rollover,
        rolloverCap: row.rollover_cap,
        price,
        active,
        allocatesWithoutSubscription: row.allocates_without_subscription,
        lowBalanceThreshold: row.low_balance_threshold,
        changedAt: row.changed_at.toISOString(),
        changedBy: row.changed_by,
        link: linkOf(item, sold),
      },
    };
  });
}

/** All items, or the one of a name. Errors: not_found. */
export async function readItems(
  run: RunQuery,
  name: ItemName | null,
): Promise<ListedItem<PackageData | PlanData>[]> {
  const items = [
    ...(name?.kind === 'plan' ? [] : await readPackages(run, name?.id)),
    ...(name?.kind === 'package' ? [] : await readPlans(run, name?.id)),
  ];
  if (name !== null && items.length === 0) {
    throw new AppError('not_found', `There is no ${name.kind} ${name.id}. Nothing was changed.`, {
      details: { entity: name.kind, id: name.id },
    });
  }
  return items;
}

function priceOf(row: { currency: string | null; amount_minor: number | null }): Money | null {
  return row.currency === null || row.amount_minor === null
    ? null
    : { amountMinor: row.amount_minor, currency: row.currency };
}

function soldOf(row: SoldColumns): SoldItem | null {
  if (row.price_id === null || row.product_id === null) return null;
  return {
    priceId: row.price_id,
    productId: row.product_id,
    credits: row.sold_credits,
    price: { amountMinor: row.sold_amount_minor, currency: row.sold_currency },
    productName: row.product_name,
    productActive: row.product_active,
  };
}

/** The link as the database knows it. */
function linkOf(item: CatalogItem, sold: SoldItem | null): Link {
  if (sold === null) {
    const state = item.price === null ? 'not_sold' : 'unlinked';
    return { state, productId: null, priceId: null, differences: [] };
  }
  const differences = differencesOf(item, {
    price: sold.price,
    credits: String(sold.credits),
    name: sold.productName,
    active: sold.productActive,
  });
  return {
    state: differences.length === 0 ? 'current' : 'changed',
    productId: sold.productId,
    priceId: sold.priceId,
    differences,
  };
}
