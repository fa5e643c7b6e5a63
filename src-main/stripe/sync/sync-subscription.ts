import { sql } from 'kysely';
import type { LedgerSession } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeSubscription } from '../gateway/gateway.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { applySync, type SyncOutcome } from './apply-sync.ts';
import { customerOfSubscription } from './customer-of-subscription.ts';
import { keepItems, recogniseItems } from './keep-subscription-items.ts';
import { lockObject } from './lock-object.ts';
import { type Plan, planOfMetadata, planOfPrice } from './plan-of-price.ts';

/** What a customer is on when the last subscription ended, where the workspace has such a plan. */
const PLAN_WITHOUT_SUBSCRIPTION = 'free';

type Item = StripeSubscription['items'][number];

/**
 * Makes a customer's plan agree with a subscription: the plan of the most monthly credits among the customer's running
 * subscriptions (active, trialing, past due), and the free one after the last ended. Moves no credits. Its items and their
 * periods are kept. A subscription that is billed by use alone leaves the plan as it is; one to nothing of the catalog is
 * ignored. Errors: `stripe_metadata`, `not_found` where its customer is not there,
 * `stripe_other_mode`, those of the gateway and of applySync.
 */
export async function syncSubscription(
  target: StripeTarget,
  subscriptionId: string,
  finish?: (session: LedgerSession, outcome: SyncOutcome) => Promise<void>,
  event?: { type: string },
): Promise<SyncOutcome> {
  return applySync(
    target,
    subscriptionId,
    async () => {
      const subscription = await readOrGone(target, subscriptionId, event?.type);
      if (subscription instanceof AppError) {
        return (session) => endSubscription(session, subscriptionId, subscription);
      }
      if (subscription.livemode !== target.livemode) {
        throw new AppError(
          'stripe_other_mode',
          `${subscriptionId} belongs to the other mode (test or live). Nothing was changed.`,
        );
      }
      return (session) => applySubscription(target, session, subscription);
    },
    finish,
  );
}

/** Stripe keeps those that ended; a server that only plays Stripe may have deleted what it says was deleted. */
async function readOrGone(
  { gateway }: StripeTarget,
  id: string,
  eventType: string | undefined,
): Promise<StripeSubscription | AppError> {
  try {
    return await gateway.getSubscription(id);
  } catch (error) {
    const isGone =
      eventType === 'customer.subscription.deleted' &&
      error instanceof AppError &&
      error.code === 'stripe_not_found';
    if (isGone) return error;
    throw error;
  }
}

/** Ends a subscription that is known here and not in Stripe any more; throws `unknown` where it is known to neither. */
async function endSubscription(
  session: LedgerSession,
  id: string,
  unknown: AppError,
): Promise<SyncOutcome> {
  const [ended] = await session.run(sql<{ customer_id: string; plan_tier: string | null }>`
    SELECT customer_id, plan_tier FROM credits_billing.subscriptions WHERE id = ${id}`);
  if (ended === undefined) throw unknown;
  const { customer_id: customerId } = ended;
  await lockObject(session, `plan:${customerId}`);
  await session.run(sql`
    UPDATE credits_billing.subscriptions SET status = 'canceled', changed_at = clock_timestamp() WHERE id = ${id}`);
  const which =
    ended.plan_tier === null
      ? `the plan of ${customerId} stays`
      : planInWords(customerId, await setPlan(session, customerId, 'canceled'));
  return {
    outcome: `${id} is gone; ${which}.`,
    ignored: false,
    transactions: [],
    customerIds: [customerId],
  };
}

async function applySubscription(
  target: StripeTarget,
  session: LedgerSession,
  subscription: StripeSubscription,
): Promise<SyncOutcome> {
  const { id, status } = subscription;
  const chosen = await choosePlan(target, session, subscription);
  const items = await recogniseItems(target, session.run, subscription.items);
  const meters = [...new Set(items.flatMap(({ eventName }) => eventName ?? []))];
  const [known] = await session.run(sql<{ plan_tier: string | null }>`
    SELECT plan_tier FROM credits_billing.subscriptions WHERE id = ${id}`);
  if (chosen === undefined && meters.length === 0 && known === undefined) {
    return {
      outcome: `${id} is to no plan and no metered price of the catalog.`,
      ignored: true,
      transactions: [],
      customerIds: [],
    };
  }
  const customerId = await customerOfSubscription(session.run, {
    objectId: id,
    subscriptionId: id,
    stripeCustomerId: subscription.customerId,
    metadata: subscription.metadata,
  });
  // Two subscriptions of one customer decide one plan.
  await lockObject(session, `plan:${customerId}`);
  const plan = chosen?.plan.tier ?? null;
  await keepSubscription(target, session, subscription, { customerId, plan, item: chosen?.item });
  await keepItems(
    session.run,
    { subscriptionId: id, customerId, accountId: target.accountId },
    items,
  );
  // One that has no plan, and had none, says nothing about the customer's.
  const isAboutPlan = plan !== null || (known?.plan_tier ?? null) !== null;
  const which = isAboutPlan
    ? planInWords(customerId, await setPlan(session, customerId, status))
    : `the plan of ${customerId} stays`;
  const billed = meters.length === 0 ? '' : `, billed by use of ${meters.join(', ')}`;
  return {
    outcome: `${id} is ${status}${billed}; ${which}.`,
    ignored: false,
    transactions: [],
    customerIds: [customerId],
  };
}

function planInWords(customerId: string, plan: string | null): string {
  return `${customerId} is on ${plan === null ? 'no plan' : `the plan ${plan}`}`;
}

async function keepSubscription(
  target: StripeTarget,
  session: LedgerSession,
  subscription: StripeSubscription,
  of: { customerId: string; plan: string | null; item: Item | undefined },
): Promise<void> {
  const { id, status, cancelAtPeriodEnd, cancelAt } = subscription;
  const item = of.item ?? subscription.items[0];
  await session.run(sql`
    INSERT INTO credits_billing.subscriptions AS s (id, account_id, customer_id, status, plan_tier, price_id, current_period_start,
      current_period_end, cancel_at_period_end, cancel_at)
    VALUES (${id}, ${target.accountId}, ${of.customerId}, ${status}, ${of.plan}, ${item?.priceId ?? null},
      ${item?.currentPeriodStart ?? null}, ${item?.currentPeriodEnd ?? null}, ${cancelAtPeriodEnd}, ${cancelAt}::timestamptz)
    ON CONFLICT (id) DO UPDATE
    SET customer_id = excluded.customer_id, status = excluded.status, plan_tier = excluded.plan_tier, price_id = excluded.price_id,
      current_period_start = excluded.current_period_start, current_period_end = excluded.current_period_end,
      cancel_at_period_end = excluded.cancel_at_period_end, cancel_at = excluded.cancel_at, changed_at = clock_timestamp()`);
}

async function choosePlan(
  target: StripeTarget,
  session: LedgerSession,
  subscription: StripeSubscription,
): Promise<{ plan: Plan; item: Item | undefined } | undefined> {
  let best: { plan: Plan; item: Item | undefined } | undefined;
  for (const item of subscription.items) {
    const plan = await planOfPrice(session.run, target.accountId, {
      id: item.priceId,
      lookupKey: item.lookupKey,
    });
    if (plan !== undefined && plan.credits > (best?.plan.credits ?? -1)) best = { plan, item };
  }
  if (best !== undefined) return best;
  // What metadata say of a plan was said when it was sold: not of one whose item was taken off since.
  const takenOff = await session.run(sql`
    SELECT FROM credits_billing.subscription_items
    WHERE subscription_id = ${subscription.id} AND plan_tier IS NOT NULL LIMIT 1`);
  if (takenOff.length > 0) return undefined;
  const plan = await planOfMetadata(session.run, subscription.metadata);
  return plan && { plan, item: subscription.items[0] };
}

/** Sets the plan that all of the customer's subscriptions together come to; answers with it. */
async function setPlan(
  session: LedgerSession,
  customerId: string,
  status: string,
): Promise<string | null> {
  const [now] = await session.run(sql<{
    plan_tier: string | null;
    running: string | null;
    without: string | null;
  }>`
    SELECT c.plan_tier,
      (SELECT p.tier FROM credits_billing.subscriptions s JOIN credits_billing.plans p ON p.tier = s.plan_tier
        WHERE s.customer_id = c.id AND s.status IN ('active', 'trialing', 'past_due')
        ORDER BY p.monthly_credits DESC, p.tier LIMIT 1) AS running,
      (SELECT p.tier FROM credits_billing.plans p WHERE p.tier = ${PLAN_WITHOUT_SUBSCRIPTION} AND p.active) AS without
    FROM credits.customers c WHERE c.id = ${customerId}`);
  if (now === undefined) return null;
  // One that never started ended nothing: a plan set by hand stays.
  const neverStarted = status === 'incomplete' || status === 'incomplete_expired';
  const plan = now.running ?? (neverStarted ? now.plan_tier : now.without);
  if (plan !== now.plan_tier) {
    await session.call<{ id: string }>({
      name: 'stripe.set_plan_tier',
      text: 'SELECT f.id FROM credits.set_plan_tier(customer_id => $1, plan_tier => $2) f',
      values: [customerId, plan],
    });
  }
  return plan;
}
