import type Stripe from 'stripe';
import { idOf } from '../fields.ts';
import type { World } from '../world.ts';

/** What an invoice is made of, before it is numbered and paid. */
export type InvoiceDraft = {
  id?: string;
  customer: string;
  currency: string;
  billingReason: Stripe.Invoice.BillingReason;
  lines: Stripe.InvoiceLineItem[];
  periodStart: number;
  periodEnd: number;
  /** The subscription it bills, with the metadata as they are now: the invoice keeps a snapshot. */
  subscription?: { id: string; metadata: Stripe.Metadata } | null;
  /** True where Stripe finalises and collects by itself. */
  autoAdvance: boolean;
  /** When Stripe finalises the draft by itself; null for never. */
  finalizesAt?: number | null;
  collectionMethod?: Stripe.Invoice.CollectionMethod;
  dueDate?: number | null;
  description?: string | null;
  metadata?: Stripe.Metadata;
};

/** The invoice object of a draft, not yet in the collection. Amounts in minor units of its currency. */
export function invoiceDocument(world: World, draft: InvoiceDraft): Stripe.Invoice {
  const id = draft.id ?? world.newId('in');
  const customer = world.collection('customers').get(draft.customer);
  const now = world.now();
  return {
    id,
    object: 'invoice',
    account_country: 'US',
    account_name: 'Stripe simulator',
    account_tax_ids: null,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: draft.autoAdvance,
    automatic_tax: {
      disabled_reason: null,
      enabled: false,
      liability: null,
      provider: null,
      status: null,
    },
    automatically_finalizes_at: draft.finalizesAt ?? null,
    billing_reason: draft.billingReason,
    collection_method: draft.collectionMethod ?? 'charge_automatically',
    created: now,
    currency: draft.currency,
    custom_fields: null,
    customer: draft.customer,
    customer_account: null,
    customer_address: customer?.address ?? null,
    customer_email: customer?.email ?? null,
    customer_name: customer?.name ?? null,
    customer_phone: customer?.phone ?? null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: draft.description ?? null,
    discounts: [],
    due_date: draft.dueDate ?? null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    livemode: false,
    metadata: draft.metadata ?? {},
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: draft.subscription
      ? {
          type: 'subscription_details',
          quote_details: null,
          subscription_details: {
            subscription: draft.subscription.id,
            metadata: { ...draft.subscription.metadata },
          },
        }
      : null,
    payment_settings: {
      default_mandate: null,
      payment_method_options: null,
      payment_method_types: null,
    },
    period_end: draft.periodEnd,
    period_start: draft.periodStart,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: {
      finalized_at: null,
      marked_uncollectible_at: null,
      paid_at: null,
      voided_at: null,
    },
    test_clock: null,
    total_discount_amounts: [],
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
    ...withLines(id, draft.lines, customer?.balance ?? 0),
  };
}

/** The lines and the totals that follow from them. `customerBalance` is what the customer owes (positive) or is owed (negative). */
export function withLines(
  invoice: string,
  lines: readonly Stripe.InvoiceLineItem[],
  customerBalance: number,
) {
  const total = lines.reduce((sum, line) => sum + line.amount, 0);
  const due = Math.max(0, total + customerBalance);
  return {
    lines: {
      object: 'list' as const,
      data: lines.map((line) => ({ ...line, invoice })),
      has_more: false,
      url: `/v1/invoices/${invoice}/lines`,
    },
    subtotal: total,
    subtotal_excluding_tax: total,
    total,
    total_excluding_tax: total,
    amount_due: due,
    amount_remaining: due,
  };
}

/** Lines that Stripe embeds in an invoice at most; the rest come from /v1/invoices/{invoice}/lines. */
const embeddedLines = 10;

/** The invoice as Stripe answers it: with the first lines only. */
export function presentInvoice(invoice: Stripe.Invoice): Stripe.Invoice {
  if (invoice.lines.data.length <= embeddedLines) {
    return invoice;
  }
  return {
    ...invoice,
    lines: { ...invoice.lines, data: invoice.lines.data.slice(0, embeddedLines), has_more: true },
  };
}

/** Id of the subscription that an invoice bills, or null. */
export function subscriptionOfInvoice(invoice: Stripe.Invoice): string | null {
  const subscription = invoice.parent?.subscription_details?.subscription;
  return typeof subscription === 'string' ? subscription : (subscription?.id ?? null);
}

/** The payments of an invoice, newest first. */
export function paymentsOf(world: World, invoice: string): Stripe.InvoicePayment[] {
  return [...world.collection('invoice_payments').newestFirst()].filter(
    (payment) => idOf(payment.invoice) === invoice,
  );
}
