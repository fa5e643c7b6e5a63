import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { refusal, simulatorForEachTest, stripeFor } from '#test/support/stripe-simulator.ts';

const { simulator, stripe } = simulatorForEachTest();

const newPrice = (more: Partial<Stripe.PriceCreateParams> = {}) =>
  stripe.prices.create({
    currency: 'usd',
    unit_amount: 999,
    product_data: { name: '100 credits' },
    ...more,
  });

describe('customers', () => {
  test('are created, changed and listed; metadata merge and "" deletes', async () => {
    const customer = await stripe.customers.create({
      email: 'ann@company.example',
      name: 'Ann',
      metadata: { user_id: 'user_42', credits: 5 },
    });
    expect(customer).toMatchObject({
      object: 'customer',
      livemode: false,
      metadata: { user_id: 'user_42', credits: '5' },
    });
    const changed = await stripe.customers.update(customer.id, {
      name: '',
      metadata: { credits: '', plan: 'pro' },
    });
    expect(changed).toMatchObject({ name: null, email: 'ann@company.example' });
    expect(changed.metadata).toEqual({ user_id: 'user_42', plan: 'pro' });
    const [updated] = (await stripe.events.list({ type: 'customer.updated' })).data;
    expect(updated?.data.previous_attributes).toEqual({
      name: 'Ann',
      metadata: { credits: '5', plan: null },
    });
    expect((await stripe.customers.update(customer.id, { metadata: '' })).metadata).toEqual({});
    await stripe.customers.create({ email: 'bob@company.example' });
    const listed = await stripe.customers.list({ email: 'ann@company.example' });
    expect(listed.data.map(({ id }) => id)).toEqual([customer.id]);
  });

  test('that were deleted say so, and are refused elsewhere', async () => {
    const { id } = await stripe.customers.create();
    expect(await stripe.customers.del(id)).toMatchObject({ id, object: 'customer', deleted: true });
    expect({ ...(await stripe.customers.retrieve(id)) }).toEqual({
      id,
      object: 'customer',
      deleted: true,
    });
    expect(await refusal(stripe.customers.update(id, { name: 'Ann' }))).toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      param: 'id',
    });
    expect((await stripe.customers.list()).data).toEqual([]);
    expect(await refusal(stripe.customers.retrieve('cus_none'))).toMatchObject({ statusCode: 404 });
  });

  test('refuse metadata beyond Stripe’s limits', async () => {
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, 'v']));
    for (const metadata of [many, { ['k'.repeat(41)]: 'v' }, { k: 'v'.repeat(501) }]) {
      expect(await refusal(stripe.customers.create({ metadata }))).toMatchObject({
        statusCode: 400,
      });
    }
    expect((await stripe.customers.list()).data).toEqual([]);
  });
});

describe('prices', () => {
  test('have an amount that never changes', async () => {
    const price = await newPrice({ metadata: { credits: 100 } });
    expect(price).toMatchObject({
      active: true,
      currency: 'usd',
      livemode: false,
      type: 'one_time',
      unit_amount: 999,
      metadata: { credits: '100' },
    });
    expect(String(price.unit_amount_decimal)).toBe('999');
    const change = { unit_amount: 1 } as Stripe.PriceUpdateParams;
    expect(await refusal(stripe.prices.update(price.id, change))).toMatchObject({
      code: 'parameter_unknown',
      param: 'unit_amount',
    });
    expect((await stripe.prices.update(price.id, { active: false })).active).toBe(false);
    expect((await newPrice({ unit_amount: 0 })).unit_amount).toBe(0);
    expect(await refusal(newPrice({ unit_amount: -1 }))).toMatchObject({ param: 'unit_amount' });
  });

  test('are found by lookup key, which moves only when told to', async () => {
    const first = await newPrice({ lookup_key: 'pack_100' });
    expect(await refusal(newPrice({ lookup_key: 'pack_100' }))).toMatchObject({
      statusCode: 400,
      param: 'lookup_key',
    });
    const second = await newPrice({ lookup_key: 'pack_100', transfer_lookup_key: true });
    await newPrice({ lookup_key: 'pack_500' });
    expect((await stripe.prices.retrieve(first.id)).lookup_key).toBeNull();
    const found = await stripe.prices.list({ lookup_keys: ['pack_100'], expand: ['data.product'] });
    expect(found.data.map(({ id }) => id)).toEqual([second.id]);
    expect(found.data[0]?.product).toMatchObject({ object: 'product', name: '100 credits' });
  });

  test('with tiers show them only when asked', async () => {
    const price = await stripe.prices.create({
      currency: 'usd',
      product_data: { name: 'Usage' },
      billing_scheme: 'tiered',
      tiers_mode: 'graduated',
      tiers: [
        { up_to: 100, unit_amount: 0 },
        { up_to: 'inf', unit_amount_decimal: Stripe.Decimal.from('0.02') },
      ],
      recurring: { interval: 'month' },
    });
    expect(price).toMatchObject({ unit_amount: null, tiers_mode: 'graduated' });
    expect(price.tiers).toBeUndefined();
    const { tiers } = await stripe.prices.retrieve(price.id, { expand: ['tiers'] });
    expect(tiers?.map(({ up_to }) => up_to)).toEqual([100, null]);
    expect(String(tiers?.[1]?.unit_amount_decimal)).toBe('0.02');
  });

  test('and products are listed by what Stripe filters by', async () => {
    const price = await newPrice();
    const product = String(price.product);
    await newPrice({ active: false });
    await newPrice({ currency: 'eur' });
    expect((await stripe.prices.list({ product })).data).toHaveLength(1);
    expect((await stripe.prices.list({ active: true })).data).toHaveLength(2);
    expect((await stripe.prices.list({ currency: 'eur' })).data).toHaveLength(1);
    await stripe.products.update(product, { active: false, metadata: { credits: '100' } });
    expect((await stripe.products.list({ active: false })).data).toMatchObject([
      { id: product, metadata: { credits: '100' } },
    ]);
    expect((await stripe.products.list({ ids: [product] })).data).toHaveLength(1);
    expect(await refusal(stripe.products.del(product))).toMatchObject({ statusCode: 400 });
  });
});

describe('lists', () => {
  test('are pages, newest first, in both directions', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 25; index += 1) {
      ids.unshift((await stripe.customers.create({ name: String(index) })).id);
    }
    const first = await stripe.customers.list();
    expect(first).toMatchObject({ has_more: true, url: '/v1/customers' });
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 10));
    const all = await stripe.customers.list({ limit: 7 }).autoPagingToArray({ limit: 100 });
    expect(all.map(({ id }) => id)).toEqual(ids);
    const page = await stripe.customers.list({ ending_before: ids[20] ?? '', limit: 3 });
    expect(page.data.map(({ id }) => id)).toEqual(ids.slice(17, 20));
    expect(page.has_more).toBe(true);
    const newer: string[] = [];
    for await (const { id } of stripe.customers.list({ ending_before: ids[20] ?? '', limit: 6 })) {
      newer.push(id);
    }
    expect(newer).toEqual(ids.slice(0, 20).reverse());
  });

  test('filter by when objects were created', async () => {
    const start = simulator.world.now();
    await stripe.customers.create({ name: 'early' });
    simulator.world.advanceClock(start + 1_000);
    await stripe.customers.create({ name: 'late' });
    const names = async (created: Stripe.RangeQueryParam) =>
      (await stripe.customers.list({ created })).data.map(({ name }) => name);
    expect(await names({ gte: start + 1_000 })).toEqual(['late']);
    expect(await names({ lt: start + 1_000 })).toEqual(['early']);
    expect(await names({ gte: start, lte: start + 2_000 })).toEqual(['late', 'early']);
  });

  test('refuse what Stripe refuses', async () => {
    for (const parameters of [
      { limit: 0 },
      { limit: 101 },
      { starting_after: 'cus_none' },
      { starting_after: 'cus_1', ending_before: 'cus_2' },
      { expand: ['data.shoe_size'] },
      { expand: ['data.name.x'] },
    ]) {
      await stripe.customers.create({ name: 'Ann' });
      expect(await refusal(stripe.customers.list(parameters))).toMatchObject({ statusCode: 400 });
    }
  });
});

describe('events', () => {
  test('are listed by type, name the request, and go after 30 days', async () => {
    const customer = await stripe.customers.create({ name: 'Ann' }, { idempotencyKey: 'ann' });
    await newPrice();
    const types = ['customer.created', 'price.created'];
    const listed = await stripe.events.list({ types });
    expect(listed.data.map(({ type }) => type)).toEqual(['price.created', 'customer.created']);
    const event = listed.data[1];
    expect(event).toMatchObject({
      api_version: '2026-10-28.endive',
      livemode: false,
      data: { object: { id: customer.id } },
      request: { id: customer.lastResponse.requestId, idempotency_key: 'ann' },
    });
    expect((await stripe.events.retrieve(event?.id ?? '')).id).toBe(event?.id);
    const many = Array.from({ length: 21 }, () => 'customer.created');
    expect(await refusal(stripe.events.list({ types: many }))).toMatchObject({ param: 'types' });
    simulator.world.advanceClock(simulator.world.now() + 31 * 86_400);
    expect((await stripe.events.list()).data).toEqual([]);
    expect(await refusal(stripe.events.retrieve(event?.id ?? ''))).toMatchObject({
      statusCode: 404,
    });
  });

  test('keep the object as it was', async () => {
    const { id } = await stripe.customers.create({ name: 'Ann' });
    await stripe.customers.update(id, { name: 'Anna' });
    const [event] = (await stripe.events.list({ type: 'customer.created' })).data;
    expect(event?.data.object).toMatchObject({ name: 'Ann' });
  });

  test('are sent, signed, to webhook endpoints that want them, again where they failed', async () => {
    const received: { body: string; signature: string }[] = [];
    const receiver = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      received.push({
        body: Buffer.concat(parts).toString('utf8'),
        signature: String(request.headers['stripe-signature']),
      });
      response.writeHead(received.length === 1 ? 500 : 200).end();
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    try {
      const { port } = receiver.address() as AddressInfo;
      const endpoint = await stripe.webhookEndpoints.create({
        url: `http://127.0.0.1:${port}/stripe/webhook`,
        enabled_events: ['customer.created'],
      });
      expect((await stripe.webhookEndpoints.retrieve(endpoint.id)).secret).toBeUndefined();
      const { id } = await stripe.customers.create({ name: 'Ann' });
      await newPrice();
      await simulator.deliveriesDone();
      expect(received).toHaveLength(2);
      const { body, signature } = received[1] ?? { body: '', signature: '' };
      const event = stripe.webhooks.constructEvent(body, signature, endpoint.secret ?? '');
      expect(event).toMatchObject({ type: 'customer.created', data: { object: { id } } });
      expect(() => stripe.webhooks.constructEvent(body, signature, 'whsec_other')).toThrow();
      expect((await stripe.events.retrieve(event.id)).pending_webhooks).toBe(0);
    } finally {
      receiver.close();
    }
    const elsewhere = { url: 'https://company.example/hook', enabled_events: ['*'] as ['*'] };
    expect(await refusal(stripe.webhookEndpoints.create(elsewhere))).toMatchObject({
      param: 'url',
    });
  });
});

describe('keys', () => {
  test.each([
    ['sk_live_abcdefgh1234', 401, undefined, /refuses live keys/],
    ['rk_live_abcdefgh1234', 401, undefined, /refuses live keys/],
    ['sk_test_revoked_1', 401, 'api_key_expired', /Expired API Key/],
    ['pk_test_abcdefgh', 401, undefined, /Invalid API Key/],
  ])('%s is refused', async (key, statusCode, code, message) => {
    const error = await refusal(stripeFor(simulator, { key }).customers.list());
    expect(error).toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
    expect(error).toMatchObject({ statusCode, code });
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain(key);
  });

  test('that are restricted may do what they were permitted, and see no more inside objects', async () => {
    const key = 'rk_test_support1';
    simulator.permit(key, ['rak_customer_write', 'rak_plan_read']);
    const restricted = stripeFor(simulator, { key });
    await restricted.customers.create({ name: 'Ann' });
    expect((await restricted.customers.list()).data).toHaveLength(1);
    const error = await refusal(restricted.refunds.create({ charge: 'ch_1' }));
    expect(error).toBeInstanceOf(Stripe.errors.StripePermissionError);
    expect(error?.message).toMatch(
      /Having the 'rak_charge_write' permission would allow this request to continue/,
    );
    await newPrice();
    expect((await restricted.prices.list()).data).toHaveLength(1);
    const inside = await refusal(restricted.prices.list({ expand: ['data.product'] }));
    expect(inside?.message).toContain("'rak_product_read'");
  });

  test('belong to one account', async () => {
    expect(await stripe.accounts.retrieveCurrent()).toMatchObject({
      id: simulator.world.accountId,
      object: 'account',
    });
  });
});

describe('the server', () => {
  test('refuses calls and versions that it does not have, like Stripe', async () => {
    const unknown = await refusal(stripe.rawRequest('GET', '/v1/shoes'));
    expect(unknown).toMatchObject({ statusCode: 404, rawType: 'invalid_request_error' });
    expect(unknown?.requestId).toMatch(/^req_/);
    const old = stripe.rawRequest('GET', '/v1/customers', undefined, { apiVersion: '2020-08-27' });
    expect((await refusal(old))?.message).toMatch(/Invalid Stripe API version/);
  });

  test('answers under its own address only', async () => {
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      request(
        `${simulator.url}/simulator/faults`,
        { headers: { host: 'evil.example' } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });
});
