import type Stripe from 'stripe';
import { idOf } from '../fields.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { openDispute } from './disputes.ts';
import { chargeDocument, type Failure, intentDocument, type NewIntent } from './documents.ts';
import { behaviourOf } from './test-methods.ts';

/** Creates a payment intent and emits payment_intent.created. */
export function createIntent(world: World, given: NewIntent): Stripe.PaymentIntent {
  const intent = world.collection('payment_intents').insert(intentDocument(world, given));
  world.emit('payment_intent.created', intent);
  return intent;
}

const failures: Readonly<Record<string, Failure>> = {
  declined: {
    code: 'card_declined',
    declineCode: 'generic_decline',
    message: 'Your card was declined.',
  },
  insufficient_funds: {
    code: 'card_declined',
    declineCode: 'insufficient_funds',
    message: 'Your card has insufficient funds.',
  },
};

/** Whether a payment with this method is declined at once. */
export function isDeclined(world: World, method: Stripe.PaymentMethod): boolean {
  return failures[behaviourOf(world, method.id)] !== undefined;
}

/**
 * Charges a payment intent to a payment method, once: cards succeed or are declined at once, bank accounts are `processing` until
 * `settlePayment`. A declined card is the intent's `last_payment_error`; see `declinedCard`.
 */
export function payIntent(
  world: World,
  intentId: string,
  method: Stripe.PaymentMethod,
): Stripe.PaymentIntent {
  const behaviour = behaviourOf(world, method.id);
  const failure = failures[behaviour];
  const intents = world.collection('payment_intents');
  const intent = intents.need(intentId);
  if (failure !== undefined) return failIntent(world, intent, method, failure);

  const debit = method.type !== 'card';
  const charge = world
    .collection('charges')
    .insert(chargeDocument(world, intent, method, debit ? 'pending' : 'succeeded'));
  const paid = intents.update(intentId, {
    amount_received: debit ? 0 : intent.amount,
    last_payment_error: null,
    latest_charge: charge.id,
    payment_method: method.id,
    status: debit ? 'processing' : 'succeeded',
  });
  world.emit(debit ? 'charge.pending' : 'charge.succeeded', charge);
  world.emit(debit ? 'payment_intent.processing' : 'payment_intent.succeeded', paid);
  if (behaviour === 'disputed') openDispute(world, charge.id);
  if (behaviour === 'inquired') openDispute(world, charge.id, { inquiry: true });
  return intents.need(intentId);
}

function failIntent(
  world: World,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  failure: Failure,
): Stripe.PaymentIntent {
  const charge = world.collection('charges').insert(chargeDocument(world, intent, method, failure));
  const failed = world.collection('payment_intents').update(intent.id, {
    last_payment_error: {
      charge: charge.id,
      code: failure.code,
      ...(failure.declineCode === undefined ? {} : { decline_code: failure.declineCode }),
      message: failure.message,
      payment_method: method,
      type: 'card_error',
    },
    latest_charge: charge.id,
    payment_method: null,
    status: 'requires_payment_method',
  });
  world.emit('charge.failed', charge);
  world.emit('payment_intent.payment_failed', failed);
  return failed;
}

/** The refusal (402) that Stripe answers with when a card was declined; undefined where it was not. */
export function declinedCard(intent: Stripe.PaymentIntent): StripeRefusal | undefined {
  const problem = intent.last_payment_error;
  if (problem === null) return undefined;
  return new StripeRefusal(402, problem.message ?? 'Your card was declined.', {
    type: 'card_error',
    code: problem.code ?? 'card_declined',
    details: {
      charge: problem.charge,
      decline_code: problem.decline_code,
      payment_intent: intent,
      payment_method: problem.payment_method,
    },
  });
}

/**
 * The end of a payment that is `processing`: the bank sent the money, or did not. Emits the charge's and the intent's event.
 * Refuses any other payment.
 */
export function settlePayment(
  world: World,
  intentId: string,
  outcome: 'succeeded' | 'failed',
): Stripe.PaymentIntent {
  const intents = world.collection('payment_intents');
  const intent = intents.need(intentId);
  if (intent.status !== 'processing' || intent.latest_charge === null) {
    throw new StripeRefusal(
      400,
      `The payment ${intentId} is ${intent.status}, so there is nothing to settle.`,
      { code: 'payment_intent_unexpected_state' },
    );
  }
  const chargeId = idOf(intent.latest_charge);
  if (outcome === 'succeeded') {
    const charge = world.collection('charges').update(chargeId, {
      balance_transaction: world.newId('txn'),
      paid: true,
      status: 'succeeded',
    });
    const paid = intents.update(intentId, { amount_received: intent.amount, status: 'succeeded' });
    world.emit('charge.succeeded', charge);
    world.emit('payment_intent.succeeded', paid);
    return paid;
  }
  const failure = {
    code: 'account_closed',
    message: "The customer's bank account could not be debited.",
  };
  const charge = world.collection('charges').update(chargeId, {
    amount_captured: 0,
    captured: false,
    failure_code: failure.code,
    failure_message: failure.message,
    paid: false,
    status: 'failed',
  });
  const failed = intents.update(intentId, {
    last_payment_error: { ...failure, charge: chargeId, type: 'invalid_request_error' },
    payment_method: null,
    status: 'requires_payment_method',
  });
  world.emit('charge.failed', charge);
  world.emit('payment_intent.payment_failed', failed);
  return failed;
}
