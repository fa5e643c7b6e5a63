import { sql } from 'kysely';
import type { z } from 'zod';
import { type QueryTarget, type RunQuery, readSnapshot } from '#main/database/run-query.ts';
import { stripePageOf } from '#main/stripe/gateway/stripe-page.ts';
import type { meteringProcedures } from '#shared/ipc/metering.ts';
import type { StripeMode } from '#shared/ipc/stripe.ts';
import { readMeters, readPrices } from './catalog-rows.ts';

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
      sql<{ accountId: string; livemode: boolean; simulated: boolean }>`
        SELECT account_id AS "accountId", livemode, simulated FROM credits_billing.stripe_settings WHERE account_id IS NOT NULL`,
    );
    const place = bound ?? null;
    const mode = bound?.simulated ? 'simulator' : bound?.livemode ? 'live' : 'test';
    const meters = await readMeters(run, place);
    const prices = await readPrices(run, place);
    return {
      meters: meters.map((meter) => ({
        ...meter,
        link: linkOf(meter, mode),
        changedAt: meter.changedAt.toISOString(),
      })),
      prices: prices.map((price) => ({
        ...price,
        link: linkOf(price, mode),
        changedAt: price.changedAt.toISOString(),
      })),
      featureMeters: await readFeatureMeters(run),
      features: await readActiveFeatures(run),
    };
  });
}

function linkOf(
  { active, link }: { active: boolean; link: { stripeId: string; active: boolean } | null },
  mode: StripeMode,
): Link {
  if (link === null) return { state: 'unlinked', stripeId: null, stripeUrl: null };
  return {
    state: link.active === active ? 'current' : 'differs',
    stripeId: link.stripeId,
    stripeUrl: stripePageOf(link.stripeId, { mode }),
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
