import { sql } from 'kysely';
import type { RunQuery } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { MeteringTarget } from '#main/metering/metering-target.ts';
import { AppError } from '#shared/errors.ts';
import { type Place, refuseMissing } from './catalog-rows.ts';
import { linkMeter } from './link-meter.ts';
import { afterSaving } from './not-in-stripe-yet.ts';

/** How many of what is in the way are named. */
const NAMED = 5;

/**
 * Has a meter take no reports any more, or again, here and then in Stripe. Where Stripe does not answer, the same again goes on.
 * Errors: not_found, invalid_argument (an active price, a bound feature or a running subscription is on it; or Stripe's meter of
 * this name is another one), stripe_*.
 */
export async function setMeterActive(
  target: MeteringTarget,
  { eventName, active }: { eventName: string; active: boolean },
): Promise<void> {
  const { database, actor } = target;
  await post(database, { actor }, async ({ run }) => {
    // Who puts a price or a feature on it waits, and then finds it inactive.
    const [meter] = await run(sql<{ active: boolean }>`
      SELECT active FROM credits_billing.meters WHERE event_name = ${eventName} FOR UPDATE`);
    if (meter === undefined) refuseMissing('meter', eventName);
    if (!active) await refuseInUse(run, target, eventName);
    await run(sql`
      UPDATE credits_billing.meters SET active = ${active}, changed_at = clock_timestamp(), changed_by = ${actor}
      WHERE event_name = ${eventName} AND active <> ${active}`);
  });
  await afterSaving(() => linkMeter(target, eventName));
}

async function refuseInUse(run: RunQuery, { accountId }: Place, eventName: string): Promise<void> {
  const users = await run(sql<{ user_name: string }>`
    SELECT 'the price ' || p.id AS user_name, 1 AS kind, p.id FROM credits_billing.metered_prices p
    WHERE p.event_name = ${eventName} AND p.active
    UNION ALL
    SELECT 'the feature ' || b.feature || CASE WHEN b.plan_tier = '' THEN '' ELSE ' on the plan ' || b.plan_tier END,
      2, b.feature || ' ' || b.plan_tier
    FROM credits_billing.feature_meters b WHERE b.event_name = ${eventName}
    UNION ALL
    SELECT 'the subscription ' || s.id || ' of customer ' || i.customer_id, 3, i.id
    FROM credits_billing.subscription_items i JOIN credits_billing.subscriptions s ON s.id = i.subscription_id
    WHERE i.event_name = ${eventName} AND i.account_id = ${accountId} AND i.removed_at IS NULL
      AND s.status NOT IN ('canceled', 'incomplete_expired')
    ORDER BY kind, id`);
  if (users.length === 0) return;
  const named = users.slice(0, NAMED).map(({ user_name }) => user_name);
  const rest = users.length - named.length;
  const list = rest === 0 ? named.join(', ') : `${named.join(', ')} and ${rest} more`;
  throw new AppError(
    'invalid_argument',
    `The meter ${eventName} is in use by ${list}. Nothing was changed. Deactivate its prices, take its features off and end its subscriptions first.`,
    {
      fields: { active: 'is in use' },
      details: { usedBy: users.map(({ user_name }) => user_name) },
    },
  );
}
