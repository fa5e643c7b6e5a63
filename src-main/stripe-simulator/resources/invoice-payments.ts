import type Stripe from 'stripe';
import { idOf } from '../fields.ts';
import { listPage } from '../list-page.ts';
import { missingParameter } from '../missing-parameter.ts';
import { type Route, StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { readRoutes } from './read-routes.ts';

const url = '/v1/invoice_payments';

/** The payments that link invoices with payment intents. */
export const invoicePaymentRoutes: readonly Route[] = [
  ...readRoutes({
    url,
    collection: 'invoice_payments',
    permission: 'rak_invoice_read',
    list: listPayments,
  }),
];

function listPayments(world: World, given: Stripe.InvoicePaymentListParams) {
  const { payment } = given;
  if (payment?.type === 'payment_record') {
    throw new StripeRefusal(400, 'The Stripe simulator has no payment records.', {
      parameter: 'payment[type]',
    });
  }
  if (payment !== undefined && payment.payment_intent === undefined) {
    throw missingParameter('payment[payment_intent]');
  }
  return listPage(world.collection('invoice_payments').newestFirst(), given, {
    url,
    where: (candidate) =>
      (given.invoice === undefined || idOf(candidate.invoice) === given.invoice) &&
      (given.status === undefined || candidate.status === given.status) &&
      (payment === undefined || idOf(candidate.payment.payment_intent) === payment.payment_intent),
  });
}
