import { runQuery } from '#main/database/run-query.ts';
import { giveUpLease, holdLease } from '#main/jobs/lease.ts';
import {
  billedAlready,
  listRunningItems,
  type MeteredOffer,
  readMeteredOffer,
  refuseOfferedByLink,
} from '#main/ledger/read-metered-offer.ts';
import { orUndefined } from '#main/stripe/gateway/optional-answer.ts';
import { AppError } from '#shared/errors.ts';
import type { MeteringTarget } from '../metering-target.ts';
import { assertOwn, isOver } from './own-subscription.ts';

export type Order = {
  customerId: string;
  meteredPriceId: string;
  /** The running subscription that gets the item; null: a new one. */
  subscriptionId: string | null;
  /** How a new one is paid. */
  collection: 'charge_automatically' | 'send_invoice';
  /** Of the form: a repeat under it goes on where it stopped. */
  key: string;
};

/** What the Stripe side does for it. */
export type StripeSide = {
  /** The customer's Stripe customer, made and linked where there is none. */
  ensureStripeCustomer: (customerId: string, forWhat: string) => Promise<string>;
  /** Makes what the console knows agree with a subscription. */
  syncSubscription: (subscriptionId: string) => Promise<unknown>;
  /** Ends one here that Stripe does not have any more. */
  endGoneSubscription: (subscriptionId: string) => Promise<unknown>;
};

/** Where Stripe keeps by which form a subscription or an item was made. */
const KEY_NAME = 'request_key';

/**
 * Puts a customer on a metered price: as an item of a running subscription, else as a subscription of its own, and brings the
 * result in. The same key makes nothing twice, also after a lost answer. A meter that bills the customer already is refused.
 * Errors: not_found, invalid_argument, idempotency_conflict (the key with other values), database_unavailable (somebody
 * else subscribes this customer now), stripe_*.
 */
export async function subscribe(
  target: MeteringTarget,
  order: Order,
  stripe: StripeSide,
): Promise<void> {
  const { customerId, key } = order;
  // Two people who subscribe one customer at the same moment would both find that nothing bills it yet.
  const lease = `subscribe:${customerId}`;
  if (!(await holdLease(target.database, lease, key))) {
    throw new AppError(
      'database_unavailable',
      'Somebody else puts this customer on a metered price at this moment. Nothing was changed here. Look at the result, or try again in half a minute.',
    );
  }
  try {
    await stripe.syncSubscription(await madeSubscription(target, order, stripe));
  } finally {
    // It ends by itself where the database does not answer.
    await giveUpLease(target.database, lease, key).catch(() => undefined);
  }
}

/** The subscription that has the item, made now or by an earlier attempt under the same key. */
async function madeSubscription(
  target: MeteringTarget,
  order: Order,
  { ensureStripeCustomer }: StripeSide,
): Promise<string> {
  const offer = await readOffer(target, order);
  if (order.subscriptionId !== null) {
    await assertOwn(target, order.customerId, order.subscriptionId);
  }
  const earlier = await madeEarlier(target, order, offer);
  if (earlier !== undefined) return earlier;
  const { customerId, subscriptionId, collection, key } = order;
  const { priceId, eventName } = offer;
  await refuseOfferedByLink((query) => runQuery(target.database, query), {
    customerId,
    eventName,
    accountId: target.accountId,
  });
  const metadata = { [KEY_NAME]: key };
  if (subscriptionId === null) {
    const stripeCustomerId = await ensureStripeCustomer(customerId, key);
    const made = await onceByKey(
      target.gateway.createSubscription(
        {
          customerId: stripeCustomerId,
          priceId,
          collection,
          metadata: { user_id: customerId, ...metadata },
        },
        `subscribe:${key}`,
      ),
    );
    return made.id;
  }
  await assertTakes(target, subscriptionId, offer);
  await onceByKey(
    target.gateway.addSubscriptionItem({ subscriptionId, priceId, metadata }, `subscribe:${key}`),
  );
  return subscriptionId;
}

async function readOffer(target: MeteringTarget, { meteredPriceId }: Order): Promise<MeteredOffer> {
  const { database, accountId, livemode } = target;
  return readMeteredOffer((query) => runQuery(database, query), {
    meteredPriceId,
    accountId,
    livemode,
  });
}

/** The subscription that an attempt under the same key made. Throws where the meter is billed by another one. */
async function madeEarlier(
  { database, gateway, accountId }: MeteringTarget,
  { customerId, subscriptionId, key }: Order,
  { eventName, meterId }: MeteredOffer,
): Promise<string | undefined> {
  const running = await listRunningItems((query) => runQuery(database, query), {
    customerId,
    eventName,
    accountId,
  });
  const ids = new Set(running.map((item) => item.subscriptionId));
  // Its item may have been made without the console having learned of it.
  if (subscriptionId !== null) ids.add(subscriptionId);
  let other: string | undefined;
  for (const id of ids) {
    const subscription = await orUndefined(gateway.getSubscription(id));
    if (subscription === undefined || isOver(subscription)) continue;
    for (const item of subscription.items) {
      const isBilling =
        (meterId !== null && item.meterId === meterId) ||
        running.some((each) => each.id === item.id);
      if (!isBilling) continue;
      if (item.metadata[KEY_NAME] === key || subscription.metadata[KEY_NAME] === key) return id;
      other = id;
    }
  }
  if (other !== undefined) throw billedAlready(eventName, { subscriptionId: other });
  return undefined;
}

/** Throws where a subscription does not run, or is billed in another interval or currency. */
async function assertTakes(
  { gateway }: MeteringTarget,
  subscriptionId: string,
  offer: MeteredOffer,
): Promise<void> {
  const { status, items } = await gateway.getSubscription(subscriptionId);
  if (!['active', 'trialing', 'past_due'].includes(status)) {
    throw notTaken(subscriptionId, `is ${status}`);
  }
  // Stripe would begin all periods of the subscription anew for another interval.
  for (const { priceId } of items) {
    const price = await gateway.findPrice(priceId);
    if (price === undefined) continue;
    if (price.currency !== offer.currency) {
      throw notTaken(subscriptionId, `is in ${price.currency.toUpperCase()}`);
    }
    if (price.interval !== offer.interval) {
      throw notTaken(subscriptionId, `is billed by the ${price.interval ?? 'purchase'}`);
    }
  }
}

function notTaken(subscriptionId: string, why: string): AppError {
  return new AppError(
    'invalid_argument',
    `${subscriptionId} ${why}, so this price cannot be added to it. Nothing was changed. Choose another subscription, or a new one.`,
    { fields: { subscriptionId: why } },
  );
}

async function onceByKey<Result>(asked: Promise<Result>): Promise<Result> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AppError && error.details?.code === 'idempotency_error') {
      throw new AppError(
        'idempotency_conflict',
        'This form asked Stripe for something else before. Nothing was changed now. Close it, look at the customer’s subscriptions, and open a new one.',
        { cause: error },
      );
    }
    throw error;
  }
}
