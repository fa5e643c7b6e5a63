import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '#main/logging/log.ts';
import type { CheckoutSession, StripeGateway } from '#main/stripe/gateway/gateway.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import { advance, changePlan } from '#main/stripe-simulator/billing-control.ts';
import {
  closeDispute,
  completeBankDebit,
  failRefund,
  openDispute,
  payCheckout,
} from '#main/stripe-simulator/control.ts';
import { type Simulator, startSimulator } from '#main/stripe-simulator/simulator.ts';
import { failureOf } from '#test/support/failure-of.ts';

const KEY = 'sk_test_gatewayGatewayGateway123456';
const ofCustomer = { userId: 'ada', email: null, name: null };

describe('the gateway and the simulator', () => {
  let simulator: Simulator;
  let gateway: StripeGateway;
  const restricted = 'rk_test_gatewayWithoutMuch';

  beforeAll(async () => {
    simulator = await startSimulator();
    const base = { host: '127.0.0.1', port: simulator.port };
    gateway = createStripeGateway({ key: KEY, base, log: silentLog });
  });
  afterAll(() => simulator?.close());

  const restrictedTo = (permissions: string[]) => {
    simulator.permit(restricted, permissions);
    const base = { host: '127.0.0.1', port: simulator.port };
    return createStripeGateway({ key: restricted, base, log: silentLog });
  };

  it('know the account; a restricted key need not', async () => {
    const account = await gateway.readAccount();
    expect(account.id).toMatch(/^acct_/);
    expect(account.livemode).toBe(false);
    expect(await restrictedTo([]).readAccount()).toEqual({
      id: null,
      name: null,
      livemode: false,
      answeredAt: expect.any(Date),
    });
  });

  it('have a page that a customer may end on; with Stripe it is Stripe’s own', async () => {
    const page = await fetch(gateway.afterwardsUrl);
    expect(await page.text()).toContain('You can close this page');
    const stripe = createStripeGateway({ key: KEY, log: silentLog });
    expect(stripe.afterwardsUrl).toBe('https://stripe.com/');
  });

  it('make a customer once for one key, and find it again', async () => {
    const ada = { userId: 'ada', email: 'ada@shop.example', name: 'Ada' };
    const made = await gateway.createCustomer(ada, 'customer:ada:1');
    expect(made).toMatchObject({ deleted: false, email: ada.email, metadata: { user_id: 'ada' } });
    expect((await gateway.createCustomer(ada, 'customer:ada:1')).id).toBe(made.id);
    expect(await gateway.findCustomer(made.id)).toEqual(made);
    expect(await gateway.findCustomer('cus_none')).toBeUndefined();
    const reused = await failureOf(
      gateway.createCustomer({ ...ada, userId: 'bob' }, 'customer:ada:1'),
    );
    expect(reused).toMatchObject({
      code: 'stripe_refused',
      details: { code: 'idempotency_error' },
    });
  });

  it('sell at a price under a lookup key, which a new price takes over', async () => {
    const { id: productId } = await gateway.createProduct(
      { name: '100 credits', metadata: { sku: 'small' } },
      'product:small',
    );
    const price = {
      productId,
      currency: 'usd',
      amountMinor: 999,
      lookupKey: 'credits_small',
      interval: null,
      metadata: { credits: '100' },
    };
    const first = await gateway.createPrice(price, 'price:small:999');
    expect(first).toMatchObject({
      productId,
      productName: '100 credits',
      productActive: true,
      productMetadata: { sku: 'small' },
      active: true,
      lookupKey: 'credits_small',
      currency: 'usd',
      amountMinor: 999,
      metadata: { credits: '100' },
      interval: null,
    });
    expect(await gateway.findPriceByLookupKey('credits_small')).toEqual(first);

    const second = await gateway.createPrice({ ...price, amountMinor: 1_099 }, 'price:small:1099');
    await gateway.updatePrice(first.id, { active: false });
    expect((await gateway.findPriceByLookupKey('credits_small'))?.id).toBe(second.id);
    expect(await gateway.findPrice(first.id)).toMatchObject({ active: false, lookupKey: null });

    await gateway.updatePrice(second.id, { active: false, metadata: { credits: '110' } });
    await gateway.updateProduct(productId, { name: 'Hundred', metadata: { note: 'x' } });
    expect(await gateway.findPriceByLookupKey('credits_small')).toMatchObject({
      id: second.id,
      active: false,
      productName: 'Hundred',
      productMetadata: { sku: 'small', note: 'x' },
      metadata: { credits: '110' },
    });
    expect(await gateway.findPriceByLookupKey('credits_none')).toBeUndefined();
    expect(await gateway.findPrice('price_none')).toBeUndefined();

    const monthly = await gateway.createPrice(
      { ...price, lookupKey: 'plan_basic', interval: 'month' },
      'price:basic',
    );
    expect(monthly.interval).toBe('month');
  });

  it('name the permission that a restricted key lacks', async () => {
    const error = await failureOf(
      restrictedTo(['rak_customer_read']).createCustomer(ofCustomer, 'customer:eve'),
    );
    expect(error).toMatchObject({
      code: 'stripe_permission',
      details: { needs: 'rak_customer_write' },
    });
  });

  it('do once what was done before the connection was cut', async () => {
    simulator.faults.add({ kind: 'cut_after', method: 'POST', path: '/v1/customers', times: 1 });
    const made = await gateway.createCustomer({ ...ofCustomer, userId: 'cut' }, 'customer:cut');
    const customers = [...simulator.world.collection('customers').newestFirst()];
    expect(customers.filter(({ metadata }) => metadata.user_id === 'cut')).toHaveLength(1);
    expect(made.id).toBe(customers.find(({ metadata }) => metadata.user_id === 'cut')?.id);
  });

  it('list the events of what was done, oldest first', async () => {
    const ids: (string | null)[] = [];
    for (const userId of ['first', 'second', 'third']) {
      ids.push((await gateway.createCustomer({ ...ofCustomer, userId }, `customer:${userId}`)).id);
    }
    const found: (string | null)[] = [];
    const query = { since: new Date(0), types: ['customer.created'] };
    for await (const page of gateway.listEvents(query)) {
      found.push(...page.map(({ objectId }) => objectId));
    }
    expect(found.slice(-3)).toEqual(ids);
  });
});

describe('money, through the gateway and the simulator', () => {
  let simulator: Simulator;
  let gateway: StripeGateway;
  let customerId: string;
  let started = 0;

  beforeAll(async () => {
    simulator = await startSimulator();
    const base = { host: '127.0.0.1', port: simulator.port };
    gateway = createStripeGateway({ key: KEY, base, log: silentLog });
    customerId = (await gateway.createCustomer(ofCustomer, 'customer:ada')).id;
  });
  afterAll(() => simulator?.close());

  async function priceOf(lookupKey: string, amountMinor: number, interval: 'month' | null = null) {
    const product = await gateway.createProduct(
      { name: lookupKey, metadata: {} },
      `product:${lookupKey}`,
    );
    return gateway.createPrice(
      {
        productId: product.id,
        currency: 'usd',
        amountMinor,
        lookupKey,
        interval,
        metadata: { credits: '100' },
      },
      `price:${lookupKey}:${amountMinor}`,
    );
  }

  async function startCheckout(
    priceId: string,
    mode: 'payment' | 'subscription' = 'payment',
  ): Promise<CheckoutSession> {
    started += 1;
    return gateway.createCheckoutSession(
      {
        mode,
        priceId,
        customerId,
        clientReferenceId: 'ada',
        metadata: { user_id: 'ada', credits: '100', type: 'credit_purchase' },
        successUrl: 'https://shop.example/thanks',
        cancelUrl: 'https://shop.example/back',
        expiresAt: new Date((simulator.world.now() + 3_600) * 1_000),
      },
      `session:${started}`,
    );
  }

  async function bought(
    amountMinor: number,
  ): Promise<CheckoutSession & { paymentIntentId: string }> {
    const price = await priceOf(`bought_${amountMinor}`, amountMinor);
    const { id } = await startCheckout(price.id);
    payCheckout(simulator.world, id, { method: 'card' });
    const session = await gateway.getCheckoutSession(id);
    const { paymentIntentId } = session;
    if (paymentIntentId === null) throw new Error('Nothing was paid.');
    return { ...session, paymentIntentId };
  }

  it('a session is open with a link, then paid, with its metadata on both and its lines', async () => {
    const price = await priceOf('small', 999);
    const open = await startCheckout(price.id);
    expect(open).toMatchObject({ status: 'open', paymentStatus: 'unpaid', customerId });
    expect(open.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    payCheckout(simulator.world, open.id, { method: 'card' });
    const paid = await gateway.getCheckoutSession(open.id);
    expect(paid).toMatchObject({
      status: 'complete',
      paymentStatus: 'paid',
      amountMinor: 999,
      currency: 'usd',
      clientReferenceId: 'ada',
      paymentIntentStatus: 'succeeded',
      paymentIntentMetadata: { user_id: 'ada', credits: '100', type: 'credit_purchase' },
      lines: [{ priceId: price.id, credits: '100', quantity: 1 }],
      url: null,
    });
    expect(await gateway.findSessionOfPayment(paid.paymentIntentId ?? '')).toEqual(paid);
    expect(await gateway.findPayment(paid.paymentIntentId ?? '')).toMatchObject({
      status: 'succeeded',
      amountReceivedMinor: 999,
      currency: 'usd',
    });
    expect(await gateway.findPayment('pi_none')).toBeUndefined();
    expect((await failureOf(gateway.getCheckoutSession('cs_test_none'))).code).toBe(
      'stripe_not_found',
    );
  });

  it('a bank debit is complete and unpaid until the bank has paid', async () => {
    const { id } = await startCheckout((await priceOf('debit', 999)).id);
    payCheckout(simulator.world, id, { method: 'bank_debit' });
    expect(await gateway.getCheckoutSession(id)).toMatchObject({
      status: 'complete',
      paymentStatus: 'unpaid',
      paymentIntentStatus: 'processing',
    });
    completeBankDebit(simulator.world, id, 'succeeded');
    expect((await gateway.getCheckoutSession(id)).paymentStatus).toBe('paid');
  });

  it('a session of nothing to pay has no payment', async () => {
    const { id } = await startCheckout((await priceOf('gift', 0)).id);
    payCheckout(simulator.world, id, { method: 'card' });
    expect(await gateway.getCheckoutSession(id)).toMatchObject({
      status: 'complete',
      paymentStatus: 'no_payment_required',
      amountMinor: 0,
      paymentIntentId: null,
      paymentIntentMetadata: null,
    });
  });

  it('an open session is ended; one that has ended is refused', async () => {
    const { id } = await startCheckout((await priceOf('ended', 999)).id);
    expect(await gateway.expireCheckoutSession(id)).toMatchObject({ status: 'expired', url: null });
    expect((await failureOf(gateway.expireCheckoutSession(id))).code).toBe('stripe_refused');
  });

  it('completed sessions are listed page by page, and no others', async () => {
    const all: string[] = [];
    let startingAfter: string | undefined;
    for (let hasMore = true; hasMore; ) {
      const page = await gateway.listCompletedSessions({ startingAfter, limit: 1 });
      all.push(...page.items.map(({ id, status }) => `${id} ${status}`));
      startingAfter = page.items.at(-1)?.id;
      hasMore = page.hasMore;
    }
    const complete = [...simulator.world.collection('checkout_sessions').newestFirst()]
      .filter(({ status }) => status === 'complete')
      .map(({ id }) => `${id} complete`);
    expect(all).toEqual(complete);
    const later = new Date((simulator.world.now() + 60) * 1_000);
    expect((await gateway.listCompletedSessions({ createdSince: later })).items).toEqual([]);
  });

  it('a refund is made once for one key, and carries who asked', async () => {
    const { paymentIntentId } = await bought(2_000);
    const wanted = {
      paymentIntentId,
      amountMinor: 500,
      reason: 'requested_by_customer',
      requestId: '42',
    } as const;
    const refund = await gateway.createRefund(wanted, 'refund:42');
    expect(refund).toMatchObject({
      paymentIntentId,
      amountMinor: 500,
      currency: 'usd',
      status: 'succeeded',
      metadata: { refund_request: '42' },
    });
    expect((await gateway.createRefund(wanted, 'refund:42')).id).toBe(refund.id);
    const second = await gateway.createRefund({ ...wanted, requestId: '43' }, 'refund:43');
    expect((await gateway.listRefundsOfPayment(paymentIntentId)).map(({ id }) => id)).toEqual([
      refund.id,
      second.id,
    ]);
    expect((await gateway.listRefunds({ limit: 1 })).items.map(({ id }) => id)).toEqual([
      second.id,
    ]);
    expect(await gateway.paymentOfCharge(refund.chargeId ?? '')).toBe(paymentIntentId);
    const tooMuch = gateway.createRefund({ ...wanted, amountMinor: 1_001 }, 'refund:44');
    expect((await failureOf(tooMuch)).code).toBe('stripe_refused');
    failRefund(simulator.world, second.id);
    expect((await gateway.getRefund(second.id)).status).toBe('failed');
  });

  it('a dispute is found by its payment, and ends', async () => {
    const { paymentIntentId } = await bought(3_000);
    const [charge] = [...simulator.world.collection('charges').newestFirst()];
    const { id } = openDispute(simulator.world, charge?.id ?? '');
    expect(await gateway.listDisputesOfPayment(paymentIntentId)).toMatchObject([
      { id, amountMinor: 3_000, currency: 'usd', status: 'needs_response', paymentIntentId },
    ]);
    closeDispute(simulator.world, id, 'lost');
    expect((await gateway.getDispute(id)).status).toBe('lost');
    expect((await gateway.listDisputes({})).items.map((dispute) => dispute.id)).toEqual([id]);
  });

  it('a subscription is invoiced each month; prorations are left out of the lines', async () => {
    const basic = await priceOf('plan_basic', 1_000, 'month');
    const pro = await priceOf('plan_pro', 5_000, 'month');
    const { id } = await startCheckout(basic.id, 'subscription');
    payCheckout(simulator.world, id, { method: 'card' });
    const { subscriptionId, lines } = await gateway.getCheckoutSession(id);
    expect(lines).toEqual([{ priceId: basic.id, credits: '100', quantity: 1 }]);
    const subscription = await gateway.getSubscription(subscriptionId ?? '');
    expect(subscription).toMatchObject({
      customerId,
      status: 'active',
      cancelAtPeriodEnd: false,
      metadata: { user_id: 'ada' },
      items: [{ priceId: basic.id, productId: basic.productId, lookupKey: 'plan_basic' }],
    });
    const [first] = (await gateway.listPaidInvoices({})).items;
    expect(first).toMatchObject({
      status: 'paid',
      billingReason: 'subscription_create',
      amountPaidMinor: 1_000,
      currency: 'usd',
      customerId,
      subscriptionId,
      subscriptionMetadata: { user_id: 'ada' },
      lines: [
        {
          priceId: basic.id,
          productId: basic.productId,
          periodStart: subscription.items[0]?.currentPeriodStart,
          periodEnd: subscription.items[0]?.currentPeriodEnd,
        },
      ],
    });
    expect(await gateway.getInvoice(first?.id ?? '')).toEqual(first);
    expect(await gateway.paymentOfInvoice(first?.id ?? '')).toMatch(/^pi_/);

    changePlan(simulator.world, subscriptionId ?? '', pro.id);
    advance(simulator.world, simulator.world.now() + 33 * 86_400);
    const [renewal] = (await gateway.listPaidInvoices({})).items;
    expect(renewal?.billingReason).toBe('subscription_cycle');
    expect(renewal?.lines.map(({ priceId }) => priceId)).toEqual([pro.id]);
    expect((await failureOf(gateway.getSubscription('sub_none'))).code).toBe('stripe_not_found');
  });
});
