import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '#main/logging/log.ts';
import { openApiPool } from '#main/service/api-pool.ts';
import { startTestService, type TestService } from '#test/support/service.ts';
import { documentedClient, type ServiceClient, wrongCode } from '#test/support/service-client.ts';
import { startTcpProxy, type TcpProxy } from '#test/support/tcp-proxy.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

const CUSTOMER = '/v1/customers/{customer_id}' as const;
const ann = { customer_id: 'ann' };

let database: TestDatabase;
let service: TestService;
let client: ServiceClient;
let proxy: TcpProxy;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startTestService(database);
  client = await documentedClient(service);
  const { hostname, port } = new URL(database.ownerUrl);
  proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  await database.pool.query("SELECT credits.ensure_customer('ann')");
  await database.pool.query("SELECT credits.add_credits('ann', 1000, 'bonus', 'Start')");
});
afterAll(async () => {
  await service.close();
  await proxy.close();
  await database.drop();
});

/** Sends it as it is. */
async function send(
  method: string,
  path: string,
  options: { body?: BodyInit; headers?: Record<string, string>; key?: string | null } = {},
) {
  const { key = service.key } = options;
  const response = await fetch(service.url + path, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: options.body }),
  });
  const text = await response.text();
  const body = text === '' ? {} : JSON.parse(text);
  if (text !== '' && response.status >= 400) {
    expect(wrongCode({ status: response.status, body })).toBeUndefined();
  }
  return { status: response.status, code: body.error, body, headers: response.headers };
}

/** Sends bytes that no client would, and reads the answer's status and code. */
function sendRaw(head: string): Promise<{ status: number; code: unknown }> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1', () =>
      socket.write(head),
    );
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const [first = '', ...rest] = answer.split('\r\n\r\n');
      const body = rest.join('').match(/\{.*\}/s)?.[0] ?? '{}';
      resolve({ status: Number(first.split(' ')[1]), code: JSON.parse(body).error });
    });
  });
}

const USAGE = '/v1/customers/ann/usage';
const use = { feature: 'basic_search', idempotency_key: 'refused' };

describe('a body that is not of the shape', () => {
  it.each([
    ['broken JSON', '{"feature":'],
    ['no JSON', 'feature=basic_search'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a text', '"usage"'],
    [
      'a name twice',
      '{"feature":"basic_search","feature":"export_report","idempotency_key":"a:b"}',
    ],
    [
      'a name twice further in',
      JSON.stringify({ ...use, metadata: { a: 1 } }).replace('"a":1', '"a":1,"a":2'),
    ],
    ['__proto__', '{"feature":"basic_search","idempotency_key":"a","__proto__":{"admin":true}}'],
    [
      'constructor.prototype',
      '{"feature":"x","idempotency_key":"a","constructor":{"prototype":{}}}',
    ],
    ['something unknown', JSON.stringify({ ...use, customer_id: 'bob' })],
    ['something missing', JSON.stringify({ feature: 'basic_search' })],
    ['a text for a number', JSON.stringify({ ...use, quantity: '2' })],
    ['half a unit', JSON.stringify({ ...use, quantity: 1.5 })],
    ['a number for a text', JSON.stringify({ ...use, idempotency_key: 7 })],
    ['null for a text', JSON.stringify({ ...use, feature: null })],
    ['what is no UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])('(%s) is answered with 400', async (_, body) => {
    expect(await send('POST', USAGE, { body })).toMatchObject({
      status: 400,
      code: 'malformed_request',
    });
  });

  it('says what is wrong with which value', async () => {
    const extra = await send('POST', USAGE, { body: JSON.stringify({ ...use, admin: true }) });
    expect(extra.body).toMatchObject({ argument: 'admin', why: 'is not known here' });
    const missing = await send('POST', USAGE, { body: '{"feature":"basic_search"}' });
    expect(missing.body).toMatchObject({ argument: 'idempotency_key' });
  });

  it.each([
    ['text/plain', {}],
    ['application/x-www-form-urlencoded', {}],
    ['nonsense', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
  ])('or is sent as %s %j is answered with 415', async (type, headers) => {
    const body = JSON.stringify(use);
    expect(
      await send('POST', USAGE, { body, headers: { 'content-type': type, ...headers } }),
    ).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  it('or is too large is answered with 413, and with 200 below', async () => {
    const body = (length: number) =>
      JSON.stringify({
        ...use,
        idempotency_key: 'large',
        metadata: { padding: 'x'.repeat(length) },
      });
    expect(await send('POST', USAGE, { body: body(70_000) })).toMatchObject({
      status: 413,
      code: 'too_large',
    });
    expect(await send('POST', USAGE, { body: body(15_000) })).toMatchObject({ status: 200 });
  });
});

describe('a value that cannot be used', () => {
  it.each([
    ['usage', { ...use, quantity: 0 }, 'quantity'],
    ['usage', { ...use, quantity: -1 }, 'quantity'],
    ['usage', { ...use, feature: 'export_report', quantity: 9_007_199_254_740_991 }, 'quantity'],
    ['usage', { ...use, idempotency_key: '' }, 'idempotency_key'],
    ['usage', { ...use, idempotency_key: '  ' }, 'idempotency_key'],
    ['usage', { ...use, idempotency_key: 'x'.repeat(256) }, 'idempotency_key'],
    ['usage', { ...use, idempotency_key: 'a\u0000b' }, 'idempotency_key'],
    ['usage', { ...use, feature: '\ud800' }, 'feature'],
    ['usage', { ...use, description: 'x'.repeat(1_001) }, 'description'],
    ['usage', { ...use, metadata: { a: '\u0000' } }, 'metadata'],
    ['usage', { ...use, metadata: { '\udfff': 1 } }, 'metadata'],
    ['usage', { ...use, metadata: { a: 2 ** 53 } }, 'metadata'],
    ['check', {}, 'cost'],
    ['check', { cost: 1, feature: 'basic_search' }, 'cost'],
    ['check', { cost: 1, quantity: 2 }, 'quantity'],
    ['check', { cost: 0 }, 'cost'],
    ['holds', { cost: 1, idempotency_key: 'h', expires_in_seconds: 0 }, 'expires_in_seconds'],
    [
      'holds',
      { cost: 1, idempotency_key: 'h', expires_in_seconds: 31_536_001 },
      'expires_in_seconds',
    ],
    ['metered-usage', { event_name: 'e', quantity: -1, idempotency_key: 'm' }, 'quantity'],
    [
      'metered-usage',
      { event_name: 'e', quantity: 1, idempotency_key: 'm', occurred_at: 'yesterday' },
      'occurred_at',
    ],
    [
      'metered-usage',
      { event_name: 'e', quantity: 1, idempotency_key: 'm', occurred_at: '2026-02-30T00:00:00Z' },
      'occurred_at',
    ],
    [
      'metered-usage',
      { event_name: 'e', quantity: 1, idempotency_key: 'm', occurred_at: '0001-01-01T00:00:00Z' },
      'occurred_at',
    ],
  ] as const)(
    'is answered with 422, which names it and says why: %s, case %#',
    async (route, body, argument) => {
      const answer = await client.call(`POST ${CUSTOMER}/${route}`, ann, body);
      expect(answer).toMatchObject({
        status: 422,
        body: { error: 'invalid_argument', argument, why: expect.any(String) },
      });
    },
  );

  it('(a capture of more than is held) is answered with 422, and the hold stays', async () => {
    const held = await client.call(`POST ${CUSTOMER}/holds`, ann, {
      cost: 2,
      idempotency_key: 'two',
    });
    const hold = { ...ann, hold_id: String(held.body.hold_id) };
    const capture = `POST ${CUSTOMER}/holds/{hold_id}/capture` as const;
    expect(await client.call(capture, hold, { amount: 3 })).toMatchObject({
      status: 422,
      body: { argument: 'amount' },
    });
    expect(await client.call(capture, hold, { amount: 2 })).toMatchObject({ status: 200 });
  });

  it.each([
    ['start=yesterday&end=2026-01-01T00:00:00Z', 422],
    ['start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z', 422],
    ['start=2026-01-01T00:00:00&end=2026-01-02T00:00:00', 422],
    ['start=2026-01-01T00:00:00Z', 400],
    ['start=2026-01-01T00:00:00Z&start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z', 400],
    ['start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z&limit=1', 400],
    ['start=0001-01-01T00:00:00Z&end=9999-12-31T23:59:59-23:59', 422],
  ])('(?%s) is answered with %i', async (query, status) => {
    expect(await send('GET', `/v1/customers/ann/usage-summary?${query}`)).toMatchObject({ status });
  });
});

describe('what is not there', () => {
  it.each([
    ['GET', `${CUSTOMER}/balance`, { customer_id: 'nobody' }, undefined, 'customer', 'nobody'],
    ['POST', `${CUSTOMER}/check`, { customer_id: 'nobody' }, { cost: 1 }, 'customer', 'nobody'],
    ['POST', `${CUSTOMER}/usage`, { customer_id: 'nobody' }, use, 'customer', 'nobody'],
    ['POST', `${CUSTOMER}/usage`, ann, { ...use, feature: 'no_such' }, 'feature', 'no_such'],
    ['POST', `${CUSTOMER}/holds`, ann, { ...use, feature: 'no_such' }, 'feature', 'no_such'],
    [
      'POST',
      `${CUSTOMER}/holds/{hold_id}/capture`,
      { ...ann, hold_id: '999999' },
      undefined,
      'hold',
      '999999',
    ],
    [
      'POST',
      `${CUSTOMER}/holds/{hold_id}/release`,
      { ...ann, hold_id: '9223372036854775807' },
      {},
      'hold',
      '9223372036854775807',
    ],
    [
      'POST',
      `${CUSTOMER}/metered-usage`,
      ann,
      { event_name: 'none', quantity: 1, idempotency_key: 'm' },
      'meter',
      'none',
    ],
  ] as const)(
    '(%s %s of %j, %j) is answered with 404 and what it is',
    async (method, template, path, body, entity, id) => {
      expect(await client.call(`${method} ${template}`, path, body)).toMatchObject({
        status: 404,
        body: { error: 'not_found', entity, id },
      });
    },
  );

  it('a hold whose number no database has is answered with 422', async () => {
    const path = { ...ann, hold_id: '9999999999999999999' };
    expect(await client.call(`POST ${CUSTOMER}/holds/{hold_id}/release`, path)).toMatchObject({
      status: 422,
    });
  });

  it.each([
    ['GET', '/'],
    ['GET', '/v2/customers/ann/balance'],
    ['GET', '/v1/customers/ann'.concat('/nothing')],
    ['GET', '/V1/customers/ann/balance'],
    ['GET', '/v1/customers/ann/balance/'],
    ['GET', '/v1//customers/ann/balance'],
    ['POST', '/stripe/webhook'],
    ['GET', '/../../etc/passwd'],
  ])('%s %s is answered with 404', async (method, path) => {
    expect(await send(method, path)).toMatchObject({ status: 404, code: 'no_such_route' });
  });

  it.each([
    ['DELETE', '/v1/customers/ann/balance', 'GET'],
    ['HEAD', '/v1/customers/ann/balance', 'GET'],
    ['PATCH', '/v1/customers/ann', 'PUT'],
    ['GET', '/v1/customers/ann/usage', 'POST'],
    ['OPTIONS', '/v1/customers/ann/holds', 'POST'],
    ['POST', '/healthz', 'GET'],
    ['DELETE', '/metrics', 'GET'],
  ])('%s %s is answered with 405 and what is allowed', async (method, path, allow) => {
    const { status, headers } = await send(method, path);
    expect({ status, allow: headers.get('allow') }).toEqual({ status: 405, allow });
  });
});

describe('what was used before', () => {
  it('a key with other values is answered with 409 and what was first', async () => {
    const body = { feature: 'basic_search', idempotency_key: 'conflict' };
    const first = await client.call(`POST ${CUSTOMER}/usage`, ann, body);
    for (const [route, other] of [
      ['usage', { ...body, quantity: 2 }],
      ['holds', body],
    ] as const) {
      expect(await client.call(`POST ${CUSTOMER}/${route}`, ann, other)).toMatchObject({
        status: 409,
        body: { error: 'idempotency_conflict', first_id: first.body.transaction_id },
      });
    }
  });
});

describe('a key', () => {
  it.each([
    ['none', {}],
    ['an empty one', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['what is no key', { authorization: 'Bearer hello' }],
    ['one that nobody made', { authorization: `Bearer cck_${'A'.repeat(43)}` }],
    ['two', { authorization: `Bearer cck_${'A'.repeat(43)} cck_${'A'.repeat(43)}` }],
    ['a statement', { authorization: "Bearer ' OR true --" }],
  ])('(%s) is answered with 401, whatever was sent', async (_, headers) => {
    const answer = await send('POST', USAGE, { key: null, headers, body: '{broken' });
    expect(answer).toMatchObject({ status: 401, code: 'unauthorized' });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('does what its scopes say, and nothing else', async () => {
    const { key } = await service.makeKey({ scopes: ['read'] });
    expect(await client.call(`GET ${CUSTOMER}/balance`, ann, undefined, { key })).toMatchObject({
      status: 200,
    });
    for (const [operation, body, needs] of [
      [`POST ${CUSTOMER}/usage`, use, 'use'],
      [`POST ${CUSTOMER}/holds`, use, 'use'],
      [`POST ${CUSTOMER}/holds/{hold_id}/capture`, {}, 'use'],
      [`POST ${CUSTOMER}/holds/{hold_id}/release`, {}, 'use'],
      [`POST ${CUSTOMER}/metered-usage`, {}, 'report'],
      [`PUT ${CUSTOMER}`, {}, 'customers'],
    ] as const) {
      const answer = await client.call(operation, { ...ann, hold_id: '1' }, body, { key });
      expect(answer, operation).toMatchObject({
        status: 403,
        body: { error: 'not_permitted', needs },
      });
    }
    const user = await service.makeKey({ scopes: ['use'] });
    for (const operation of [`GET ${CUSTOMER}/balance`, `POST ${CUSTOMER}/check`] as const) {
      expect(
        await client.call(
          operation,
          ann,
          operation.startsWith('GET') ? undefined : { cost: 1 },
          user,
        ),
      ).toMatchObject({ status: 403, body: { needs: 'read' } });
    }
  });

  it('makes no more requests a second than it may, and is told when to go on; others are not held up', async () => {
    const { key } = await service.makeKey({ requestsPerSecond: 5 });
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        client.call(`GET ${CUSTOMER}/balance`, ann, undefined, { key }),
      ),
    );
    const refused = answers.filter(({ status }) => status === 429);
    // The twelve may fall into two seconds.
    expect(refused.length).toBeGreaterThanOrEqual(2);
    for (const { body, headers } of refused) {
      expect(body.error).toBe('rate_limited');
      expect(Number(headers.get('retry-after'))).toBe(1);
    }
    expect(await client.call(`GET ${CUSTOMER}/balance`, ann)).toMatchObject({ status: 200 });
  });

  it('is not guessed: after some that are none an address waits, and keys in use from there go on, new ones too', async () => {
    const guarded = await startTestService(database, { failuresPerMinute: 3 });
    const ask = async (key: string) => {
      const response = await fetch(`${guarded.url}/v1/customers/ann/balance`, {
        headers: { authorization: `Bearer ${key}` },
      });
      return { status: response.status, retryAfter: Number(response.headers.get('retry-after')) };
    };
    try {
      expect(await ask(guarded.key)).toMatchObject({ status: 200 });
      const guess = (letter: string) => `cck_${letter.repeat(43)}`;
      for (const letter of ['a', 'b', 'c']) {
        expect(await ask(guess(letter))).toMatchObject({ status: 401 });
      }
      const refused = await ask(guess('d'));
      expect(refused.status).toBe(429);
      expect(refused.retryAfter).toBeGreaterThan(0);
      for (const { key } of [guarded, await guarded.makeKey()]) {
        expect(await ask(key)).toMatchObject({ status: 200 });
      }
    } finally {
      await guarded.close();
    }
  });

  it('stands in no log line, and customers stand in none either', async () => {
    await client.call(`GET ${CUSTOMER}/balance`, { customer_id: 'private-person' });
    const log = service.log.join('\n');
    expect(log).toContain('"route":"/v1/customers/:customer_id/balance"');
    expect(log).not.toContain(service.key.slice(0, 16));
    expect(log).not.toContain('private-person');
    expect(log).not.toMatch(/ error /);
  });
});

describe('what is no request', () => {
  it.each([
    [
      'an address with half an escape',
      'GET /v1/customers/%E0%A4/balance HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      400,
    ],
    [
      'an address of a lone %',
      'GET /v1/customers/%/balance HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      400,
    ],
    [
      'NUL in an address',
      'GET /v1/customers/a%00b/balance HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer KEY\r\n\r\n',
      422,
    ],
    [
      'a parameter without end',
      `GET /v1/customers/${'a'.repeat(3_000)}/balance HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer KEY\r\n\r\n`,
      400,
    ],
    [
      'dots',
      'GET /v1/customers/../../balance HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      404,
    ],
    [
      'dots of a customer',
      'GET /v1/customers/../balance HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer KEY\r\n\r\n',
      404,
    ],
    [
      'overlong UTF-8',
      'GET /v1/customers/%c0%ae%c0%ae/balance HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      400,
    ],
    ['no HTTP', 'HELLO\r\n\r\n', 400],
    ['no host', 'GET /v1/customers/ann/balance HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    [
      'two lengths',
      'POST /v1/customers/ann/usage HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'an expectation',
      'POST /v1/customers/ann/usage HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nConnection: close\r\n\r\n',
      400,
    ],
    [
      'headers without end',
      `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`,
      431,
    ],
  ])('(%s) is answered with a code of the table', async (_, head, status) => {
    const answer = await sendRaw(head.replace('KEY', service.key));
    expect(answer.status).toBe(status);
    expect(wrongCode({ status, body: { error: answer.code } })).toBeUndefined();
  });
});

it('what cannot be read after a request does not answer for it: that is answered first, and truly', async () => {
  const locker = await database.connect();
  await locker.query('BEGIN');
  await locker.query("SELECT FROM credits.accounts WHERE customer_id = 'ann' FOR UPDATE");
  const waiting = async () => {
    const { rows } = await database.pool.query(
      "SELECT count(*) AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    );
    return rows[0].count;
  };
  const posted = async () => {
    const { rows } = await database.pool.query(
      "SELECT count(*) AS count FROM credits.credit_transactions WHERE idempotency_key = 'nonsense after'",
    );
    return rows[0].count;
  };
  const body = JSON.stringify({ feature: 'basic_search', idempotency_key: 'nonsense after' });
  let answer = '';
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  const closed = once(socket, 'close');
  socket.setEncoding('utf8').on('data', (text) => {
    answer += text;
  });
  socket.write(
    `POST ${USAGE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${service.key}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await expect.poll(waiting).toBe(1);
  socket.write('nonsense\r\n\r\n');
  await locker.query('ROLLBACK');
  await locker.end();

  await closed;
  await expect.poll(posted).toBe(1);
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*"transaction_id".*\}$/s);
});

it('whoever hangs up while sending is no failure of the service, and none of the database', async () => {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  const before = service.log.length;
  socket.write(
    `POST ${USAGE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${service.key}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"feature`,
  );
  await expect
    .poll(async () => (await fetch(`${service.url}/metrics`)).text())
    .toContain('credits_http_requests_in_flight 2');
  socket.destroy();
  await expect.poll(() => service.log.slice(before).join('\n')).toContain('"status":499');
  expect(service.log.slice(before).filter((line) => / error /.test(line))).toEqual([]);
});

describe('a database that fails', () => {
  it('whose answer is lost leaves the outcome open: 503, and the same key tells it', async () => {
    const through = await startTestService(database, {
      databaseUrl: proxy.urlThrough(database.urlFor('test_service')),
      connections: 1,
    });
    try {
      const other = await documentedClient(through);
      await other.call(`GET ${CUSTOMER}/balance`, ann);
      const body = { feature: 'basic_search', idempotency_key: 'lost' };
      const lost = proxy.connections.at(-1)?.loseAnswer();
      const answer = await other.call(`POST ${CUSTOMER}/usage`, ann, body);
      await lost;
      expect(answer).toMatchObject({ status: 503, body: { error: 'outcome_unknown' } });
      expect(answer.headers.get('retry-after')).toBe('1');
      const repeated = await other.call(`POST ${CUSTOMER}/usage`, ann, body);
      const { rows } = await database.pool.query(
        "SELECT id::text FROM credits.credit_transactions WHERE idempotency_key = 'lost'",
      );
      expect(rows).toEqual([{ id: repeated.body.transaction_id }]);

      // Where only something was read, nothing is open.
      const lostRead = proxy.connections.at(-1)?.loseAnswer();
      expect(await other.call(`GET ${CUSTOMER}/balance`, ann)).toMatchObject({
        status: 503,
        body: { error: 'unavailable' },
      });
      await lostRead;
    } finally {
      await through.close();
    }
  });

  it('that falls silent is given up: 503, and a new connection goes on', async () => {
    const silent = await startTcpProxy({ port: Number(new URL(database.ownerUrl).port) });
    const through = await startTestService(database, {
      databaseUrl: silent.urlThrough(database.urlFor('test_service')),
      connections: 1,
      statementSeconds: 1,
      rememberKeysMs: 60_000,
    });
    try {
      const other = await documentedClient(through);
      await other.call(`GET ${CUSTOMER}/balance`, ann);
      // Nothing ends: the network swallows what comes, as it does when a machine or a route is gone.
      for (const connection of silent.connections) connection.dropReplies();
      const body = { feature: 'basic_search', idempotency_key: 'silence' };
      expect(await other.call(`POST ${CUSTOMER}/usage`, ann, body)).toMatchObject({
        status: 503,
        body: { error: 'outcome_unknown' },
      });
      const repeated = await other.call(`POST ${CUSTOMER}/usage`, ann, body);
      expect(repeated.status).toBe(200);
      const { rows } = await database.pool.query(
        "SELECT id::text FROM credits.credit_transactions WHERE idempotency_key = 'silence'",
      );
      expect(rows).toEqual([{ id: repeated.body.transaction_id }]);
    } finally {
      await through.close();
      await silent.close();
    }
  });

  it('that is away is answered with 503 and /readyz says so, until it is back', async () => {
    const away = await startTcpProxy({ port: Number(new URL(database.ownerUrl).port) });
    const through = await startTestService(database, {
      databaseUrl: away.urlThrough(database.urlFor('test_service')),
      rememberKeysMs: 60_000,
    });
    const ready = async () => {
      const response = await fetch(`${through.url}/readyz`);
      return { status: response.status, body: await response.json() };
    };
    try {
      const other = await documentedClient(through);
      await other.call(`GET ${CUSTOMER}/balance`, ann);
      expect(await ready()).toEqual({ status: 200, body: { ready: true } });
      away.onConnection = (connection) => connection.cut();
      for (const connection of away.connections) connection.cut();
      expect(await other.call(`POST ${CUSTOMER}/usage`, ann, use)).toMatchObject({
        status: 503,
        body: { error: expect.stringMatching(/^(unavailable|outcome_unknown)$/) },
      });
      await expect.poll(ready, { interval: 100, timeout: 5_000 }).toEqual({
        status: 503,
        body: { ready: false, why: expect.any(String) },
      });
      expect((await fetch(`${through.url}/healthz`)).status).toBe(200);
      away.onConnection = undefined;
      await expect
        .poll(async () => (await other.call(`GET ${CUSTOMER}/balance`, ann)).status, {
          timeout: 5_000,
        })
        .toBe(200);
      await expect.poll(ready, { interval: 100, timeout: 5_000 }).toMatchObject({ status: 200 });
    } finally {
      await through.close();
      await away.close();
    }
  });

  it.each([
    ['a known key', 60_000],
    ['a key that has to be looked up', 0],
  ])(
    'that lets nobody in is answered with 503: nothing was sent (%s)',
    async (_, rememberKeysMs) => {
      const closed = await createTestDatabase();
      const through = await startTestService(closed, { rememberKeysMs });
      const name = new URL(closed.ownerUrl).pathname.slice(1);
      try {
        const other = await documentedClient(through);
        await other.call(`GET ${CUSTOMER}/balance`, ann);
        await database.pool.query(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS false`);
        await database.pool.query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1',
          [name],
        );
        // The first may still find the connection that was there.
        await other.call(`GET ${CUSTOMER}/balance`, ann);
        expect(await other.call(`POST ${CUSTOMER}/usage`, ann, use)).toMatchObject({
          status: 503,
          body: { error: 'unavailable' },
        });
      } finally {
        await database.pool.query(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS true`);
        await through.close();
        await closed.drop();
      }
    },
  );

  it('that surprises is answered with 500, whose inside only the log has', async () => {
    const broken = await createTestDatabase();
    const through = await startTestService(broken);
    try {
      await broken.pool.query('ALTER FUNCTION credits.get_balance RENAME TO gone');
      const other = await documentedClient(through);
      const answer = await other.call(`GET ${CUSTOMER}/balance`, ann);
      expect(answer).toMatchObject({ status: 500, body: { error: 'internal' } });
      expect(through.log.join('\n')).toContain(String(answer.body.request_id));
      expect(through.log.join('\n')).toContain('42883');

      await broken.pool.query("UPDATE credits.schema_state SET functions_hash = 'another'");
      const response = await fetch(`${through.url}/readyz`);
      expect({ status: response.status, body: await response.json() }).toEqual({
        status: 503,
        body: { ready: false, why: 'The ledger in the database is outdated.' },
      });
    } finally {
      await through.close();
      await broken.drop();
    }
  });
});

describe('the service’s connections', () => {
  it('can neither grant nor read a table, whatever the login may', async () => {
    const { pool } = await openApiPool({ url: database.urlFor('test_admin'), log: silentLog });
    try {
      for (const sql of [
        "SELECT credits.add_credits('ann', 10, 'bonus', 'gift')",
        "SELECT credits.adjust_credits('ann', 10, 'gift')",
        "SELECT credits.reverse_transaction('ann', 1, 'gift')",
        'SELECT credits.expire_credits()',
        'SELECT * FROM credits.accounts',
        'SELECT * FROM credits_billing.api_keys',
        "UPDATE credits.accounts SET credits_balance = 1000000 WHERE customer_id = 'ann'",
      ]) {
        await expect(pool.query(sql), sql).rejects.toMatchObject({ code: '42501' });
      }
      const { rows } = await pool.query("SELECT credits.get_credit_balance('ann') AS credits");
      expect(rows[0].credits).toBeGreaterThan(0);
    } finally {
      await pool.end();
    }
  });

  it('need a login that is a member, and say so in plain words', async () => {
    for (const role of ['test_reader', 'test_support', 'test_nobody'] as const) {
      await expect(
        openApiPool({ url: database.urlFor(role), log: silentLog }),
      ).rejects.toMatchObject({
        code: 'not_permitted',
        message: expect.stringContaining('GRANT credits_service'),
      });
    }
  });
});

describe('the figures', () => {
  it('count by route, method and status, and name no customer', async () => {
    await client.call(`GET ${CUSTOMER}/balance`, { customer_id: 'private-person' });
    const response = await fetch(`${service.url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    const text = await response.text();
    for (const line of [
      /credits_http_requests_total\{method="GET",route="\/v1\/customers\/:customer_id\/balance",status="404"\} \d+/,
      /credits_http_request_duration_seconds_bucket\{le="0.01",method="POST",route="\/v1\/customers\/:customer_id\/usage"\} \d+/,
      /credits_http_requests_in_flight 1\n/,
      /credits_database_connections\{state="open"\} \d+/,
    ]) {
      expect(text).toMatch(line);
    }
    expect(text).not.toMatch(/private-person|cck_|ann/);
  });
});
