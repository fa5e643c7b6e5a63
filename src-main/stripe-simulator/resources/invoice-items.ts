import type Stripe from 'stripe';
import { billedCustomer } from '../billing/billed-customer.ts';
import { asDecimal, toSafeNumber } from '../billing/exact-decimal.ts';
import { lineOfInvoiceItem, plainAmount, productId } from '../billing/invoice-lines.ts';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import { idOf } from '../fields.ts';
import { listPage, listParameters } from '../list-page.ts';
import { mergeMetadata } from '../metadata.ts';
import { missingParameter } from '../missing-parameter.ts';
import { type Route, StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { setDraftLines } from './invoices.ts';
import { readRoutes } from './read-routes.ts';

const url = '/v1/invoiceitems';

export const invoiceItemRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: url,
    permission: 'rak_invoice_write',
    handle: (world, { parameters }) => createItem(world, parameters),
  },
  ...readRoutes({
    url,
    collection: 'invoice_items',
    permission: 'rak_invoice_read',
    list: listItems,
  }),
  {
    method: 'DELETE',
    path: `${url}/{item}`,
    permission: 'rak_invoice_write',
    handle: (world, { path }) =>
      deleteItem(world, world.collection('invoice_items').need(path.item ?? '')),
  },
];

/** An item for a draft that is named, or for the customer's next invoice. */
function createItem(world: World, given: Stripe.InvoiceItemCreateParams): Stripe.InvoiceItem {
  refuseUnsupported(given, [
    'customer',
    'amount',
    'currency',
    'description',
    'invoice',
    'metadata',
    'period',
    'pricing',
    'quantity',
    'subscription',
  ]);
  const invoice =
    given.invoice === undefined
      ? null
      : world.collection('invoices').need(given.invoice, 'invoice');
  const customer = billedCustomer(world, given.customer, invoice);
  if (given.subscription !== undefined) {
    world.collection('subscriptions').need(given.subscription, 'subscription');
  }
  const charge = chargeOf(world, given);
  if (invoice && invoice.currency !== charge.currency) {
    throw new StripeRefusal(400, 'The currency of the invoice item must be that of its invoice.', {
      parameter: 'currency',
    });
  }
  const quantity = given.quantity ?? 1;
  const item = world.collection('invoice_items').insert({
    id: world.newId('ii'),
    object: 'invoiceitem',
    amount: charge.amount,
    currency: charge.currency,
    customer,
    customer_account: null,
    date: world.now(),
    description: given.description ?? charge.description,
    discountable: true,
    discounts: [],
    invoice: invoice?.id ?? null,
    livemode: false,
    metadata: mergeMetadata({}, given.metadata ?? undefined),
    net_amount: charge.amount,
    parent:
      given.subscription === undefined
        ? null
        : {
            type: 'subscription_details',
            subscription_details: { subscription: given.subscription },
          },
    period: given.period ?? { start: world.now(), end: world.now() },
    pricing: charge.pricing,
    proration: false,
    quantity,
    quantity_decimal: asDecimal(String(quantity)),
    tax_rates: [],
    test_clock: null,
  });
  world.emit('invoiceitem.created', item);
  if (invoice) {
    setDraftLines(world, invoice, [...invoice.lines.data, lineOfInvoiceItem(world, item)]);
  }
  return item;
}

/** What the item costs: an amount, or a one-time price times the quantity. */
function chargeOf(world: World, given: Stripe.InvoiceItemCreateParams) {
  const quantity = given.quantity ?? 1;
  if (given.pricing?.price !== undefined) {
    const price = world.collection('prices').need(given.pricing.price, 'pricing[price]');
    if (price.type !== 'one_time') {
      throw new StripeRefusal(
        400,
        'The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.',
        { parameter: 'pricing[price]' },
      );
    }
    return {
      amount: plainAmount(price, quantity),
      currency: price.currency,
      description: world.collection('products').get(productId(price))?.name ?? null,
      pricing: {
        type: 'price_details' as const,
        price_details: { price: price.id, product: productId(price) },
        unit_amount_decimal: price.unit_amount_decimal,
      },
    };
  }
  if (given.amount === undefined || given.currency === undefined) {
    const parameter = given.amount === undefined ? 'amount' : 'currency';
    throw missingParameter(parameter);
  }
  // An amount is for the whole item, whatever its quantity.
  return {
    amount: toSafeNumber(BigInt(given.amount)),
    currency: given.currency.toLowerCase(),
    description: null,
    pricing: null,
  };
}

function deleteItem(world: World, item: Stripe.InvoiceItem): Stripe.DeletedInvoiceItem {
  if (item.invoice !== null) {
    const invoice = world.collection('invoices').need(idOf(item.invoice));
    const lines = invoice.lines.data.filter((line) => {
      const parent = line.parent?.invoice_item_details ?? line.parent?.subscription_item_details;
      return parent?.invoice_item !== item.id;
    });
    setDraftLines(world, invoice, lines);
  }
  world.collection('invoice_items').remove(item.id);
  world.emit('invoiceitem.deleted', item);
  return { id: item.id, object: 'invoiceitem', deleted: true };
}

function listItems(world: World, given: Stripe.InvoiceItemListParams) {
  refuseUnsupported(given, [...listParameters, 'customer', 'invoice', 'pending']);
  return listPage(world.collection('invoice_items').newestFirst(), given, {
    url,
    created: (item) => item.date,
    where: (item) =>
      (given.customer === undefined || idOf(item.customer) === given.customer) &&
      (given.invoice === undefined || item.invoice === given.invoice) &&
      (given.pending === undefined || (item.invoice === null) === given.pending),
  });
}
