import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { advance, changePlan, failNextInvoice } from '#main/stripe-simulator/billing-control.ts';
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

describe('a change of the plan', () => {
  test('is prorated on the next invoice', async () => {
    const { subscription, pro } = await billing.halfway();
    await billing.stripe.subscriptions.update(subscription.id, {
      items: [{ id: idOf(subscription.items.data[0]), price: pro }],
    });
    expect(
      (await billing.stripe.invoices.list({ subscription: subscription.id })).data,
    ).toHaveLength(1);
    advance(billing.simulator.world, february + 1);
    const [renewal] = (await billing.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(renewal).toMatchObject({
      billing_reason: 'subscription_cycle',
      total: 2_000 + 1_000 - 500,
    });
    expect(
      renewal?.lines.data.map((line) => [
        line.amount,
        line.parent?.subscription_item_details?.proration,
      ]),
    ).toEqual([
      [-500, true],
      [1_000, true],
      [2_000, false],
    ]);
  });

  test('is billed at once as subscription_update where that is asked for', async () => {
    const { subscription, pro } = await billing.halfway();
    changePlan(billing.simulator.world, subscription.id, pro, 'always_invoice');
    const [update] = (await billing.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(update).toMatchObject({
      billing_reason: 'subscription_update',
      status: 'paid',
      amount_paid: 500,
    });
    expect(update?.lines.data.map((line) => line.description)).toEqual([
      'Unused time on Basic after 14 Feb 2026',
      'Remaining time on Pro after 14 Feb 2026',
    ]);
    expect(
      (await billing.stripe.subscriptions.retrieve(subscription.id)).items.data[0]
        ?.current_period_end,
    ).toBe(february);
  });

  test('costs nothing where prorations are turned off', async () => {
    const { subscription, pro } = await billing.halfway();
    await billing.stripe.subscriptions.update(subscription.id, {
      items: [{ id: idOf(subscription.items.data[0]), price: pro }],
      proration_behavior: 'none',
    });
    advance(billing.simulator.world, february + 1);
    expect(
      (await billing.stripe.invoices.list({ subscription: subscription.id })).data[0]?.total,
    ).toBe(2_000);
  });

  test('downwards leaves a credit that the next invoices use up', async () => {
    const pro = await billing.plan('Pro', 2_000);
    const basic = await billing.plan('Basic', 1_000);
    const subscription = await billing.subscribe(pro);
    advance(billing.simulator.world, start + 14 * day);
    changePlan(billing.simulator.world, subscription.id, basic, 'always_invoice');
    const [update] = (await billing.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(update).toMatchObject({
      total: -500,
      amount_due: 0,
      status: 'paid',
      ending_balance: -500,
    });
    advance(billing.simulator.world, february + 1);
    const [renewal] = (await billing.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(renewal).toMatchObject({
      total: 1_000,
      amount_due: 500,
      amount_paid: 500,
      starting_balance: -500,
      ending_balance: 0,
    });
  });

  test('from a free plan to a paid one starts a new period and is billed at once', async () => {
    const subscription = await billing.subscribe(await billing.plan('Free', 0));
    advance(billing.simulator.world, start + 14 * day);
    const changed = changePlan(
      billing.simulator.world,
      subscription.id,
      await billing.plan('Pro', 2_000),
    );
    expect(changed.items.data[0]).toMatchObject({
      current_period_start: start + 14 * day,
      current_period_end: at('2026-03-14T10:00:00Z'),
    });
    const [invoice] = (await billing.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(invoice).toMatchObject({ billing_reason: 'subscription_update', amount_paid: 2_000 });
  });

  test('to another interval starts a new period, credits the rest and bills at once', async () => {
    const { subscription } = await billing.halfway();
    const yearly = await billing.stripe.prices.create({
      currency: 'usd',
      unit_amount: 9_000,
      recurring: { interval: 'year' },
      product_data: { name: 'Yearly' },
    });
    const changed = changePlan(billing.simulator.world, subscription.id, yearly.id);
    const now = start + 14 * day;
    expect(changed).toMatchObject({
      billing_cycle_anchor: now,
      items: {
        data: [{ current_period_start: now, current_period_end: at('2027-02-14T10:00:00Z') }],
      },
    });
    const [invoice] = (await billing.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(invoice).toMatchObject({ billing_reason: 'subscription_update', total: 9_000 - 500 });
    advance(billing.simulator.world, march + day);
    expect(
      (await billing.stripe.invoices.list({ subscription: subscription.id })).data,
    ).toHaveLength(2);
  });

  test('can add items, take them away, and change how many', async () => {
    const { subscription, pro } = await billing.halfway();
    const [basic] = subscription.items.data;
    const update = (items: Stripe.SubscriptionUpdateParams.Item[]) =>
      billing.stripe.subscriptions.update(subscription.id, {
        items,
        proration_behavior: 'always_invoice',
      });
    const latest = async () =>
      (await billing.stripe.invoices.list({ subscription: subscription.id })).data[0]?.total;
    const added = await update([{ price: pro }]);
    expect(await latest()).toBe(1_000);
    expect(added.items.data.map((item) => item.current_period_end)).toEqual([february, february]);
    await update([{ id: idOf(basic), quantity: 4 }]);
    expect(await latest()).toBe(2_000 - 500);
    await update([{ id: idOf(added.items.data[1]), deleted: true }]);
    expect(await latest()).toBe(-1_000);
    await expect(update([{ id: idOf(basic), deleted: true }])).rejects.toThrow(
      'at least one active price',
    );
    await expect(update([{ id: 'si_none', quantity: 1 }])).rejects.toThrow(
      'No such subscription item',
    );
    await expect(update([{ price: idOf(basic?.price) }])).rejects.toThrow('Cannot add multiple');
  });

  test('bills the usage of a metered price that is replaced, and counts the new one from then on', async () => {
    const { meter, price } = await billing.meteredPrice();
    const subscription = await billing.subscribe(price);
    await billing.use('before', '100100');
    advance(billing.simulator.world, start + day);
    const flat = await billing.stripe.prices.create({
      currency: 'usd',
      unit_amount: 3,
      recurring: { interval: 'month', usage_type: 'metered', meter },
      product_data: { name: 'Flat usage' },
    });
    await billing.stripe.subscriptions.update(subscription.id, {
      items: [{ id: idOf(subscription.items.data[0]), price: flat.id }],
    });
    advance(billing.simulator.world, start + 2 * day);
    await billing.use('after', '5');
    advance(billing.simulator.world, february + 2 * hour);
    const [renewal] = (await billing.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(renewal?.lines.data.map((line) => [line.quantity, line.amount])).toEqual([
      [100_000, 0],
      [100, 2],
      [5, 15],
    ]);
  });

  test('that cannot be paid leaves the subscription past due', async () => {
    const { subscription, pro } = await billing.halfway();
    failNextInvoice(billing.simulator.world, billing.customer);
    expect(changePlan(billing.simulator.world, subscription.id, pro, 'always_invoice').status).toBe(
      'past_due',
    );
  });

  test('of metadata merges, tells what they were, and tells nothing where nothing changed', async () => {
    const { subscription } = await billing.halfway();
    const update = (metadata: Record<string, string>) =>
      billing.stripe.subscriptions.update(subscription.id, { metadata });
    await update({ a: '1', b: '2' });
    expect((await update({ a: '', c: '3' })).metadata).toEqual({ b: '2', c: '3' });
    await update({ c: '3' });
    const { data } = await billing.stripe.events.list({ type: 'customer.subscription.updated' });
    expect(data.map((event) => event.data.previous_attributes)).toEqual([
      { metadata: { a: '1', c: null } },
      { metadata: { a: null, b: null } },
    ]);
  });
});
