import { Readable } from 'node:stream';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { creditsOf, fastifyRequireCredits } from '#main/middleware/middleware.ts';
import {
  type CreditsServiceWorld,
  openCreditsServiceWorld,
} from '#test/support/credits-service-world.ts';
import { makeGate } from '#test/support/gate.ts';
import { describeRequireCredits, fromHeaders } from '#test/support/require-credits-suite.ts';

async function serve(route: (app: FastifyInstance) => void) {
  const app = fastify({ forceCloseConnections: true });
  app.addHook('onRequest', async ({ headers }) => {
    headers['x-user'] = decodeURIComponent(String(headers['x-user']));
  });
  route(app);
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() };
}

describeRequireCredits('Fastify', (client, options, work) =>
  serve((app) => {
    app.post(
      '/work',
      fastifyRequireCredits<FastifyRequest>(client, options),
      async (request, reply) => {
        const { status = 200, body } = await work(creditsOf(request));
        return reply.code(status).type('application/json').send(JSON.stringify(body));
      },
    );
  }),
);

describe('the end of an answer of Fastify', () => {
  let world: CreditsServiceWorld;
  const servers: { close: () => Promise<unknown> }[] = [];

  beforeAll(async () => {
    world = await openCreditsServiceWorld();
  });
  afterEach(async () => {
    world.network.isDown = false;
    await Promise.all(servers.splice(0).map((each) => each.close()));
  });
  afterAll(() => world.close());

  async function routeWith(handler: (request: FastifyRequest, reply: FastifyReply) => unknown) {
    const server = await serve((app) => {
      app.get(
        '/work',
        fastifyRequireCredits<FastifyRequest>(world.client, { cost: 10, ...fromHeaders }),
        async (request, reply) => handler(request, reply),
      );
    });
    servers.push(server);
    return (customer: string) => fetch(`${server.url}/work`, { headers: { 'x-user': customer } });
  }

  it('waits for the capture, whatever is sent: a stream, a web stream, a Response, nothing', async () => {
    const customer = await world.customer(50);
    const handlers = {
      stream: () => Readable.from(['a', 'b']),
      'web stream': () => new Blob(['ab']).stream(),
      Response: () => new Response('ab', { status: 202 }),
      'by hand': (_request: FastifyRequest, reply: FastifyReply) => {
        reply.hijack();
        reply.raw.writeHead(200).end('ab');
      },
      nothing: (_request: FastifyRequest, reply: FastifyReply) => reply.code(204).send(),
    };

    for (const [kind, handler] of Object.entries(handlers)) {
      const before = (await world.ledgerOf(customer)).paid.length;
      const ask = await routeWith(handler);
      const answer = await ask(customer);
      expect([kind, await answer.text()]).toEqual([kind, kind === 'nothing' ? '' : 'ab']);
      expect((await world.ledgerOf(customer)).paid.length).toBe(before + 1);
    }
    expect(await world.ledgerOf(customer)).toMatchObject({ balance: 0, held: 0 });
  });

  it('is what the handler sent, also where it fails right after', async () => {
    const customer = await world.customer(10);
    const ask = await routeWith(async (_request, reply) => {
      reply.header('x-report', '7').send({ done: true });
      throw new Error('after the answer');
    });

    const answer = await ask(customer);

    expect([answer.status, answer.headers.get('x-report'), await answer.json()]).toEqual([
      200,
      '7',
      { done: true },
    ]);
    expect(await world.ledgerOf(customer)).toMatchObject({ held: 0, paid: [10] });
  });

  it('costs nothing where a stream breaks, or its Response is a failure', async () => {
    const customer = await world.customer(20);
    const broken = await routeWith(() =>
      Readable.from(
        (async function* () {
          yield 'first';
          throw new Error('The source is gone.');
        })(),
      ),
    );
    const failed = await routeWith(() => new Response('no', { status: 502 }));

    await expect(broken(customer).then((answer) => answer.text())).rejects.toThrow();
    expect((await failed(customer)).status).toBe(502);

    await expect
      .poll(() => world.ledgerOf(customer))
      .toMatchObject({ balance: 20, held: 0, holds: ['released', 'released'] });
  });

  it('does not come whole where it cannot be paid for, also where its length was announced', async () => {
    const customer = await world.customer(10);
    const ask = await routeWith((_request, reply) => {
      world.network.isDown = true;
      return reply.header('content-length', 4).send(Readable.from(['ab', 'cd']));
    });

    await expect(ask(customer).then((answer) => answer.text())).rejects.toThrow();

    expect((await world.ledgerOf(customer)).paid).toEqual([]);
  });

  it('costs nothing where the caller hangs up in the middle of a stream', async () => {
    const customer = await world.customer(10);
    const [gone, leave] = makeGate();
    const ask = await routeWith((request) => {
      creditsOf(request).signal.addEventListener('abort', leave);
      return new Readable({
        read() {
          this.push('first');
          this._read = () => undefined;
        },
      });
    });

    const answer = await ask(customer);
    await answer.body?.cancel();
    await gone;

    await expect
      .poll(() => world.ledgerOf(customer))
      .toMatchObject({ balance: 10, held: 0, paid: [], holds: ['released'] });
  });

  it('is tied to all routes of a plugin by its hooks, and to none beside', async () => {
    const customer = await world.customer(20);
    const { url, close } = await serve((app) => {
      app.get('/free', async () => 'free');
      app.register(async (paid) => {
        const hooks = fastifyRequireCredits<FastifyRequest>(world.client, {
          cost: 10,
          ...fromHeaders,
        });
        paid.addHook('preHandler', hooks.preHandler);
        paid.addHook('onSend', hooks.onSend);
        paid.get('/one', async () => 'one');
        paid.get('/other', async () => 'other');
      });
    });
    servers.push({ close });
    const get = async (path: string) =>
      (await fetch(url + path, { headers: { 'x-user': customer } })).text();

    expect([await get('/free'), await get('/one'), await get('/other')]).toEqual([
      'free',
      'one',
      'other',
    ]);
    expect((await world.ledgerOf(customer)).paid).toEqual([10, 10]);
  });
});
