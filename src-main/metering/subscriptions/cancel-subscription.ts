import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { workerName } from '#main/jobs/worker-name.ts';
import { orUndefined } from '#main/stripe/gateway/optional-answer.ts';
import { AppError } from '#shared/errors.ts';
import type { MeteringTarget } from '../metering-target.ts';
import { sendUsage } from '../outbox/send-usage.ts';
import { assertOwn, isOver } from './own-subscription.ts';
import type { StripeSide } from './subscribe.ts';

/**
 * Ends a customer's subscription now (what was used is sent first, and billed at once) or with its period, or takes the latter
 * back (keep), and brings the result in. To end what has ended changes nothing; what Stripe does not have any more (a simulator
 * that began anew, deleted test data) ends here. Errors: not_found, invalid_argument (it has ended), stripe_* (also where usage could not be sent: then nothing was ended).
 */
export async function cancelSubscription(
  target: MeteringTarget,
  order: { customerId: string; subscriptionId: string; when: 'now' | 'period_end' | 'keep' },
  { syncSubscription, endGoneSubscription }: Omit<StripeSide, 'ensureStripeCustomer'>,
): Promise<void> {
  const { customerId, subscriptionId, when } = order;
  await assertOwn(target, customerId, subscriptionId);
  const inStripe = await orUndefined(target.gateway.getSubscription(subscriptionId));
  const isEnded = inStripe === undefined || isOver(inStripe);
  if (!isEnded && when === 'now') await sendWhatWaits(target, subscriptionId);
  if (!isEnded) await target.gateway.cancelSubscription(subscriptionId, when);
  await (inStripe === undefined ? endGoneSubscription : syncSubscription)(subscriptionId);
  if (isEnded && when !== 'now') {
    throw new AppError(
      'invalid_argument',
      `${subscriptionId} has ended already. Nothing was changed. Subscribe the customer anew where that is wanted.`,
    );
  }
}

/** Stripe bills what it has by then: usage that came later would stay unpaid. */
async function sendWhatWaits(target: MeteringTarget, subscriptionId: string): Promise<void> {
  if (!(await isUsageWaiting(target, subscriptionId))) return;
  const { problem } = await sendUsage(target, workerName(), { atOnce: true });
  if (!(await isUsageWaiting(target, subscriptionId))) return;
  throw new AppError(
    problem?.code ?? 'stripe_unavailable',
    `Some of the usage that ${subscriptionId} bills is not in Stripe yet and would not be billed. The subscription was not ended, and no usage was lost. Try again in a moment, or let it end with its period.`,
    { cause: problem },
  );
}

async function isUsageWaiting(
  { database, accountId, livemode }: MeteringTarget,
  subscriptionId: string,
): Promise<boolean> {
  const rows = await runQuery(
    database,
    sql`
      SELECT FROM credits_billing.subscription_items i
      WHERE i.subscription_id = ${subscriptionId} AND i.removed_at IS NULL AND (
        EXISTS (SELECT FROM credits.usage_reports r WHERE r.customer_id = i.customer_id AND r.event_name = i.event_name
          AND r.meter_event_id IS NULL AND r.occurred_at <= clock_timestamp())
        OR EXISTS (SELECT FROM credits_billing.meter_events e WHERE e.customer_id = i.customer_id
          AND e.event_name = i.event_name AND e.state = 'queued' AND e.account_id = ${accountId} AND e.livemode = ${livemode}))
      LIMIT 1`,
  );
  return rows.length > 0;
}
