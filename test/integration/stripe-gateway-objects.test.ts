import { describe, expect, it } from 'vitest';
import { failing, scriptedGatewayForEachTest } from '#test/support/scripted-stripe.ts';

const { gatewayTo } = scriptedGatewayForEachTest();

describe('a checkout session', () => {
  const wanted = {
    priceId: 'price_1',
    customerId: 'cus_1',
    clientReferenceId: 'ada',
    metadata: { user_id: 'ada', credits: '100', type: 'credit_purchase' },
    successUrl: 'https://shop.example/thanks',
    cancelUrl: 'https://shop.example/back',
    expiresAt: new Date('2026-11-22T09:00:00.900Z'),
  };
  const open = {
    id: 'cs_test_1',
    object: 'checkout.session',
    livemode: false,
    mode: 'payment',
    status: 'open',
    payment_status: 'unpaid',
    currency: 'usd',
    amount_total: 999,
    payment_intent: null,
    customer: 'cus_1',
    client_reference_id: 'ada',
    metadata: wanted.metadata,
    url: 'https://checkout.stripe.com/c/pay/cs_test_1',
    created: 1_795_334_000,
    expires_at: 1_795_337_600,
  };

  it.each([
    ['payment', 'payment_intent_data'],
    ['subscription', 'subscription_data'],
  ] as const)('of mode %s has its metadata on %s too', async (mode, place) => {
    const { gateway, asked } = await gatewayTo(() => ({ json: open }));
    const session = await gateway.createCheckoutSession({ mode, ...wanted }, 'session:1');
    expect(asked[0]?.headers['idempotency-key']).toBe('session:1');
    expect(asked[0]?.parameters).toEqual({
      mode,
      line_items: [{ price: 'price_1', quantity: '1' }],
      customer: 'cus_1',
      client_reference_id: 'ada',
      metadata: wanted.metadata,
      [place]: { metadata: wanted.metadata },
      success_url: wanted.successUrl,
      cancel_url: wanted.cancelUrl,
      expires_at: '1795338000',
    });
    expect(session).toMatchObject({ id: 'cs_test_1', status: 'open', lines: null, url: open.url });
  });

  it('is read with its payment and its lines', async () => {
    const { gateway, asked } = await gatewayTo(() => ({
      json: {
        ...open,
        status: 'complete',
        payment_status: 'paid',
        url: null,
        payment_intent: {
          id: 'pi_1',
          livemode: false,
          status: 'succeeded',
          metadata: wanted.metadata,
        },
        line_items: {
          object: 'list',
          has_more: false,
          data: [
            { id: 'li_1', quantity: 2, price: { id: 'price_1', metadata: { credits: '50' } } },
            { id: 'li_2', quantity: 1, price: { id: 'price_2', metadata: {} } },
          ],
        },
      },
    }));
    expect(await gateway.getCheckoutSession('cs_test_1')).toEqual({
      id: 'cs_test_1',
      livemode: false,
      mode: 'payment',
      status: 'complete',
      paymentStatus: 'paid',
      currency: 'usd',
      amountMinor: 999,
      paymentIntentId: 'pi_1',
      customerId: 'cus_1',
      clientReferenceId: 'ada',
      subscriptionId: null,
      metadata: wanted.metadata,
      paymentIntentMetadata: wanted.metadata,
      paymentIntentStatus: 'succeeded',
      lines: [
        { priceId: 'price_1', credits: '50', quantity: 2 },
        { priceId: 'price_2', credits: null, quantity: 1 },
      ],
      url: null,
      createdAt: new Date(1_795_334_000_000),
      expiresAt: new Date(1_795_337_600_000),
    });
    expect(asked[0]?.parameters).toEqual({ expand: ['payment_intent', 'line_items'] });
  });

  it('is read from a server that does not expand: what is missing is asked for', async () => {
    const { gateway } = await gatewayTo(({ path }) => {
      switch (path) {
        case '/v1/checkout/sessions/cs_test_1':
          return { json: { ...open, status: 'complete', payment_intent: 'pi_1' } };
        case '/v1/payment_intents/pi_1':
          return { json: { id: 'pi_1', status: 'processing', metadata: { user_id: 'ada' } } };
        case '/v1/checkout/sessions/cs_test_1/line_items':
          return { json: { data: [{ id: 'li_1', quantity: 3, price: 'price_1' }] } };
        case '/v1/prices/price_1':
          return { json: { id: 'price_1', metadata: { credits: '7' } } };
        default:
          return failing(404, { message: `Unrecognized request URL (${path})` });
      }
    });
    expect(await gateway.getCheckoutSession('cs_test_1')).toMatchObject({
      paymentIntentId: 'pi_1',
      paymentIntentStatus: 'processing',
      paymentIntentMetadata: { user_id: 'ada' },
      lines: [{ priceId: 'price_1', credits: '7', quantity: 3 }],
    });
  });

  it('is read from a server that has sessions and nothing else', async () => {
    const { gateway } = await gatewayTo(({ path }) =>
      path === '/v1/checkout/sessions/cs_test_1'
        ? {
            json: {
              id: 'cs_test_1',
              mode: 'payment',
              payment_status: 'paid',
              payment_intent: 'pi_1',
            },
          }
        : failing(404, { message: 'Not here' }),
    );
    expect(await gateway.getCheckoutSession('cs_test_1')).toMatchObject({
      status: 'complete',
      paymentStatus: 'paid',
      paymentIntentId: 'pi_1',
      paymentIntentMetadata: null,
      lines: null,
      metadata: {},
    });
  });

  it('of a payment is found by it alone', async () => {
    const { gateway } = await gatewayTo(({ path, parameters }) => {
      // As a server that does not know the filter.
      const session = { ...open, payment_intent: { id: 'pi_1' }, line_items: { data: [] } };
      if (path !== '/v1/checkout/sessions') return { json: session };
      expect(parameters.payment_intent).toMatch(/^pi_/);
      return { json: { data: [session], has_more: false } };
    });
    expect((await gateway.findSessionOfPayment('pi_1'))?.id).toBe('cs_test_1');
    expect(await gateway.findSessionOfPayment('pi_2')).toBeUndefined();
  });
});

describe('an invoice', () => {
  const line = (id: string, proration: boolean) => ({
    id,
    period: { start: 1_795_334_000, end: 1_797_926_000 },
    parent: {
      type: 'subscription_item_details',
      subscription_item_details: { proration },
      invoice_item_details: null,
    },
    pricing: { type: 'price_details', price_details: { price: `price_${id}`, product: 'prod_1' } },
  });
  const invoice = {
    id: 'in_1',
    object: 'invoice',
    livemode: false,
    status: 'paid',
    billing_reason: 'subscription_cycle',
    currency: 'usd',
    amount_paid: 2_000,
    customer: 'cus_1',
    metadata: {},
    parent: {
      type: 'subscription_details',
      subscription_details: { subscription: 'sub_1', metadata: { user_id: 'ada' } },
    },
    created: 1_795_334_000,
    status_transitions: { paid_at: 1_795_334_100 },
  };

  it('is read with all of its lines that are a subscription’s and no prorations', async () => {
    const { gateway } = await gatewayTo(({ path, parameters }) => {
      if (path === '/v1/invoices/in_1') {
        return { json: { ...invoice, lines: { has_more: true, data: [line('1', false)] } } };
      }
      return parameters.starting_after === undefined
        ? { json: { has_more: true, data: [line('1', false), line('2', true)] } }
        : { json: { has_more: false, data: [line('3', false)] } };
    });
    const read = await gateway.getInvoice('in_1');
    expect(read).toMatchObject({
      billingReason: 'subscription_cycle',
      amountPaidMinor: 2_000,
      subscriptionId: 'sub_1',
      subscriptionMetadata: { user_id: 'ada' },
      paidAt: new Date(1_795_334_100_000),
    });
    expect(read.lines.map(({ priceId, productId }) => [priceId, productId])).toEqual([
      ['price_1', 'prod_1'],
      ['price_3', 'prod_1'],
    ]);
    expect(read.lines[0]?.periodEnd).toEqual(new Date(1_797_926_000_000));
  });

  it('of an older server is understood', async () => {
    const { gateway } = await gatewayTo(({ path }) =>
      path === '/v1/invoices/in_1'
        ? {
            json: {
              ...invoice,
              parent: undefined,
              subscription: 'sub_1',
              subscription_details: { metadata: { user_id: 'ada' } },
              payment_intent: 'pi_1',
              lines: {
                has_more: false,
                data: [
                  {
                    id: 'il_1',
                    type: 'subscription',
                    proration: false,
                    period: { start: 1, end: 2 },
                    price: { id: 'price_1', product: 'prod_1' },
                  },
                  {
                    id: 'il_2',
                    type: 'invoiceitem',
                    proration: true,
                    period: { start: 1, end: 2 },
                  },
                ],
              },
            },
          }
        : failing(404, { message: 'Unrecognized request URL' }),
    );
    expect(await gateway.getInvoice('in_1')).toMatchObject({
      subscriptionId: 'sub_1',
      subscriptionMetadata: { user_id: 'ada' },
      lines: [{ priceId: 'price_1', productId: 'prod_1' }],
    });
    expect(await gateway.paymentOfInvoice('in_1')).toBe('pi_1');
  });

  it('names the payment intent that paid it, and none where money came otherwise', async () => {
    const payment = (given: object) => ({ id: 'inpay_1', livemode: false, payment: given });
    let payments = [payment({ type: 'payment_record', payment_record: 'pr_1' })];
    const { gateway, asked } = await gatewayTo(() => ({
      json: { data: payments, has_more: false },
    }));
    expect(await gateway.paymentOfInvoice('in_1')).toBeNull();
    payments = [payment({ type: 'payment_intent', payment_intent: 'pi_1' })];
    expect(await gateway.paymentOfInvoice('in_1')).toBe('pi_1');
    payments = [];
    expect(await gateway.paymentOfInvoice('in_1')).toBeNull();
    expect(asked[0]?.parameters).toMatchObject({ invoice: 'in_1', status: 'paid' });
  });
});

describe('refunds', () => {
  const refund = {
    id: 're_1',
    object: 'refund',
    payment_intent: 'pi_1',
    charge: 'ch_1',
    amount: 500,
    currency: 'jpy',
    status: 'succeeded',
    reason: 'requested_by_customer',
    metadata: { refund_request: '7' },
    created: 1_795_334_000,
  };

  it('carry the number of what asked for them, and are made under its key', async () => {
    const { gateway, asked } = await gatewayTo(() => ({ json: refund }));
    const made = await gateway.createRefund(
      { paymentIntentId: 'pi_1', amountMinor: 500, reason: 'duplicate', requestId: '7' },
      'refund:7',
    );
    expect(made).toMatchObject({
      id: 're_1',
      amountMinor: 500,
      currency: 'jpy',
      status: 'succeeded',
    });
    expect(asked[0]?.headers['idempotency-key']).toBe('refund:7');
    expect(asked[0]?.parameters).toEqual({
      payment_intent: 'pi_1',
      amount: '500',
      reason: 'duplicate',
      metadata: { refund_request: '7' },
    });
  });

  it('of a payment come oldest first over all pages, even from a server that does not page', async () => {
    const { gateway, asked } = await gatewayTo(({ parameters }) => ({
      json: {
        has_more: true,
        data:
          parameters.starting_after === undefined
            ? [
                { ...refund, id: 're_3' },
                { ...refund, id: 're_2' },
              ]
            : [refund],
      },
    }));
    const refunds = await gateway.listRefundsOfPayment('pi_1');
    expect(refunds.map(({ id }) => id)).toEqual(['re_1', 're_2', 're_3']);
    expect(asked.map(({ parameters }) => parameters.starting_after)).toEqual([
      undefined,
      're_2',
      're_1',
    ]);
  });
});

describe('events', () => {
  const at = (id: string, created: number, type = 'refund.created') => ({
    id,
    type,
    created,
    livemode: false,
    api_version: null,
    data: { object: { id: 're_1', object: 'refund' } },
  });

  it('come oldest first, in pages, each once', async () => {
    const newestFirst = Array.from({ length: 250 }, (_, index) =>
      at(`evt_${249 - index}`, 1_795_334_000 + Math.floor((249 - index) / 3)),
    );
    const { gateway, asked } = await gatewayTo(({ parameters }) => {
      const from = newestFirst.findIndex(({ id }) => id === parameters.starting_after) + 1;
      const data = newestFirst.slice(from, from + 100);
      return { json: { data, has_more: from + 100 < newestFirst.length } };
    });
    const pages: string[][] = [];
    const since = new Date(1_795_334_000_500);
    for await (const page of gateway.listEvents({ since, types: ['refund.created'] })) {
      pages.push(page.map(({ id }) => id));
    }
    expect(pages.map(({ length }) => length)).toEqual([100, 100, 50]);
    expect(pages.flat()).toEqual(newestFirst.map(({ id }) => id).reverse());
    expect(asked).toHaveLength(3);
    expect(asked[0]?.parameters).toEqual({
      created: { gte: '1795334000' },
      types: ['refund.created'],
      limit: '100',
    });
  });

  it('that were not asked for are left out, should a server not know the filters', async () => {
    const { gateway } = await gatewayTo(() => ({
      json: {
        has_more: true,
        data: [at('evt_3', 200), at('evt_2', 150, 'plan.created'), at('evt_1', 10)],
      },
    }));
    const found: string[] = [];
    for await (const page of gateway.listEvents({
      since: new Date(100_000),
      types: ['refund.created'],
    })) {
      found.push(...page.map(({ id }) => id));
    }
    expect(found).toEqual(['evt_3']);
  });
});
