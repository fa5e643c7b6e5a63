import { afterEach, describe, expect, it } from 'vitest';
import { createLog } from '#main/logging/log.ts';
import type { StripeGateway } from '#main/stripe/gateway/gateway.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import { AppError } from '#shared/errors.ts';
import {
  type AskedOfStripe,
  type ScriptedAnswer,
  type ScriptedStripe,
  startScriptedStripe,
} from '#test/support/scripted-stripe.ts';

const KEY = 'sk_test_gatewayGatewayGateway123456';

const lines: string[] = [];
const waits: number[] = [];
const log = createLog((line) => lines.push(line));
const sleep = async (milliseconds: number) => {
  waits.push(milliseconds);
};

let scripted: ScriptedStripe | undefined;
afterEach(async () => {
  await scripted?.close();
  scripted = undefined;
  lines.length = 0;
  waits.length = 0;
});

/** A gateway to a server that answers as the test says. */
async function gatewayTo(
  answer: (request: AskedOfStripe, count: number) => ScriptedAnswer,
): Promise<{ gateway: StripeGateway; asked: AskedOfStripe[] }> {
  scripted = await startScriptedStripe(answer);
  const gateway = createStripeGateway({ key: KEY, base: scripted.base, log, sleep });
  return { gateway, asked: scripted.asked };
}

async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error(`No AppError: ${String(error)}`);
  return error;
}

const customer = { id: 'cus_1', object: 'customer', livemode: false, metadata: {} };
const ofCustomer = { userId: 'ada', email: null, name: null };
const failing = (status: number, error: object, headers = {}): ScriptedAnswer => ({
  status,
  json: { error: { type: 'invalid_request_error', ...error } },
  headers,
});

describe('a gateway', () => {
  it.each([
    ['what is no key', { key: 'hunter2' }, 'stripe_key_invalid'],
    ['an organisation’s key', { key: `sk_org_live_${'a'.repeat(40)}` }, 'stripe_key_invalid'],
    [
      'a live key together with another server',
      { key: `sk_live_${'a'.repeat(40)}`, base: { host: '127.0.0.1', port: 1 } },
      'stripe_key_invalid',
    ],
    [
      'a server that is not this computer',
      { key: KEY, base: { host: 'stripe.example', port: 443 } },
      'invalid_argument',
    ],
  ])('is not made for %s, and the message does not repeat the key', async (_, connection, code) => {
    const error = await failureOf(
      Promise.resolve().then(() => createStripeGateway({ ...connection, log })),
    );
    expect(error.code).toBe(code);
    expect(error.message).not.toContain(connection.key);
  });

  it('knows its mode from the key', () => {
    expect(createStripeGateway({ key: `rk_live_${'a'.repeat(40)}`, log }).livemode).toBe(true);
    expect(createStripeGateway({ key: `rk_test_${'a'.repeat(40)}`, log }).livemode).toBe(false);
  });

  it('tells Stripe who asks, by which version, and nothing of the machine', async () => {
    const { gateway, asked } = await gatewayTo(() => ({ json: customer }));
    await gateway.findCustomer('cus_1');
    const [headers] = asked.map((request) => request.headers);
    expect(headers?.['user-agent']).toContain('Credit Console');
    expect(headers?.['stripe-version']).toBe('2026-10-28.endive');
    expect(JSON.parse(String(headers?.['x-stripe-client-user-agent']))).not.toHaveProperty(
      'platform',
    );
    expect(headers).not.toHaveProperty('x-stripe-client-telemetry');
  });
});

describe('when Stripe asks for fewer requests', () => {
  it('the gateway waits as long as it is told, and sends the same key', async () => {
    const { gateway, asked } = await gatewayTo((_, count) =>
      count < 3
        ? failing(429, { code: 'rate_limit', message: 'Slow down' }, { 'retry-after': '7' })
        : { json: customer },
    );
    expect((await gateway.createCustomer(ofCustomer, 'customer:ada')).id).toBe('cus_1');
    expect(waits).toEqual([7_000, 7_000]);
    expect(asked.map(({ headers }) => headers['idempotency-key'])).toEqual([
      'customer:ada',
      'customer:ada',
      'customer:ada',
    ]);
  });

  it('it tries four times, a little later each time, and then says so', async () => {
    const { gateway, asked } = await gatewayTo(() => failing(429, { message: 'Slow down' }));
    const error = await failureOf(gateway.findCustomer('cus_1'));
    expect(error.code).toBe('stripe_rate_limited');
    expect(asked).toHaveLength(4);
    expect(waits).toHaveLength(3);
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(250 * 2 ** index);
      expect(wait).toBeLessThanOrEqual(750 * 2 ** index);
    }
  });

  it('it does not wait for minutes', async () => {
    const { gateway, asked } = await gatewayTo(() =>
      failing(429, { message: 'Later' }, { 'retry-after': '600' }),
    );
    const error = await failureOf(gateway.findCustomer('cus_1'));
    expect(error).toMatchObject({
      code: 'stripe_rate_limited',
      details: { retryAfterSeconds: 600 },
    });
    expect(asked).toHaveLength(1);
  });
});

describe('when Stripe cannot answer', () => {
  it('a 500 that passes is not noticed, and the same key is sent again', async () => {
    const { gateway, asked } = await gatewayTo((_, count) =>
      count === 1 ? failing(500, { type: 'api_error', message: 'Oops' }) : { json: customer },
    );
    expect((await gateway.createCustomer(ofCustomer, 'customer:ada')).id).toBe('cus_1');
    expect(asked.map(({ headers }) => headers['idempotency-key'])).toEqual([
      'customer:ada',
      'customer:ada',
    ]);
  });

  it('a cut connection is tried again', async () => {
    const { gateway, asked } = await gatewayTo((_, count) =>
      count === 1 ? 'cut' : { json: customer },
    );
    expect((await gateway.findCustomer('cus_1'))?.id).toBe('cus_1');
    expect(asked).toHaveLength(2);
  });

  it.each<[string, ScriptedAnswer]>([
    [
      'a lasting 500',
      failing(500, { type: 'api_error', message: 'Oops' }, { 'stripe-should-retry': 'false' }),
    ],
    ['an answer cut halfway', 'cut halfway'],
    ['a page of a proxy', { status: 200, text: '<html>Sign in to this network</html>' }],
    ['an empty answer', { status: 200, text: '' }],
    ['JSON that is no object', { status: 200, text: '"ok"' }],
    ['null', { status: 200, text: 'null' }],
    ['an object that is none of Stripe’s', { json: { hello: 'world' } }],
    ['a list in place of an object', { json: { object: 'list', data: [customer] } }],
    [
      'a work still going on under the same key',
      failing(
        409,
        { code: 'idempotency_key_in_use', message: 'Busy' },
        { 'stripe-should-retry': 'false' },
      ),
    ],
  ])('%s leaves the outcome unknown', async (_, answer) => {
    const { gateway } = await gatewayTo(() => answer);
    expect((await failureOf(gateway.createCustomer(ofCustomer, 'key'))).code).toBe(
      'stripe_unavailable',
    );
  });

  it('an object in place of a list is not understood', async () => {
    const { gateway } = await gatewayTo(() => ({ json: customer }));
    const error = await failureOf(gateway.listRefundsOfPayment('pi_1'));
    expect(error.message).toContain('does not speak like Stripe');
  });

  it('nobody listening is said to be so', async () => {
    const { gateway } = await gatewayTo(() => ({ json: customer }));
    await scripted?.close();
    const error = await failureOf(gateway.findCustomer('cus_1'));
    expect(error.code).toBe('stripe_unavailable');
    expect(error.message).toContain('did not answer');
  });
});

describe('what Stripe refuses', () => {
  it('for want of a permission names it', async () => {
    const { gateway } = await gatewayTo(() =>
      failing(403, {
        message:
          "The provided key 'rk_test_****3456' does not have the required permissions for this endpoint. Having the 'rak_charge_write' permission would allow this request to continue.",
      }),
    );
    const error = await failureOf(gateway.getRefund('re_1'));
    expect(error).toMatchObject({
      code: 'stripe_permission',
      message: expect.stringContaining('rak_charge_write'),
      details: { needs: 'rak_charge_write' },
    });
  });

  it('for a bad key says so, and repeats none, neither in the error nor in the log', async () => {
    const { gateway } = await gatewayTo(() =>
      failing(401, { message: `Invalid API Key provided: ${KEY}`, param: KEY }),
    );
    const error = await failureOf(gateway.findCustomer('cus_1'));
    expect(error.code).toBe('stripe_key_invalid');
    log.error('It failed.', error);
    const shown = JSON.stringify([error.message, error.details, lines, String(error.cause)]);
    expect(shown).not.toContain(KEY.slice('sk_test_'.length));
  });

  it.each([
    [404, { code: 'resource_missing', message: "No such refund: 're_1'" }, 'stripe_not_found'],
    [400, { code: 'resource_missing', message: "No such charge: 'ch_1'" }, 'stripe_not_found'],
    [
      404,
      {
        code: 'resource_missing',
        message:
          "No such refund: 're_1'; a similar object exists in live mode, but a test mode key was used to make this request.",
      },
      'stripe_other_mode',
    ],
    [503, { message: 'Away.' }, 'stripe_unavailable'],
  ])('with %i %j is told apart', async (status, said, code) => {
    const { gateway } = await gatewayTo(() =>
      failing(status, said, { 'stripe-should-retry': 'false' }),
    );
    expect((await failureOf(gateway.getRefund('re_1'))).code).toBe(code);
  });

  it.each([
    [400, { code: 'charge_already_refunded' }, 'charge_already_refunded'],
    [400, { type: 'idempotency_error' }, 'idempotency_error'],
    [402, { type: 'card_error', code: 'card_declined' }, 'card_declined'],
    [418, { code: 'teapot' }, 'teapot'],
  ])('with %i %j is passed on: its own code, words and number', async (status, said, code) => {
    const { gateway } = await gatewayTo(() => failing(status, { message: 'Not so.', ...said }));
    expect(await failureOf(gateway.getRefund('re_1'))).toMatchObject({
      code: 'stripe_refused',
      message: 'Stripe refused this: Not so.',
      details: { code, status, requestId: 'req_1' },
    });
  });

  it('without saying why is not taken for a success', async () => {
    const { gateway } = await gatewayTo(() => ({ status: 400, json: customer }));
    expect((await failureOf(gateway.findCustomer('cus_1'))).code).toBe('stripe_refused');
  });
});

describe('test and live', () => {
  it.each([
    ['an object', { ...customer, livemode: true }],
    ['an object inside', { ...customer, default_source: { id: 'card_1', livemode: true } }],
  ])('never mix: %s of the other mode is not used', async (_, json) => {
    const { gateway } = await gatewayTo(() => ({ json }));
    expect((await failureOf(gateway.findCustomer('cus_1'))).code).toBe('stripe_other_mode');
  });

  it('never mix in lists either', async () => {
    const session = { id: 'cs_1', payment_status: 'paid', livemode: false };
    const { gateway } = await gatewayTo(() => ({
      json: { object: 'list', has_more: false, data: [session, { ...session, livemode: true }] },
    }));
    expect((await failureOf(gateway.listCompletedSessions({}))).code).toBe('stripe_other_mode');
  });
});

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
