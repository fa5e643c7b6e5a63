import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';

export type CustomerMeteringData = HandlerOutput<Contract['metering.customer']>;
export type SubscriptionData = CustomerMeteringData['subscriptions'][number];
export type ItemData = SubscriptionData['items'][number];
export type UsageRowData = CustomerMeteringData['usage'][number];
export type PositionData = UsageRowData['position'];
export type StripeUsageData = HandlerOutput<Contract['metering.usage']>;
export type ProjectedInvoiceData = HandlerOutput<Contract['metering.projectedInvoice']>;

/** What main would answer about one customer's metered usage, for tests of screens; each test changes what it is about. */

/** 12,000 reported in November: 11,850 taken by Stripe, 120 to be sent, 30 rejected. */
export function aPosition(changes: Partial<PositionData> = {}): PositionData {
  return {
    periodStart: '2026-11-01T00:00:00.000Z',
    periodEnd: '2026-12-01T00:00:00.000Z',
    reported: 12_000,
    delivered: 11_850,
    waiting: 120,
    rejected: 30,
    tooOld: 0,
    unclear: 0,
    cancelled: 0,
    ...changes,
  };
}

export function anItem(changes: Partial<ItemData> = {}): ItemData {
  return {
    id: 'si_calls',
    priceId: 'price_m1',
    name: 'API calls, graduated',
    planTier: null,
    meteredPriceId: 'api_calls_usd',
    eventName: 'api_calls',
    currentPeriodStart: '2026-11-01T00:00:00.000Z',
    currentPeriodEnd: '2026-12-01T00:00:00.000Z',
    ...changes,
  };
}

/** The item of a plan. */
export const PLAN_ITEM = anItem({
  id: 'si_pro',
  priceId: 'price_pro',
  name: 'Pro',
  planTier: 'pro',
  meteredPriceId: null,
  eventName: null,
});

export function aSubscription(changes: Partial<SubscriptionData> = {}): SubscriptionData {
  return {
    id: 'sub_1',
    stripeUrl: null,
    status: 'active',
    cancelAtPeriodEnd: false,
    cancelAt: null,
    items: [anItem()],
    ...changes,
  };
}

export function aUsageRow(changes: Partial<UsageRowData> = {}): UsageRowData {
  return {
    eventName: 'api_calls',
    meterName: 'API calls',
    formula: 'sum',
    subscriptionId: 'sub_1',
    itemId: 'si_calls',
    meteredPriceId: 'api_calls_usd',
    position: aPosition(),
    ...changes,
  };
}

export function aCustomerMetering(
  changes: Partial<CustomerMeteringData> = {},
): CustomerMeteringData {
  return {
    stripeCustomerId: 'cus_ada',
    subscriptions: [aSubscription()],
    usage: [aUsageRow()],
    ...changes,
  };
}

/** Stripe has 11,850 of 12,000. */
export function aStripeUsage(changes: Partial<StripeUsageData> = {}): StripeUsageData {
  return {
    position: aPosition(),
    summary: 11_850,
    difference: 150,
    causes: [
      { cause: 'not_sent', units: 120 },
      { cause: 'rejected', units: 30 },
    ],
    days: [
      { day: '2026-11-20', reported: 7_000, summary: 7_000 },
      { day: '2026-11-21', reported: 5_000, summary: 4_850 },
    ],
    ...changes,
  };
}

/** 11,850 units at aListedPrice: 1,000 at 10¢, 9,000 at 5¢, 1,850 at 0.02¢ and $5.00 for reaching them. */
export function aProjectedInvoice(
  changes: Partial<ProjectedInvoiceData> = {},
): ProjectedInvoiceData {
  const line = (
    description: string,
    quantity: number,
    unitAmount: string | null,
    amountMinor: number,
  ) => ({
    description,
    quantity,
    unitAmount,
    amount: { amountMinor, currency: 'usd' },
    priceId: 'price_m1',
    periodStart: '2026-11-01T00:00:00.000Z',
    periodEnd: '2026-12-01T00:00:00.000Z',
  });
  return {
    total: { amountMinor: 55_537, currency: 'usd' },
    lines: [
      line('1000 × API calls (Tier 1)', 1_000, '10', 10_000),
      line('9000 × API calls (Tier 2)', 9_000, '5', 45_000),
      line('1850 × API calls (Tier 3)', 1_850, '0.02', 37),
      line('API calls (Tier 3), flat fee', 0, null, 500),
    ],
    ...changes,
  };
}
