import type { AskStripe } from './ask-stripe.ts';
import { pageOf } from './checkout-calls.ts';
import type { StripeGateway } from './gateway.ts';
import { idOf, readDispute, readRefund } from './read-objects.ts';
import { after, wholeList } from './whole-list.ts';

type RefundCalls = Pick<
  StripeGateway,
  | 'createRefund'
  | 'getRefund'
  | 'listRefundsOfPayment'
  | 'listRefunds'
  | 'paymentOfCharge'
  | 'getDispute'
  | 'listDisputesOfPayment'
  | 'listDisputes'
>;

/** Money that goes back: refunds and disputes. */
export function refundCalls(ask: AskStripe): RefundCalls {
  return {
    createRefund: async (refund, idempotencyKey) => {
      const created = await ask.one((stripe) =>
        stripe.refunds.create(
          {
            payment_intent: refund.paymentIntentId,
            amount: refund.amountMinor,
            reason: refund.reason,
            metadata: { refund_request: refund.requestId },
          },
          { idempotencyKey },
        ),
      );
      return readRefund(created);
    },

    getRefund: async (id) => readRefund(await ask.one((stripe) => stripe.refunds.retrieve(id))),

    listRefundsOfPayment: async (paymentIntentId) => {
      const refunds = await wholeList((lastId) =>
        ask.list((stripe) =>
          stripe.refunds.list({ payment_intent: paymentIntentId, ...after(lastId) }),
        ),
      );
      return refunds.map(readRefund).filter(isOf(paymentIntentId)).reverse();
    },

    listRefunds: async (page) => {
      const { data, has_more } = await ask.list((stripe) => stripe.refunds.list(pageOf(page)));
      return { items: data.map(readRefund), hasMore: has_more === true };
    },

    paymentOfCharge: async (chargeId) =>
      idOf((await ask.one((stripe) => stripe.charges.retrieve(chargeId))).payment_intent),

    getDispute: async (id) => readDispute(await ask.one((stripe) => stripe.disputes.retrieve(id))),

    listDisputesOfPayment: async (paymentIntentId) => {
      const disputes = await wholeList((lastId) =>
        ask.list((stripe) =>
          stripe.disputes.list({ payment_intent: paymentIntentId, ...after(lastId) }),
        ),
      );
      return disputes.map(readDispute).filter(isOf(paymentIntentId)).reverse();
    },

    listDisputes: async (page) => {
      const { data, has_more } = await ask.list((stripe) => stripe.disputes.list(pageOf(page)));
      return { items: data.map(readDispute), hasMore: has_more === true };
    },
  };
}

/** A server that does not know the filter lists what went back of every payment. */
function isOf(paymentIntentId: string) {
  return (of: { paymentIntentId: string | null }) =>
    of.paymentIntentId === null || of.paymentIntentId === paymentIntentId;
}
