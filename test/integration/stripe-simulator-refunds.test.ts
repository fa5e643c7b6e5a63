import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import {
  closeDispute,
  completeBankDebit,
  failRefund,
  openDispute,
  payCheckout,
  refundCharge,
  settleRefund,
} from '#main/stripe-simulator/control.ts';
import {
  eventTypes,
  openCheckout,
  paidCheckout,
  refusal,
  simulatorForEachTest,
} from '#test/support/stripe-simulator.ts';

const { simulator, stripe } = simulatorForEachTest();

const paidCharge = (amount?: number) => paidCheckout(simulator, stripe, amount);

describe('refunds', () => {
  test('add up to the charge, and not beyond it', async () => {
    const { intent, charge } = await paidCharge(1_000);
    const first = await stripe.refunds.create({
      payment_intent: intent.id,
      amount: 300,
      reason: 'requested_by_customer',
      metadata: { refund_ref: 'r1' },
    });
    expect(first).toMatchObject({
      status: 'succeeded',
      amount: 300,
      charge: charge.id,
      payment_intent: intent.id,
      metadata: { refund_ref: 'r1' },
    });
    expect(await refusal(stripe.refunds.create({ charge: charge.id, amount: 701 }))).toMatchObject({
      statusCode: 400,
      param: 'amount',
    });
    expect(await refusal(stripe.refunds.create({ charge: charge.id, amount: 0 }))).toMatchObject({
      param: 'amount',
    });
    const rest = await stripe.refunds.create({ charge: charge.id });
    expect(rest.amount).toBe(700);
    const after = await stripe.charges.retrieve(charge.id, { expand: ['refunds'] });
    expect(after).toMatchObject({ refunded: true, amount_refunded: 1_000 });
    expect(after.refunds?.data.map(({ id }) => id)).toEqual([rest.id, first.id]);
    expect(await refusal(stripe.refunds.create({ charge: charge.id }))).toMatchObject({
      code: 'charge_already_refunded',
    });
    const events = (await stripe.events.list({ type: 'charge.refunded' })).data;
    const cumulative = events.map(({ data }) => (data.object as Stripe.Charge).amount_refunded);
    expect(cumulative).toEqual([1_000, 300]);
    const listed = await stripe.refunds.list({ payment_intent: intent.id });
    expect(listed.data.map(({ id }) => id)).toEqual([rest.id, first.id]);
    expect((await stripe.refunds.list({ charge: 'ch_other' })).data).toEqual([]);
  });

  test('that fail give the amount back', async () => {
    const { charge } = await paidCharge(1_000);
    const refund = await stripe.refunds.create({ charge: charge.id, amount: 400 });
    failRefund(simulator.world, refund.id);
    expect((await stripe.refunds.retrieve(refund.id)).status).toBe('failed');
    expect((await stripe.charges.retrieve(charge.id)).amount_refunded).toBe(0);
    expect((await eventTypes(stripe)).slice(-5)).toEqual([
      'refund.created',
      'charge.refunded',
      'refund.updated',
      'refund.failed',
      'charge.updated',
    ]);
  });

  test('may be pending until they are settled', async () => {
    const { charge } = await paidCharge(1_000);
    const refund = refundCharge(simulator.world, charge.id, { amount: 10, outcome: 'pending' });
    expect((await stripe.refunds.retrieve(refund.id)).status).toBe('pending');
    expect((await stripe.charges.retrieve(charge.id)).amount_refunded).toBe(10);
    settleRefund(simulator.world, refund.id);
    expect(await stripe.refunds.retrieve(refund.id)).toMatchObject({ status: 'succeeded' });
    expect((await eventTypes(stripe)).at(-1)).toBe('refund.updated');
  });

  test('of bank debits are pending for days of the clock', async () => {
    const session = await openCheckout(stripe);
    payCheckout(simulator.world, session.id, { method: 'bank_debit' });
    const payment_intent = String(
      (await stripe.checkout.sessions.retrieve(session.id)).payment_intent,
    );
    expect(await refusal(stripe.refunds.create({ payment_intent }))).toMatchObject({
      statusCode: 400,
    });
    completeBankDebit(simulator.world, session.id, 'succeeded');
    const refund = await stripe.refunds.create({ payment_intent });
    expect(refund.status).toBe('pending');
    simulator.world.advanceClock(simulator.world.now() + 6 * 86_400);
    expect((await stripe.refunds.retrieve(refund.id)).status).toBe('succeeded');
  });
});

describe('disputes', () => {
  test('take the money at once and give it back when won', async () => {
    const { charge, intent } = await paidCharge(1_000);
    const dispute = openDispute(simulator.world, charge.id);
    expect(await stripe.disputes.retrieve(dispute.id)).toMatchObject({
      status: 'needs_response',
      amount: 1_000,
      charge: charge.id,
      payment_intent: intent.id,
      is_charge_refundable: false,
    });
    expect((await stripe.charges.retrieve(charge.id)).disputed).toBe(true);
    expect(await refusal(stripe.refunds.create({ charge: charge.id }))).toMatchObject({
      code: 'charge_disputed',
    });
    closeDispute(simulator.world, dispute.id, 'won');
    const listed = await stripe.disputes.list({ payment_intent: intent.id });
    expect(listed.data.map(({ status }) => status)).toEqual(['won']);
    const types = (await eventTypes(stripe)).filter((type) => type.startsWith('charge.dispute'));
    expect(types).toEqual([
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
      'charge.dispute.updated',
      'charge.dispute.closed',
      'charge.dispute.funds_reinstated',
    ]);
    expect((await stripe.refunds.create({ charge: charge.id })).status).toBe('succeeded');
  });

  test('that are lost stay lost', async () => {
    const { charge } = await paidCharge(1_000);
    const dispute = openDispute(simulator.world, charge.id, { amount: 400 });
    expect((await stripe.disputes.close(dispute.id)).status).toBe('lost');
    expect((await eventTypes(stripe)).at(-1)).toBe('charge.dispute.closed');
    expect(await refusal(stripe.disputes.close(dispute.id))).toMatchObject({ statusCode: 400 });
  });

  test('that only ask take nothing until they become a dispute', async () => {
    const { charge } = await paidCharge(1_000);
    const asked = openDispute(simulator.world, charge.id, { inquiry: true });
    expect(asked).toMatchObject({ status: 'warning_needs_response', is_charge_refundable: true });
    expect(await eventTypes(stripe)).not.toContain('charge.dispute.funds_withdrawn');
    closeDispute(simulator.world, asked.id, 'won');
    expect((await stripe.disputes.retrieve(asked.id)).status).toBe('warning_closed');
    const second = openDispute(simulator.world, charge.id, { inquiry: true });
    closeDispute(simulator.world, second.id, 'lost');
    expect((await stripe.disputes.retrieve(second.id)).status).toBe('needs_response');
    expect(await eventTypes(stripe)).toContain('charge.dispute.funds_withdrawn');
  });

  test('are decided by the evidence that Stripe’s test mode knows', async () => {
    const { charge } = await paidCharge(1_000);
    const dispute = openDispute(simulator.world, charge.id);
    const won = await stripe.disputes.update(dispute.id, {
      evidence: { uncategorized_text: 'winning_evidence' },
    });
    expect(won.status).toBe('won');
  });
});
