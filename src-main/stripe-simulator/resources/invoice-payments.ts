import type Stripe from 'stripe';
import { idOf } from '../billing/invoice-document.ts';
import { listPage } from '../list-page.ts';
import { type Route, StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';

const url = '/v1/invoice_payments';

/** The payments that link invoices with payment intents. */
export const invoicePaymentRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: url,
    permission: 'rak_invoice_read',
    handle: (world, { parameters }) => listPayments(world, parameters),
  },
  {
    method: 'GET',
    path: `${url}/{payment}`,
    permission: 'rak_invoice_read',
    handle: (world, { path }) => world.collection('invoice_payments').need(path.payment ?? ''),
  },
];

function listPayments(world: World, given: Stripe.InvoicePaymentListParams) {
  const { payment } = given;
  if (payment?.type === 'payment_record') {
    throw new StripeRefusal(400, 'The Stripe simulator has no payment records.', {
      parameter: 'payment[type]',
    });
  }
  if (payment !== undefined && payment.payment_intent === undefined) {
    throw new StripeRefusal(400, 'Missing required param: payment[payment_intent].', {
      code: 'parameter_missing',
      parameter: 'payment[payment_intent]',
    });
  }
  return listPage(world.collection('invoice_payments').newestFirst(), given, {
    url,
    where: (candidate) =>
      (given.invoice === undefined || idOf(candidate.invoice) === given.invoice) &&
      (given.status === undefined || candidate.status === given.status) &&
      (payment === undefined || idOf(candidate.payment.payment_intent) === payment.payment_intent),
  });
}
