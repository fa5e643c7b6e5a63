import { sql } from 'kysely';
import type { z } from 'zod';
import { type QueryTarget, type RunQuery, readSnapshot } from '#main/database/run-query.ts';
import type { meteringProcedures } from '#shared/ipc/metering.ts';
import { readMeters, readPrices } from './catalog-rows.ts';
import { type BoundAccount, stripePageOf } from './stripe-page.ts';

type Catalog = z.input<(typeof meteringProcedures)['metering.catalog']['output']>;
type Link = Catalog['meters'][number]['link'];

/**
 * Meters, metered prices and bound features, with their links to the account that the workspace is bound to as the
 * database knows them. Asks nothing of Stripe.
 */
export async function listMeteringCatalog(
  target: QueryTarget,
  signal?: AbortSignal,
): Promise<Catalog> {
  return readSnapshot(target, signal, async (run) => {
    const [bound] = await run(
      sql<BoundAccount>`SELECT account_id, livemode, simulated FROM credits_billing.stripe_settings`,
    );
    const account: BoundAccount = bound ?? { account_id: null, livemode: false, simulated: false };
    const { account_id: accountId, livemode } = account;
    const place = accountId === null ? null : { accountId, livemode };
    const meters = await readMeters(run, place);
    const prices = await readPrices(run, place);
    return {
      meters: meters.map((meter) => ({
        ...meter,
        link: linkOf('meters', meter, account),
        changedAt: meter.changedAt.toISOString(),
      })),
      prices: prices.map((price) => ({
        ...price,
        link: linkOf('prices', price, account),
        changedAt: price.changedAt.toISOString(),
      })),
      featureMeters: await readFeatureMeters(run),
      features: await readActiveFeatures(run),
    };
  });
}

function linkOf(
  kind: 'meters' | 'prices',
  { active, link }: { active: boolean; link: { stripeId: string; active: boolean } | null },
  account: BoundAccount,
): Link {
  if (link === null) return { state: 'unlinked', stripeId: null, stripeUrl: null };
  return {
    state: link.active === active ? 'current' : 'differs',
    stripeId: link.stripeId,
    stripeUrl: stripePageOf(kind, link.stripeId, account),
  };
}

async function readFeatureMeters(run: RunQuery): Promise<Catalog['featureMeters']> {
  const rows = await run(
    sql<{
      feature: string;
      plan_tier: string;
      event_name: string;
      mode: 'report' | 'both';
    }>`SELECT feature, plan_tier, event_name, mode FROM credits_billing.feature_meters ORDER BY feature, plan_tier`,
  );
  return rows.map(({ feature, plan_tier, event_name, mode }) => ({
    feature,
    planTier: plan_tier === '' ? null : plan_tier,
    eventName: event_name,
    mode,
  }));
}

/** Features whose price of now is active, as use_feature has it. */
async function readActiveFeatures(run: RunQuery): Promise<string[]> {
  const rows = await run(sql<{ feature: string }>`
    SELECT f.feature FROM (
      SELECT DISTINCT ON (feature) feature, active FROM credits.feature_costs
      WHERE valid_from <= clock_timestamp() ORDER BY feature, valid_from DESC
    ) f WHERE f.active ORDER BY f.feature`);
  return rows.map(({ feature }) => feature);
}
