import type Stripe from 'stripe';
import type { AskStripe } from './ask-stripe.ts';
import type { CheckoutSession, PageRequest, StripeGateway } from './gateway.ts';
import { orUndefined } from './optional-answer.ts';
import { expanded, idOf, metadataOf, readLine, readSession, secondsOf } from './read-objects.ts';
import { after, restOfList } from './whole-list.ts';

type CheckoutCalls = Pick<
  StripeGateway,
  | 'createCheckoutSession'
  | 'getCheckoutSession'
  | 'expireCheckoutSession'
  | 'listCompletedSessions'
  | 'findSessionOfPayment'
  | 'findPayment'
>;

/** Checkout sessions and the payments they lead to. */
export function checkoutCalls(ask: AskStripe): CheckoutCalls {
  const findIntent = (id: string) =>
    orUndefined(ask.one((stripe) => stripe.paymentIntents.retrieve(id)));

  async function getCheckoutSession(id: string): Promise<CheckoutSession> {
    const session = await ask.one((stripe) =>
      stripe.checkout.sessions.retrieve(id, { expand: ['payment_intent', 'line_items'] }),
    );
    return complete(session);
  }

  /** Servers that do not expand give the payment intent's id and no lines; both are then asked for. */
  async function complete(session: Stripe.Checkout.Session): Promise<CheckoutSession> {
    const intentId = idOf(session.payment_intent);
    const intent =
      expanded(session.payment_intent) ??
      (intentId === null ? undefined : await findIntent(intentId)) ??
      intentId;
    const lines = await orUndefined(
      restOfList(session.line_items, (lastId) =>
        ask.list((stripe) => stripe.checkout.sessions.listLineItems(session.id, after(lastId))),
      ),
    );
    const read = readSession({ ...session, payment_intent: intent });
    return {
      ...read,
      lines: lines === undefined ? null : await Promise.all(lines.map(completeLine)),
    };
  }

  /** As above: a price that came as its id has metadata nonetheless. */
  async function completeLine(line: Stripe.LineItem) {
    const read = readLine(line);
    const given: unknown = line.price;
    if (typeof given !== 'string') return read;
    const price = await orUndefined(ask.one((stripe) => stripe.prices.retrieve(given)));
    return { ...read, credits: metadataOf(price?.metadata).credits ?? null };
  }

  return {
    getCheckoutSession,

    createCheckoutSession: async (session, idempotencyKey) => {
      const { mode, metadata } = session;
      const created = await ask.one((stripe) =>
        stripe.checkout.sessions.create(
          {
            mode,
            line_items: [
              { price: session.priceId, quantity: 1 },
              // What is billed by use has no quantity beforehand.
              ...(session.meteredPriceId === undefined ? [] : [{ price: session.meteredPriceId }]),
            ],
            customer: session.customerId,
            client_reference_id: session.clientReferenceId,
            metadata,
            // Events of payments, refunds and subscriptions do not carry the session's metadata.
            ...(mode === 'payment'
              ? { payment_intent_data: { metadata } }
              : { subscription_data: { metadata } }),
            success_url: session.successUrl,
            cancel_url: session.cancelUrl,
            ...(session.expiresAt === undefined
              ? {}
              : { expires_at: secondsOf(session.expiresAt) }),
          },
          { idempotencyKey },
        ),
      );
      return readSession(created);
    },

    expireCheckoutSession: async (id) =>
      readSession(await ask.one((stripe) => stripe.checkout.sessions.expire(id))),

    listCompletedSessions: async (page) => {
      const { data, has_more } = await ask.list((stripe) =>
        stripe.checkout.sessions.list({ status: 'complete', ...pageOf(page) }),
      );
      return { items: data.map(readSession), hasMore: has_more === true };
    },

    findSessionOfPayment: async (paymentIntentId) => {
      const { data } = await ask.list((stripe) =>
        stripe.checkout.sessions.list({ payment_intent: paymentIntentId, limit: 1 }),
      );
      const [session] = data;
      if (session === undefined || idOf(session.payment_intent) !== paymentIntentId)
        return undefined;
      return getCheckoutSession(session.id);
    },

    findPayment: async (paymentIntentId) => {
      const intent = await findIntent(paymentIntentId);
      return (
        intent && {
          id: intent.id,
          status: intent.status,
          amountReceivedMinor: intent.amount_received,
          currency: intent.currency,
          metadata: metadataOf(intent.metadata),
        }
      );
    },
  };
}

/** The parameters of one page of a list, as Stripe calls them. */
export function pageOf(page: PageRequest): Stripe.PaginationParams & { created?: { gte: number } } {
  return {
    limit: page.limit ?? 100,
    ...(page.startingAfter === undefined ? {} : { starting_after: page.startingAfter }),
    ...(page.createdSince === undefined ? {} : { created: { gte: secondsOf(page.createdSince) } }),
  };
}
