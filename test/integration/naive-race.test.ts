import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createCreditsClient,
  expressRequireCredits,
  isRefusal,
} from '#main/middleware/middleware.ts';
import {
  type CreditsServiceWorld,
  openCreditsServiceWorld,
} from '#test/support/credits-service-world.ts';
import { makeGate } from '#test/support/gate.ts';

/*
 * The race that holds close. Requests are made to meet where it matters, between looking at the credits and taking
 * them: what luck does now and then in production happens here every time.
 */

const COST = 10;

let world: CreditsServiceWorld;
const servers: { close: () => Promise<void> }[] = [];

beforeAll(async () => {
  world = await openCreditsServiceWorld();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((each) => each.close()));
});
afterAll(() => world.close());

/** Asks a back end with one route so many times at once; the statuses of its answers, and how often. */
async function askAtOnce(times: number, route: (app: Express) => void) {
  const app = express();
  route(app);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push({
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  const { port } = server.address() as AddressInfo;
  const answers = await Promise.all(
    Array.from({ length: times }, () => fetch(`http://127.0.0.1:${port}/work`)),
  );
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Lets nobody go on until so many have come. */
function meetingOf(many: number): () => Promise<void> {
  const [all, open] = makeGate();
  let come = 0;
  return () => {
    come += 1;
    if (come === many) open();
    return all;
  };
}

describe('check, work, deduct', () => {
  it('lets two requests spend the same credits, where the balance is a number that each of them writes', async () => {
    const { pool } = world.database;
    await pool.query(`CREATE TABLE naive_balances (credits bigint NOT NULL)`);
    await pool.query(`INSERT INTO naive_balances VALUES (${COST})`);
    const meet = meetingOf(2);
    let worked = 0;

    const answers = await askAtOnce(2, (app) =>
      app.get('/work', async (_request, response) => {
        const { rows } = await pool.query<{ credits: number }>(
          'SELECT credits FROM naive_balances',
        );
        const { credits = 0 } = rows[0] ?? {};
        if (credits < COST) return response.sendStatus(402);
        await meet();
        worked += 1;
        await pool.query('UPDATE naive_balances SET credits = $1', [credits - COST]);
        return response.sendStatus(200);
      }),
    );

    // Work worth 20 for 10 credits, and the books do not even show it.
    expect({ answers, worked }).toEqual({ answers: { 200: 2 }, worked: 2 });
    expect((await pool.query('SELECT credits FROM naive_balances')).rows).toEqual([{ credits: 0 }]);
  });

  it('lets work go unpaid, where the deduction is safe and the work is done by then', async () => {
    const { service } = world;
    const client = createCreditsClient({ url: service.url, apiKey: service.key });
    const customerId = await world.customer(10 * COST);
    const meet = meetingOf(100);
    let worked = 0;

    const answers = await askAtOnce(100, (app) =>
      app.get('/work', async (_request, response) => {
        const { sufficient } = await client.check({ customerId, feature: 'export_report' });
        if (!sufficient) return response.sendStatus(402);
        await meet();
        worked += 1;
        try {
          await client.use({ customerId, feature: 'export_report' });
          return response.sendStatus(200);
        } catch (error) {
          if (!isRefusal(error, 'insufficient_credits')) throw error;
          return response.sendStatus(402);
        }
      }),
    );

    // Everybody was told that the credits suffice. The work was done a hundred times, and paid ten times.
    expect({ answers, worked }).toEqual({ answers: { 200: 10, 402: 90 }, worked: 100 });
    expect(await world.ledgerOf(customerId)).toMatchObject({
      balance: 0,
      paid: Array(10).fill(COST),
    });
  });
});

describe('hold, work, capture', () => {
  it('lets in, of a hundred at once with credits for ten, exactly ten; each pays, and nothing stays held', async () => {
    const { service } = world;
    const client = createCreditsClient({ url: service.url, apiKey: service.key });
    const customerId = await world.customer(10 * COST);
    // Whoever got in works until the last of the hundred has been let in or refused.
    const meet = meetingOf(100);
    let worked = 0;

    const answers = await askAtOnce(100, (app) => {
      app.use((_request, response, next) => {
        response.once('finish', () => response.statusCode === 402 && void meet());
        next();
      });
      app.get(
        '/work',
        expressRequireCredits(client, { feature: 'export_report', customerId: () => customerId }),
        async (_request, response) => {
          worked += 1;
          await meet();
          response.sendStatus(200);
        },
      );
    });

    expect({ answers, worked }).toEqual({ answers: { 200: 10, 402: 90 }, worked: 10 });
    expect(await world.ledgerOf(customerId)).toEqual({
      balance: 0,
      held: 0,
      paid: Array(10).fill(COST),
      holds: Array(10).fill('captured'),
    });
    expect(await world.violations()).toEqual([]);
  });
});
