import type Stripe from 'stripe';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import { clearable } from '../fields.ts';
import { listPage } from '../list-page.ts';
import { mergeMetadata } from '../metadata.ts';
import { checkChargeable } from '../payments/amounts.ts';
import { createIntent, declinedCard, payIntent } from '../payments/pay.ts';
import { findOrCreateMethod } from '../payments/test-methods.ts';
import { type Route, StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { readRoutes } from './read-routes.ts';

const url = '/v1/payment_intents';
const read = 'rak_payment_intent_read';
const write = 'rak_payment_intent_write';
const supported = [
  'amount',
  'automatic_payment_methods',
  'confirm',
  'currency',
  'customer',
  'description',
  'metadata',
  'off_session',
  'payment_method',
  'receipt_email',
  'return_url',
  'setup_future_usage',
];

export const paymentIntentRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: url,
    permission: write,
    handle(world, { parameters }) {
      const given: Stripe.PaymentIntentCreateParams = parameters;
      refuseUnsupported(given, supported);
      const currency = given.currency.toLowerCase();
      checkChargeable(given.amount, currency, 'amount');
      if (given.customer !== undefined)
        world.collection('customers').need(given.customer, 'customer');
      const method =
        given.payment_method === undefined
          ? undefined
          : findOrCreateMethod(world, given.payment_method);
      const intent = createIntent(world, {
        amount: given.amount,
        currency,
        customer: given.customer ?? null,
        description: given.description ?? null,
        metadata: given.metadata,
        payment_method: method?.id ?? null,
        receipt_email: given.receipt_email ?? null,
        setup_future_usage: given.setup_future_usage ?? null,
      });
      return given.confirm === true ? confirm(world, intent.id, undefined) : intent;
    },
  },
  ...readRoutes({
    url,
    collection: 'payment_intents',
    permission: read,
    list(world, given: Stripe.PaymentIntentListParams) {
      return listPage(world.collection('payment_intents').newestFirst(), given, {
        url,
        where: (intent) => given.customer === undefined || intent.customer === given.customer,
      });
    },
  }),
  {
    method: 'POST',
    path: `${url}/{intent}`,
    permission: write,
    handle(world, { path: { intent: id = '' }, parameters }) {
      const given: Stripe.PaymentIntentUpdateParams = parameters;
      refuseUnsupported(given, ['description', 'metadata', 'receipt_email']);
      const before = world.collection('payment_intents').need(id);
      return world.collection('payment_intents').update(id, {
        description: clearable(given.description, before.description),
        metadata: mergeMetadata(before.metadata, given.metadata),
        receipt_email: clearable(given.receipt_email, before.receipt_email),
      });
    },
  },
  {
    method: 'POST',
    path: `${url}/{intent}/confirm`,
    permission: write,
    handle(world, { path: { intent = '' }, parameters }) {
      const given: Stripe.PaymentIntentConfirmParams = parameters;
      refuseUnsupported(given, ['off_session', 'payment_method', 'return_url']);
      return confirm(world, intent, given.payment_method);
    },
  },
  {
    method: 'POST',
    path: `${url}/{intent}/cancel`,
    permission: write,
    handle(world, { path: { intent: id = '' }, parameters }) {
      const given: Stripe.PaymentIntentCancelParams = parameters;
      const intent = world.collection('payment_intents').need(id);
      if (!isOpen(intent)) throw unexpectedState(intent, 'canceled');
      const canceled = world.collection('payment_intents').update(id, {
        canceled_at: world.now(),
        cancellation_reason: given.cancellation_reason ?? null,
        status: 'canceled',
      });
      world.emit('payment_intent.canceled', canceled);
      return canceled;
    },
  },
];

function confirm(world: World, id: string, method: string | undefined): Stripe.PaymentIntent {
  const intent = world.collection('payment_intents').need(id);
  if (!isOpen(intent)) throw unexpectedState(intent, 'confirmed');
  const chosen = method ?? intent.payment_method;
  if (chosen === null) {
    throw new StripeRefusal(
      400,
      'You cannot confirm this PaymentIntent because it’s missing a payment method.',
      { code: 'payment_intent_unexpected_state' },
    );
  }
  const paid = payIntent(
    world,
    id,
    findOrCreateMethod(world, typeof chosen === 'string' ? chosen : chosen.id),
  );
  const declined = paid.status === 'requires_payment_method' ? declinedCard(paid) : undefined;
  if (declined !== undefined) throw declined;
  return paid;
}

const isOpen = ({ status }: Stripe.PaymentIntent) =>
  status === 'requires_payment_method' || status === 'requires_confirmation';

function unexpectedState(intent: Stripe.PaymentIntent, wish: string): StripeRefusal {
  return new StripeRefusal(
    400,
    `This PaymentIntent's status is ${intent.status}, so it cannot be ${wish}.`,
    { code: 'payment_intent_unexpected_state', details: { payment_intent: intent } },
  );
}
