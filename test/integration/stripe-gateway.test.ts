import { describe, expect, it } from 'vitest';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import { failureOf } from '#test/support/failure-of.ts';
import {
  failing,
  GATEWAY_KEY,
  type ScriptedAnswer,
  scriptedGatewayForEachTest,
} from '#test/support/scripted-stripe.ts';

const { gatewayTo, lines, waits, log } = scriptedGatewayForEachTest();
const customer = { id: 'cus_1', object: 'customer', livemode: false, metadata: {} };
const ofCustomer = { userId: 'ada', email: null, name: null };

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
      { key: GATEWAY_KEY, base: { host: 'stripe.example', port: 443 } },
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
    const { gateway, stop } = await gatewayTo(() => ({ json: customer }));
    await stop();
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
      failing(401, { message: `Invalid API Key provided: ${GATEWAY_KEY}`, param: GATEWAY_KEY }),
    );
    const error = await failureOf(gateway.findCustomer('cus_1'));
    expect(error.code).toBe('stripe_key_invalid');
    log.error('It failed.', error);
    const shown = JSON.stringify([error.message, error.details, lines, String(error.cause)]);
    expect(shown).not.toContain(GATEWAY_KEY.slice('sk_test_'.length));
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
