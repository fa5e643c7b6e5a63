import { type RawBuilder, sql } from 'kysely';
import type { RunQuery } from '#main/database/run-query.ts';

/** What a plan gives each period. */
export type Plan = {
  tier: string;
  name: string;
  /** Credits a period, at the price that is paid. */
  credits: number;
  rollover: 'expire' | 'keep' | 'cap';
  /** Credits of earlier periods that stay, where the rule is cap. */
  rolloverCap: number | null;
};

/** The plan that a price stands for in this account: by the catalog, else by its lookup key `plan_<tier>`. */
export async function planOfPrice(
  run: RunQuery,
  accountId: string,
  price: { id: string | null; lookupKey: string | null },
): Promise<Plan | undefined> {
  // An older price of a plan still gives what it gave when it was sold.
  const [sold] = await run(sql<Plan>`
    SELECT p.tier, p.name, c.credits, p.rollover, p.rollover_cap AS "rolloverCap"
    FROM credits_billing.catalog_prices c JOIN credits_billing.plans p ON p.tier = c.item_id
    WHERE c.account_id = ${accountId} AND c.price_id = ${price.id} AND c.item_kind = 'plan'`);
  if (sold !== undefined) return sold;
  const tier = /^plan_(.+)$/s.exec(price.lookupKey ?? '')?.[1];
  return tier === undefined ? undefined : planOfTier(run, sql`${tier}`);
}

/** The plan that a subscription's own metadata names. */
export async function planOfMetadata(
  run: RunQuery,
  metadata: Record<string, string>,
): Promise<Plan | undefined> {
  const tier = metadata.plan ?? metadata.tier;
  return tier === undefined || tier === '' ? undefined : planOfTier(run, sql`${tier}`);
}

async function planOfTier(run: RunQuery, tier: RawBuilder<unknown>): Promise<Plan | undefined> {
  const [plan] = await run(sql<Plan>`
    SELECT tier, name, monthly_credits AS credits, rollover, rollover_cap AS "rolloverCap"
    FROM credits_billing.plans WHERE tier = ${tier}`);
  return plan;
}
