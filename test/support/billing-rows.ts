import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';

export type BillingData = HandlerOutput<Contract['billing.customer']>;
export type CheckoutData = BillingData['checkouts'][number];
export type PaymentData = BillingData['payments'][number];
export type RefundRequestData = BillingData['refundRequests'][number];
export type MoneyBackData = BillingData['moneyBack'][number];
export type StripeStatusData = HandlerOutput<Contract['stripe.status']>;
export type CatalogData = HandlerOutput<Contract['catalog.list']>;

/** What main would answer about money, for tests of screens; each test changes what it is about. */

export function aBilling(changes: Partial<BillingData> = {}): BillingData {
  return {
    stripeCustomerId: 'cus_ada',
    checkouts: [],
    payments: [],
    refundRequests: [],
    moneyBack: [],
    subscriptions: [],
    ...changes,
  };
}

export function aCheckout(changes: Partial<CheckoutData> = {}): CheckoutData {
  return {
    id: '8f14e45f-ceea-467f-9c3e-2f6a3b1f0c11',
    customerId: 'user_1',
    kind: 'credit_purchase',
    itemId: 'credits_500',
    itemName: '500 credits',
    meteredPriceId: null,
    credits: 500,
    price: { amountMinor: 3_999, currency: 'usd' },
    state: 'open',
    sessionId: 'cs_test_1',
    url: 'http://127.0.0.1:12111/pay/cs_test_1',
    expiresAt: '2099-01-01T00:00:00.000Z',
    transactionId: null,
    error: null,
    actor: 'ada',
    createdAt: '2026-11-22T08:00:00.000Z',
    ...changes,
  };
}

/** 500 credits for $39.99, of which 250 are left: half of it can be refunded without loss. */
export function aPayment(changes: Partial<PaymentData> = {}): PaymentData {
  return {
    stripePaymentId: 'pi_1',
    transactionId: '101',
    type: 'purchase',
    description: '500 credits',
    known: true,
    currency: 'usd',
    paidMinor: 3_999,
    refundedMinor: 0,
    requestedMinor: 0,
    disputedMinor: 0,
    lostMinor: 0,
    refundableMinor: 3_999,
    safeRefundMinor: 1_999,
    granted: 500,
    remaining: 250,
    recovered: 0,
    unrecovered: 0,
    createdAt: '2026-11-20T08:00:00.000Z',
    ...changes,
  };
}

export function aRefundRequest(changes: Partial<RefundRequestData> = {}): RefundRequestData {
  return {
    id: '0cc175b9-c0f1-46b6-831c-399e26977266',
    customerId: 'user_1',
    stripePaymentId: 'pi_1',
    price: { amountMinor: 1_999, currency: 'usd' },
    policy: 'remaining',
    credits: 250,
    state: 'requested',
    refundId: null,
    error: null,
    reason: 'Asked for it back',
    actor: 'ada',
    createdAt: '2026-11-22T08:00:00.000Z',
    ...changes,
  };
}

export function aMoneyBack(changes: Partial<MoneyBackData> = {}): MoneyBackData {
  return {
    id: 're_1',
    kind: 'refund',
    status: 'succeeded',
    reason: 'requested_by_customer',
    policy: 'remaining',
    price: { amountMinor: 1_999, currency: 'usd' },
    customerId: 'user_1',
    customerName: 'Ada Lovelace',
    stripePaymentId: 'pi_1',
    purchaseTransactionId: '101',
    paymentIntentId: 'pi_1',
    asked: 250,
    recovered: 200,
    unrecovered: 50,
    held: 0,
    createdAt: '2026-11-21T08:00:00.000Z',
    ...changes,
  };
}

/** A workspace on the built-in simulator. */
export function aStripeStatus(changes: Partial<StripeStatusData> = {}): StripeStatusData {
  return {
    mode: 'simulator',
    accountId: 'acct_1',
    accountName: 'Stripe simulator',
    key: null,
    liveEnabled: false,
    problem: null,
    boundAccountId: null,
    boundAt: '2026-11-20T08:00:00.000Z',
    refundPolicy: 'remaining',
    disputePolicy: 'remaining',
    polling: { state: 'on', lastAt: '2026-11-22T08:00:00.000Z', error: null },
    webhook: { url: null, secret: 'missing', error: null },
    simulatorUrl: 'http://127.0.0.1:12111',
    inbox: { waiting: 0, failed: 0, refused: 0 },
    ...changes,
  };
}

const link = {
  state: 'current',
  productId: 'prod_1',
  priceId: 'price_1',
  differences: [],
} as const;
const changed = { changedAt: '2026-11-20T08:00:00.000Z', changedBy: 'ada' };

/** Two packages that are sold and one that is not; one plan with a price and one without. */
export function aCatalog(): CatalogData {
  const aPackage = (id: string, name: string, credits: number, amountMinor: number) => ({
    id,
    name,
    credits,
    price: { amountMinor, currency: 'usd' },
    active: true,
    ...changed,
    link: { ...link, differences: [] },
  });
  const aPlan = (
    tier: string,
    name: string,
    monthlyCredits: number,
    amountMinor: number | null,
  ) => ({
    tier,
    name,
    monthlyCredits,
    rollover: 'expire' as const,
    rolloverCap: null,
    price: amountMinor === null ? null : { amountMinor, currency: 'usd' },
    active: true,
    allocatesWithoutSubscription: false,
    lowBalanceThreshold: null,
    ...changed,
    link: { ...link, differences: [] },
  });
  return {
    packages: [
      aPackage('credits_100', 'Small pack', 100, 999),
      aPackage('credits_500', 'Large pack', 500, 3_999),
      { ...aPackage('credits_old', 'Old pack', 50, 500), active: false },
    ],
    plans: [aPlan('free', 'Free', 10, null), aPlan('pro', 'Pro', 500, 2_000)],
    comparedAt: null,
  };
}
