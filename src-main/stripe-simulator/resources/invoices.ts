import type Stripe from 'stripe';
import { billedCustomer } from '../billing/billed-customer.ts';
import { openIntent } from '../billing/collect-payment.ts';
import { presentInvoice, subscriptionOfInvoice, withLines } from '../billing/invoice-document.ts';
import {
  collectInvoice,
  createInvoice,
  emitInvoice,
  finalizeInvoice,
  markUncollectible,
  payInvoiceBy,
  voidInvoice,
} from '../billing/invoice-lifecycle.ts';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import { usageGrace } from '../billing/renewals.ts';
import { pendingItems, takePendingLines } from '../billing/subscription-charges.ts';
import { idOf, previousAttributes, rememberDeleted } from '../fields.ts';
import { listPage, listParameters, within } from '../list-page.ts';
import { mergeMetadata } from '../metadata.ts';
import { declinedCard } from '../payments/pay.ts';
import { type Route, type SimulatedRequest, StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { previewInvoice } from './invoice-preview.ts';
import { readRoutes } from './read-routes.ts';
import { shownPreview, showPreview } from './shown-previews.ts';

const url = '/v1/invoices';
const daySeconds = 86_400;

export const invoiceRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: `${url}/create_preview`,
    permission: 'rak_invoice_write',
    handle: (world, { parameters }) => showPreview(world, previewInvoice(world, parameters)),
  },
  write(url, (world, { parameters }) => createManualInvoice(world, parameters)),
  ...readRoutes({
    url,
    collection: 'invoices',
    permission: 'rak_invoice_read',
    list: listInvoices,
    present: presentInvoice,
  }),
  {
    method: 'GET',
    path: `${url}/{invoice}/lines`,
    permission: 'rak_invoice_read',
    handle: (world, request) => {
      const { id, lines } =
        shownPreview(world, request.path.invoice ?? '') ?? invoiceOf(world, request);
      return listPage(lines.data, request.parameters, { url: `${url}/${id}/lines` });
    },
  },
  write(`${url}/{invoice}`, (world, request) =>
    updateInvoice(world, invoiceOf(world, request), request.parameters),
  ),
  write(`${url}/{invoice}/finalize`, (world, request) => {
    const parameters: Stripe.InvoiceFinalizeInvoiceParams = request.parameters;
    const { id, auto_advance } = invoiceOf(world, request);
    finalizeInvoice(world, id);
    return (parameters.auto_advance ?? auto_advance)
      ? collectInvoice(world, id)
      : world.collection('invoices').need(id);
  }),
  write(`${url}/{invoice}/pay`, (world, request) =>
    payInvoice(world, invoiceOf(world, request), request.parameters),
  ),
  write(`${url}/{invoice}/void`, (world, request) =>
    voidInvoice(world, invoiceOf(world, request).id),
  ),
  write(`${url}/{invoice}/mark_uncollectible`, (world, request) =>
    markUncollectible(world, invoiceOf(world, request).id),
  ),
  {
    method: 'DELETE',
    path: `${url}/{invoice}`,
    permission: 'rak_invoice_write',
    handle: (world, request) => deleteDraft(world, invoiceOf(world, request)),
  },
];

function write(
  path: string,
  handle: (world: World, request: SimulatedRequest) => Stripe.Invoice,
): Route {
  return {
    method: 'POST',
    path,
    permission: 'rak_invoice_write',
    handle: (world, request) => presentInvoice(handle(world, request)),
  };
}

function invoiceOf(world: World, { path }: SimulatedRequest): Stripe.Invoice {
  return world.collection('invoices').need(path.invoice ?? '');
}

/** A draft that bills no period of a subscription: of nothing yet, or of the customer's pending items. */
function createManualInvoice(world: World, given: Stripe.InvoiceCreateParams): Stripe.Invoice {
  refuseUnsupported(given, [
    'customer',
    'currency',
    'auto_advance',
    'collection_method',
    'days_until_due',
    'due_date',
    'description',
    'metadata',
    'pending_invoice_items_behavior',
    'subscription',
  ]);
  const subscription =
    given.subscription === undefined
      ? null
      : world.collection('subscriptions').need(given.subscription, 'subscription');
  const customer = billedCustomer(world, given.customer, subscription);
  const sent = given.collection_method === 'send_invoice';
  if (sent && given.days_until_due === undefined && given.due_date === undefined) {
    throw new StripeRefusal(
      400,
      'You must pass either `due_date` or `days_until_due` if `collection_method` is `send_invoice`.',
    );
  }
  const takes = given.pending_invoice_items_behavior === 'include' || subscription !== null;
  const pending = takes ? pendingItems(world, customer, subscription?.id ?? null) : [];
  const currency = given.currency ?? subscription?.currency ?? pending[0]?.currency ?? 'usd';
  const id = world.newId('in');
  return createInvoice(world, {
    id,
    customer,
    currency,
    billingReason: 'manual',
    subscription,
    lines: takePendingLines(
      world,
      pending.filter((item) => item.currency === currency),
      id,
    ),
    periodStart: world.now(),
    periodEnd: world.now(),
    autoAdvance: given.auto_advance ?? false,
    finalizesAt: given.auto_advance ? world.now() + usageGrace : null,
    collectionMethod: given.collection_method ?? 'charge_automatically',
    dueDate: sent
      ? (given.due_date ?? world.now() + (given.days_until_due ?? 0) * daySeconds)
      : null,
    description: given.description ?? null,
    metadata: mergeMetadata({}, given.metadata ?? undefined),
  });
}

function updateInvoice(
  world: World,
  invoice: Stripe.Invoice,
  given: Stripe.InvoiceUpdateParams,
): Stripe.Invoice {
  refuseUnsupported(given, ['metadata', 'description', 'auto_advance']);
  const changed = {
    ...invoice,
    metadata: mergeMetadata(invoice.metadata, given.metadata ?? undefined),
    description: given.description ?? invoice.description,
    auto_advance: given.auto_advance ?? invoice.auto_advance ?? false,
  };
  const previous = previousAttributes(invoice, changed);
  if (previous === undefined) {
    return invoice;
  }
  const updated = world.collection('invoices').update(invoice.id, changed);
  world.emit('invoice.updated', presentInvoice(updated), previous);
  return updated;
}

/** Collects an invoice on request. A decline leaves it open, and answers 402 like Stripe. */
function payInvoice(
  world: World,
  invoice: Stripe.Invoice,
  given: Stripe.InvoicePayParams,
): Stripe.Invoice {
  refuseUnsupported(given, ['paid_out_of_band', 'off_session', 'payment_method']);
  const payer = given.paid_out_of_band
    ? ('out of band' as const)
    : { method: given.payment_method };
  const after = payInvoiceBy(world, invoice.id, payer);
  const intent = openIntent(world, invoice.id);
  const declined = after.status === 'open' && intent ? declinedCard(intent) : undefined;
  if (declined) {
    throw declined;
  }
  return after;
}

function deleteDraft(world: World, invoice: Stripe.Invoice): Stripe.DeletedInvoice {
  if (invoice.status !== 'draft' || subscriptionOfInvoice(invoice) !== null) {
    throw new StripeRefusal(
      400,
      'You can only delete draft invoices that are not of a subscription.',
      { code: 'invoice_not_editable' },
    );
  }
  for (const item of [...world.collection('invoice_items').newestFirst()]) {
    if (item.invoice === invoice.id) {
      world.collection('invoice_items').update(item.id, { invoice: null });
    }
  }
  world.collection('invoices').remove(invoice.id);
  rememberDeleted(world, invoice.id, 'invoice');
  emitInvoice(world, 'invoice.deleted', invoice);
  return { id: invoice.id, object: 'invoice', deleted: true };
}

function listInvoices(world: World, given: Stripe.InvoiceListParams) {
  refuseUnsupported(given, [
    ...listParameters,
    'customer',
    'status',
    'subscription',
    'collection_method',
    'due_date',
  ]);
  const page = listPage(world.collection('invoices').newestFirst(), given, {
    url,
    where: (invoice) =>
      (given.customer === undefined || idOf(invoice.customer) === given.customer) &&
      (given.status === undefined || invoice.status === given.status) &&
      (given.collection_method === undefined ||
        invoice.collection_method === given.collection_method) &&
      (given.due_date === undefined ||
        (invoice.due_date !== null && within(invoice.due_date, given.due_date))) &&
      (given.subscription === undefined || subscriptionOfInvoice(invoice) === given.subscription),
  });
  return { ...page, data: page.data.map(presentInvoice) };
}

/** The lines of a draft anew, after an item was added to it or taken away. */
export function setDraftLines(
  world: World,
  invoice: Stripe.Invoice,
  lines: readonly Stripe.InvoiceLineItem[],
): void {
  if (invoice.status !== 'draft') {
    throw new StripeRefusal(400, 'This invoice is no longer editable.', {
      code: 'invoice_not_editable',
    });
  }
  const balance = world.collection('customers').get(idOf(invoice.customer))?.balance ?? 0;
  emitInvoice(
    world,
    'invoice.updated',
    world.collection('invoices').update(invoice.id, withLines(invoice.id, lines, balance)),
  );
}
