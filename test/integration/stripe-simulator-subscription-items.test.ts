import { describe, expect, test } from 'vitest';
import { advance, cancelSubscription } from '#main/stripe-simulator/billing-control.ts';
import { idOf } from '#main/stripe-simulator/fields.ts';
import { billingForEachTest, day, february, start } from '#test/support/billing-simulator.ts';
import { refusal } from '#test/support/stripe-simulator.ts';

const billing = billingForEachTest();

const itemsOf = async (subscription: string) =>
  (await billing.stripe.subscriptionItems.list({ subscription })).data;

describe('an item of a subscription', () => {
  test('is listed and read by itself', async () => {
    const subscription = await billing.subscribe(await billing.plan('Basic', 1_000));
    const [item] = subscription.items.data;
    expect(await itemsOf(subscription.id)).toEqual(subscription.items.data);
    expect({ ...(await billing.stripe.subscriptionItems.retrieve(idOf(item))) }).toEqual(item);
    expect(await refusal(billing.stripe.subscriptionItems.retrieve('si_none'))).toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
    });
    expect(
      await refusal(billing.stripe.subscriptionItems.list({ subscription: 'sub_none' })),
    ).toMatchObject({ code: 'resource_missing', param: 'subscription' });
  });

  test('gets another price in the middle of the period: prorated on the next invoice, and told as a change of the subscription', async () => {
    const { subscription, pro } = await billing.halfway();
    const item = idOf(subscription.items.data[0]);
    const changed = await billing.stripe.subscriptionItems.update(item, { price: pro });
    expect(changed).toMatchObject({ id: item, price: { id: pro }, quantity: 1 });
    expect(await billing.eventTypes()).toContain('customer.subscription.updated');
    advance(billing.simulator.world, february + 1);
    const [renewal] = (await billing.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(renewal).toMatchObject({ total: 2_000 + 1_000 - 500 });
  });

  test('gets another quantity, billed at once or not at all where that is asked for', async () => {
    const subscription = await billing.subscribe(await billing.plan('Seat', 1_000));
    const item = idOf(subscription.items.data[0]);
    advance(billing.simulator.world, start + 14 * day);
    await billing.stripe.subscriptionItems.update(item, {
      quantity: 3,
      proration_behavior: 'always_invoice',
    });
    const [change] = (await billing.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(change).toMatchObject({ billing_reason: 'subscription_update', total: 1_500 - 500 });
    await billing.stripe.subscriptionItems.update(item, {
      quantity: 2,
      proration_behavior: 'none',
      metadata: { seats: 'two' },
    });
    expect(await itemsOf(subscription.id)).toMatchObject([
      { id: item, quantity: 2, metadata: { seats: 'two' } },
    ]);
    advance(billing.simulator.world, february + 1);
    const [renewal] = (await billing.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(renewal).toMatchObject({ billing_reason: 'subscription_cycle', total: 2_000 });
  });

  test('is added and taken away, but not the last one', async () => {
    const subscription = await billing.subscribe(await billing.plan('Basic', 1_000));
    const extra = await billing.plan('Support', 500);
    const added = await billing.stripe.subscriptionItems.create({
      subscription: subscription.id,
      price: extra,
    });
    expect(added).toMatchObject({ price: { id: extra }, subscription: subscription.id });
    expect(await itemsOf(subscription.id)).toHaveLength(2);
    expect({ ...(await billing.stripe.subscriptionItems.del(added.id)) }).toEqual({
      id: added.id,
      object: 'subscription_item',
      deleted: true,
    });
    const [last] = await itemsOf(subscription.id);
    expect(await refusal(billing.stripe.subscriptionItems.del(idOf(last)))).toMatchObject({
      statusCode: 400,
    });
    expect(await itemsOf(subscription.id)).toHaveLength(1);
  });

  test('is refused what its subscription is refused, under its own names', async () => {
    const subscription = await billing.subscribe(await billing.plan('Basic', 1_000));
    const items = billing.stripe.subscriptionItems;
    const item = idOf(subscription.items.data[0]);
    expect(await refusal(items.update(item, { price: 'price_none' }))).toMatchObject({
      code: 'resource_missing',
      param: 'price',
    });
    expect(await refusal(items.create({ subscription: subscription.id }))).toMatchObject({
      code: 'parameter_missing',
      param: 'price',
      message: 'Missing required param: price.',
    });
    expect(await refusal(items.update(item, { discounts: [{ coupon: 'half' }] }))).toMatchObject({
      code: 'parameter_unknown',
      param: 'discounts',
    });
    cancelSubscription(billing.simulator.world, subscription.id);
    expect(await refusal(items.update(item, { quantity: 2 }))).toMatchObject({
      code: 'invalid_canceled_subscription_fields',
    });
  });
});
