import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestService, type TestService } from '#test/support/service.ts';
import {
  documentedClient,
  type OpenApiDocument,
  type Operation,
  wrongCode,
} from '#test/support/service-client.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

/*
 * Every route behind a key, from its own schema in the document, with one thing wrong each time: always a refusal of the
 * table, and never a change. A customer with credits exists, so that what should have been refused would show.
 */

let database: TestDatabase;
let service: TestService;
let document: OpenApiDocument;
let before: unknown;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startTestService(database);
  document = (await documentedClient(service)).document;
  await database.pool.query("SELECT credits.ensure_customer('ann', stripe_customer_id => 'cus_1')");
  await database.pool.query("SELECT credits.add_credits('ann', 1000, 'bonus', 'Start')");
  await database.pool.query("SELECT credits.hold_credits('ann', 10, 'Work')");
  await database.pool.query(
    "INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ('api_calls', 'Calls', 'sum')",
  );
  before = await ledgerRows();
});
afterAll(async () => {
  await service.close();
  await database.drop();
});

/** How many rows there are of everything that a request could change, and what the balances are. */
async function ledgerRows() {
  const { rows } = await database.pool.query(`SELECT
    (SELECT count(*) FROM credits.credit_transactions) AS transactions,
    (SELECT count(*) FROM credits.customers) AS customers,
    (SELECT count(*) FROM credits.usage_reports) AS reports,
    (SELECT json_agg(h.*) FROM credits.credit_holds h) AS holds,
    (SELECT json_agg(a.*) FROM credits.accounts a) AS accounts`);
  return rows[0];
}

type Body = Record<string, unknown>;
type Route = { name: string; method: string; address: string; operation: Operation };

/** A body that each operation would take. */
const GOOD: Record<string, Body> = {
  ensureCustomer: { email: 'a@b.example', name: 'Ann' },
  check: { feature: 'basic_search', quantity: 1 },
  use: {
    feature: 'basic_search',
    quantity: 1,
    idempotency_key: 'fuzz',
    description: 'x',
    metadata: { a: 1 },
  },
  hold: { cost: 1, idempotency_key: 'fuzz', expires_in_seconds: 60, description: 'x' },
  capture: { amount: 1 },
  release: {},
  reportUsage: {
    event_name: 'api_calls',
    quantity: 1,
    idempotency_key: 'fuzz',
    occurred_at: '2026-11-01T00:00:00Z',
  },
};

function routes(): Route[] {
  return Object.entries(document.paths).flatMap(([template, methods]) =>
    template.startsWith('/v1')
      ? Object.entries(methods).map(([method, operation]) => ({
          name: operation.operationId,
          method: method.toUpperCase(),
          address: template.replace('{customer_id}', 'ann').replace('{hold_id}', '1'),
          operation,
        }))
      : [],
  );
}

async function refusal(
  method: string,
  address: string,
  body?: BodyInit,
  headers: Record<string, string> = {},
): Promise<string | undefined> {
  const response = await fetch(service.url + address, {
    method,
    headers: {
      authorization: `Bearer ${service.key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  if (response.status < 400 || response.status >= 500) return `${response.status} ${text}`;
  return wrongCode({ status: response.status, body: JSON.parse(text) });
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('\u0000', '\ud800', 'a\udfff', "' OR 1=1 --", '../../etc', '‮', '\u0007'),
);
const number = fc.oneof(
  fc.double({ max: -0.1, noNaN: true }),
  fc.double({ min: 0.1, max: 0.9, noNaN: true }),
  fc.constantFrom(0, -1, 1.5, 1e300, 2 ** 53, Number.MAX_VALUE, -0),
);
const otherThings = fc.oneof(
  fc.constantFrom<unknown>(null, true, [], {}, [[]], { length: 1 }, '1', ''),
  fc.array(fc.integer(), { minLength: 1, maxLength: 3 }),
  fc.dictionary(fc.constantFrom('a', 'b'), fc.integer(), { minKeys: 1 }),
);

/** Something that the schema of a property does not allow. */
function wrongValue(name: string): fc.Arbitrary<unknown> {
  switch (name) {
    case 'cost':
    case 'amount':
    case 'expires_in_seconds':
      return fc.oneof(number, otherThings, text);
    case 'quantity':
      // 0 is a quantity to a meter's schema; the meter then refuses it.
      return fc.oneof(number, otherThings, text);
    case 'metadata':
      return fc.oneof(
        fc.constantFrom<unknown>(null, 1, 'x', [], { a: '\u0000' }, { '\ud800': 1 }, { a: 1e20 }),
        fc.constant({ a: 'x'.repeat(60_000) }).map(nested),
        fc.constant(nested({})),
      );
    default:
      return fc.oneof(
        fc.constantFrom<unknown>('\u0000', '\ud800', 'x\u0001', 'x'.repeat(2_000)),
        number,
        otherThings.filter((thing) => typeof thing !== 'string'),
      );
  }
}

function nested(inside: unknown): unknown {
  let value = inside;
  for (let depth = 0; depth < 200; depth += 1) value = { a: value };
  return value;
}

/** A body that would be taken, but for one thing. */
function wrongBody(good: Body): fc.Arbitrary<string> {
  const names = Object.keys(good);
  const json = (body: unknown) => JSON.stringify(body);
  const kinds: fc.Arbitrary<string>[] = [
    // Not JSON, or no object.
    fc.constantFrom('{', '{"a":', '[]', '1', '"x"', '{"a":1}}', "{'a':1}", '{"a":NaN}', '\u0000'),
    fc.string({ minLength: 1, maxLength: 30 }).map((tail) => `${json(good)}${tail.trim() || '!'}`),
    // Something more.
    fc
      .tuple(fc.constantFrom('admin', 'customer_id', 'toString', 'a b', '', '\ud800'), otherThings)
      .map(([name, value]) => json({ ...good, [name]: value })),
    fc.constantFrom('{"__proto__":{"cost":1}}', '{"constructor":{"prototype":{"a":1}}}'),
  ];
  if (names.length > 0) {
    kinds.push(
      fc
        .constantFrom(...names)
        .chain((name) => wrongValue(name).map((value) => json({ ...good, [name]: value }))),
      // A name twice.
      fc
        .constantFrom(...names)
        .map((name) => json(good).replace('{', `{${JSON.stringify(name)}:${json(good[name])},`)),
    );
  }
  return fc.oneof(...kinds);
}

describe('whatever is sent', () => {
  it('as a body of any route is refused with a code, and changes nothing', async () => {
    const withBody = routes().filter(({ method }) => method !== 'GET');
    expect(withBody.map(({ name }) => name).sort()).toEqual(Object.keys(GOOD).sort());
    for (const { name, method, address } of withBody) {
      await fc.assert(
        fc.asyncProperty(wrongBody(GOOD[name] ?? {}), async (body) => {
          const wrong = await refusal(method, address, body);
          if (wrong !== undefined) throw new Error(`${name} ${body.slice(0, 300)}: ${wrong}`);
        }),
        { numRuns: 35 },
      );
    }
    expect(await ledgerRows()).toEqual(before);
  });

  it('without what a body needs is refused', async () => {
    for (const { name, method, address, operation } of routes()) {
      const schema = operation.requestBody?.content['application/json']?.schema;
      for (const required of (schema?.required as string[] | undefined) ?? []) {
        const { [required]: _, ...body } = GOOD[name] ?? {};
        expect(await refusal(method, address, JSON.stringify(body)), name).toBeUndefined();
      }
    }
    expect(await ledgerRows()).toEqual(before);
  });

  it('as an address of any route is refused with a code', async () => {
    const trick = fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '%2e%2e',
        '%2e%2e%2f',
        '%00',
        'ann%00',
        '%2F',
        'ann%2Fbalance',
        '%c0%ae',
        '%ff',
        '%',
        '%zz',
        '%25%30%30',
        'ann;a=1',
        'ann%0d%0aX-A:1',
        '*',
        '$',
        '{customer_id}',
        '%e2%80%ae',
        'x'.repeat(201),
        'x'.repeat(5_000),
        '%F0%9F%98%80'.repeat(201),
      ),
      fc
        .string({ unit: 'binary', minLength: 1, maxLength: 20 })
        .map((each) => encodeURIComponent(each.replaceAll(/\p{Cs}/gu, '?')).concat('%01')),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes()), trick, async (route, id) => {
        const { method, name } = route;
        const address = route.address.replace('/ann', `/${id}`);
        // A customer of that name is made, and rightly.
        fc.pre(name !== 'ensureCustomer' || /%0|%$|%z|%f|%c|x{201}|^[.%2e]*$|F0/.test(id));
        const body = method === 'GET' ? undefined : JSON.stringify(GOOD[name]);
        const query =
          name === 'getUsageSummary' ? '?start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z' : '';
        const wrong = await refusal(method, address + query, body);
        if (wrong !== undefined) throw new Error(`${method} ${address.slice(0, 200)}: ${wrong}`);
      }),
      { numRuns: 90 },
    );
    for (const hold of ['0', '-1', '1.0', '01', 'x', '1e3', '%31%00', '9'.repeat(30)]) {
      const address = `/v1/customers/ann/holds/${hold}/release`;
      expect(await refusal('POST', address), hold).toBeUndefined();
    }
    expect(await ledgerRows()).toEqual(before);
  });

  it('in a query is refused with a code', async () => {
    const part = fc.constantFrom('start', 'end', '__proto__', 'limit', 'start[]', 'start%00', '');
    const value = fc.constantFrom(
      '',
      'now',
      '2026-11-22',
      '%00',
      '%',
      'NaN',
      '2026-13-01T00:00:00Z',
      '+275760-09-13T00:00:00Z',
      '2026-11-22T08:00:00+99:00',
      'infinity',
      '%ff',
      "'; DROP TABLE credits.accounts; --",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(part, value), { maxLength: 3 }), async (pairs) => {
        const query = pairs.map(([name, each]) => `${name}=${each}`).join('&');
        const wrong = await refusal('GET', `/v1/customers/ann/usage-summary?${query}`);
        if (wrong !== undefined) throw new Error(`${query}: ${wrong}`);
      }),
      { numRuns: 40 },
    );
  });

  it('in headers is refused with a code', async () => {
    const body = JSON.stringify(GOOD.use);
    const address = '/v1/customers/ann/usage';
    for (const headers of [
      { 'content-type': 'application/xml' },
      { 'content-type': 'application/json/x' },
      { 'content-type': 'multipart/form-data; boundary=x' },
      { 'content-encoding': 'br' },
      { authorization: 'Bearer' },
      { authorization: `Bearer ${service.key}x` },
      { authorization: service.key },
      { authorization: `bearer\t${service.key}, Bearer ${service.key}` },
    ]) {
      expect(
        await refusal('POST', address, body, headers),
        JSON.stringify(headers),
      ).toBeUndefined();
    }
    // What a proxy may add changes neither method, address nor who asks.
    for (const headers of [
      { 'x-http-method-override': 'PUT' },
      { 'x-original-url': '/v1/customers/ann/usage' },
      { 'x-forwarded-for': "1' OR 1=1" },
    ]) {
      expect(
        await refusal('DELETE', '/v1/customers/ann/balance', undefined, headers),
      ).toBeUndefined();
    }
    expect(await ledgerRows()).toEqual(before);
  });

  it('as bytes is answered, or hung up on, and the service goes on', async () => {
    const port = Number(new URL(service.url).port);
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 200 }).map((each) => Buffer.from(each)),
      fc
        .string({ unit: 'binary', maxLength: 60 })
        .map((each) =>
          Buffer.from(`POST /v1/customers/ann/usage HTTP/1.1\r\nHost: x\r\n${each}\r\n\r\n`),
        ),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        const answer = await new Promise<string>((resolve) => {
          let received = '';
          const socket = connect(port, '127.0.0.1', () => socket.end(sent));
          socket.on('data', (data) => {
            received += data;
          });
          socket.on('error', () => undefined);
          socket.on('close', () => resolve(received));
        });
        expect(answer).toMatch(/^$|^HTTP\/1\.1 4\d\d /);
      }),
      { numRuns: 60 },
    );
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    expect(await ledgerRows()).toEqual(before);
    // Nothing of all this surprised the service.
    expect(service.log.filter((line) => line.includes(' error '))).toEqual([]);
  });
});
