import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { payCheckout } from '#main/stripe-simulator/control.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Input } from '#shared/ipc/procedure.ts';
import { type ConsoleDoor, openConsoleDoor } from '#test/support/console-door.ts';
import { openStripeDoor, type StripeDoor } from '#test/support/stripe-door.ts';

let stripe: StripeDoor;
let door: ConsoleDoor;

beforeAll(async () => {
  stripe = await openStripeDoor();
  door = stripe.door;
});
afterAll(() => stripe.close());
afterEach(() => stripe.simulator.faults.clear());

const unconfirmed = { confirmedProduction: false };

async function customer(): Promise<string> {
  const id = `c-${randomUUID()}`;
  await door.call('customers.ensure', { id, name: 'Ada' });
  return id;
}

function orderOf(
  customerId: string,
  change: Partial<Input<Contract['billing.startCheckout']>> = {},
): Input<Contract['billing.startCheckout']> {
  return {
    id: randomUUID(),
    customerId,
    kind: 'credit_purchase',
    itemId: 'credits_500',
    ...unconfirmed,
    ...change,
  };
}

function pay(sessionId: string | null) {
  payCheckout(stripe.simulator.world, sessionId ?? '', { method: 'card' });
}

async function bought(): Promise<{ customerId: string; stripePaymentId: string }> {
  const customerId = await customer();
  const { id, sessionId } = await door.call('billing.startCheckout', orderOf(customerId));
  pay(sessionId);
  await door.call('billing.refreshCheckout', { id });
  const { payments } = await door.call('billing.customer', { customerId });
  return { customerId, stripePaymentId: payments[0]?.stripePaymentId ?? '' };
}

const words = { reasonCode: 'customer_request' as const, note: 'Did not need it', ...unconfirmed };

describe('a purchase', () => {
  it('goes from the link to the credits, and the window is told each time', async () => {
    const customerId = await customer();
    const order = orderOf(customerId, { kind: 'credit_topup' });
    const checkout = await door.call('billing.startCheckout', order);
    expect(checkout).toMatchObject({ state: 'open', actor: 'test_admin', itemName: '500 credits' });
    expect(door.events).toContainEqual({ type: 'billing.changed', customerId });
    await door.call('billing.openCheckout', { id: order.id });
    expect(stripe.links).toContain(checkout.url);

    door.events.length = 0;
    pay(checkout.sessionId);
    const paid = await door.call('billing.refreshCheckout', { id: order.id });
    expect(paid).toMatchObject({ state: 'paid', url: null });
    expect(door.events).toContainEqual({ type: 'ledger.changed', customerId });
    await expect(door.call('billing.openCheckout', { id: order.id })).rejects.toMatchObject({
      code: 'invalid_argument',
    });

    const billing = await door.call('billing.customer', { customerId });
    expect(billing.checkouts).toEqual([paid]);
    expect(billing.payments).toMatchObject([
      { transactionId: paid.transactionId, type: 'purchase', known: true, paidMinor: 3_999 },
    ]);
    expect((await door.call('customers.get', { customerId })).balance.balance).toBe(500);
  });

  it('can be closed, and then not be paid any more', async () => {
    const order = orderOf(await customer());
    const { sessionId } = await door.call('billing.startCheckout', order);
    expect(
      await door.call('billing.closeCheckout', { id: order.id, ...unconfirmed }),
    ).toMatchObject({ state: 'expired', url: null });
    expect(() => pay(sessionId)).toThrow(/no longer active/);
  });

  it('of somebody or something that is not there is refused', async () => {
    await expect(door.call('billing.startCheckout', orderOf('nobody'))).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(
      door.call('billing.startCheckout', orderOf(await customer(), { itemId: 'nothing' })),
    ).rejects.toMatchObject({ code: 'not_found' });
    for (const name of ['billing.refreshCheckout', 'billing.openCheckout'] as const) {
      await expect(door.call(name, { id: randomUUID() })).rejects.toMatchObject({
        code: 'not_found',
      });
    }
    await expect(door.call('billing.customer', { customerId: 'nobody' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

describe('a refund', () => {
  it('is shown beforehand, done, and told to the window', async () => {
    const { customerId, stripePaymentId } = await bought();
    const order = { customerId, stripePaymentId, amountMinor: 2_000, policy: 'remaining' as const };
    const preview = await door.call('billing.previewRefund', order);
    expect(preview).toMatchObject({
      asked: 251,
      recovered: 251,
      unrecovered: 0,
      before: { balance: 500 },
      after: { balance: 249, held: 0 },
      payment: { refundableMinor: 3_999, remaining: 500 },
    });
    door.events.length = 0;
    const done = await door.call('billing.refund', {
      ...order,
      id: randomUUID(),
      stripeReason: 'requested_by_customer',
      ...words,
    });
    expect(done).toMatchObject({
      request: { state: 'refunded', reason: words.note, actor: 'test_admin' },
      payment: { refundedMinor: 2_000, refundableMinor: 1_999, recovered: 251 },
      balance: preview.after,
    });
    expect(door.events).toContainEqual({ type: 'billing.changed', customerId });
    expect(await door.call('billing.payment', { customerId, stripePaymentId })).toEqual(
      done.payment,
    );
    const report = await door.call('billing.moneyBack', {
      filter: { show: 'all' },
      cursor: null,
      limit: 10,
    });
    expect(report.rows).toContainEqual(
      expect.objectContaining({ customerId, customerName: 'Ada', asked: 251, recovered: 251 }),
    );
  });

  it('without an answer waits, is listed, and is finished with the same key', async () => {
    const { customerId, stripePaymentId } = await bought();
    stripe.simulator.faults.add({ kind: '503', method: 'POST', path: '/v1/refunds' });
    const id = randomUUID();
    const { request, balance } = await door.call('billing.refund', {
      ...{ id, customerId, stripePaymentId, amountMinor: 3_999, policy: 'debt' },
      stripeReason: 'duplicate',
      ...words,
    });
    expect(request.state).toBe('requested');
    expect(balance).toMatchObject({ balance: 500, held: 500 });
    await expect(door.call('billing.finishRefund', { id })).rejects.toMatchObject({
      code: 'stripe_unavailable',
    });
    const open = await door.call('billing.openRefunds', {});
    expect(open.requests.map((each) => each.id)).toEqual([id]);
    stripe.simulator.faults.clear();
    expect(await door.call('billing.finishRefund', { id })).toMatchObject({
      request: { state: 'refunded', error: null },
    });
    expect(await door.call('billing.openRefunds', {})).toEqual({ requests: [] });
    expect((await door.call('customers.get', { customerId })).balance.balance).toBe(0);
  });
});

describe('who may', () => {
  it('sell and refund: support, but what is not in Stripe yet has to be written by others', async () => {
    const support = await stripe.openAs('test_support');
    const customerId = await customer();
    await door.call('catalog.sync', { item: null, ...unconfirmed });
    const order = orderOf(customerId);
    const { sessionId } = await support.call('billing.startCheckout', order);
    pay(sessionId);
    const noted = await support.call('billing.refreshCheckout', { id: order.id });
    expect(['processing', 'paid']).toContain(noted.state);
    await door.call('billing.refreshCheckout', { id: order.id });
    const { payments } = await support.call('billing.customer', { customerId });
    const done = await support.call('billing.refund', {
      ...{ id: randomUUID(), customerId, amountMinor: 3_999, policy: 'remaining' },
      stripePaymentId: payments[0]?.stripePaymentId ?? '',
      stripeReason: 'requested_by_customer',
      ...words,
    });
    expect(done).toMatchObject({ request: { state: 'refunded' }, balance: { balance: 0 } });

    await door.call('catalog.savePackage', {
      ...{ isNew: true, id: 'unknown_there', name: 'New', credits: 5, currency: 'usd' },
      ...{ amountMinor: 100, active: true, ...unconfirmed },
    });
    await expect(
      support.call('billing.startCheckout', orderOf(customerId, { itemId: 'unknown_there' })),
    ).rejects.toMatchObject({ code: 'not_permitted' });
  });

  it('only look: a reader, who sees all of it', async () => {
    const { customerId, stripePaymentId } = await bought();
    const reader = await openConsoleDoor({ url: stripe.database.urlFor('test_reader') });
    try {
      expect((await reader.call('billing.customer', { customerId })).payments).toHaveLength(1);
      await reader.call('billing.openRefunds', {});
      await reader.call('billing.moneyBack', { filter: { show: 'all' }, cursor: null, limit: 10 });
      const order = { customerId, stripePaymentId, amountMinor: 1, policy: 'debt' as const };
      for (const call of [
        () => reader.call('billing.startCheckout', orderOf(customerId)),
        () => reader.call('billing.previewRefund', order),
        () =>
          reader.call('billing.refund', {
            ...{ ...order, id: randomUUID(), stripeReason: 'duplicate' },
            ...words,
          }),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'not_permitted' });
      }
    } finally {
      await reader.close();
    }
  });

  it('on a production connection: whoever confirms it', async () => {
    const { customerId, stripePaymentId } = await bought();
    const production = await openConsoleDoor({
      url: stripe.database.urlFor('test_admin'),
      environment: 'production',
    });
    try {
      const refund = {
        ...{
          id: randomUUID(),
          customerId,
          stripePaymentId,
          amountMinor: 1,
          policy: 'debt' as const,
        },
        stripeReason: 'duplicate' as const,
        ...words,
      };
      for (const call of [
        () => production.call('billing.startCheckout', orderOf(customerId)),
        () => production.call('billing.refund', refund),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'confirmation_required' });
      }
      // Confirmed, but this console has no key.
      await expect(
        production.call('billing.refund', { ...refund, confirmedProduction: true }),
      ).rejects.toMatchObject({ code: 'stripe_not_connected' });
      expect((await door.call('billing.openRefunds', {})).requests).toEqual([]);
    } finally {
      await production.close();
    }
  });
});
