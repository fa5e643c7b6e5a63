import type Stripe from 'stripe';
import { idOf } from '../fields.ts';
import { mergeMetadata } from '../metadata.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { latestDispute } from './disputes.ts';
import { behaviourOf } from './test-methods.ts';

/** When a refund that is on its way arrives, or comes back, by the simulator's clock. */
type Plan = { at: number; outcome: 'succeeded' | 'failed' };

const plans = (world: World) => world.kept<Plan>('refund_plans');
const bankTakes = 5 * 24 * 60 * 60;
const cardTakes = 60;

export type RefundOptions = {
  /** Minor units of the charge's currency; without it, all that is left. */
  amount?: number;
  reason?: Stripe.Refund.Reason;
  metadata?: unknown;
  /** Whether the money is there at once. Without it: as the payment method has it (cards at once, banks after days). */
  outcome?: 'succeeded' | 'pending';
};

/**
 * Refunds a charge, in whole or in part. Emits refund.created and charge.refunded. Refuses as Stripe does: charges not paid, more than is
 * left, disputed ones.
 */
export function refundCharge(
  world: World,
  chargeId: string,
  options: RefundOptions = {},
): Stripe.Refund {
  const charges = world.collection('charges');
  const charge = charges.need(chargeId, 'charge');
  checkRefundable(world, charge);
  const left = charge.amount - charge.amount_refunded;
  const amount = options.amount ?? left;
  checkAmount(amount, left);
  const metadata = mergeMetadata(null, options.metadata);

  const status = options.outcome ?? usualOutcome(world, charge);
  const refund = world.collection('refunds').insert({
    id: world.newId('re'),
    object: 'refund',
    amount,
    balance_transaction: world.newId('txn'),
    charge: chargeId,
    created: world.now(),
    currency: charge.currency,
    customer: null,
    customer_account: null,
    destination_details:
      charge.payment_method_details?.type === 'card'
        ? {
            type: 'card',
            card: {
              reference_status: 'pending',
              reference_type: 'acquirer_reference_number',
              type: 'refund',
            },
          }
        : { type: 'us_bank_transfer' },
    metadata,
    payment_intent: charge.payment_intent === null ? null : idOf(charge.payment_intent),
    payment_method: null,
    ...(status === 'pending' ? { pending_reason: 'processing' } : {}),
    reason: options.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status,
    transfer_reversal: null,
  });
  planOutcome(world, charge, refund, options.outcome);
  const refunded = charge.amount_refunded + amount;
  const after = charges.update(chargeId, {
    amount_refunded: refunded,
    refunded: refunded === charge.amount,
  });
  world.emit('refund.created', refund);
  world.emit('charge.refunded', after, {
    amount_refunded: charge.amount_refunded,
    ...(after.refunded ? { refunded: false } : {}),
  });
  return refund;
}

function checkRefundable(world: World, charge: Stripe.Charge): void {
  if (charge.status !== 'succeeded') {
    throw new StripeRefusal(
      400,
      charge.status === 'pending'
        ? `Charge ${charge.id} is still pending and cannot be refunded yet.`
        : `Charge ${charge.id} has not succeeded, so it cannot be refunded.`,
      { parameter: 'charge' },
    );
  }
  const dispute = latestDispute(world, charge.id);
  if (dispute !== undefined && !dispute.is_charge_refundable && dispute.status !== 'won') {
    throw new StripeRefusal(
      400,
      `Charge ${charge.id} has been charged back; cannot issue a refund.`,
      { code: 'charge_disputed' },
    );
  }
  if (charge.amount_refunded >= charge.amount) {
    throw new StripeRefusal(400, `Charge ${charge.id} has already been refunded.`, {
      code: 'charge_already_refunded',
    });
  }
}

function checkAmount(amount: number, left: number): void {
  if (!Number.isSafeInteger(amount) || amount < 1) {
    throw new StripeRefusal(400, 'This value must be greater than or equal to 1.', {
      code: 'parameter_invalid_integer',
      parameter: 'amount',
    });
  }
  if (amount > left) {
    throw new StripeRefusal(
      400,
      `Refund amount (${amount}) is greater than unrefunded amount on charge (${left}), in the minor unit of its currency.`,
      { parameter: 'amount' },
    );
  }
}

function usualOutcome(world: World, charge: Stripe.Charge): 'succeeded' | 'pending' {
  if (charge.payment_method_details?.type !== 'card') return 'pending';
  const behaviour = behaviourOf(world, charge.payment_method ?? '');
  return behaviour === 'refund_pending' ? 'pending' : 'succeeded';
}

/** Refunds that a caller set to pending wait for `settleRefund` or `failRefund`; others end by themselves, as at Stripe. */
function planOutcome(
  world: World,
  charge: Stripe.Charge,
  refund: Stripe.Refund,
  outcome: RefundOptions['outcome'],
): void {
  if (outcome !== undefined) return;
  if (charge.payment_method_details?.type !== 'card') {
    plans(world).set(refund.id, { at: world.now() + bankTakes, outcome: 'succeeded' });
    return;
  }
  const behaviour = behaviourOf(world, charge.payment_method ?? '');
  if (behaviour === 'refund_pending') {
    plans(world).set(refund.id, { at: world.now() + cardTakes, outcome: 'succeeded' });
  } else if (behaviour === 'refund_fails') {
    plans(world).set(refund.id, { at: world.now() + cardTakes, outcome: 'failed' });
  }
}

/** Ends the refunds whose time has come. */
export function endDueRefunds(world: World): void {
  for (const [id, plan] of plans(world)) {
    if (plan.at > world.now()) continue;
    if (plan.outcome === 'failed') failRefund(world, id);
    else settleRefund(world, id);
  }
}

/** The money of a pending refund has arrived. Emits refund.updated. */
export function settleRefund(world: World, refundId: string): Stripe.Refund {
  plans(world).delete(refundId);
  const refunds = world.collection('refunds');
  const before = refunds.need(refundId, 'refund');
  if (before.status !== 'pending') {
    throw new StripeRefusal(400, `The refund ${refundId} is ${before.status}, not pending.`);
  }
  const after = refunds.update(refundId, { status: 'succeeded' });
  delete after.pending_reason;
  world.emit('refund.updated', after, { status: 'pending' });
  return after;
}

/**
 * A refund did not reach the customer, at once or days after it seemed to have succeeded: the money is with the account again. Emits refund.updated and
 * refund.failed, and the charge's amount_refunded goes down.
 */
export function failRefund(world: World, refundId: string): Stripe.Refund {
  plans(world).delete(refundId);
  const refunds = world.collection('refunds');
  const before = refunds.need(refundId, 'refund');
  if (before.status === 'failed' || before.status === 'canceled') {
    throw new StripeRefusal(400, `The refund ${refundId} is ${before.status} already.`);
  }
  const after = refunds.update(refundId, {
    failure_balance_transaction: world.newId('txn'),
    failure_reason: 'expired_or_canceled_card',
    status: 'failed',
  });
  world.emit('refund.updated', after, { status: before.status });
  world.emit('refund.failed', after);
  if (before.charge === null) return after;
  const charges = world.collection('charges');
  const charge = charges.need(idOf(before.charge));
  const changed = charges.update(charge.id, {
    amount_refunded: charge.amount_refunded - before.amount,
    refunded: false,
  });
  world.emit('charge.updated', changed, {
    amount_refunded: charge.amount_refunded,
    ...(charge.refunded ? { refunded: true } : {}),
  });
  return after;
}
