import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type CreditsClient,
  type CreditsError,
  createCreditsClient,
  type OnError,
  type RequestCredits,
  type RequireCreditsOptions,
} from '#main/middleware/middleware.ts';
import { type CreditsServiceWorld, openCreditsServiceWorld } from './credits-service-world.ts';
import { makeGate } from './gate.ts';

/** Work behind POST /work: what it returns is answered as JSON, what it throws is the framework's to answer. */
export type Work = (credits: RequestCredits) => Promise<{ status?: number; body: unknown }>;

export type WithHeaders = { headers: IncomingHttpHeaders };

/** A back end of some framework, its route POST /work behind requireCredits. */
export type StartBackEnd = (
  client: CreditsClient,
  options: RequireCreditsOptions<WithHeaders>,
  work: Work,
) => Promise<{ url: string; close: () => Promise<void> }>;

type Price = { cost: number } | { feature: string };
type Choices = Pick<
  RequireCreditsOptions<WithHeaders>,
  'onRepeat' | 'onUnavailable' | 'onError' | 'expiresInSeconds'
> & { price?: Price; client?: CreditsClient };

/** Whose credits, and under which key: from the request's headers. */
export const fromHeaders = {
  customerId: ({ headers }: WithHeaders) => String(headers['x-user']),
  idempotencyKey: ({ headers }: WithHeaders) => headers['idempotency-key'] as string | undefined,
};

/** What requireCredits promises, whatever the framework: against the real service and the real ledger. */
export function describeRequireCredits(framework: string, startBackEnd: StartBackEnd): void {
  let world: CreditsServiceWorld;
  const backEnds: { close: () => Promise<void> }[] = [];

  beforeAll(async () => {
    world = await openCreditsServiceWorld();
  });
  afterEach(async () => {
    world.network.isDown = false;
    await Promise.all(backEnds.splice(0).map((each) => each.close()));
  });
  afterAll(() => world.close());

  /** A back end at 10 credits a request, and how a customer asks it. */
  async function backEnd(work: Work, { price = { cost: 10 }, client, ...choices }: Choices = {}) {
    const started = await startBackEnd(
      client ?? world.client,
      { ...price, ...fromHeaders, onError: () => undefined, ...choices },
      work,
    );
    backEnds.push(started);
    return (customer: string, request: { key?: string; signal?: AbortSignal } = {}) =>
      fetch(`${started.url}/work`, {
        method: 'POST',
        headers: {
          'x-user': encodeURIComponent(customer),
          ...(request.key !== undefined && { 'idempotency-key': request.key }),
        },
        ...(request.signal && { signal: request.signal }),
      });
  }

  const done: Work = async () => ({ body: { done: true } });

  describe(`requireCredits for ${framework}`, () => {
    it('holds before the work, and has taken the credits when the answer is there', async () => {
      const customer = await world.customer(25);
      const seen: unknown[] = [];
      const ask = await backEnd(async ({ holdId, amount }) => {
        seen.push({ holdId, amount, ...(await world.ledgerOf(customer)) });
        return { status: 201, body: { done: true } };
      });

      const answer = await ask(customer);

      expect([answer.status, await answer.json()]).toEqual([201, { done: true }]);
      expect(seen).toEqual([
        {
          holdId: expect.any(String),
          amount: 10,
          balance: 25,
          held: 10,
          paid: [],
          holds: ['open'],
        },
      ]);
      expect(await world.ledgerOf(customer)).toEqual({
        balance: 15,
        held: 0,
        paid: [10],
        holds: ['captured'],
      });
    });

    it('refuses with what the service says where credits do not suffice, and does not work', async () => {
      const customer = await world.customer(9);
      let worked = 0;
      const ask = await backEnd(async () => ({ body: ++worked }));

      const answer = await ask(customer);

      expect(answer.status).toBe(402);
      expect(answer.headers.get('content-type')).toContain('application/json');
      expect(await answer.json()).toMatchObject({
        error: 'insufficient_credits',
        required: 10,
        balance: 9,
        available: 9,
        purchase_url: null,
      });
      expect(worked).toBe(0);
      expect(await world.ledgerOf(customer)).toMatchObject({ balance: 9, paid: [], holds: [] });
    });

    it('gives the credits back where the work fails, by its status or by an error', async () => {
      const customer = await world.customer(25);
      const refuse = await backEnd(async () => ({
        status: 422,
        body: { error: 'no such report' },
      }));
      const fail = await backEnd(async () => {
        throw new Error('The disk is full.');
      });

      expect((await refuse(customer)).status).toBe(422);
      expect((await fail(customer)).status).toBe(500);

      expect(await world.ledgerOf(customer)).toEqual({
        balance: 25,
        held: 0,
        paid: [],
        holds: ['released', 'released'],
      });
    });

    it('gives the credits back at once where the caller hangs up, and lets the work know', async () => {
      const customer = await world.customer(25);
      const [started, start] = makeGate();
      const [released, release] = makeGate();
      const [over, end] = makeGate();
      const ask = await backEnd(async ({ signal, capture }) => {
        signal.addEventListener('abort', release);
        start();
        await released;
        await expect
          .poll(() => world.ledgerOf(customer))
          .toMatchObject({ held: 0, holds: ['released'] });
        await expect(capture()).rejects.toMatchObject({ code: 'hold_closed' });
        end();
        return { body: 'too late' };
      });
      const caller = new AbortController();

      const answer = ask(customer, { signal: caller.signal });
      await started;
      caller.abort();
      await expect(answer).rejects.toThrow();
      await over;

      expect(await world.ledgerOf(customer)).toMatchObject({ balance: 25, paid: [] });
    });

    it('lets the work know of a caller who hangs up also where it is paid already, or costs nothing', async () => {
      const customer = await world.customer(25);
      const key = randomUUID();
      const [started, start] = makeGate();
      const [told, tell] = makeGate();
      const pay = await backEnd(async (credits) => {
        await credits.capture();
        start();
        await once(credits.signal, 'abort');
        tell();
        return { body: null };
      });
      const [again, begin] = makeGate();
      const [over, end] = makeGate();
      const repeat = await backEnd(
        async ({ signal, isRepeat }) => {
          if (!isRepeat) return { body: null };
          begin();
          await once(signal, 'abort');
          end();
          return { body: null };
        },
        { onRepeat: 'run' },
      );
      const caller = new AbortController();

      const paid = pay(customer, { signal: caller.signal });
      await started;
      caller.abort();
      await expect(paid).rejects.toThrow();
      await told;
      await repeat(customer, { key });
      const other = new AbortController();
      const repeated = repeat(customer, { key, signal: other.signal });
      await again;
      other.abort();
      await expect(repeated).rejects.toThrow();
      await over;

      expect(await world.ledgerOf(customer)).toMatchObject({ balance: 5, held: 0, paid: [10, 10] });
    });

    it('takes as much as the work says it cost, up to what is held', async () => {
      const customer = await world.customer(25);
      const amounts = [3, 0];
      const ask = await backEnd(async (credits) => {
        for (const wrong of [11, -1, 1.5, Number.NaN]) {
          expect(() => credits.setAmount(wrong)).toThrow(RangeError);
        }
        credits.setAmount(amounts.shift() ?? 10);
        return { body: null };
      });

      for (const _ of [1, 2, 3]) expect((await ask(customer)).status).toBe(200);

      expect(await world.ledgerOf(customer)).toMatchObject({
        balance: 12,
        held: 0,
        paid: [3, 10],
        holds: ['captured', 'released', 'captured'],
      });
    });

    it('closes each hold by exactly one call, however its answer and its connection end', async () => {
      const customer = await world.customer(50);
      const works: Work[] = [
        done,
        async () => ({ status: 404, body: null }),
        async (credits) => {
          const captured = credits.capture();
          await Promise.all([captured, credits.capture()]);
          return { status: 500, body: null };
        },
        async (credits) => {
          credits.setAmount(0);
          return { body: null };
        },
      ];
      const signals: AbortSignal[] = [];
      const ask = await backEnd(async (credits) => {
        signals.push(credits.signal);
        return (works.shift() ?? done)(credits);
      });
      world.network.requests.length = 0;

      for (const status of [200, 404, 500, 200]) {
        expect((await ask(customer)).status).toBe(status);
      }
      // Its connections end too: what comes with that is seen by now.
      await Promise.all(backEnds.splice(0).map((each) => each.close()));

      expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false, false]);
      expect(world.network.requests.map((request) => request.replace(/\/[0-9]+\//, '/#/'))).toEqual(
        [
          'POST holds',
          'POST holds/#/capture',
          'POST holds',
          'POST holds/#/release',
          'POST holds',
          'POST holds/#/capture',
          'POST holds',
          'POST holds/#/release',
        ],
      );
    });

    it('takes the credits in the middle of the work where it says so; what fails later keeps them taken', async () => {
      const customer = await world.customer(25);
      const ask = await backEnd(async (credits) => {
        await credits.capture();
        expect((await world.ledgerOf(customer)).paid).toEqual([10]);
        expect(() => credits.setAmount(1)).toThrow('captured or released already');
        return { status: 500, body: 'broken off' };
      });

      expect((await ask(customer)).status).toBe(500);

      expect(await world.ledgerOf(customer)).toMatchObject({ balance: 15, held: 0, paid: [10] });
    });

    it('lets through as many at once as there are credits for', async () => {
      const customer = await world.customer(35);
      const ask = await backEnd(done);

      const answers = await Promise.all(Array.from({ length: 12 }, () => ask(customer)));

      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(3);
      expect(statuses.filter((status) => status === 402)).toHaveLength(9);
      expect(await world.ledgerOf(customer)).toMatchObject({
        balance: 5,
        held: 0,
        paid: [10, 10, 10],
      });
    });

    it('prices a feature by the ledger', async () => {
      const customer = await world.customer(30);
      const ask = await backEnd(done, { price: { feature: 'ai_analysis' } });

      expect((await ask(customer)).status).toBe(200);
      expect((await ask(customer)).status).toBe(402);

      expect((await world.ledgerOf(customer)).paid).toEqual([25]);
    });

    it('loses no credits and no use where an answer of the service gets lost', async () => {
      const customer = await world.customer(50);
      const ask = await backEnd(done);
      const fail = await backEnd(async () => ({ status: 400, body: null }));

      world.network.loseAnswer('holds');
      expect((await ask(customer)).status).toBe(200);
      world.network.loseAnswer('capture');
      expect((await ask(customer)).status).toBe(200);
      world.network.loseAnswer('release');
      expect((await fail(customer)).status).toBe(400);

      expect(await world.ledgerOf(customer)).toEqual({
        balance: 30,
        held: 0,
        paid: [10, 10],
        holds: ['captured', 'captured', 'released'],
      });
    });

    it('refuses with 503 where the service is out of reach, and lets go unpaid only who wants that', async () => {
      const customer = await world.customer(25);
      let worked = 0;
      const told: Parameters<OnError>[] = [];
      const work: Work = async ({ holdId, amount }) => ({
        body: { worked: ++worked, holdId, amount },
      });
      const refuse = await backEnd(work);
      const allow = await backEnd(work, {
        onUnavailable: 'allow',
        onError: (...about) => told.push(about),
      });
      world.network.isDown = true;

      const refused = await refuse(customer);
      expect([refused.status, refused.headers.get('retry-after'), worked]).toEqual([503, '1', 0]);
      expect(await refused.json()).toMatchObject({ error: 'credits_unavailable' });
      const allowed = await allow(customer);
      expect([allowed.status, await allowed.json()]).toEqual([200, { worked: 1, amount: 0 }]);

      expect(told).toEqual([
        [
          expect.objectContaining({ code: 'unreachable' }),
          expect.objectContaining({ customerId: customer, holdId: undefined }),
        ],
      ]);
      expect(await world.ledgerOf(customer)).toMatchObject({ balance: 25, held: 0, holds: [] });
    });

    it('tells of a hold that may be left to expire, because no answer about it came', async () => {
      const customer = await world.customer(10);
      const told: unknown[] = [];
      const ask = await backEnd(done, {
        onError: (error, about) => told.push([(error as CreditsError).outcomeUnknown, about]),
      });
      // Each of the client's attempts.
      for (const _ of [1, 2, 3, 4]) world.network.loseAnswer('holds');

      expect((await ask(customer)).status).toBe(503);

      expect(await world.ledgerOf(customer)).toMatchObject({ held: 10, holds: ['open'] });
      expect(told).toEqual([
        [true, expect.objectContaining({ customerId: customer, holdId: undefined })],
      ]);
      await world.database.pool.query(
        'SELECT credits.release_hold(customer_id, id) FROM credits.credit_holds WHERE customer_id = $1',
        [customer],
      );
    });

    it('withholds an answer that cannot be paid for because the service is gone meanwhile', async () => {
      const customer = await world.customer(40);
      const told: unknown[] = [];
      const work: Work = async () => {
        world.network.isDown = true;
        return { body: { secret: 42 } };
      };
      const onError: OnError = (_error, { holdId }) => told.push(holdId);
      const refuse = await backEnd(work, { onError });
      const allow = await backEnd(work, { onError, onUnavailable: 'allow' });

      const withheld = await refuse(customer);
      expect([withheld.status, await withheld.text()]).toEqual([
        503,
        expect.not.stringContaining('42'),
      ]);
      // The capture's failure and, in the background, the release's.
      await expect.poll(() => told.length).toBe(2);
      world.network.isDown = false;
      expect(await (await allow(customer)).json()).toEqual({ secret: 42 });
      await expect.poll(() => told.length).toBe(4);

      world.network.isDown = false;
      expect(await world.ledgerOf(customer)).toMatchObject({ held: 20, paid: [] });
      for (const holdId of new Set(told as string[])) {
        await world.client.release({ customerId: customer, holdId });
      }
    });

    it('pays from a new hold where the work outlasted the first, and withholds the answer where nothing is left', async () => {
      const customer = await world.customer(20);
      const outlast = (holdId: string | undefined) =>
        world.database.pool.query(
          `WITH hold AS (UPDATE credits.credit_holds SET expires_at = clock_timestamp() WHERE customer_id = $1 AND id = $2)
           UPDATE credits.accounts SET next_due_at = clock_timestamp() WHERE customer_id = $1`,
          [customer, holdId],
        );
      const ask = await backEnd(async ({ holdId }) => {
        await outlast(holdId);
        return { body: { secret: 42 } };
      });
      const spend = await backEnd(async ({ holdId }) => {
        await outlast(holdId);
        await world.client.use({ customerId: customer, feature: 'export_report' });
        return { body: { secret: 42 } };
      });

      expect((await ask(customer)).status).toBe(200);
      const withheld = await spend(customer);

      expect([withheld.status, await withheld.json()]).toEqual([
        402,
        expect.objectContaining({ error: 'insufficient_credits', required: 10, available: 0 }),
      ]);
      expect(await world.ledgerOf(customer)).toMatchObject({
        balance: 0,
        held: 0,
        paid: [10, 10],
        holds: ['expired', 'captured', 'expired'],
      });
    });

    it('is not paid twice for one key, and does not work twice either', async () => {
      const customer = await world.customer(50);
      let worked = 0;
      const work: Work = async ({ isRepeat }) => ({ body: { worked: ++worked, isRepeat } });
      const ask = await backEnd(work);
      const run = await backEnd(work, { onRepeat: 'run' });
      const key = randomUUID();

      expect((await ask(customer, { key })).status).toBe(200);
      const repeated = await ask(customer, { key });
      expect([repeated.status, await repeated.json()]).toEqual([
        409,
        { error: 'already_processed', message: expect.any(String) },
      ]);
      expect(worked).toBe(1);
      expect(await (await run(customer, { key })).json()).toEqual({ worked: 2, isRepeat: true });

      expect((await world.ledgerOf(customer)).paid).toEqual([10]);
    });

    it('works again under a key whose work failed before, and is paid once', async () => {
      const customer = await world.customer(50);
      const statuses = [500, 503, 200];
      const ask = await backEnd(async () => ({ status: statuses.shift() ?? 500, body: null }));
      // As long as a key may be: those of the next attempts stay within that too.
      const key = randomUUID().padEnd(255, 'x');

      for (const status of [500, 503, 200, 409]) {
        expect((await ask(customer, { key })).status).toBe(status);
      }

      expect(await world.ledgerOf(customer)).toEqual({
        balance: 40,
        held: 0,
        paid: [10],
        holds: ['released', 'released', 'captured'],
      });
    });

    it('gives one answer for one payment where a key comes twice at once', async () => {
      const customer = await world.customer(50);
      const [both, open] = makeGate();
      let inside = 0;
      const ask = await backEnd(async () => {
        inside += 1;
        if (inside === 2) open();
        await both;
        return { body: { secret: 42 } };
      });
      const key = randomUUID();

      const answers = await Promise.all([ask(customer, { key }), ask(customer, { key })]);

      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      expect(await world.ledgerOf(customer)).toMatchObject({ held: 0, paid: [10] });
    });

    it('refuses a key that stands for something else', async () => {
      const customer = await world.customer(50);
      const cheap = await backEnd(done, { price: { cost: 1 } });
      const dear = await backEnd(done);
      const key = randomUUID();
      await cheap(customer, { key });

      const answer = await dear(customer, { key });

      expect([answer.status, await answer.json()]).toEqual([
        409,
        { error: 'idempotency_conflict', message: expect.any(String) },
      ]);
    });

    it.each([' ', 'x'.repeat(256)])(
      'refuses a key that cannot be one, which is the caller’s doing (%j)',
      async (key) => {
        const customer = await world.customer(50);
        const ask = await backEnd(done);

        const answer = await ask(customer, { key });

        expect([answer.status, await answer.json()]).toEqual([
          422,
          { error: 'invalid_argument', message: expect.stringContaining('idempotency_key') },
        ]);
        expect(await world.ledgerOf(customer)).toMatchObject({ balance: 50, holds: [] });
      },
    );

    it('tells the back end, not the caller, what is wrong with its set-up', async () => {
      const customer = await world.customer(50);
      const wrongKey = createCreditsClient({
        url: world.service.url,
        apiKey: `cck_${'0'.repeat(43)}`,
      });
      const set: Choices[] = [{ client: wrongKey }, { price: { feature: 'no_such_feature' } }];

      for (const choices of set) {
        const ask = await backEnd(done, choices);
        const answer = await ask(customer);
        expect(answer.status).toBe(500);
        expect(await answer.text()).toContain('The credits service refused to hold credits');
      }
      const ask = await backEnd(done);
      expect((await ask(`nobody_${randomUUID()}`)).status).toBe(500);
    });

    it('leaves nothing held, and every rule of the ledger standing', async () => {
      const { rows } = await world.database.pool.query(
        `SELECT customer_id FROM credits.accounts WHERE credits_held <> 0`,
      );
      expect(rows).toEqual([]);
      expect(await world.violations()).toEqual([]);
    });
  });
}
