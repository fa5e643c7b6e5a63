import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { completeBankDebit, payCheckout } from '#main/stripe-simulator/control.ts';
import {
  eventTypes,
  openCheckout,
  paidCheckout,
  purchaseMetadata,
  refusal,
  simulatorForEachTest,
} from '#test/support/stripe-simulator.ts';

const { simulator, stripe } = simulatorForEachTest();

const metadata = purchaseMetadata;
const checkout = (
  more?: Partial<Stripe.Checkout.SessionCreateParams>,
  price?: Partial<Stripe.PriceCreateParams>,
) => openCheckout(stripe, more, price);
const paidCharge = (amount?: number) => paidCheckout(simulator, stripe, amount);

describe('a checkout', () => {
  test('is open with a link, and shows its line items only when asked', async () => {
    const session = await checkout();
    expect(session).toMatchObject({
      status: 'open',
      payment_status: 'unpaid',
      amount_total: 999,
      currency: 'usd',
      payment_intent: null,
      livemode: false,
      client_reference_id: 'user_42',
      metadata,
    });
    expect(session.url).toBe(`${simulator.url}/pay/${session.id}`);
    expect(session.id).toMatch(/^cs_test_/);
    expect(session.line_items).toBeUndefined();
    const expanded = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['line_items', 'line_items.data.price.product'],
    });
    const [line] = expanded.line_items?.data ?? [];
    expect(line).toMatchObject({ quantity: 1, amount_total: 999, description: '100 credits' });
    expect(line?.price?.product).toMatchObject({ object: 'product', name: '100 credits' });
    const listed = await stripe.checkout.sessions.listLineItems(session.id);
    expect(listed.data.map(({ id }) => id)).toEqual([line?.id]);
  });

  test('that is paid has a payment intent and a charge with the metadata, and says so in events', async () => {
    const { session, intent, charge } = await paidCharge(999);
    expect(session).toMatchObject({ status: 'complete', payment_status: 'paid', url: null });
    expect(intent).toMatchObject({ status: 'succeeded', amount_received: 999, metadata });
    expect(charge).toMatchObject({ status: 'succeeded', paid: true, metadata, amount: 999 });
    expect(await eventTypes(stripe)).toEqual([
      'product.created',
      'price.created',
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'checkout.session.completed',
    ]);
    const [byIntent] = (await stripe.checkout.sessions.list({ payment_intent: intent.id })).data;
    expect(byIntent?.id).toBe(session.id);
    const again = await refusal(
      Promise.resolve().then(() => payCheckout(simulator.world, session.id, { method: 'card' })),
    );
    expect(again?.message).toMatch(/no longer active/);
  });

  test('of zero has no payment intent', async () => {
    const session = await checkout({}, { unit_amount: 0 });
    payCheckout(simulator.world, session.id, { method: 'card' });
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      amount_total: 0,
      payment_intent: null,
      payment_status: 'no_payment_required',
      status: 'complete',
    });
    expect(await eventTypes(stripe)).not.toContain('payment_intent.created');
  });

  test.each([
    ['succeeded', 'paid', 'checkout.session.async_payment_succeeded'],
    ['failed', 'unpaid', 'checkout.session.async_payment_failed'],
  ] as const)('by bank debit completes unpaid, then has %s', async (outcome, status, event) => {
    const session = await checkout();
    payCheckout(simulator.world, session.id, { method: 'bank_debit' });
    const waiting = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['payment_intent.latest_charge'],
    });
    expect(waiting).toMatchObject({
      status: 'complete',
      payment_status: 'unpaid',
      payment_intent: { status: 'processing', latest_charge: { status: 'pending', paid: false } },
    });
    completeBankDebit(simulator.world, session.id, outcome);
    const ended = await stripe.checkout.sessions.retrieve(session.id);
    expect(ended.payment_status).toBe(status);
    expect((await eventTypes(stripe)).slice(-4)).toEqual([
      'checkout.session.completed',
      `charge.${outcome}`,
      outcome === 'succeeded' ? 'payment_intent.succeeded' : 'payment_intent.payment_failed',
      event,
    ]);
  });

  test('with a declined card stays open, and the next try is a charge of the same payment', async () => {
    const session = await checkout({ customer_creation: 'always' });
    expect(() =>
      payCheckout(simulator.world, session.id, { method: 'card', decline: true }),
    ).toThrow('Your card was declined.');
    const open = await stripe.checkout.sessions.retrieve(session.id);
    expect(open.status).toBe('open');
    payCheckout(simulator.world, session.id, { method: 'card', email: 'ann@company.example' });
    const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['customer'] });
    expect(paid.payment_intent).toBe(open.payment_intent);
    expect(paid.customer).toMatchObject({ email: 'ann@company.example' });
    const charges = await stripe.charges.list({ payment_intent: String(paid.payment_intent) });
    expect(charges.data.map(({ status }) => status)).toEqual(['succeeded', 'failed']);
    expect(charges.data.map(({ customer }) => customer)).toEqual([
      (paid.customer as Stripe.Customer).id,
      null,
    ]);
  });

  test('for a known customer is listed with that customer', async () => {
    const customer = await stripe.customers.create({ email: 'bob@company.example' });
    const session = await checkout({ customer: customer.id });
    await checkout();
    const listed = await stripe.checkout.sessions.list({ customer: customer.id, status: 'open' });
    expect(listed.data.map(({ id }) => id)).toEqual([session.id]);
    payCheckout(simulator.world, session.id, { method: 'card' });
    const [intent] = (await stripe.paymentIntents.list({ customer: customer.id })).data;
    expect(intent?.metadata).toEqual(metadata);
    const error = await refusal(checkout({ customer: customer.id, customer_creation: 'always' }));
    expect(error).toMatchObject({ statusCode: 400, param: 'customer_creation' });
  });

  test('expires at its time by the movable clock, or when told to', async () => {
    const now = simulator.world.now();
    const soon = await checkout({ expires_at: now + 1_900 });
    const later = await checkout();
    simulator.world.advanceClock(now + 2_000);
    expect(await stripe.checkout.sessions.retrieve(soon.id)).toMatchObject({
      status: 'expired',
      url: null,
    });
    expect((await stripe.checkout.sessions.retrieve(later.id)).status).toBe('open');
    expect((await stripe.checkout.sessions.expire(later.id)).status).toBe('expired');
    const expired = await stripe.events.list({ type: 'checkout.session.expired' });
    expect(expired.data.map(({ data }) => (data.object as Stripe.Checkout.Session).id)).toEqual([
      later.id,
      soon.id,
    ]);
    expect(await refusal(stripe.checkout.sessions.expire(later.id))).toMatchObject({
      statusCode: 400,
    });
  });

  test.each([
    [{ success_url: undefined }, 'success_url'],
    [{ mode: 'setup' }, 'mode'],
    [{ line_items: [] }, 'line_items'],
    [{ line_items: [{ price: 'price_none', quantity: 1 }] }, 'line_items[0][price]'],
    [{ expires_at: 1 }, 'expires_at'],
    [{ automatic_tax: { enabled: true } }, 'automatic_tax'],
  ])('is refused with %j', async (more, parameter) => {
    const error = await refusal(checkout(more as Partial<Stripe.Checkout.SessionCreateParams>));
    expect(error).toMatchObject({ statusCode: 400, param: parameter });
  });

  test('refuses archived and recurring prices', async () => {
    const price = await stripe.prices.create({
      currency: 'usd',
      unit_amount: 999,
      product_data: { name: 'Old' },
    });
    await stripe.prices.update(price.id, { active: false });
    const line_items = [{ price: price.id, quantity: 1 }];
    expect(await refusal(checkout({ line_items }))).toMatchObject({ statusCode: 400 });
    const error = await refusal(checkout({}, { recurring: { interval: 'month' } }));
    expect(error?.message).toMatch(/recurring price/);
  });

  test('of mode subscription starts a subscription with a paid invoice', async () => {
    const session = await checkout(
      {
        mode: 'subscription',
        payment_intent_data: undefined,
        subscription_data: { metadata },
      } as never,
      { recurring: { interval: 'month' } },
    );
    payCheckout(simulator.world, session.id, { method: 'card', email: 'ann@company.example' });
    const paid = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['subscription', 'invoice'],
    });
    expect(paid).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      subscription: { status: 'active', metadata },
      invoice: { status: 'paid', billing_reason: 'subscription_create' },
    });
    await stripe.customers.del(String(paid.customer));
    const { id } = paid.subscription as Stripe.Subscription;
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('canceled');
    const gone = await stripe.checkout.sessions.retrieve(session.id, { expand: ['customer'] });
    expect(gone.customer).toEqual({ id: paid.customer, object: 'customer', deleted: true });
  });
});

describe('payment intents', () => {
  test('are confirmed with a test card', async () => {
    const intent = await stripe.paymentIntents.create({
      amount: 100,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      confirm: true,
    });
    expect(intent.status).toBe('succeeded');
    expect((await stripe.charges.retrieve(String(intent.latest_charge))).paid).toBe(true);
  });

  test('say why a card was declined', async () => {
    const error = await refusal(
      stripe.paymentIntents.create({
        amount: 100,
        currency: 'usd',
        payment_method: 'pm_card_chargeDeclinedInsufficientFunds',
        confirm: true,
      }),
    );
    expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
    expect(error).toMatchObject({
      statusCode: 402,
      code: 'card_declined',
      decline_code: 'insufficient_funds',
    });
  });

  test('of a customer have the customer’s payment methods', async () => {
    const customer = await stripe.customers.create();
    const method = await stripe.paymentMethods.create({
      type: 'card',
      card: { token: 'tok_visa' },
    });
    await stripe.paymentMethods.attach(method.id, { customer: customer.id });
    const listed = await stripe.customers.listPaymentMethods(customer.id);
    expect(listed.data.map(({ id }) => id)).toEqual([method.id]);
  });

  test('take minor units of any currency as they are', async () => {
    for (const currency of ['jpy', 'kwd']) {
      const intent = await stripe.paymentIntents.create({ amount: 12_345, currency });
      expect(intent).toMatchObject({ amount: 12_345, currency });
    }
  });
});

test('the calls that `stripe trigger checkout.session.completed` plays complete a session', async () => {
  const open = await checkout(
    {
      payment_intent_data: {
        shipping: { name: 'Jenny Rosen', address: { line1: '510 Townsend St', country: 'US' } },
      },
    },
    { unit_amount: 1_500 },
  );
  await stripe.rawRequest('GET', `/v1/payment_pages/${open.id}`);
  const method = await stripe.paymentMethods.create({
    type: 'card',
    card: { token: 'tok_visa' },
    billing_details: { email: 'stripe@company.example', name: 'Jenny Rosen' },
  });
  const wrong = stripe.rawRequest('POST', `/v1/payment_pages/${open.id}/confirm`, {
    payment_method: method.id,
    expected_amount: 1,
  });
  expect(await refusal(wrong)).toMatchObject({ statusCode: 400 });
  await stripe.rawRequest('POST', `/v1/payment_pages/${open.id}/confirm`, {
    payment_method: method.id,
    expected_amount: 1_500,
  });
  expect(await stripe.checkout.sessions.retrieve(open.id)).toMatchObject({
    payment_status: 'paid',
    customer_details: { email: 'stripe@company.example', name: 'Jenny Rosen' },
  });
});
