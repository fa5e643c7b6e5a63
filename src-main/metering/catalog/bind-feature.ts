import { sql } from 'kysely';
import type { z } from 'zod';
import type { QueryTarget, RunQuery } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { meteringProcedures } from '#shared/ipc/metering.ts';
import { needActiveMeter } from './need-active-meter.ts';

type Input = z.output<(typeof meteringProcedures)['metering.bindFeature']['input']>;
type Binding = Pick<Input, 'feature' | 'planTier' | 'eventName' | 'mode'>;

/**
 * Has a meter count the uses of a feature, of customers on one plan or (null) on all; in place of what counted them before.
 * Mode null takes the binding away; where there is none, nothing is changed. Nothing is asked of Stripe.
 * Errors: not_found (feature, plan), invalid_argument (no such meter, an inactive one, or one that does not sum).
 */
export async function bindFeature(
  target: QueryTarget,
  actor: string,
  { feature, planTier, eventName, mode }: Binding,
): Promise<void> {
  await post(target, { actor }, async ({ run }) => {
    if (mode === null) {
      await unbind(run, { feature, planTier, eventName });
      return;
    }
    await assertFeature(run, feature);
    if (planTier !== null) await assertPlan(run, planTier);
    const { formula } = await needActiveMeter(run, eventName);
    if (formula !== 'sum') {
      throw new AppError(
        'invalid_argument',
        `The meter ${eventName} does not sum (its formula is ${formula}), so it cannot count a feature’s uses. Nothing was changed. Choose a meter that sums.`,
        { fields: { eventName: 'does not sum' } },
      );
    }
    await run(sql`
      INSERT INTO credits_billing.feature_meters AS b (feature, plan_tier, event_name, mode, changed_by)
      VALUES (${feature}, ${planTier ?? ''}, ${eventName}, ${mode}, ${actor})
      ON CONFLICT (feature, plan_tier) DO UPDATE SET event_name = excluded.event_name, mode = excluded.mode,
        changed_at = clock_timestamp(), changed_by = excluded.changed_by
      WHERE (b.event_name, b.mode) IS DISTINCT FROM (excluded.event_name, excluded.mode)`);
  });
}

async function unbind(
  run: RunQuery,
  { feature, planTier, eventName }: Omit<Binding, 'mode'>,
): Promise<void> {
  const [bound] = await run(sql<{ event_name: string }>`
    SELECT event_name FROM credits_billing.feature_meters
    WHERE feature = ${feature} AND plan_tier = ${planTier ?? ''} FOR UPDATE`);
  if (bound && bound.event_name !== eventName) {
    throw new AppError(
      'invalid_argument',
      `The feature ${feature} is bound to the meter ${bound.event_name} by now. Nothing was changed. Look again, and decide anew.`,
      { fields: { eventName: `is ${bound.event_name} by now` } },
    );
  }
  await run(sql`
    DELETE FROM credits_billing.feature_meters WHERE feature = ${feature} AND plan_tier = ${planTier ?? ''}`);
}

async function assertFeature(run: RunQuery, feature: string): Promise<void> {
  const [price] = await run(sql<{ active: boolean }>`
    SELECT active FROM credits.feature_costs WHERE feature = ${feature} AND valid_from <= clock_timestamp()
    ORDER BY valid_from DESC LIMIT 1`);
  if (price?.active) return;
  throw new AppError(
    'not_found',
    `There is no feature ${feature} in use. Nothing was changed. Choose one that has a cost in credits now.`,
    { details: { entity: 'feature', id: feature } },
  );
}

async function assertPlan(run: RunQuery, tier: string): Promise<void> {
  const plans = await run(
    sql`SELECT tier FROM credits_billing.plans WHERE tier = ${tier} FOR SHARE`,
  );
  if (plans.length > 0) return;
  throw new AppError('not_found', `There is no plan ${tier}. Nothing was changed.`, {
    details: { entity: 'plan', id: tier },
  });
}
