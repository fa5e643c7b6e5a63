import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { payCheckout } from '#main/stripe-simulator/control.ts';
import { startSimulator } from '#main/stripe-simulator/simulator.ts';
import {
  eventTypes,
  refusal,
  simulatorForEachTest,
  stripeFor,
} from '#test/support/stripe-simulator.ts';

const { simulator, stripe } = simulatorForEachTest();

describe('idempotency keys', () => {
  test('give the same answer again, and refuse other parameters', async () => {
    const options = { idempotencyKey: 'customer:user_42' };
    const first = await stripe.customers.create({ name: 'Ann' }, options);
    const again = await stripe.customers.create({ name: 'Ann' }, options);
    expect(again.id).toBe(first.id);
    expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect((await stripe.customers.list()).data).toHaveLength(1);
    const other = await refusal(stripe.customers.create({ name: 'Bob' }, options));
    expect(other).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
    simulator.world.advanceClock(simulator.world.now() + 25 * 3_600);
    expect((await stripe.customers.create({ name: 'Ann' }, options)).id).not.toBe(first.id);
  });

  test('keep refusals of the work, but not of malformed requests', async () => {
    const options = { idempotencyKey: 'refund:1' };
    const missing = () => stripe.refunds.create({ charge: 'ch_none' }, options);
    expect((await refusal(missing()))?.code).toBe('resource_missing');
    const again = await refusal(missing());
    expect(again?.headers?.['idempotent-replayed']).toBe('true');
    const malformed = { nickname: 'Ann' } as Stripe.CustomerCreateParams;
    const key = { idempotencyKey: 'customer:1' };
    expect((await refusal(stripe.customers.create(malformed, key)))?.code).toBe(
      'parameter_unknown',
    );
    expect((await stripe.customers.create({ name: 'Ann' }, key)).name).toBe('Ann');
  });

  test('that are in use answer 409', async () => {
    simulator.faults.add({ kind: 'slow', milliseconds: 300, times: 1 });
    const options = { idempotencyKey: 'customer:user_42' };
    const [first, second] = await Promise.allSettled([
      stripe.customers.create({ name: 'Ann' }, options),
      stripe.customers.create({ name: 'Ann' }, options),
    ]);
    const refused = [first, second].filter(({ status }) => status === 'rejected');
    expect(refused).toMatchObject([
      { reason: { statusCode: 409, code: 'idempotency_key_in_use' } },
    ]);
    expect((await stripe.customers.list()).data).toHaveLength(1);
  });
});

describe('faults', () => {
  const key = { idempotencyKey: 'customer:user_42' };
  const create = (client = stripe) => client.customers.create({ name: 'Ann' }, key);
  const count = async () => (await stripe.customers.list()).data.length;

  test('429 does nothing, and the same key works afterwards', async () => {
    simulator.faults.add({ kind: '429', method: 'POST', path: '/v1/customers', times: 1 });
    expect(await count()).toBe(0);
    expect(await refusal(create())).toBeInstanceOf(Stripe.errors.StripeRateLimitError);
    expect((await create()).name).toBe('Ann');
    expect(simulator.faults.list()).toEqual([]);
  });

  test('500 is the answer to that key from then on, as at Stripe', async () => {
    simulator.faults.add({ kind: '500', method: 'POST', times: 1 });
    expect(await refusal(create())).toMatchObject({ statusCode: 500 });
    const again = await refusal(create());
    expect(again).toMatchObject({ statusCode: 500 });
    expect(again?.headers?.['idempotent-replayed']).toBe('true');
    expect(await count()).toBe(0);
    expect((await stripe.customers.create({ name: 'Ann' })).name).toBe('Ann');
  });

  test('503, and connections cut before the work, are made good by the client’s own retries', async () => {
    simulator.faults.add({ kind: '503', method: 'POST', times: 1 });
    simulator.faults.add({ kind: 'cut_before', method: 'POST', times: 1 });
    expect((await create(stripeFor(simulator, { retries: 3 }))).name).toBe('Ann');
    expect(await count()).toBe(1);
  });

  test('a connection cut after the work has done it once, whoever repeats it with the same key', async () => {
    // The client repeats a reset connection once by itself, even where told not to.
    simulator.faults.add({ kind: 'cut_after', method: 'POST', times: 2 });
    expect(await refusal(create())).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    expect(await count()).toBe(1);
    const repeated = await create();
    expect(repeated.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(await count()).toBe(1);
    expect((await stripe.events.list()).data).toHaveLength(1);
  });

  test('slow answers outlast a short timeout, and the work is done', async () => {
    simulator.faults.add({ kind: 'slow', method: 'POST', milliseconds: 300, times: 1 });
    const error = await refusal(create(stripeFor(simulator, { timeout: 100 })));
    expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError);
    await expect.poll(count).toBe(1);
    expect((await create()).lastResponse.headers['idempotent-replayed']).toBe('true');
  });

  test('of a share hit the same requests for the same seed', async () => {
    const outcomes = async () => {
      simulator.faults.clear();
      simulator.faults.add({ kind: '429', share: 0.4, seed: 7 });
      const results: boolean[] = [];
      for (let index = 0; index < 30; index += 1) {
        results.push((await refusal(stripe.customers.list())) === undefined);
      }
      return results;
    };
    const first = await outcomes();
    expect(first).toContain(true);
    expect(first).toContain(false);
    expect(await outcomes()).toEqual(first);
  });

  test('are also set over HTTP, but not by another website', async () => {
    const post = (headers: Record<string, string>) =>
      fetch(`${simulator.url}/simulator/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ kind: '429', times: 1 }),
      });
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403);
    expect(simulator.faults.list()).toEqual([]);
    expect((await post({})).status).toBe(200);
    expect(await refusal(stripe.customers.list())).toMatchObject({ statusCode: 429 });
  });
});

describe('state', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'simulator-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('is the same after a restart: objects, answers, clock, account', async () => {
    const stateFile = join(folder, 'stripe.json');
    const before = await startSimulator({ stateFile });
    const client = stripeFor(before);
    const price = await client.prices.create({
      currency: 'usd',
      unit_amount: 999,
      product_data: { name: '100 credits' },
    });
    const session = await client.checkout.sessions.create({
      mode: 'payment',
      line_items: [{ price: price.id, quantity: 1 }],
      success_url: 'https://company.example/thanks',
      cancel_url: `${before.url}/done`,
      payment_intent_data: { metadata: { user_id: 'user_42' } },
    });
    const key = { idempotencyKey: 'customer:user_42' };
    const customer = await client.customers.create({ name: 'Ann' }, key);
    before.world.advanceClock(before.world.now() + 3_600);
    const clock = before.world.now();
    const types = await eventTypes(client);
    await before.close();

    const after = await startSimulator({ stateFile });
    try {
      const again = stripeFor(after);
      expect(after.world.accountId).toBe(before.world.accountId);
      expect(after.world.now()).toBeGreaterThanOrEqual(clock);
      expect(await eventTypes(again)).toEqual(types);
      expect((await again.customers.create({ name: 'Ann' }, key)).id).toBe(customer.id);
      const open = await again.checkout.sessions.retrieve(session.id);
      expect(open).toMatchObject({
        url: `${after.url}/pay/${session.id}`,
        success_url: 'https://company.example/thanks',
        cancel_url: `${after.url}/done`,
      });
      payCheckout(after.world, session.id, { method: 'card' });
      const paid = await again.checkout.sessions.retrieve(session.id, {
        expand: ['payment_intent', 'line_items'],
      });
      expect(paid).toMatchObject({
        payment_status: 'paid',
        payment_intent: { metadata: { user_id: 'user_42' } },
      });
      expect(paid.line_items?.data).toHaveLength(1);
    } finally {
      await after.close();
    }
  });

  test('has the webhooks that were not delivered yet', async () => {
    const stateFile = join(folder, 'stripe.json');
    const bodies: string[] = [];
    let answers = 500;
    const receiver = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      bodies.push(Buffer.concat(parts).toString('utf8'));
      response.writeHead(answers).end();
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    try {
      const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
      const before = await startSimulator({ stateFile });
      const client = stripeFor(before);
      await client.webhookEndpoints.create({ url, enabled_events: ['customer.created'] });
      await client.customers.create({ name: 'Ann' });
      await expect.poll(() => bodies.length).toBe(1);
      await before.close();
      answers = 200;
      const after = await startSimulator({ stateFile });
      await after.deliveriesDone();
      await after.close();
      expect(bodies).toHaveLength(2);
      expect(bodies[1]).toBe(bodies[0]);
    } finally {
      receiver.close();
    }
  });

  test('is written shortly after a change, without a close', async () => {
    const stateFile = join(folder, 'stripe.json');
    const running = await startSimulator({ stateFile });
    try {
      const { id } = await stripeFor(running).customers.create({ name: 'Ann' });
      await expect.poll(() => readFile(stateFile, 'utf8').catch(() => '')).toContain(id);
    } finally {
      await running.close();
    }
    expect(await readdir(folder)).toEqual(['stripe.json']);
  });

  test('that cannot be read is set aside, and said', async () => {
    const stateFile = join(folder, 'stripe.json');
    await writeFile(stateFile, '{"version":1,"accountId":"acct_1"');
    const messages: string[] = [];
    const started = await startSimulator({ stateFile, log: (message) => messages.push(message) });
    await started.close();
    const aside = (await readdir(folder)).find((name) => name.includes('unreadable'));
    expect(await readFile(join(folder, aside ?? ''), 'utf8')).toBe(
      '{"version":1,"accountId":"acct_1"',
    );
    expect(messages.join()).toContain('set aside');
  });
});
