import { cancelSubscription } from '#main/metering/subscriptions/cancel-subscription.ts';
import { readCustomerMetering } from '#main/metering/subscriptions/read-customer-metering.ts';
import { type StripeSide, subscribe } from '#main/metering/subscriptions/subscribe.ts';
import { previewNextInvoice } from '#main/metering/usage/preview-next-invoice.ts';
import { readStripeUsage } from '#main/metering/usage/read-stripe-usage.ts';
import { ensureStripeCustomer } from '#main/stripe/checkouts/ensure-stripe-customer.ts';
import { stripePageOf } from '#main/stripe/gateway/stripe-page.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';
import { syncSubscription } from '#main/stripe/sync/sync-subscription.ts';
import { assertBound } from '#main/stripe/workspace/assert-bound.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { CustomerMetering } from '#shared/ipc/metering.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { HandlerDependencies } from './dependencies.ts';
import { targetOn } from './target-on.ts';

type Procedures =
  | 'metering.customer'
  | 'metering.usage'
  | 'metering.projectedInvoice'
  | 'metering.subscribe'
  | 'metering.cancelSubscription';

/** One customer's metered subscriptions and usage. */
export function meteringCustomerHandlers(
  console: HandlerDependencies,
): Pick<Handlers<Contract>, Procedures> {
  type Ready = ReturnType<typeof console.databaseFor>;

  async function customerMetering(
    database: Ready,
    customerId: string,
    signal?: AbortSignal,
  ): Promise<CustomerMetering> {
    const status = await console.stripe.status();
    return readCustomerMetering(database, customerId, (id) => stripePageOf(id, status), signal);
  }

  /** Whatever came of the work, also a half of it, may have changed what the window shows of this customer. */
  async function telling<Result>(customerId: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } finally {
      console.events.emit({ type: 'metering.changed', customerId });
      console.events.emit({ type: 'billing.changed', customerId });
      // A subscription that also has a plan sets the customer's.
      console.events.emit({ type: 'ledger.changed', customerId });
    }
  }

  return {
    'metering.customer': ({ customerId }, { signal }) =>
      customerMetering(console.database(), customerId, signal),
    'metering.usage': async (input, { signal }) =>
      readStripeUsage(await targetOn(console, console.database()), input, signal),
    'metering.projectedInvoice': async ({ subscriptionId }) =>
      previewNextInvoice(await targetOn(console, console.database()), subscriptionId),

    'metering.subscribe': async (input) => {
      const database = console.databaseFor('manageStripe', input);
      const target = await targetOn(console, database);
      await assertBound(target);
      return telling(input.customerId, async () => {
        await subscribe(target, input, stripeSideOf(target));
        return customerMetering(database, input.customerId);
      });
    },
    'metering.cancelSubscription': async (input) => {
      const database = console.databaseFor('manageStripe', input);
      const target = await targetOn(console, database);
      await assertBound(target);
      return telling(input.customerId, async () => {
        await cancelSubscription(target, input, stripeSideOf(target));
        return customerMetering(database, input.customerId);
      });
    },
  };
}

function stripeSideOf(target: StripeTarget): StripeSide {
  return {
    ensureStripeCustomer: (customerId, forWhat) =>
      ensureStripeCustomer(target, customerId, forWhat),
    syncSubscription: (subscriptionId) => syncSubscription(target, subscriptionId),
    endGoneSubscription: (subscriptionId) =>
      syncSubscription(target, subscriptionId, undefined, {
        type: 'customer.subscription.deleted',
      }),
  };
}
