import type { Tier } from '#shared/metered-price.ts';

/**
 * What the console asks of Stripe, and nothing else: one narrow interface, in the console's own words. The implementation
 * on stripe-node is stripe-gateway.ts. Every call may throw AppError: `stripe_unavailable` (network, timeout, 5xx, a cut
 * answer: for calls that change something the outcome is unknown, repeat with the same key), `stripe_rate_limited` (after
 * own back-off), `stripe_key_invalid`, `stripe_permission` (details.needs: rak_…), `stripe_not_found`, `stripe_refused`
 * (details.code), `stripe_other_mode`. Money is minor units and a lower-case currency; instants are Dates.
 */

export type StripeAccount = {
  /** acct_… ; null where the key may not read it. */
  id: string | null;
  name: string | null;
  livemode: boolean;
  /** What Stripe's own clock showed then; undefined where it does not say. */
  answeredAt?: Date | undefined;
};

export type StripeCustomer = {
  id: string;
  deleted: boolean;
  email: string | null;
  name: string | null;
  metadata: Record<string, string>;
};

export type CatalogPrice = {
  id: string;
  productId: string;
  productName: string;
  productActive: boolean;
  productMetadata: Record<string, string>;
  active: boolean;
  lookupKey: string | null;
  currency: string;
  /** Null for tiered prices and those with decimals of a minor unit. */
  amountMinor: number | null;
  metadata: Record<string, string>;
  /** Null for a one-time price. */
  interval: 'day' | 'week' | 'month' | 'year' | null;
};

export type CheckoutSession = {
  id: string;
  livemode: boolean;
  mode: 'payment' | 'subscription' | 'setup' | 'other';
  status: 'open' | 'complete' | 'expired';
  paymentStatus: 'paid' | 'unpaid' | 'no_payment_required';
  currency: string | null;
  amountMinor: number | null;
  paymentIntentId: string | null;
  customerId: string | null;
  clientReferenceId: string | null;
  subscriptionId: string | null;
  metadata: Record<string, string>;
  /** Null where the payment intent is not there or was not expanded. */
  paymentIntentMetadata: Record<string, string> | null;
  /** True where the intent says processing, failed and so on are known; 'canceled' or 'requires_payment_method' after completion = failed. */
  paymentIntentStatus: string | null;
  /** Price, its metadata.credits (null where missing) and quantity of each line; null where lines were not expanded. */
  lines: { priceId: string; credits: string | null; quantity: number }[] | null;
  /** Null once it is not open. */
  url: string | null;
  createdAt: Date;
  expiresAt: Date;
};

export type PaidInvoice = {
  id: string;
  livemode: boolean;
  status: string;
  /** subscription_create, subscription_cycle, subscription_update, manual … */
  billingReason: string | null;
  currency: string;
  amountPaidMinor: number;
  customerId: string | null;
  subscriptionId: string | null;
  /** Metadata of the subscription, as the invoice's snapshot has it. */
  subscriptionMetadata: Record<string, string>;
  metadata: Record<string, string>;
  /** Lines of subscription items that are no prorations. */
  lines: { priceId: string | null; productId: string | null; periodStart: Date; periodEnd: Date }[];
  createdAt: Date;
  paidAt: Date | null;
};

export type StripeRefund = {
  id: string;
  paymentIntentId: string | null;
  chargeId: string | null;
  amountMinor: number;
  currency: string;
  /** pending, requires_action, succeeded, failed, canceled */
  status: string;
  reason: string | null;
  failureReason: string | null;
  metadata: Record<string, string>;
  createdAt: Date;
};

export type StripeDispute = {
  id: string;
  livemode: boolean;
  paymentIntentId: string | null;
  chargeId: string | null;
  amountMinor: number;
  currency: string;
  /** needs_response, under_review, warning_…, won, lost, prevented, appeal_… */
  status: string;
  reason: string | null;
  createdAt: Date;
};

export type StripeSubscription = {
  id: string;
  livemode: boolean;
  customerId: string;
  status: string;
  cancelAtPeriodEnd: boolean;
  /** When it will end; null: not known yet. */
  cancelAt: Date | null;
  metadata: Record<string, string>;
  items: {
    id: string;
    priceId: string;
    productId: string | null;
    lookupKey: string | null;
    /** The meter whose usage it bills; null: not by use. */
    meterId: string | null;
    metadata: Record<string, string>;
    currentPeriodStart: Date;
    currentPeriodEnd: Date;
  }[];
};

export type StripeMeter = {
  id: string;
  eventName: string;
  name: string;
  /** sum, count, last; or what Stripe adds to them. */
  formula: string;
  active: boolean;
  /** The names under which an event's payload carries customer and value. */
  customerKey: string;
  valueKey: string;
  /** Of all events of one such window only the newest counts; missing where each counts. */
  window?: string;
};

/** Usage as it is sent. The identifier is what Stripe tells a repeat by, for at least a day. */
export type SentUsage = {
  identifier: string;
  eventName: string;
  stripeCustomerId: string;
  /** Whole units, at most 15 digits. */
  value: number;
  /** Whole seconds. */
  occurredAt: Date;
};

/** A meter's usage of one customer from start (inclusive) to end (exclusive), by its formula. */
export type UsageSummary = { start: Date; end: Date; value: number };

/** One meter event that Stripe took and later rejected. */
export type RejectedUsage = { identifier: string; code: string; message: string };

/** One of Stripe's reports of rejected events: a sample of them by name, and how many there were. */
export type MeterErrorReport = {
  id: string;
  createdAt: Date;
  meterId: string | null;
  errorCount: number;
  named: RejectedUsage[];
};

/**
 * What an invoice would be now. Amounts in minor units, of either sign. The lines may be the first ones only, where Stripe does
 * not list the rest of a preview: they then come to less than the total.
 */
export type InvoicePreview = {
  currency: string;
  totalMinor: number;
  lines: {
    description: string;
    quantity: number | null;
    /** Minor units of one unit as an exact decimal. */
    unitAmount: string | null;
    amountMinor: number;
    priceId: string | null;
    periodStart: Date;
    periodEnd: Date;
  }[];
};

/** An event as it was received: a hint, never applied itself. */
export type StripeEvent = {
  id: string;
  type: string;
  livemode: boolean;
  /** Of a connected account; null for the account's own events. */
  account: string | null;
  apiVersion: string | null;
  /** data.object.id, and what kind of object it is. */
  objectId: string | null;
  objectKind: string | null;
  createdAt: Date;
  /** The whole event, as it came. */
  payload: Record<string, unknown>;
};

export type Page<Item> = { items: Item[]; hasMore: boolean };
export type PageRequest = {
  createdSince?: Date | undefined;
  startingAfter?: string | undefined;
  limit?: number | undefined;
};

export type StripeGateway = {
  /** Test or live, from the key's own prefix. */
  readonly livemode: boolean;
  /** A page that a customer's browser can go to after a checkout. Nothing is decided there. */
  readonly afterwardsUrl: string;
  readAccount: () => Promise<StripeAccount>;

  findCustomer: (id: string) => Promise<StripeCustomer | undefined>;
  createCustomer: (
    customer: { userId: string; email: string | null; name: string | null },
    idempotencyKey: string,
  ) => Promise<StripeCustomer>;

  /** The price with its product, or undefined where the account has none of this id. */
  findPrice: (id: string) => Promise<CatalogPrice | undefined>;
  /** The price that carries this lookup key now, active or not. */
  findPriceByLookupKey: (lookupKey: string) => Promise<CatalogPrice | undefined>;
  createProduct: (
    product: { name: string; metadata: Record<string, string> },
    idempotencyKey: string,
  ) => Promise<{ id: string }>;
  updateProduct: (
    id: string,
    change: { name?: string; active?: boolean; metadata?: Record<string, string> },
  ) => Promise<void>;
  /** Takes the lookup key over from an older price. */
  createPrice: (
    price: {
      productId: string;
      currency: string;
      amountMinor: number;
      lookupKey: string;
      interval: 'month' | null;
      metadata: Record<string, string>;
    },
    idempotencyKey: string,
  ) => Promise<CatalogPrice>;
  updatePrice: (
    id: string,
    change: { active?: boolean; metadata?: Record<string, string> },
  ) => Promise<void>;

  createCheckoutSession: (
    session: {
      mode: 'payment' | 'subscription';
      priceId: string;
      /** Billed by use, beside the other price. */
      meteredPriceId?: string | undefined;
      customerId: string;
      clientReferenceId: string;
      /** On the session and on its payment intent (or subscription). */
      metadata: Record<string, string>;
      successUrl: string;
      cancelUrl: string;
      /** Stripe's own 24 hours without it. */
      expiresAt?: Date;
    },
    idempotencyKey: string,
  ) => Promise<CheckoutSession>;
  /** With payment intent and lines. Throws `stripe_not_found`. */
  getCheckoutSession: (id: string) => Promise<CheckoutSession>;
  expireCheckoutSession: (id: string) => Promise<CheckoutSession>;
  /** Complete ones, newest first; without payment intent and lines. */
  listCompletedSessions: (page: PageRequest) => Promise<Page<CheckoutSession>>;
  /** The session a payment came from, if any. */
  findSessionOfPayment: (paymentIntentId: string) => Promise<CheckoutSession | undefined>;
  /** Amount and state of a payment; undefined where the account has none of this id. */
  findPayment: (paymentIntentId: string) => Promise<
    | {
        id: string;
        status: string;
        amountReceivedMinor: number;
        currency: string;
        metadata: Record<string, string>;
      }
    | undefined
  >;

  /** Throws `stripe_not_found`. */
  getInvoice: (id: string) => Promise<PaidInvoice>;
  listPaidInvoices: (page: PageRequest) => Promise<Page<PaidInvoice>>;
  /** The payment intent that paid an invoice; null for one of zero or paid outside Stripe. */
  paymentOfInvoice: (invoiceId: string) => Promise<string | null>;

  /** Throws `stripe_not_found`. */
  getSubscription: (id: string) => Promise<StripeSubscription>;
  createSubscription: (
    subscription: {
      customerId: string;
      priceId: string;
      collection: 'charge_automatically' | 'send_invoice';
      metadata: Record<string, string>;
    },
    idempotencyKey: string,
  ) => Promise<StripeSubscription>;
  /** Adds a metered price to a subscription. */
  addSubscriptionItem: (
    item: { subscriptionId: string; priceId: string; metadata?: Record<string, string> },
    idempotencyKey: string,
  ) => Promise<void>;
  /** Ends it now, billing what was used, or with its period; `keep` takes the latter back. */
  cancelSubscription: (id: string, when: 'now' | 'period_end' | 'keep') => Promise<void>;
  /**
   * What the next invoice of a subscription would be now. Throws `stripe_not_found` where none will come, as after its end.
   */
  previewInvoice: (subscriptionId: string) => Promise<InvoicePreview>;

  /** The meter of an event name, active or not. */
  findMeter: (eventName: string) => Promise<StripeMeter | undefined>;
  createMeter: (
    meter: { eventName: string; name: string; formula: 'sum' | 'count' | 'last' },
    idempotencyKey: string,
  ) => Promise<StripeMeter>;
  setMeterActive: (id: string, active: boolean) => Promise<void>;
  /** A price by use, with graduated tiers; one tier without an end is a price per unit. */
  createMeteredPrice: (
    price: {
      productId: string;
      meterId: string;
      currency: string;
      interval: 'month' | 'year';
      tiers: readonly Tier[];
      lookupKey: string;
      metadata: Record<string, string>;
    },
    idempotencyKey: string,
  ) => Promise<{ id: string }>;
  /**
   * Sends usage. duplicate: Stripe has an event of this identifier already; too_old: it takes none of so long ago. What it
   * refuses otherwise throws `stripe_refused`, and `stripe_not_found` where no active meter has the name; it may also reject
   * later what it accepted. Nothing but the identifier tells a repeat.
   */
  sendUsage: (usage: SentUsage) => Promise<'accepted' | 'duplicate' | 'too_old'>;
  /** Takes an event back. gone: Stripe says that it is cancelled already. Throws `stripe_refused` where a day has passed. */
  cancelUsage: (event: { eventName: string; identifier: string }) => Promise<'cancelled' | 'gone'>;
  /** Usage by day (UTC) or hour, oldest first, or without `by` as one; times are whole minutes, days or hours. Rows of 0 may be missing. */
  listUsage: (query: {
    meterId: string;
    stripeCustomerId: string;
    start: Date;
    end: Date;
    by?: 'day' | 'hour';
  }) => Promise<UsageSummary[]>;
  /**
   * Reports of rejected events since an instant, oldest first. Stripe keeps them for 30 days. Throws `stripe_not_found` where a
   * server does not have them.
   */
  listMeterErrors: (query: { since: Date }) => Promise<MeterErrorReport[]>;

  createRefund: (
    refund: {
      paymentIntentId: string;
      amountMinor: number;
      reason: 'requested_by_customer' | 'duplicate' | 'fraudulent';
      requestId: string;
    },
    idempotencyKey: string,
  ) => Promise<StripeRefund>;
  getRefund: (id: string) => Promise<StripeRefund>;
  /** Every refund of one payment, oldest first. */
  listRefundsOfPayment: (paymentIntentId: string) => Promise<StripeRefund[]>;
  listRefunds: (page: PageRequest) => Promise<Page<StripeRefund>>;
  /** The payment of a charge: events of charges carry its id. */
  paymentOfCharge: (chargeId: string) => Promise<string | null>;

  getDispute: (id: string) => Promise<StripeDispute>;
  listDisputesOfPayment: (paymentIntentId: string) => Promise<StripeDispute[]>;
  listDisputes: (page: PageRequest) => Promise<Page<StripeDispute>>;

  /** Events of these types (at most 20) since an instant, oldest first, page by page. */
  listEvents: (query: { since: Date; types: readonly string[] }) => AsyncIterable<StripeEvent[]>;
};

/** Reads and checks a webhook's body. Throws AppError `webhook_signature` where signature or time do not fit. */
export type ReadWebhook = (
  body: Buffer,
  signature: string | undefined,
  secret: string,
  now: Date,
) => StripeEvent;
