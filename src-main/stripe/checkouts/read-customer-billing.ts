import { sql } from 'kysely';
import type { z } from 'zod';
import { type QueryTarget, type RunQuery, readSnapshot } from '#main/database/run-query.ts';
import { readStripeCustomerId } from '#main/ledger/read-stripe-customer.ts';
import type { billingProcedures, subscriptionSchema } from '#shared/ipc/billing.ts';
import { listCustomerMoneyBack } from '../refunds/list-money-back.ts';
import { listCustomerRefunds } from '../refunds/list-open-refunds.ts';
import { listPayments } from '../refunds/read-payments.ts';
import { listCheckouts } from './list-checkouts.ts';

type CustomerBilling = z.input<(typeof billingProcedures)['billing.customer']['output']>;

/** The newest so many of each are shown. */
const SHOWN_MAX = 100;

/** Everything of one customer that has to do with money, from the database alone. Errors: not_found. */
export async function readCustomerBilling(
  target: QueryTarget,
  customerId: string,
  signal?: AbortSignal,
): Promise<CustomerBilling> {
  return readSnapshot(target, signal, async (run) => {
    return {
      stripeCustomerId: await readStripeCustomerId(run, customerId),
      checkouts: await listCheckouts(run, customerId, SHOWN_MAX),
      payments: await listPayments(run, customerId, SHOWN_MAX),
      refundRequests: await listCustomerRefunds(run, customerId, SHOWN_MAX),
      moneyBack: await listCustomerMoneyBack(run, customerId, SHOWN_MAX),
      subscriptions: await listSubscriptions(run, customerId),
    };
  });
}

type SubscriptionRow = {
  id: string;
  status: string;
  plan_tier: string | null;
  current_period_start: Date | null;
  current_period_end: Date | null;
  cancel_at_period_end: boolean;
};

async function listSubscriptions(
  run: RunQuery,
  customerId: string,
): Promise<z.input<typeof subscriptionSchema>[]> {
  const rows = await run(sql<SubscriptionRow>`
    SELECT id, status, plan_tier, current_period_start, current_period_end, cancel_at_period_end
    FROM credits_billing.subscriptions WHERE customer_id = ${customerId}
    ORDER BY current_period_start DESC NULLS LAST, id LIMIT ${SHOWN_MAX}`);
  return rows.map((row) => ({
    id: row.id,
    status: row.status,
    planTier: row.plan_tier,
    currentPeriodStart: row.current_period_start?.toISOString() ?? null,
    currentPeriodEnd: row.current_period_end?.toISOString() ?? null,
    cancelAtPeriodEnd: row.cancel_at_period_end,
  }));
}
