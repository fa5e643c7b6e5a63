import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type CreditsClient,
  creditsOf,
  expressRequireCredits,
  type RequireCreditsOptions,
} from '#main/middleware/middleware.ts';
import {
  type CreditsServiceWorld,
  openCreditsServiceWorld,
} from '#test/support/credits-service-world.ts';
import { makeGate } from '#test/support/gate.ts';
import {
  describeRequireCredits,
  fromHeaders,
  type WithHeaders,
} from '#test/support/require-credits-suite.ts';

/** Errors as Express's own handler answers them, without its print of the stack. */
const answerErrors: ErrorRequestHandler = (error: Error, _request, response, next) => {
  if (response.headersSent) next(error);
  else response.status(500).json({ error: error.message });
};

async function serve(route: (app: Express) => void, onError = answerErrors) {
  const app = express();
  route(app);
  app.use(onError);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const decodeUser: RequestHandler = (request, _response, next) => {
  request.headers['x-user'] = decodeURIComponent(String(request.headers['x-user']));
  next();
};

describeRequireCredits('Express', (client, options, work) =>
  serve((app) => {
    app.post(
      '/work',
      decodeUser,
      expressRequireCredits(client, options as RequireCreditsOptions<IncomingMessage>),
      async (request, response) => {
        const { status = 200, body } = await work(creditsOf(request));
        response.status(status).json(body);
      },
    );
  }),
);

describe('the end of an answer of Express', () => {
  let world: CreditsServiceWorld;
  let folder: string;
  const servers: { close: () => Promise<void> }[] = [];
  /** Holds that `onError` heard of. */
  const told: (string | undefined)[] = [];

  beforeAll(async () => {
    world = await openCreditsServiceWorld();
    folder = await mkdtemp(path.join(tmpdir(), 'credit-console-express-'));
  });
  afterEach(async () => {
    world.network.isDown = false;
    await Promise.all(servers.splice(0).map((each) => each.close()));
  });
  afterAll(async () => {
    await world.close();
    await rm(folder, { recursive: true });
  });

  async function routeWith(handler: RequestHandler, client: CreditsClient = world.client) {
    const server = await serve((app) => {
      app.get(
        '/work',
        expressRequireCredits<WithHeaders & IncomingMessage>(client, {
          cost: 10,
          ...fromHeaders,
          onError: (_error, { holdId }) => told.push(holdId),
        }),
        handler,
      );
    });
    servers.push(server);
    return (customer: string) => fetch(`${server.url}/work`, { headers: { 'x-user': customer } });
  }

  it('waits for the capture alone: what was streamed before went out as it came', async () => {
    const customer = await world.customer(10);
    const [read, goOn] = makeGate();
    const ask = await routeWith(async (_request, response) => {
      response.write('first ');
      await read;
      response.end('last');
    });

    const answer = await ask(customer);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect(await reader?.read()).toEqual({ done: false, value: 'first ' });
    expect((await world.ledgerOf(customer)).holds).toEqual(['open']);
    goOn();
    expect(await reader?.read()).toEqual({ done: false, value: 'last' });
    expect(await reader?.read()).toEqual({ done: true, value: undefined });

    expect(await world.ledgerOf(customer)).toMatchObject({ held: 0, paid: [10] });
  });

  it('comes whole from pipes, files, and heads written by hand', async () => {
    const customer = await world.customer(30);
    const file = path.join(folder, 'report.txt');
    await writeFile(file, 'x'.repeat(300_000));
    const piped = await routeWith((_request, response) => {
      Readable.from(['a', 'b', 'c']).pipe(response);
    });
    const sent = await routeWith((_request, response) => response.sendFile(file));
    const byHand = await routeWith((_request, response) => {
      response.writeHead(202, { 'content-type': 'text/plain' }).end('by hand');
    });

    expect(await (await piped(customer)).text()).toBe('abc');
    expect((await (await sent(customer)).text()).length).toBe(300_000);
    const answer = await byHand(customer);
    expect([answer.status, await answer.text()]).toEqual([202, 'by hand']);

    expect(await world.ledgerOf(customer)).toMatchObject({
      balance: 0,
      held: 0,
      paid: [10, 10, 10],
    });
  });

  it('is what the handler sent, also where it fails right after', async () => {
    const customer = await world.customer(10);
    const ask = await routeWith((_request, response) => {
      response.setHeader('x-report', '7').json({ done: true });
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

  it('is the only one, also where the request is still coming when the handler fails', async () => {
    const customer = await world.customer(10);
    // It is the last in line, and waits for the whole request before it answers.
    const ownHandler: ErrorRequestHandler = (error, _request, _response, next) => next(error);
    const server = await serve((app) => {
      app.post(
        '/work',
        expressRequireCredits<WithHeaders & IncomingMessage>(world.client, {
          cost: 10,
          ...fromHeaders,
        }),
        (_request, response) => {
          response.json({ done: true });
          throw new Error('after the answer');
        },
      );
    }, ownHandler);
    servers.push(server);
    const uncaught: unknown[] = [];
    const keep = (error: unknown) => uncaught.push(error);
    process.on('uncaughtException', keep);
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text;
    });

    socket.write(
      `POST /work HTTP/1.1\r\nHost: x\r\nX-User: ${customer}\r\nContent-Length: 4\r\n\r\nab`,
    );
    await expect.poll(() => answer).toContain('{"done":true}');
    socket.write('cd');
    socket.end(`GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await once(socket, 'close');
    process.off('uncaughtException', keep);

    expect(uncaught).toEqual([]);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK.*HTTP\/1\.1 404 Not Found/s);
    expect(await world.ledgerOf(customer)).toMatchObject({ held: 0, paid: [10] });
  });

  it('does not come where a stream cannot be paid for at its end: it is cut off', async () => {
    const customer = await world.customer(10);
    const ask = await routeWith((_request, response) => {
      response.write('nearly all of it');
      world.network.isDown = true;
      response.end();
    });

    const answer = await ask(customer);
    await expect(answer.text()).rejects.toThrow();

    // The capture's failure and, in the background, the release's.
    await expect.poll(() => told).toEqual([expect.any(String), told[0]]);
    world.network.isDown = false;
    expect(await world.ledgerOf(customer)).toMatchObject({ held: 10, paid: [] });
    await world.client.release({ customerId: customer, holdId: told[0] ?? '' });
  });

  it('does not come either where the length of the stream was announced: the last byte waits', async () => {
    const customer = await world.customer(10);
    const file = path.join(folder, 'unpaid.txt');
    await writeFile(file, 'x'.repeat(300_000));
    const handlers: Record<string, RequestHandler> = {
      file: (_request, response) => response.sendFile(file),
      'by hand': (_request, response) => {
        response.writeHead(200, { 'Content-Length': 4 });
        response.write('ab');
        response.write('cd', () => response.end());
      },
      'a list of headers': (_request, response) => {
        response.writeHead(200, ['Content-Length', '2']).write('ab');
        response.end();
      },
    };

    for (const [kind, handler] of Object.entries(handlers)) {
      told.splice(0);
      const ask = await routeWith((request, response, next) => {
        world.network.isDown = true;
        handler(request, response, next);
      });
      const answer = ask(customer).then((whole) => whole.text());
      await expect(answer, kind).rejects.toThrow();
      await expect.poll(() => told.length).toBe(2);
      world.network.isDown = false;
      await world.client.release({ customerId: customer, holdId: told[0] ?? '' });
    }

    const ask = await routeWith(handlers['by hand'] as RequestHandler);
    expect(await (await ask(customer)).text()).toBe('abcd');
    expect(await world.ledgerOf(customer)).toMatchObject({ balance: 0, held: 0, paid: [10] });
    told.splice(0);
  });

  it('costs nothing where the caller hangs up in the middle of a stream', async () => {
    const customer = await world.customer(10);
    const [gone, leave] = makeGate();
    const ask = await routeWith((request, response) => {
      creditsOf(request).signal.addEventListener('abort', leave);
      response.write('first');
    });

    const answer = await ask(customer);
    await answer.body?.cancel();
    await gone;

    await expect
      .poll(() => world.ledgerOf(customer))
      .toMatchObject({ balance: 10, held: 0, paid: [], holds: ['released'] });
  });

  it('finds nobody who hung up while the credits were being held, and the work does not begin', async () => {
    const customer = await world.customer(10);
    let worked = 0;
    const [asked, ask] = makeGate();
    const [gone, leave] = makeGate();
    const slow: CreditsClient = {
      ...world.client,
      async hold(request) {
        const hold = await world.client.hold(request);
        ask();
        await gone;
        return hold;
      },
    };
    const server = await serve((app) => {
      app.use((_request, response, next) => {
        response.once('close', leave);
        next();
      });
      app.get(
        '/work',
        expressRequireCredits<WithHeaders & IncomingMessage>(slow, { cost: 10, ...fromHeaders }),
        (_request, response) => response.json({ worked: ++worked }),
      );
    });
    servers.push(server);

    const caller = httpRequest(`${server.url}/work`, { headers: { 'x-user': customer } });
    caller.on('error', () => undefined).end();
    await asked;
    caller.destroy();

    await expect
      .poll(() => world.ledgerOf(customer))
      .toMatchObject({ held: 0, holds: ['released'] });
    expect(worked).toBe(0);
  });

  it('knows the credits as request.credits too, and no credits on a route without', async () => {
    const customer = await world.customer(10);
    const ask = await routeWith((request, response) => {
      response.json({
        same: (request as unknown as { credits: unknown }).credits === creditsOf(request),
      });
    });
    const free = await serve((app) => {
      app.get('/', (request, response) => response.json(creditsOf(request)));
    });
    servers.push(free);

    expect(await (await ask(customer)).json()).toEqual({ same: true });
    expect(await (await fetch(free.url)).json()).toEqual({
      error: 'This route holds no credits: requireCredits is not before it.',
    });
  });
});
