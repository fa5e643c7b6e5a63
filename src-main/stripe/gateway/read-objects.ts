import type Stripe from 'stripe';
import type {
  CatalogPrice,
  CheckoutSession,
  StripeCustomer,
  StripeDispute,
  StripeRefund,
} from './gateway.ts';

/*
 * Stripe's objects in the console's words. Stripe-compatible servers leave fields out that Stripe always sends, so what
 * can be missing without harm may be.
 */

/** The id of what Stripe gives as an id, or as the object where it was asked to. */
export function idOf(given: string | { id: string } | null | undefined): string | null {
  if (typeof given === 'string') return given === '' ? null : given;
  return given?.id ?? null;
}

/** The object, where Stripe was asked to give it in place of the id. */
export function expanded<Item extends { id: string }>(
  given: string | Item | null | undefined,
): Item | undefined {
  return typeof given === 'object' && given !== null ? given : undefined;
}

/** Stripe always says which mode an object is of; a server that does not is not Stripe, and has no live one. */
export function livemodeOf({ livemode }: { livemode?: boolean | null | undefined }): boolean {
  return livemode ?? false;
}

/** Stripe's instants are whole seconds since 1970 (UTC). */
export function instantOf(seconds: number | null | undefined): Date {
  return new Date((seconds ?? 0) * 1_000);
}

/** When an object was made. One that does not say was not there before it was read. */
export function createdAtOf({ created }: { created?: number | null | undefined }): Date {
  return created === undefined || created === null ? new Date() : instantOf(created);
}

export function secondsOf(instant: Date): number {
  return Math.floor(instant.getTime() / 1_000);
}

export function metadataOf(metadata: Stripe.Metadata | null | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata ?? {})
      .filter(([, value]: [string, unknown]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );
}

export function readCustomer(customer: Stripe.Customer | Stripe.DeletedCustomer): StripeCustomer {
  if (customer.deleted === true) {
    return { id: customer.id, deleted: true, email: null, name: null, metadata: {} };
  }
  return {
    id: customer.id,
    deleted: false,
    email: customer.email ?? null,
    name: customer.name ?? null,
    metadata: metadataOf(customer.metadata),
  };
}

export function readPrice(
  price: Stripe.Price,
  product: Stripe.Product | Stripe.DeletedProduct,
): CatalogPrice {
  const live = product.deleted === true ? undefined : product;
  return {
    id: price.id,
    productId: product.id,
    productName: live?.name ?? '',
    productActive: live?.active ?? false,
    productMetadata: metadataOf(live?.metadata),
    active: price.active,
    lookupKey: price.lookup_key ?? null,
    currency: price.currency,
    amountMinor: price.unit_amount ?? null,
    metadata: metadataOf(price.metadata),
    interval: readInterval(price.recurring?.interval),
  };
}

function readInterval(interval: string | undefined): CatalogPrice['interval'] {
  switch (interval) {
    case 'day':
    case 'week':
    case 'month':
    case 'year':
      return interval;
    default:
      return null;
  }
}

/** A session; its payment intent's part and its lines are null where they were not expanded. */
export function readSession(session: Stripe.Checkout.Session): CheckoutSession {
  const intent = expanded(session.payment_intent);
  const paymentStatus = readPaymentStatus(session.payment_status);
  const createdAt = createdAtOf(session);
  return {
    id: session.id,
    livemode: livemodeOf(session),
    mode: readMode(session.mode),
    status: readSessionStatus(session.status, paymentStatus),
    paymentStatus,
    currency: session.currency ?? intent?.currency ?? null,
    amountMinor: session.amount_total ?? intent?.amount ?? null,
    paymentIntentId: idOf(session.payment_intent),
    customerId: idOf(session.customer),
    clientReferenceId: session.client_reference_id ?? null,
    subscriptionId: idOf(session.subscription),
    metadata: metadataOf(session.metadata),
    paymentIntentMetadata: intent === undefined ? null : metadataOf(intent.metadata),
    paymentIntentStatus: intent?.status ?? null,
    lines: session.line_items?.data?.map(readLine) ?? null,
    url: session.url ?? null,
    createdAt,
    expiresAt: session.expires_at
      ? instantOf(session.expires_at)
      : new Date(createdAt.getTime() + 86_400_000),
  };
}

export function readLine(line: Stripe.LineItem): {
  priceId: string;
  credits: string | null;
  quantity: number;
} {
  const price: Stripe.Price | string | null = line.price;
  return {
    priceId: idOf(price) ?? '',
    credits: metadataOf(price?.metadata).credits ?? null,
    quantity: line.quantity ?? 1,
  };
}

function readMode(mode: string): CheckoutSession['mode'] {
  return mode === 'payment' || mode === 'subscription' || mode === 'setup' ? mode : 'other';
}

function readPaymentStatus(status: string): CheckoutSession['paymentStatus'] {
  // A status of a later day must not pass for paid.
  return status === 'paid' || status === 'no_payment_required' ? status : 'unpaid';
}

function readSessionStatus(
  status: string | null | undefined,
  paymentStatus: CheckoutSession['paymentStatus'],
): CheckoutSession['status'] {
  if (status === 'complete' || status === 'expired' || status === 'open') return status;
  return paymentStatus === 'paid' ? 'complete' : 'open';
}

export function readRefund(refund: Stripe.Refund): StripeRefund {
  return {
    id: refund.id,
    paymentIntentId: idOf(refund.payment_intent),
    chargeId: idOf(refund.charge),
    amountMinor: refund.amount,
    currency: refund.currency,
    status: refund.status ?? 'pending',
    reason: refund.reason ?? null,
    failureReason: refund.failure_reason ?? null,
    metadata: metadataOf(refund.metadata),
    createdAt: createdAtOf(refund),
  };
}

export function readDispute(dispute: Stripe.Dispute): StripeDispute {
  return {
    id: dispute.id,
    livemode: livemodeOf(dispute),
    paymentIntentId: idOf(dispute.payment_intent),
    chargeId: idOf(dispute.charge),
    amountMinor: dispute.amount,
    currency: dispute.currency,
    status: dispute.status,
    reason: dispute.reason ?? null,
    createdAt: createdAtOf(dispute),
  };
}
