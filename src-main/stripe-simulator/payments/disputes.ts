import type Stripe from 'stripe';
import { idOf } from '../fields.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';

const answerWithin = 7 * 24 * 60 * 60;
const disputeFee = 1_500;

/**
 * A customer disputes a charge with the bank: the whole of it, or `amount` (minor units). A dispute takes the money at once; an inquiry only
 * asks. Emits charge.dispute.created and, where money moved, charge.dispute.funds_withdrawn. Refuses (400) a charge that was not paid or is
 * already disputed.
 */
export function openDispute(
  world: World,
  chargeId: string,
  options: { amount?: number; inquiry?: boolean } = {},
): Stripe.Dispute {
  const charge = world.collection('charges').need(chargeId, 'charge');
  const amount = options.amount ?? charge.amount;
  if (charge.status !== 'succeeded') {
    throw new StripeRefusal(400, `The charge ${chargeId} was not paid, so it cannot be disputed.`);
  }
  if (activeDispute(world, chargeId) !== undefined) {
    throw new StripeRefusal(400, `The charge ${chargeId} is already disputed.`);
  }
  if (!Number.isSafeInteger(amount) || amount < 1 || amount > charge.amount) {
    throw new StripeRefusal(400, `A dispute is over 1 to ${charge.amount}, not ${amount}.`, {
      parameter: 'amount',
    });
  }
  const inquiry = options.inquiry === true;
  const dispute = world.collection('disputes').insert({
    id: world.newId('du'),
    object: 'dispute',
    amount,
    balance_transactions: [],
    charge: chargeId,
    created: world.now(),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence,
    evidence_details: {
      due_by: world.now() + answerWithin,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'manual',
    },
    intended_submission_method: null,
    is_charge_refundable: inquiry,
    livemode: false,
    metadata: {},
    network_reason_code: '10.4',
    payment_intent: charge.payment_intent === null ? null : idOf(charge.payment_intent),
    payment_method_details: {
      type: 'card',
      card: {
        brand: 'visa',
        network: 'visa',
        case_type: inquiry ? 'inquiry' : 'chargeback',
        network_reason_code: '10.4',
      },
    },
    reason: 'fraudulent',
    status: inquiry ? 'warning_needs_response' : 'needs_response',
  });
  const disputed = world.collection('charges').update(chargeId, { disputed: true });
  world.emit('charge.dispute.created', dispute);
  if (!inquiry) withdraw(world, dispute.id);
  if (!charge.disputed) world.emit('charge.updated', disputed, { disputed: false });
  return world.collection('disputes').need(dispute.id);
}

/** The dispute of a charge that was not closed yet, if there is one. */
export function activeDispute(world: World, chargeId: string): Stripe.Dispute | undefined {
  for (const dispute of world.collection('disputes').newestFirst()) {
    if (idOf(dispute.charge) === chargeId && !isClosed(dispute)) return dispute;
  }
  return undefined;
}

/** The last dispute of a charge, open or not. */
export function latestDispute(world: World, chargeId: string): Stripe.Dispute | undefined {
  for (const dispute of world.collection('disputes').newestFirst()) {
    if (idOf(dispute.charge) === chargeId) return dispute;
  }
  return undefined;
}

const isClosed = ({ status }: Stripe.Dispute) =>
  status === 'won' || status === 'lost' || status === 'warning_closed';
const isInquiry = ({ status }: Stripe.Dispute) => status.startsWith('warning_');

/**
 * The bank decides. Won: the money comes back. Lost: it stays away. An inquiry that is won is closed (`warning_closed`), one that is lost becomes
 * a dispute, which takes the money and is decided on its own. Emits charge.dispute.updated, closed and, after a win, funds_reinstated.
 */
export function closeDispute(
  world: World,
  disputeId: string,
  outcome: 'won' | 'lost',
): Stripe.Dispute {
  const disputes = world.collection('disputes');
  const dispute = disputes.need(disputeId, 'dispute');
  if (isClosed(dispute)) {
    throw new StripeRefusal(400, `The dispute ${disputeId} is already closed.`);
  }
  if (isInquiry(dispute)) {
    if (outcome === 'lost') return escalateInquiry(world, disputeId);
    const closed = disputes.update(disputeId, { status: 'warning_closed' });
    world.emit('charge.dispute.updated', closed, { status: dispute.status });
    world.emit('charge.dispute.closed', closed);
    return closed;
  }
  const decided = disputes.update(disputeId, { status: outcome });
  world.emit('charge.dispute.updated', decided, { status: dispute.status });
  world.emit('charge.dispute.closed', decided);
  if (outcome === 'lost') return decided;
  const reinstated = disputes.update(disputeId, {
    balance_transactions: [
      ...decided.balance_transactions,
      balanceMove(world, decided, decided.amount, 'Reinstated'),
    ],
  });
  world.emit('charge.dispute.funds_reinstated', reinstated);
  return reinstated;
}

/** An inquiry becomes a dispute: the money goes. Emits charge.dispute.funds_withdrawn and updated. */
export function escalateInquiry(world: World, disputeId: string): Stripe.Dispute {
  const disputes = world.collection('disputes');
  const inquiry = disputes.need(disputeId, 'dispute');
  if (!isInquiry(inquiry) || isClosed(inquiry)) {
    throw new StripeRefusal(400, `The dispute ${disputeId} is not an open inquiry.`);
  }
  const escalated = disputes.update(disputeId, {
    is_charge_refundable: false,
    status: 'needs_response',
  });
  world.emit('charge.dispute.updated', escalated, {
    is_charge_refundable: true,
    status: inquiry.status,
  });
  withdraw(world, disputeId);
  return disputes.need(disputeId);
}

/** Evidence was handed in: the bank looks at it. Stripe's test words `winning_evidence` and `losing_evidence` decide at once. */
export function submitEvidence(world: World, disputeId: string): Stripe.Dispute {
  const disputes = world.collection('disputes');
  const before = disputes.need(disputeId);
  if (isClosed(before)) {
    throw new StripeRefusal(400, 'This dispute is already closed.');
  }
  const submitted = disputes.update(disputeId, {
    evidence_details: {
      ...before.evidence_details,
      has_evidence: true,
      submission_count: before.evidence_details.submission_count + 1,
    },
    status: isInquiry(before) ? 'warning_under_review' : 'under_review',
  });
  world.emit('charge.dispute.updated', submitted, { status: before.status });
  const text = submitted.evidence.uncategorized_text;
  if (text === 'winning_evidence') return closeDispute(world, disputeId, 'won');
  if (text === 'losing_evidence' && !isInquiry(submitted)) {
    return closeDispute(world, disputeId, 'lost');
  }
  return submitted;
}

function withdraw(world: World, disputeId: string): void {
  const disputes = world.collection('disputes');
  const dispute = disputes.need(disputeId);
  const withdrawn = disputes.update(disputeId, {
    balance_transactions: [
      ...dispute.balance_transactions,
      balanceMove(world, dispute, -dispute.amount, 'Withdrawn'),
    ],
  });
  world.emit('charge.dispute.funds_withdrawn', withdrawn);
}

function balanceMove(
  world: World,
  dispute: Stripe.Dispute,
  amount: number,
  what: string,
): Stripe.BalanceTransaction {
  const fee = amount < 0 ? disputeFee : 0;
  return {
    id: world.newId('txn'),
    object: 'balance_transaction',
    amount,
    available_on: world.now(),
    balance_type: 'payments',
    created: world.now(),
    currency: dispute.currency,
    description: `${what} for dispute ${dispute.id}`,
    exchange_rate: null,
    fee,
    fee_details: [],
    net: amount - fee,
    reporting_category: amount < 0 ? 'dispute' : 'dispute_reversal',
    source: dispute.id,
    status: 'available',
    type: 'adjustment',
  };
}

const noEvidence: Stripe.Dispute.Evidence = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};
