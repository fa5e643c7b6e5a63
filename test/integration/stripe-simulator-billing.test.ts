import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { advance, cancelSubscription } from '#main/stripe-simulator/billing-control.ts';
import { payCheckout } from '#main/stripe-simulator/control.ts';
import { idOf } from '#main/stripe-simulator/fields.ts';
import {
  at,
  billingForEachTest,
  day,
  february,
  hour,
  march,
  start,
} from '#test/support/billing-simulator.ts';

const billing = billingForEachTest();

describe('subscriptions', () => {
  test('begin with a paid invoice that names subscription, price, period and payment', async () => {
    const price = await billing.plan('Pro', 2_000);
    const subscription = await billing.subscribe(price, { metadata: { user_id: 'user_42' } });
    expect(subscription).toMatchObject({
      status: 'active',
      currency: 'usd',
      metadata: { user_id: 'user_42' },
    });
    expect(subscription.items.data).toMatchObject([
      {
        price: { id: price },
        quantity: 1,
        current_period_start: start,
        current_period_end: february,
      },
    ]);
    const invoice = await billing.stripe.invoices.retrieve(idOf(subscription.latest_invoice), {
      expand: ['payments'],
    });
    expect(invoice).toMatchObject({
      billing_reason: 'subscription_create',
      status: 'paid',
      amount_due: 2_000,
      amount_paid: 2_000,
      parent: {
        subscription_details: { subscription: subscription.id, metadata: { user_id: 'user_42' } },
      },
    });
    expect(invoice.lines.data).toMatchObject([
      {
        amount: 2_000,
        description: '1 × Pro (at $20.00 / month)',
        period: { start, end: february },
        pricing: { price_details: { price } },
        parent: {
          subscription_item_details: {
            subscription: subscription.id,
            subscription_item: subscription.items.data[0]?.id,
            proration: false,
          },
        },
      },
    ]);
    expect(invoice.payments?.data).toMatchObject([{ status: 'paid', amount_paid: 2_000 }]);
    expect(await billing.eventTypes()).toEqual([
      'customer.subscription.created',
      'invoice.created',
      'payment_intent.created',
      'invoice.finalized',
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice_payment.paid',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
    ]);
  });

  test('renew when the clock passes the end of the period, at the end of short months too', async () => {
    const subscription = await billing.subscribe(await billing.plan('Pro', 2_000));
    advance(billing.simulator.world, march + hour);
    const { data } = await billing.stripe.invoices.list({ subscription: subscription.id });
    expect(
      data.map(({ billing_reason, created, amount_paid, lines }) => [
        billing_reason,
        created,
        amount_paid,
        lines.data[0]?.period,
      ]),
    ).toEqual([
      ['subscription_cycle', march, 2_000, { start: march, end: at('2026-04-30T10:00:00Z') }],
      ['subscription_cycle', february, 2_000, { start: february, end: march }],
      ['subscription_create', start, 2_000, { start, end: february }],
    ]);
    const renewed = await billing.stripe.subscriptions.retrieve(subscription.id);
    expect(renewed.items.data[0]).toMatchObject({ current_period_start: march });
    expect(idOf(renewed.latest_invoice)).toBe(data[0]?.id);
  });

  test('renew every period that a sleeping simulator missed', async () => {
    await billing.subscribe(await billing.plan('Pro', 2_000));
    billing.simulator.world.advanceClock(at('2026-07-15T00:00:00Z'));
    expect(
      (await billing.stripe.invoices.list({ customer: billing.customer, limit: 100 })).data,
    ).toHaveLength(6);
  });

  test('can be free: the invoice of nothing is paid without a payment', async () => {
    const subscription = await billing.subscribe(await billing.plan('Free', 0));
    const invoice = await billing.stripe.invoices.retrieve(idOf(subscription.latest_invoice));
    expect(invoice).toMatchObject({ status: 'paid', amount_due: 0, amount_paid: 0 });
    expect((await billing.stripe.invoicePayments.list({ invoice: invoice.id })).data).toEqual([]);
    expect(await billing.eventTypes()).toContain('invoice.paid');
  });

  test('can begin with a trial, which is billed when it ends', async () => {
    const subscription = await billing.subscribe(await billing.plan('Pro', 2_000), {
      trial_period_days: 7,
    });
    expect(subscription).toMatchObject({ status: 'trialing', trial_end: start + 7 * day });
    advance(billing.simulator.world, start + 7 * day + 1);
    const { data } = await billing.stripe.invoices.list({ subscription: subscription.id });
    expect(data.map((invoice) => [invoice.billing_reason, invoice.total])).toEqual([
      ['subscription_cycle', 2_000],
      ['subscription_create', 0],
    ]);
    expect((await billing.stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('are listed by customer, status and price', async () => {
    const price = await billing.plan('Pro', 2_000);
    const other = await billing.plan('Basic', 500);
    const kept = await billing.subscribe(price);
    const ended = await billing.subscribe(other);
    await billing.stripe.subscriptions.cancel(ended.id);
    const ids = async (filter: Stripe.SubscriptionListParams) =>
      (await billing.stripe.subscriptions.list(filter)).data.map(({ id }) => id);
    expect(await ids({})).toEqual([kept.id]);
    expect(await ids({ status: 'all' })).toEqual([ended.id, kept.id]);
    expect(await ids({ status: 'canceled', customer: billing.customer })).toEqual([ended.id]);
    expect(await ids({ price: other, status: 'all' })).toEqual([ended.id]);
    expect(await ids({ customer: 'cus_other' })).toEqual([]);
  });

  test('end at once, or at the end of the period', async () => {
    const now = await billing.subscribe(await billing.plan('Basic', 500));
    const later = await billing.subscribe(await billing.plan('Pro', 2_000));
    expect(await billing.stripe.subscriptions.cancel(now.id)).toMatchObject({
      status: 'canceled',
      ended_at: start,
    });
    await expect(billing.stripe.subscriptions.cancel(now.id)).rejects.toThrow(
      'No such subscription',
    );
    const planned = await billing.stripe.subscriptions.update(later.id, {
      cancel_at_period_end: true,
    });
    expect(planned).toMatchObject({
      status: 'active',
      cancel_at_period_end: true,
      cancel_at: february,
    });
    advance(billing.simulator.world, february + 1);
    expect(await billing.stripe.subscriptions.retrieve(later.id)).toMatchObject({
      status: 'canceled',
      ended_at: february,
    });
    expect((await billing.stripe.invoices.list({ subscription: later.id })).data).toHaveLength(1);
    expect(
      (await billing.eventTypes()).filter((type) => type === 'customer.subscription.deleted'),
    ).toHaveLength(2);
  });

  test('end with their customer', async () => {
    const { id } = await billing.subscribe(await billing.plan('Pro', 2_000));
    await billing.stripe.customers.del(billing.customer);
    advance(billing.simulator.world, start + 1);
    expect((await billing.stripe.subscriptions.retrieve(id)).status).toBe('canceled');
  });

  test('stay when the planned end is taken back', async () => {
    const { id } = await billing.subscribe(await billing.plan('Pro', 2_000));
    cancelSubscription(billing.simulator.world, id, { atPeriodEnd: true });
    await billing.stripe.subscriptions.update(id, { cancel_at_period_end: false });
    advance(billing.simulator.world, february + 1);
    expect((await billing.stripe.subscriptions.retrieve(id)).status).toBe('active');
  });

  test('refuse what Stripe refuses', async () => {
    const price = await billing.plan('Pro', 2_000);
    const metered = (await billing.meteredPrice()).price;
    const oneTime = await billing.stripe.prices.create({
      currency: 'usd',
      unit_amount: 100,
      product_data: { name: 'Once' },
    });
    const wrong: [Stripe.SubscriptionCreateParams, RegExp][] = [
      [{ customer: 'cus_none', items: [{ price }] }, /No such customer: 'cus_none'/],
      [
        { customer: billing.customer, items: [{ price: 'price_none' }] },
        /No such price: 'price_none'/,
      ],
      [{ customer: billing.customer, items: [{ price: oneTime.id }] }, /type=one_time/],
      [
        { customer: billing.customer, items: [{ price }, { price }] },
        /Cannot add multiple subscription items with the same plan/,
      ],
      [{ customer: billing.customer, items: [{ price: metered, quantity: 2 }] }, /metered/],
      [{ customer: billing.customer }, /items/],
      [
        { customer: billing.customer, items: [{ price }], billing_thresholds: { amount_gte: 5 } },
        /does not simulate/,
      ],
    ];
    for (const [parameters, message] of wrong) {
      await expect(billing.stripe.subscriptions.create(parameters)).rejects.toThrow(message);
    }
    await billing.stripe.prices.update(price, { active: false });
    await expect(
      billing.stripe.subscriptions.create({ customer: billing.customer, items: [{ price }] }),
    ).rejects.toThrow(/inactive/);
    expect(billing.simulator.world.collection('subscriptions').count()).toBe(0);
    expect(billing.simulator.world.collection('invoices').count()).toBe(0);
  });
});

describe('test clocks and checkout', () => {
  test('a test clock moves the one clock of the simulator', async () => {
    const subscription = await billing.subscribe(await billing.plan('Pro', 2_000));
    const clock = await billing.stripe.testHelpers.testClocks.create({ frozen_time: start });
    const ready = await billing.stripe.testHelpers.testClocks.advance(clock.id, {
      frozen_time: february + 1,
    });
    expect(ready).toMatchObject({ status: 'ready', frozen_time: february + 1 });
    expect(
      (await billing.stripe.invoices.list({ subscription: subscription.id })).data,
    ).toHaveLength(2);
    await expect(
      billing.stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: start }),
    ).rejects.toThrow('after its frozen time');
    expect(await billing.stripe.testHelpers.testClocks.del(clock.id)).toMatchObject({
      deleted: true,
    });
  });

  test('a paid checkout of mode subscription starts the subscription with its metadata', async () => {
    const price = await billing.plan('Pro', 2_000);
    const session = await billing.stripe.checkout.sessions.create({
      mode: 'subscription',
      customer: billing.customer,
      line_items: [{ price, quantity: 1 }],
      success_url: 'https://company.example/done',
      subscription_data: { metadata: { user_id: 'user_42' } },
    });
    payCheckout(billing.simulator.world, session.id, { method: 'card' });
    const done = await billing.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['subscription', 'invoice'],
    });
    expect(done).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      subscription: { status: 'active', metadata: { user_id: 'user_42' } },
      invoice: { status: 'paid', amount_paid: 2_000, billing_reason: 'subscription_create' },
    });
  });
});
