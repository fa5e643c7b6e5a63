import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CreditsError, createCreditsClient } from '#main/middleware/middleware.ts';
import {
  type CreditsServiceWorld,
  openCreditsServiceWorld,
} from '#test/support/credits-service-world.ts';

let world: CreditsServiceWorld;

beforeAll(async () => {
  world = await openCreditsServiceWorld();
});
afterAll(() => world.close());
afterEach(() => {
  world.network.isDown = false;
  world.network.requests.length = 0;
});

async function refusalOf(call: Promise<unknown>): Promise<CreditsError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CreditsError)) throw new Error(`No CreditsError: ${String(error)}`);
  return error;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('the client of the credits service', () => {
  it('reads, checks, uses, holds, captures and releases', async () => {
    const { client } = world;
    const customerId = await world.customer(100);

    expect(await client.check({ customerId, feature: 'export_report', quantity: 2 })).toEqual({
      sufficient: true,
      required: 20,
      available: 100,
    });
    expect(await client.check({ customerId, cost: 101 })).toEqual({
      sufficient: false,
      required: 101,
      available: 100,
    });
    expect(await client.use({ customerId, feature: 'advanced_search' })).toMatchObject({
      cost: 5,
      available: 95,
    });
    const hold = await client.hold({ customerId, cost: 30, expiresInSeconds: 60 });
    expect(hold).toMatchObject({ amount: 30, state: 'open', available: 65 });
    expect(await client.balance({ customerId })).toEqual({
      customerId,
      balance: 95,
      held: 30,
      available: 65,
      lifetimeCredits: 0,
    });
    expect(await client.capture({ customerId, holdId: hold.holdId, amount: 12 })).toMatchObject({
      cost: 12,
      available: 83,
    });
    const other = await client.hold({ customerId, feature: 'ai_analysis', quantity: 3 });
    await client.release({ customerId, holdId: other.holdId });

    expect(await world.ledgerOf(customerId)).toEqual({
      balance: 83,
      held: 0,
      paid: [5, 12],
      holds: ['captured', 'released'],
    });
  });

  it('names customers by any id of theirs, and sends nothing for one that no address can hold', async () => {
    const { client, database } = world;
    const customerId = `a/../b?c=%2e#ä ${randomUUID()}`;
    await database.pool.query('SELECT id FROM credits.ensure_customer($1)', [customerId]);

    expect(await client.balance({ customerId })).toMatchObject({ customerId });
    for (const impossible of ['', '.', '..', undefined as unknown as string]) {
      const error = await refusalOf(client.balance({ customerId: impossible }));
      expect(error).toMatchObject({ status: 422, code: 'invalid_argument' });
    }
  });

  it('gives the refusals of the service with their numbers, and does not ask again', async () => {
    const { client, network } = world;
    const customerId = await world.customer(4);

    const tooFew = await refusalOf(client.use({ customerId, feature: 'advanced_search' }));
    expect(tooFew).toMatchObject({
      status: 402,
      code: 'insufficient_credits',
      details: { required: 5, balance: 4, available: 4, purchase_url: null },
      outcomeUnknown: false,
    });
    expect(await refusalOf(client.use({ customerId, feature: 'no_such' }))).toMatchObject({
      status: 404,
      code: 'not_found',
      details: { entity: 'feature', id: 'no_such' },
    });
    expect(network.requests).toEqual(['POST usage', 'POST usage']);
  });

  it('repeats under its own key what got no answer, so that it happens once', async () => {
    const { client, network } = world;
    const customerId = await world.customer(100);

    for (const _ of [1, 2, 3]) network.loseAnswer('usage');
    expect(await client.use({ customerId, feature: 'export_report' })).toMatchObject({ cost: 10 });
    network.loseAnswer('holds');
    const { holdId } = await client.hold({ customerId, cost: 7 });

    expect(network.requests).toHaveLength(6);
    expect(await world.ledgerOf(customerId)).toMatchObject({ held: 7, paid: [10] });
    await client.release({ customerId, holdId });
  });

  it('takes a hold that its own lost capture or release closed for done', async () => {
    const { client, network } = world;
    const customerId = await world.customer(100);
    const held = await client.hold({ customerId, cost: 7 });
    const other = await client.hold({ customerId, cost: 8 });

    network.loseAnswer('capture');
    const { transactionId } = await client.capture({ customerId, holdId: held.holdId, amount: 5 });
    network.loseAnswer('release');
    await client.release({ customerId, holdId: other.holdId });

    const { rows } = await world.database.pool.query(
      'SELECT id::text, amount FROM credits.credit_transactions WHERE customer_id = $1 AND amount < 0',
      [customerId],
    );
    expect(rows).toEqual([{ id: transactionId, amount: -5 }]);
    expect(await world.ledgerOf(customerId)).toMatchObject({
      held: 0,
      holds: ['captured', 'released'],
    });
  });

  it('takes a hold that others closed for closed', async () => {
    const { client } = world;
    const customerId = await world.customer(100);
    const { holdId } = await client.hold({ customerId, cost: 7 });
    await client.capture({ customerId, holdId });

    const closed = { status: 409, code: 'hold_closed', outcomeUnknown: false };
    expect(await refusalOf(client.capture({ customerId, holdId }))).toMatchObject(closed);
    expect(await refusalOf(client.release({ customerId, holdId }))).toMatchObject(closed);
  });

  it('takes no credits for taken that others gave back while its own capture got lost on the way', async () => {
    const { client, network } = world;
    const customerId = await world.customer(100);
    const { holdId } = await client.hold({ customerId, cost: 7 });
    await client.release({ customerId, holdId });

    network.answerInstead('capture', { status: 502 });

    expect(await refusalOf(client.capture({ customerId, holdId }))).toMatchObject({
      code: 'hold_closed',
      details: { first_id: holdId },
      outcomeUnknown: true,
    });
  });

  it('waits and asks again where the service is busy or a proxy answers for it', async () => {
    const { client, network } = world;
    const customerId = await world.customer(100);

    network.answerInstead('usage', { status: 502, body: '<html>Bad Gateway</html>' });
    network.answerInstead('usage', {
      status: 503,
      body: '{"error":"unavailable","message":"Busy."}',
    });
    network.answerInstead('usage', {
      status: 429,
      headers: { 'retry-after': '0' },
      body: '{"error":"rate_limited","message":"Slowly."}',
    });
    await client.use({ customerId, feature: 'basic_search' });

    expect(network.requests).toHaveLength(4);
    expect((await world.ledgerOf(customerId)).paid).toEqual([1]);
  });

  it('does not wait as long as it is told where that is too long for the request behind it', async () => {
    const { client, network } = world;
    network.answerInstead('balance', {
      status: 429,
      headers: { 'retry-after': '60' },
      body: '{"error":"rate_limited","message":"Slowly."}',
    });

    const error = await refusalOf(client.balance({ customerId: 'anyone' }));

    expect(error).toMatchObject({
      code: 'rate_limited',
      isUnavailable: true,
      retryAfterMs: 60_000,
    });
    expect(network.requests).toHaveLength(1);
  });

  it('gives up after four attempts, and says whether the call may have taken effect', async () => {
    const { client, network, service } = world;
    const customerId = await world.customer(100);
    network.isDown = true;

    const cut = await refusalOf(client.use({ customerId, feature: 'basic_search' }));
    expect(cut).toMatchObject({ status: 0, code: 'unreachable', outcomeUnknown: true });
    expect(network.requests).toHaveLength(4);

    const nobody = createCreditsClient({
      url: `http://127.0.0.1:${await closedPort()}`,
      apiKey: service.key,
      attempts: 1,
    });
    expect(await refusalOf(nobody.balance({ customerId }))).toMatchObject({
      code: 'unreachable',
      outcomeUnknown: false,
    });
  });

  it('does not wait for a service that never answers', async () => {
    const silent = createServer(() => undefined);
    const port = await listen(silent);
    const client = createCreditsClient({
      url: `http://127.0.0.1:${port}/`,
      apiKey: 'k',
      timeoutMs: 50,
      attempts: 1,
    });

    expect(await refusalOf(client.balance({ customerId: 'anyone' }))).toMatchObject({
      code: 'unreachable',
      message: 'The credits service did not answer within 50 ms.',
      outcomeUnknown: true,
    });
    silent.closeAllConnections();
    silent.close();
  });

  it('says so where something else answers at the address', async () => {
    const { client, network } = world;
    network.answerInstead('balance', { status: 200, body: 'Welcome to nginx' });
    expect(await refusalOf(client.balance({ customerId: 'anyone' }))).toMatchObject({
      code: 'unexpected_answer',
      isUnavailable: false,
    });
    network.answerInstead('balance', { status: 200, body: '{"balance":1}' });
    expect(await refusalOf(client.balance({ customerId: 'anyone' }))).toMatchObject({
      code: 'unexpected_answer',
    });
  });
});
