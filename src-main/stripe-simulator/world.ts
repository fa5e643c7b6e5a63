import type Stripe from 'stripe';

/** Every object the simulator keeps, by its collection. Typed as the installed stripe package types Stripe's answers. */
export type Collections = {
  customers: Stripe.Customer;
  products: Stripe.Product;
  prices: Stripe.Price;
  checkout_sessions: Stripe.Checkout.Session;
  payment_intents: Stripe.PaymentIntent;
  payment_methods: Stripe.PaymentMethod;
  charges: Stripe.Charge;
  refunds: Stripe.Refund;
  disputes: Stripe.Dispute;
  subscriptions: Stripe.Subscription;
  invoices: Stripe.Invoice;
  invoice_items: Stripe.InvoiceItem;
  invoice_payments: Stripe.InvoicePayment;
  meters: Stripe.Billing.Meter;
  events: Stripe.Event;
  webhook_endpoints: Stripe.WebhookEndpoint;
  test_clocks: Stripe.TestHelpers.TestClock;
};
export type CollectionName = keyof Collections;

/** An event of Stripe's API v2, as GET /v2/core/events lists it. */
export type ThinEvent = Omit<
  | Stripe.Events.V1BillingMeterErrorReportTriggeredEvent
  | Stripe.Events.V1BillingMeterNoMeterFoundEvent,
  'fetchRelatedObject' | 'related_object'
> & { related_object: Stripe.V2.Core.Events.RelatedObject | null };

/** One received meter event: the oracle of what was billed. */
export type MeterEventRecord = {
  identifier: string;
  eventName: string;
  customer: string;
  /** A whole number as text. */
  value: string;
  /** Seconds since 1970: when the usage happened. */
  timestamp: number;
  /** Seconds since 1970: when the simulator received it. */
  receivedAt: number;
  cancelled: boolean;
  /** Why asynchronous processing refused it; null where it counts. */
  error: string | null;
};

/** The objects of one kind, oldest first. */
export type Collection<T extends { id: string }> = {
  get: (id: string) => T | undefined;
  /** As `get`, and refuses like Stripe (404 resource_missing, naming the parameter) where there is none. */
  need: (id: string, parameter?: string) => T;
  insert: (object: T) => T;
  /** Replaces an object by a changed one of the same id. */
  update: (id: string, change: Partial<T>) => T;
  remove: (id: string) => void;
  /** Newest first, as Stripe lists. */
  newestFirst: () => IterableIterator<T>;
  count: () => number;
};

/** All that the simulator knows, and its clock. Handlers get it, change it, and emit events; nothing else holds state. */
export type World = {
  readonly accountId: string;
  /** Where the simulator listens, such as http://127.0.0.1:12111: for links to its own pages. */
  readonly baseUrl: string;
  /** Seconds since 1970, in the simulator's movable time. */
  now: () => number;
  /** Moves the clock forward and does what Stripe does on its own until then: renewals, expiries, summaries. */
  advanceClock: (to: number) => void;
  /** Registers work that advancing the clock (and each request, for real time passing) must run: the due things of a resource. */
  onClock: (work: (world: World) => void) => void;
  newId: (prefix: string) => string;
  collection: <Name extends CollectionName>(name: Name) => Collection<Collections[Name]>;
  meterEvents: MeterEventRecord[];
  /**
   * Facts that Stripe keeps but no object of its API shows (line items of a session, secrets of endpoints, ids of deleted
   * objects), by a name of the resource's choice. Plain JSON values; kept with the rest of the state.
   */
  kept: <Value>(name: string) => Map<string, Value>;
  /** Records an event of Stripe's, keeps it for events.list, and queues it for the webhook endpoints. */
  emit: (
    type: Stripe.Event['type'],
    object: { id?: string; object: string },
    previousAttributes?: object,
  ) => void;
};
