import type Stripe from 'stripe';
import type { AskStripe } from './ask-stripe.ts';
import { pageOf } from './checkout-calls.ts';
import type { PaidInvoice, StripeGateway, StripeSubscription } from './gateway.ts';
import { orUndefined } from './optional-answer.ts';
import { paymentOnInvoice, readInvoice, readSubscription } from './read-billing.ts';
import { idOf } from './read-objects.ts';
import { after, restOfList, wholeList } from './whole-list.ts';

type BillingCalls = Pick<
  StripeGateway,
  | 'getInvoice'
  | 'listPaidInvoices'
  | 'paymentOfInvoice'
  | 'getSubscription'
  | 'createSubscription'
  | 'addSubscriptionItem'
  | 'cancelSubscription'
>;

/** How long a customer has to pay an invoice that is sent. */
const DAYS_UNTIL_DUE = 30;

/** Invoices and subscriptions. */
export function billingCalls(ask: AskStripe): BillingCalls {
  /** An invoice carries its first lines only. */
  async function withLines(invoice: Stripe.Invoice): Promise<PaidInvoice> {
    const lines = await restOfList(invoice.lines, (lastId) =>
      ask.list((stripe) => stripe.invoices.listLineItems(invoice.id, after(lastId))),
    );
    return readInvoice(invoice, lines);
  }

  async function withItems(subscription: Stripe.Subscription): Promise<StripeSubscription> {
    const items = await restOfList(subscription.items, (lastId) =>
      ask.list((stripe) =>
        stripe.subscriptionItems.list({ subscription: subscription.id, ...after(lastId) }),
      ),
    );
    return readSubscription(subscription, items);
  }

  return {
    getInvoice: async (id) => withLines(await ask.one((stripe) => stripe.invoices.retrieve(id))),

    listPaidInvoices: async (page) => {
      const { data, has_more } = await ask.list((stripe) =>
        stripe.invoices.list({ status: 'paid', ...pageOf(page) }),
      );
      return { items: await Promise.all(data.map(withLines)), hasMore: has_more === true };
    },

    paymentOfInvoice: async (invoiceId) => {
      const payments = await orUndefined(
        wholeList((lastId) =>
          ask.list((stripe) =>
            stripe.invoicePayments.list({ invoice: invoiceId, status: 'paid', ...after(lastId) }),
          ),
        ),
      );
      if (payments === undefined) {
        // An older server has no invoice payments; the invoice itself must then be there.
        return paymentOnInvoice(await ask.one((stripe) => stripe.invoices.retrieve(invoiceId)));
      }
      for (const { invoice, payment } of payments) {
        const intentId = idOf(payment?.payment_intent);
        // A server that does not know the filter lists those of every invoice.
        if (intentId !== null && (idOf(invoice) ?? invoiceId) === invoiceId) return intentId;
      }
      return null;
    },

    getSubscription: async (id) =>
      withItems(await ask.one((stripe) => stripe.subscriptions.retrieve(id))),

    createSubscription: async ({ customerId, priceId, collection, metadata }, idempotencyKey) =>
      withItems(
        await ask.one((stripe) =>
          stripe.subscriptions.create(
            {
              customer: customerId,
              items: [{ price: priceId }],
              metadata,
              collection_method: collection,
              ...(collection === 'send_invoice' ? { days_until_due: DAYS_UNTIL_DUE } : {}),
            },
            { idempotencyKey },
          ),
        ),
      ),

    addSubscriptionItem: async ({ subscriptionId, priceId, metadata = {} }, idempotencyKey) => {
      await ask.one((stripe) =>
        stripe.subscriptionItems.create(
          { subscription: subscriptionId, price: priceId, metadata },
          { idempotencyKey },
        ),
      );
    },

    cancelSubscription: async (id, when) => {
      await ask.one((stripe) =>
        when === 'now'
          ? stripe.subscriptions.cancel(id, { invoice_now: true })
          : stripe.subscriptions.update(id, { cancel_at_period_end: when === 'period_end' }),
      );
    },
  };
}
