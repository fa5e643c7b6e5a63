import { randomUUID } from 'node:crypto';
import type Stripe from 'stripe';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readSnapshot } from '#main/database/run-query.ts';
import { readCustomerBilling } from '#main/stripe/checkouts/read-customer-billing.ts';
import { finishRefund, finishRefunds } from '#main/stripe/refunds/finish-refunds.ts';
import { listMoneyBack } from '#main/stripe/refunds/list-money-back.ts';
import { getRefundRequest, listOpenRefunds } from '#main/stripe/refunds/list-open-refunds.ts';
import { previewRefund } from '#main/stripe/refunds/preview-refund.ts';
import { getPayment } from '#main/stripe/refunds/read-payments.ts';
import { refundPayment } from '#main/stripe/refunds/refund-payment.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';
import { syncMoneyBack } from '#main/stripe/sync/sync-money-back.ts';
import {
  closeDispute,
  failRefund,
  openDispute,
  refundCharge,
} from '#main/stripe-simulator/control.ts';
import type { CustomerId } from '#shared/ids.ts';
import { isDeath, mortal, openStripeShop, type StripeShop } from '#test/support/stripe-shop.ts';

let shop: StripeShop;

beforeAll(async () => {
  shop = await openStripeShop();
});
afterAll(() => shop.close());
afterEach(() => shop.simulator.faults.clear());

type Order = Parameters<typeof refundPayment>[2];

/** 500 credits for USD 39.99. */
const PAID = 3_999;

async function bought(): Promise<{ customerId: string; payment: string }> {
  const customerId = await shop.customer();
  return { customerId, payment: await shop.buy(customerId) };
}

function orderOf(customerId: string, payment: string, change: Partial<Order> = {}): Order {
  return {
    id: randomUUID(),
    customerId,
    stripePaymentId: payment,
    amountMinor: PAID,
    policy: 'remaining',
    reason: 'Bought twice',
    stripeReason: 'duplicate',
    ...change,
  };
}

const refund = (order: Order, target: StripeTarget = shop.target) =>
  refundPayment(target, { actor: target.actor, reasonCode: 'billing_error' }, order);
const preview = ({ customerId, stripePaymentId, amountMinor, policy }: Order) =>
  previewRefund(shop.target.database, 'test_admin', {
    ...{ customerId: customerId as CustomerId, stripePaymentId, amountMinor, policy },
  });
const positionOf = (customerId: string, payment: string) =>
  readSnapshot(shop.target.database, undefined, (run) => getPayment(run, customerId, payment));
const requestOf = (id: string) =>
  readSnapshot(shop.target.database, undefined, (run) => getRefundRequest(run, id));

function refundsOf(payment: string): Stripe.Refund[] {
  return [...shop.simulator.world.collection('refunds').newestFirst()].filter(
    (each) => each.payment_intent === payment,
  );
}

async function clawbacksOf(customerId: string) {
  const { rows } = await shop.database.pool.query(
    `SELECT amount, metadata FROM credits.credit_transactions
     WHERE customer_id = $1 AND transaction_type = 'clawback' ORDER BY id`,
    [customerId],
  );
  return rows;
}

async function openHoldsOf(customerId: string): Promise<number[]> {
  const { rows } = await shop.database.pool.query(
    `SELECT amount FROM credits.credit_holds WHERE customer_id = $1 AND state = 'open'`,
    [customerId],
  );
  return rows.map(({ amount }) => amount);
}

/** A refund without an answer: Stripe does it, and the connection is cut each time stripe-node tries. */
function loseAnswers() {
  shop.simulator.faults.add({ kind: 'cut_after', method: 'POST', path: '/v1/refunds', times: 3 });
}

describe('a refund', () => {
  it('of a whole purchase gives the money back and takes the credits', async () => {
    const { customerId, payment } = await bought();
    const order = orderOf(customerId, payment);
    const done = await refund(order);
    const [made, ...others] = refundsOf(payment);
    expect(others).toEqual([]);
    expect(made).toMatchObject({
      amount: PAID,
      reason: 'duplicate',
      metadata: { refund_request: order.id },
    });
    expect(done.request).toMatchObject({
      state: 'refunded',
      refundId: made?.id,
      credits: 500,
      price: { amountMinor: PAID, currency: 'usd' },
      reason: 'Bought twice',
      error: null,
    });
    expect(done.payment).toMatchObject({
      known: true,
      refundedMinor: PAID,
      requestedMinor: 0,
      refundableMinor: 0,
      safeRefundMinor: 0,
      remaining: 0,
      recovered: 500,
      unrecovered: 0,
    });
    expect(done.balance).toMatchObject({ balance: 0, held: 0, available: 0 });
    expect(await openHoldsOf(customerId)).toEqual([]);
    expect(await refund(order)).toEqual(done);
    expect(await clawbacksOf(customerId)).toHaveLength(1);
    await shop.expectRulesHold(customerId);
  });

  it('of spent credits takes what is left and says what it could not, or leaves a debt', async () => {
    const taking = await bought();
    await shop.use(taking.customerId, 400);
    const left = await refund(orderOf(taking.customerId, taking.payment));
    expect(left.payment).toMatchObject({ recovered: 100, unrecovered: 400, remaining: 0 });
    expect(left.balance.balance).toBe(0);

    const owing = await bought();
    await shop.use(owing.customerId, 400);
    const owed = await refund(orderOf(owing.customerId, owing.payment, { policy: 'debt' }));
    expect(owed.payment).toMatchObject({ recovered: 500, unrecovered: 0 });
    expect(owed.balance.balance).toBe(-400);
    await shop.expectRulesHold(taking.customerId);
    await shop.expectRulesHold(owing.customerId);
  });

  it('in parts takes in all exactly what was granted, rounded up each time', async () => {
    const { customerId, payment } = await bought();
    let taken = 0;
    for (const [amountMinor, gone] of [
      [1, 1],
      [999, 1_000],
      [1_333, 2_333],
      [1_666, 3_999],
    ] as const) {
      const { payment: now } = await refund(orderOf(customerId, payment, { amountMinor }));
      taken = Math.ceil((500 * gone) / PAID);
      expect(now).toMatchObject({ refundedMinor: gone, recovered: taken });
    }
    expect(taken).toBe(500);
    expect(refundsOf(payment)).toHaveLength(4);
    await shop.expectRulesHold(customerId);
  });

  it('is held back from use while Stripe has not answered', async () => {
    const { customerId, payment } = await bought();
    const order = orderOf(customerId, payment, { amountMinor: 2_000 });
    loseAnswers();
    const waiting = await refund(order);
    expect(waiting.request).toMatchObject({ state: 'requested', refundId: null });
    expect(waiting.request.error).toMatch(/^Stripe did not answer/);
    expect(waiting.payment).toMatchObject({ requestedMinor: 2_000, refundableMinor: 1_999 });
    expect(waiting.balance).toMatchObject({ balance: 500, held: 251, available: 249 });
    await expect(shop.use(customerId, 250)).rejects.toThrow('insufficient_credits');
    const open = await readSnapshot(shop.target.database, undefined, (run) =>
      listOpenRefunds(run, 10),
    );
    expect(open.map(({ id }) => id)).toEqual([order.id]);

    const { finished, waiting: left } = await finishRefunds(shop.target, { all: true });
    expect(finished).toMatchObject([{ id: order.id, state: 'refunded', error: null }]);
    expect(left).toBe(0);
    expect(refundsOf(payment)).toHaveLength(1);
    expect(await shop.balanceOf(customerId)).toEqual({ balance: 249, held: 0, available: 249 });
  });

  it('of more than is left is refused in money, and changes nothing', async () => {
    const { customerId, payment } = await bought();
    await refund(orderOf(customerId, payment, { amountMinor: 1_000 }));
    const over = orderOf(customerId, payment, { amountMinor: 3_000 });
    const refusal = {
      code: 'already_reversed',
      message:
        'Of this payment USD 29.99 can still be refunded, USD 30.00 was asked for. Nothing was changed.',
      details: { left: 2_999, asked: 3_000, currency: 'usd' },
    };
    await expect(preview(over)).rejects.toMatchObject(refusal);
    await expect(refund(over)).rejects.toMatchObject(refusal);
    expect(refundsOf(payment)).toHaveLength(1);
  });

  it('that Stripe refuses gives the held credits back, and says why', async () => {
    const { customerId, payment } = await bought();
    // Somebody refunded it in the dashboard, and the event is not here yet.
    refundCharge(shop.simulator.world, shop.chargeOf(payment));
    const order = orderOf(customerId, payment);
    await expect(refund(order)).rejects.toMatchObject({ code: 'stripe_refused' });
    expect(await requestOf(order.id)).toMatchObject({ state: 'refused', refundId: null });
    expect((await requestOf(order.id)).error).toMatch(/already been refunded/);
    expect(await shop.balanceOf(customerId)).toEqual({ balance: 500, held: 0, available: 500 });
    await syncMoneyBack(shop.target, payment);
    expect(await shop.balanceOf(customerId)).toMatchObject({ balance: 0 });
    expect(refundsOf(payment)).toHaveLength(1);
    await shop.expectRulesHold(customerId);
  });

  it('of another account’s payment, or one nobody knows the money of, is refused', async () => {
    const { customerId, payment } = await bought();
    await shop.database.pool.query(
      `UPDATE credits.stripe_payments SET account_id = 'acct_other' WHERE stripe_payment_id = $1`,
      [payment],
    );
    await shop.database.pool.query(
      `SELECT credits.add_credits($1, 50, 'purchase', 'By the back end', 'pi_backend')`,
      [customerId],
    );
    for (const id of [payment, 'pi_backend']) {
      expect(await positionOf(customerId, id)).toMatchObject({ known: false, refundableMinor: 0 });
      await expect(refund(orderOf(customerId, id))).rejects.toMatchObject({ code: 'not_found' });
    }
    await expect(refund(orderOf(customerId, 'pi_nowhere'))).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(refundsOf(payment)).toEqual([]);
    expect(await openHoldsOf(customerId)).toEqual([]);
  });

  it('is done by support as well', async () => {
    const { customerId, payment } = await bought();
    const done = await refund(orderOf(customerId, payment), shop.targetFor('test_support'));
    expect(done.request).toMatchObject({ state: 'refunded', actor: 'test_support' });
    expect(done.balance.balance).toBe(0);
  });
});

describe('a preview of a refund', () => {
  it('is what the refund then does, and leaves nothing behind', async () => {
    for (const [used, amountMinor, policy] of [
      [0, PAID, 'remaining'],
      [0, 1, 'remaining'],
      [333, 2_000, 'remaining'],
      [500, 1_500, 'remaining'],
      [333, 2_000, 'debt'],
      [500, PAID, 'debt'],
    ] as const) {
      const { customerId, payment } = await bought();
      if (used > 0) await shop.use(customerId, used);
      const order = orderOf(customerId, payment, { amountMinor, policy });
      const before = await positionOf(customerId, payment);
      const shown = await preview(order);
      expect(await positionOf(customerId, payment)).toEqual(before);
      expect(shown.payment).toEqual(before);
      expect(shown.alsoPosts).toEqual([]);
      const done = await refund(order);
      expect(shown.after).toEqual(done.balance);
      expect(shown).toMatchObject({
        asked: Math.ceil((500 * amountMinor) / PAID),
        recovered: done.payment.recovered,
        unrecovered: done.payment.unrecovered,
      });
      const [grant] = shown.grants;
      if (used < 500) expect(grant?.remainingAfter).toBe(done.payment.remaining);
    }
  });

  it('proposes the largest refund whose credits are all there', async () => {
    for (const used of [1, 77, 250, 499]) {
      const { customerId, payment } = await bought();
      await shop.use(customerId, used);
      const { safeRefundMinor } = await positionOf(customerId, payment);
      const order = orderOf(customerId, payment);
      expect(safeRefundMinor).toBeGreaterThan(0);
      expect((await preview({ ...order, amountMinor: safeRefundMinor })).unrecovered).toBe(0);
      expect(
        (await preview({ ...order, amountMinor: safeRefundMinor + 1 })).unrecovered,
      ).toBeGreaterThan(0);
    }
  });
});

// Less than half of what was paid: Stripe would do it twice, if it were asked to.
describe('a refund that breaks off', () => {
  it('at any step is found and finished, with nothing lost and nothing twice', async () => {
    const first = await bought();
    const whole = mortal(shop.target, Number.POSITIVE_INFINITY);
    await refund(orderOf(first.customerId, first.payment), whole.target);
    const steps = whole.steps();
    expect(steps).toBeGreaterThan(40);
    for (let diesAt = 1; diesAt <= steps; diesAt += 1) {
      const { customerId, payment } = await bought();
      await shop.use(customerId, 50);
      const order = orderOf(customerId, payment, { amountMinor: 1_500 });
      await expect(
        refund(order, mortal(shop.target, diesAt).target),
        `step ${diesAt}`,
      ).rejects.toSatisfy(isDeath);
      // What the next start does; it may die too, further on.
      const again = mortal(shop.target, 1 + ((diesAt * 7) % 40)).target;
      await finishRefunds(again, { all: true }).catch((error) => expect(error).toSatisfy(isDeath));
      await finishRefunds(shop.target, { all: true });
      // Where nothing had been written down yet, the person sends the same form again; elsewhere it changes nothing.
      const done = await refund(order);
      expect(done.request, `step ${diesAt}`).toMatchObject({ state: 'refunded', error: null });
      expect(
        refundsOf(payment).map(({ amount }) => amount),
        `step ${diesAt}`,
      ).toEqual([1_500]);
      expect(await clawbacksOf(customerId), `step ${diesAt}`).toMatchObject([{ amount: -188 }]);
      expect(await openHoldsOf(customerId), `step ${diesAt}`).toEqual([]);
      expect(done.balance, `step ${diesAt}`).toMatchObject({ balance: 262, held: 0 });
      expect(done.payment).toMatchObject({ refundedMinor: 1_500, requestedMinor: 0 });
      await shop.expectRulesHold(customerId);
    }
  });

  it('after Stripe did it is not done again, also when Stripe has forgotten our key', async () => {
    const { customerId, payment } = await bought();
    const order = orderOf(customerId, payment, { amountMinor: 1_500 });
    loseAnswers();
    expect((await refund(order)).request.state).toBe('requested');
    const { world } = shop.simulator;
    world.advanceClock(world.now() + 48 * 3_600);
    expect((await finishRefund(shop.target, order.id)).request.state).toBe('refunded');
    expect(refundsOf(payment).map(({ amount }) => amount)).toEqual([1_500]);
  });

  it('because Stripe is away, asks for fewer requests or lacks a right waits, and counts its attempts', async () => {
    const { customerId, payment } = await bought();
    const order = orderOf(customerId, payment);
    for (const [kind, code] of [
      ['503', 'stripe_unavailable'],
      ['429', 'stripe_rate_limited'],
      ['403', 'stripe_permission'],
    ] as const) {
      shop.simulator.faults.add({ kind, method: 'POST', path: '/v1/refunds' });
      const { request } = await refund(order);
      expect(request.state).toBe('requested');
      expect(request.error).not.toBeNull();
      expect((await finishRefund(shop.target, order.id)).problem?.code).toBe(code);
      shop.simulator.faults.clear();
    }
    const { rows } = await shop.database.pool.query(
      'SELECT attempts, metadata FROM credits_billing.refund_requests WHERE id = $1',
      [order.id],
    );
    expect(rows).toEqual([
      { attempts: 6, metadata: { reason_code: 'billing_error', stripe_reason: 'duplicate' } },
    ]);
    // Its turn comes later: each attempt waits twice as long as the one before.
    expect(await finishRefunds(shop.target)).toEqual({ finished: [], waiting: 0 });
    await shop.database.pool.query(
      `UPDATE credits_billing.refund_requests SET changed_at = changed_at - interval '6 minutes' WHERE id = $1`,
      [order.id],
    );
    expect((await finishRefunds(shop.target)).finished).toMatchObject([{ state: 'refunded' }]);
    expect(refundsOf(payment)[0]?.reason).toBe('duplicate');
  });

  it.each(['cut_after', 'cut_before'] as const)(
    'is finished by several consoles at once without doing it twice (%s)',
    async (kind) => {
      const { customerId, payment } = await bought();
      const order = orderOf(customerId, payment, { amountMinor: 500 });
      shop.simulator.faults.add({ kind, method: 'POST', path: '/v1/refunds', times: 3 });
      await refund(order);
      expect(refundsOf(payment)).toHaveLength(kind === 'cut_after' ? 1 : 0);
      // So that each has looked for the refund before any has made it.
      shop.simulator.faults.add({
        ...{ kind: 'slow', method: 'POST', path: '/v1/refunds', milliseconds: 300 },
      });
      await Promise.all(Array.from({ length: 5 }, () => finishRefund(shop.target, order.id)));
      await finishRefunds(shop.target, { all: true });
      expect(await requestOf(order.id)).toMatchObject({ state: 'refunded' });
      expect(refundsOf(payment)).toHaveLength(1);
      expect(await clawbacksOf(customerId)).toHaveLength(1);
      await shop.expectRulesHold(customerId);
    },
  );

  it('of an account that is not connected here waits for a console that is', async () => {
    const { customerId, payment } = await bought();
    const order = orderOf(customerId, payment);
    shop.simulator.faults.add({ kind: '503', method: 'POST', path: '/v1/refunds' });
    await refund(order);
    shop.simulator.faults.clear();
    const elsewhere = { ...shop.target, accountId: 'acct_other' };
    expect(await finishRefunds(elsewhere, { all: true })).toEqual({ finished: [], waiting: 0 });
    expect((await finishRefund(elsewhere, order.id)).problem?.code).toBe('stripe_other_account');
    expect((await finishRefund(shop.target, order.id)).request.state).toBe('refunded');
  });
});

describe('the report of money that went back', () => {
  it('adds up what was asked, recovered, not recovered and held', async () => {
    const report = await openStripeShop();
    try {
      const { world } = report.simulator;
      const settle = (payment: string) => syncMoneyBack(report.target, payment);
      const read = (
        filter: Partial<Parameters<typeof listMoneyBack>[1]['filter']> = {},
        page: { cursor: string | null; limit: number } = { cursor: null, limit: 100 },
      ) =>
        readSnapshot(report.target.database, undefined, (run) =>
          listMoneyBack(run, { filter: { show: 'all', ...filter }, ...page }),
        );
      expect(await read()).toEqual({
        rows: [],
        nextCursor: null,
        totals: { count: 0, asked: 0, recovered: 0, unrecovered: 0, held: 0, money: [] },
      });

      const customerId = await report.customer();
      const refunded = await report.buy(customerId);
      await report.use(customerId, 400);
      refundCharge(world, report.chargeOf(refunded), { amount: 2_000 });
      await settle(refunded);

      const failing = await report.buy(customerId);
      const { id: failed } = refundCharge(world, report.chargeOf(failing), { amount: 1_000 });
      await settle(failing);
      failRefund(world, failed);
      await settle(failing);

      const [lost, won, open] = [
        await report.buy(customerId),
        await report.buy(customerId),
        await report.buy(customerId),
      ];
      for (const payment of [lost, won, open]) {
        const dispute = openDispute(world, report.chargeOf(payment));
        await settle(payment);
        if (payment === open) continue;
        closeDispute(world, dispute.id, payment === lost ? 'lost' : 'won');
        await settle(payment);
      }
      // Money back for a purchase that the ledger does not know.
      await report.database.pool.query(
        `SELECT credits.record_money_back('re_stranger', 'refund', $1, 'pi_stranger', 700, 'eur', 'succeeded', NULL, now())`,
        [report.target.accountId],
      );

      const { rows, totals } = await read();
      expect(rows).toHaveLength(6);
      const ofPayment = (payment: string) => rows.find((row) => row.stripePaymentId === payment);
      expect(ofPayment(refunded)).toMatchObject({
        ...{ kind: 'refund', asked: 251, recovered: 100, unrecovered: 151, held: 0 },
        customerId,
      });
      expect(ofPayment(failing)).toMatchObject({ asked: 0, recovered: 0, unrecovered: 0 });
      expect(ofPayment(failing)?.status).toBe('failed');
      expect(ofPayment(lost)).toMatchObject({
        status: 'lost',
        asked: 500,
        recovered: 500,
        held: 0,
      });
      expect(ofPayment(won)).toMatchObject({ status: 'won', asked: 0, recovered: 0, held: 0 });
      expect(ofPayment(open)).toMatchObject({ asked: 0, recovered: 0, held: 500 });
      expect(rows.find(({ id }) => id === 're_stranger')).toMatchObject({
        ...{ customerId: null, stripePaymentId: null, purchaseTransactionId: null },
        ...{ asked: 0, recovered: 0, price: { amountMinor: 700, currency: 'eur' } },
      });
      expect(totals).toEqual({
        ...{ count: 6, asked: 751, recovered: 600, unrecovered: 151, held: 500 },
        money: [
          { currency: 'eur', amountMinor: 700 },
          { currency: 'usd', amountMinor: 2_000 + PAID + PAID },
        ],
      });

      expect((await read({ show: 'open' })).rows.map((row) => row.stripePaymentId)).toEqual([open]);
      const short = await read({ show: 'unrecovered' });
      expect(short.rows.map((row) => row.stripePaymentId)).toEqual([refunded]);
      expect(short.totals).toMatchObject({ count: 1, unrecovered: 151 });
      expect((await read({ kind: 'dispute' })).totals.count).toBe(3);
      expect((await read({ createdBefore: '2020-01-01T00:00:00.000Z' })).totals.count).toBe(0);

      const paged: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await read({}, { cursor, limit: 2 });
        expect(page.totals).toEqual(totals);
        paged.push(...page.rows.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(paged).toEqual(rows.map(({ id }) => id));

      const reader = report.targetFor('test_reader').database;
      const billing = await readCustomerBilling(reader, customerId);
      expect(billing.payments.map((payment) => payment.stripePaymentId)).toEqual([
        ...[open, won, lost, failing, refunded],
      ]);
      expect(billing.moneyBack).toEqual(rows.filter((row) => row.customerId === customerId));
      expect(billing.checkouts).toHaveLength(5);
      expect(billing.stripeCustomerId).not.toBeNull();
      await expect(readCustomerBilling(reader, 'nobody')).rejects.toMatchObject({
        code: 'not_found',
      });
    } finally {
      await report.close();
    }
  });
});
