import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HTTP_ERRORS } from '#main/service/http-errors.ts';
import { startTestService, type TestService } from '#test/support/service.ts';
import { documentedClient, type ServiceClient } from '#test/support/service-client.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

const CUSTOMER = '/v1/customers/{customer_id}' as const;
const HOLD = `${CUSTOMER}/holds/{hold_id}` as const;

let database: TestDatabase;
let service: TestService;
let client: ServiceClient;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startTestService(database, { name: 'shop' });
  client = await documentedClient(service);
  await database.pool.query(
    "INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ('api_calls', 'Calls', 'sum')",
  );
});
afterAll(async () => {
  await service.close();
  await database.drop();
});

let customers = 0;
/** A customer of its own with so many credits. */
async function customer(credits: number, id = `customer-${++customers}`) {
  await database.pool.query('SELECT credits.ensure_customer($1)', [id]);
  if (credits > 0) {
    await database.pool.query("SELECT credits.add_credits($1, $2, 'bonus', 'Start')", [
      id,
      credits,
    ]);
  }
  return { customer_id: id };
}

const rows = async (sql: string, values: unknown[] = []) =>
  (await database.pool.query(sql, values)).rows;

describe('a back end', () => {
  it('makes a customer once, fills what is missing, and overwrites nothing', async () => {
    const path = { customer_id: 'made' };
    const made = await client.call(`PUT ${CUSTOMER}`, path, { email: 'ann@company.example' });
    expect(made.body).toEqual({ customer_id: 'made', email: 'ann@company.example', name: null });
    const filled = await client.call(`PUT ${CUSTOMER}`, path, { email: 'other@x.y', name: 'Ann' });
    expect(filled.body).toEqual({
      customer_id: 'made',
      email: 'ann@company.example',
      name: 'Ann',
    });
    expect((await client.call(`PUT ${CUSTOMER}`, path, {})).body).toEqual(filled.body);
    for (const beyond of [{ plan_tier: 'gold' }, { stripe_customer_id: 'cus_1' }]) {
      expect(await client.call(`PUT ${CUSTOMER}`, path, beyond)).toMatchObject({
        status: 400,
        body: { error: 'malformed_request', argument: Object.keys(beyond)[0] },
      });
    }
  });

  it('reads balance, held, available and lifetime', async () => {
    const path = await customer(20);
    await rows('SELECT credits.hold_credits($1, 5, $2)', [path.customer_id, 'Work']);
    expect((await client.call(`GET ${CUSTOMER}/balance`, path)).body).toEqual({
      ...path,
      balance: 20,
      held: 5,
      available: 15,
      lifetime_credits: 0,
    });
  });

  it('checks credits and features, and moves nothing', async () => {
    const path = await customer(10);
    expect((await client.call(`POST ${CUSTOMER}/check`, path, { cost: 10 })).body).toEqual({
      sufficient: true,
      required: 10,
      available: 10,
    });
    const feature = { feature: 'advanced_search', quantity: 2 };
    expect((await client.call(`POST ${CUSTOMER}/check`, path, feature)).body).toMatchObject({
      required: 10,
    });
    expect(await client.call(`POST ${CUSTOMER}/check`, path, { cost: 11 })).toMatchObject({
      status: 402,
      body: { error: 'insufficient_credits', required: 11, balance: 10, available: 10 },
    });
    expect((await client.call(`GET ${CUSTOMER}/balance`, path)).body).toMatchObject({
      available: 10,
    });
  });

  it('uses a feature once for each key, and the row says which key of the service did it', async () => {
    const path = await customer(30);
    const use = {
      feature: 'export_report',
      idempotency_key: 'report-1',
      description: 'Report for March',
      metadata: { order: 'A-1', pages: [1, 2] },
    };
    const first = await client.call(`POST ${CUSTOMER}/usage`, path, use);
    expect(first.body).toEqual({ transaction_id: expect.any(String), cost: 10, available: 20 });
    expect((await client.call(`POST ${CUSTOMER}/usage`, path, use)).body).toEqual(first.body);
    expect(
      await rows(
        `SELECT id::text, amount, description, feature, actor, metadata FROM credits.credit_transactions
         WHERE customer_id = $1 AND amount < 0`,
        [path.customer_id],
      ),
    ).toEqual([
      {
        id: first.body.transaction_id,
        amount: -10,
        description: 'Report for March',
        feature: 'export_report',
        actor: `api key shop ${service.key.slice(0, 12)} (test_service)`,
        metadata: { order: 'A-1', pages: [1, 2], quantity: 1, unit_cost: 10 },
      },
    ]);
  });

  it('is told 402 with the numbers and where to buy, also by use and hold', async () => {
    const path = await customer(2, 'a b/ü');
    await rows(
      "UPDATE credits_billing.notification_settings SET purchase_url = 'https://x.y/buy?c={customer_id}'",
    );
    // The answer about the key is remembered, and the address with it.
    const { key } = await service.makeKey();
    const expected = {
      error: 'insufficient_credits',
      message: expect.any(String),
      required: 5,
      balance: 2,
      available: 2,
      purchase_url: 'https://x.y/buy?c=a%20b%2F%C3%BC',
      request_id: expect.any(String),
    };
    for (const [route, body] of [
      ['check', { cost: 5 }],
      ['usage', { feature: 'advanced_search', idempotency_key: 'u' }],
      ['holds', { feature: 'advanced_search', idempotency_key: 'h' }],
    ] as const) {
      const answer = await client.call(`POST ${CUSTOMER}/${route}`, path, body, { key });
      expect(answer).toMatchObject({ status: 402, body: expected });
    }
    await rows('UPDATE credits_billing.notification_settings SET purchase_url = NULL');
  });

  it('holds, captures a part and releases the rest, or gives all of it back', async () => {
    const path = await customer(20);
    const body = { cost: 8, idempotency_key: 'hold-1', expires_in_seconds: 60 };
    const before = Date.now();
    const held = await client.call(`POST ${CUSTOMER}/holds`, path, body);
    expect(held.body).toMatchObject({ amount: 8, state: 'open', available: 12 });
    const lasts = Date.parse(String(held.body.expires_at)) - before;
    expect(lasts).toBeGreaterThan(55_000);
    expect(lasts).toBeLessThan(65_000);
    expect((await client.call(`POST ${CUSTOMER}/holds`, path, body)).body).toEqual(held.body);

    const hold = { ...path, hold_id: String(held.body.hold_id) };
    const captured = await client.call(`POST ${HOLD}/capture`, hold, { amount: 3 });
    expect(captured.body).toEqual({ transaction_id: expect.any(String), cost: 3, available: 17 });
    // Whoever lost that answer learns from the repeat that it was done, and by which transaction.
    for (const again of ['capture', 'release'] as const) {
      expect(await client.call(`POST ${HOLD}/${again}`, hold)).toMatchObject({
        status: 409,
        body: { error: 'hold_closed', first_id: captured.body.transaction_id },
      });
    }
    expect((await client.call(`POST ${CUSTOMER}/holds`, path, body)).body).toMatchObject({
      hold_id: hold.hold_id,
      state: 'captured',
    });

    const other = await client.call(`POST ${CUSTOMER}/holds`, path, {
      feature: 'basic_search',
      quantity: 4,
      idempotency_key: 'hold-2',
    });
    expect(other.body).toMatchObject({ amount: 4, available: 13 });
    const released = { ...path, hold_id: String(other.body.hold_id) };
    expect((await client.call(`POST ${HOLD}/release`, released)).body).toEqual({
      hold_id: released.hold_id,
      released: 4,
      available: 17,
    });
    const actors = await rows(
      `SELECT DISTINCT actor, closed_by FROM credits.credit_holds WHERE customer_id = $1`,
      [path.customer_id],
    );
    const actor = `api key shop ${service.key.slice(0, 12)} (test_service)`;
    expect(actors).toEqual([{ actor, closed_by: actor }]);
  });

  it('holds for a year at most, which the document gives in seconds', async () => {
    const path = await customer(5);
    const hold = { cost: 1, idempotency_key: 'long', expires_in_seconds: 31_536_000 };
    expect(await client.call(`POST ${CUSTOMER}/holds`, path, hold)).toMatchObject({ status: 200 });
  });

  it('closes a hold without a body, whatever its client says that nothing is', async () => {
    const path = await customer(5);
    for (const type of [undefined, 'application/x-www-form-urlencoded', 'application/json']) {
      const held = await client.call(`POST ${CUSTOMER}/holds`, path, {
        cost: 1,
        idempotency_key: `of ${type}`,
      });
      const response = await fetch(
        `${service.url}/v1/customers/${path.customer_id}/holds/${held.body.hold_id}/capture`,
        {
          method: 'POST',
          headers: {
            authorization: `Bearer ${service.key}`,
            ...(type === undefined ? {} : { 'content-type': type }),
          },
          // As a stream nobody knows beforehand that it is empty.
          ...(type === undefined ? { body: new Blob([]).stream(), duplex: 'half' } : { body: '' }),
        },
      );
      expect({ type, status: response.status }).toEqual({ type, status: 200 });
    }
  });

  it('reports metered usage, which is written down once', async () => {
    const path = await customer(0);
    const body = {
      event_name: 'api_calls',
      quantity: 120,
      idempotency_key: 'batch-17',
      occurred_at: '2026-11-01T10:00:00.5+02:00',
    };
    expect(await client.call(`POST ${CUSTOMER}/metered-usage`, path, body)).toMatchObject({
      status: 422,
      body: { argument: 'customer_id' },
    });
    await rows('SELECT credits.link_stripe_customer($1, $2)', [path.customer_id, 'cus_metered']);
    const first = await client.call(`POST ${CUSTOMER}/metered-usage`, path, body);
    expect(first).toMatchObject({ status: 202, body: { report_id: expect.any(String) } });
    expect(await client.call(`POST ${CUSTOMER}/metered-usage`, path, body)).toMatchObject({
      status: 202,
      body: first.body,
    });
    expect(
      await rows('SELECT quantity, occurred_at FROM credits.usage_reports WHERE customer_id = $1', [
        path.customer_id,
      ]),
    ).toEqual([{ quantity: 120, occurred_at: new Date('2026-11-01T08:00:00.500Z') }]);
  });

  it('reads what was used, from an instant on and up to another', async () => {
    const path = await customer(50);
    for (const [number, feature] of ['basic_search', 'export_report', 'export_report'].entries()) {
      const idempotency_key = String(number);
      await client.call(`POST ${CUSTOMER}/usage`, path, { feature, idempotency_key });
    }
    const now = Date.now();
    const query = {
      start: new Date(now - 60_000).toISOString().replace('Z', '+00:00'),
      end: new Date(now + 60_000).toISOString(),
    };
    const summary = await client.call(`GET ${CUSTOMER}/usage-summary`, path, undefined, { query });
    expect(summary.body).toEqual({
      rows: [
        {
          transaction_type: 'usage',
          description: 'export_report',
          feature: 'export_report',
          total_used: 20,
          transaction_count: 2,
        },
        expect.objectContaining({ feature: 'basic_search', total_used: 1 }),
      ],
      truncated: false,
    });
    const none = { start: query.start, end: query.start };
    expect(
      (await client.call(`GET ${CUSTOMER}/usage-summary`, path, undefined, { query: none })).body,
    ).toEqual({ rows: [], truncated: false });
    const backwards = { start: query.end, end: query.start };
    expect(
      await client.call(`GET ${CUSTOMER}/usage-summary`, path, undefined, { query: backwards }),
    ).toMatchObject({ status: 422, body: { argument: 'end' } });
  });

  it('reads at most the most credits that there are, also where more was used in time', async () => {
    const path = await customer(0);
    for (const _ of [1, 2]) {
      await rows('SELECT credits.add_credits($1, $2, $3, $4)', [
        path.customer_id,
        Number.MAX_SAFE_INTEGER,
        'bonus',
        'All',
      ]);
      await rows('SELECT credits.deduct_credits($1, $2, $3)', [
        path.customer_id,
        Number.MAX_SAFE_INTEGER,
        'All',
      ]);
    }
    const query = { start: '2020-01-01T00:00:00Z', end: '2999-01-01T00:00:00Z' };
    const summary = await client.call(`GET ${CUSTOMER}/usage-summary`, path, undefined, { query });
    expect(summary).toMatchObject({
      status: 200,
      body: { rows: [{ total_used: Number.MAX_SAFE_INTEGER, transaction_count: 2 }] },
    });
  });

  it('names customers as it likes: what stands in the address arrives as it is', async () => {
    for (const id of ['a..b', 'a/b', 'a%2Fb', '100%', '+1 2', '?#&', 'ü', '😀'.repeat(200)]) {
      await customer(7, id);
      const { status, body } = await client.call(`GET ${CUSTOMER}/balance`, { customer_id: id });
      expect({ status, id: body.customer_id, balance: body.balance }).toEqual({
        status: 200,
        id,
        balance: 7,
      });
    }
    expect(
      await client.call(`GET ${CUSTOMER}/balance`, { customer_id: 'x'.repeat(201) }),
    ).toMatchObject({ status: 422, body: { error: 'invalid_argument', argument: 'customer_id' } });
  });

  it('acts under its own name though connections are shared', async () => {
    const path = await customer(100);
    const other = await service.makeKey({ name: 'other' });
    await Promise.all(
      Array.from({ length: 40 }, (_, number) => {
        const key = number % 2 === 0 ? service.key : other.key;
        const use = { feature: 'basic_search', idempotency_key: `${key.slice(0, 12)} ${number}` };
        return client.call(`POST ${CUSTOMER}/usage`, path, use, { key });
      }),
    );
    const wrong = await rows(
      `SELECT idempotency_key, actor FROM credits.credit_transactions
       WHERE customer_id = $1 AND amount < 0 AND position(split_part(idempotency_key, ' ', 1) IN actor) = 0`,
      [path.customer_id],
    );
    expect(wrong).toEqual([]);
  });
});

describe('the document', () => {
  it('is consistent: every reference leads somewhere, every route says what it is and how it refuses', () => {
    const { document } = client;
    expect(document.openapi).toBe('3.1.0');
    for (const [, name] of JSON.stringify(document).matchAll(
      /"\$ref":"#\/components\/schemas\/(\w+)"/g,
    )) {
      expect(Object.keys(document.components.schemas)).toContain(name);
    }
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, ...operation })),
    );
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operationId, summary, security, responses, parameters } of operations) {
      expect(summary, operationId).toBeTruthy();
      for (const [status, response] of Object.entries(responses)) {
        expect(response.description, `${operationId} ${status}`).not.toBe('Default Response');
      }
      for (const parameter of parameters ?? []) {
        expect(parameter.description, `${operationId} ${parameter.name}`).toBeTruthy();
      }
      if (path.startsWith('/v1')) {
        expect(security, operationId).toEqual([{ key: [expect.any(String)] }]);
        expect(Object.keys(responses)).toEqual(
          expect.arrayContaining(['400', '401', '403', '404', '422', '429', '503']),
        );
      } else expect(security, operationId).toEqual([]);
    }
  });

  it('lists every code with its status', () => {
    const text = JSON.stringify(client.document);
    for (const [code, [status]] of Object.entries(HTTP_ERRORS)) {
      expect(text).toContain(`| ${status} | \`${code}\` |`);
    }
  });
});
