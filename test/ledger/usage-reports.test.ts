import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ledgerCallsOn } from '#test/support/ledger-calls.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

const ACCOUNT = 'acct_1';
/** A minute that is over, well within Stripe's 35 days. */
const MINUTE = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000);

type Report = {
  id: number;
  customer_id: string;
  quantity: number;
  occurred_at: Date;
  meter_event_id: string | null;
  transaction_id: number | null;
};
type Transaction = { id: number; amount: number; balance_after: number; created_at: Date };

let database: TestDatabase;
let client: pg.Client;
let made = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.connect();
  await client.query(`INSERT INTO credits_billing.meters (event_name, name, formula) VALUES
    ('tokens', 'Tokens', 'sum'), ('calls', 'Calls', 'count'), ('seats', 'Seats', 'last')`);
  await client.query("INSERT INTO credits_billing.meters VALUES ('old', 'Old', 'sum', false)");
});
afterAll(() => database.drop());
// Each test looks at its own reports only.
beforeEach(() => client.query('TRUNCATE credits.usage_reports, credits_billing.meter_events'));

async function newCustomer({ credits = 0, stripe = true } = {}): Promise<string> {
  made += 1;
  const id = `customer ${made}`;
  await client.query('SELECT credits.ensure_customer($1, stripe_customer_id => $2)', [
    id,
    stripe ? `cus_${made}` : null,
  ]);
  if (credits > 0) {
    await client.query("SELECT credits.add_credits($1, $2, 'bonus', 'start')", [id, credits]);
  }
  return id;
}

async function rows<Row = Record<string, unknown>>(sql: string, values: unknown[] = []) {
  return (await client.query(sql, values)).rows as Row[];
}

async function call<Row = Record<string, unknown>>(sql: string, values: unknown[] = []) {
  const [row] = await rows<Row>(`SELECT * FROM credits.${sql}`, values);
  if (row === undefined) throw new Error(`${sql} returned no row`);
  return row;
}

/** Reports usage; seconds count from MINUTE. */
async function report(
  id: string,
  of: { meter?: string; quantity?: number; seconds?: number; key?: string } = {},
): Promise<Report> {
  made += 1;
  const { meter = 'tokens', quantity = 1, seconds = 0, key = `key ${made}` } = of;
  return call<Report>('report_usage($1, $2, $3, $4, $5)', [
    id,
    meter,
    quantity,
    key,
    new Date(MINUTE.getTime() + seconds * 1_000),
  ]);
}

/** As if everything so far had been reported minutes ago. */
const letMinutePass = () =>
  client.query("UPDATE credits.usage_reports SET created_at = created_at - interval '2 minutes'");

async function batch(options: { atOnce?: boolean; limit?: number; on?: pg.Client } = {}) {
  const { rows: made } = await (options.on ?? client).query<{ made: number }>(
    'SELECT credits.batch_usage($1, false, $2, $3) AS made',
    [ACCOUNT, options.atOnce ?? false, options.limit ?? 5_000],
  );
  return made[0]?.made;
}

const reports = () => rows<Report>('SELECT * FROM credits.usage_reports ORDER BY id');
const events = () =>
  rows<{
    id: string;
    value: number;
    reports: number;
    state: string;
    occurred_at: Date;
    identifier: string;
    stripe_customer_id: string;
  }>('SELECT * FROM credits_billing.meter_events ORDER BY position');
const broken = () => rows('SELECT * FROM credits.check_integrity()');

function refusal(code: string, message: string, detail: Record<string, unknown>) {
  return expect.objectContaining({
    code,
    message,
    detail: expect.toSatisfy((text: string) => {
      const actual = JSON.parse(text) as Record<string, unknown>;
      return Object.entries(detail).every(([key, value]) => actual[key] === value);
    }, JSON.stringify(detail)),
  });
}

describe('a report of usage that cannot be billed', () => {
  it.each([
    ["report_usage(null, 'tokens', 1, 'k')", 'customer_id', 'is required'],
    ["report_usage('', 'tokens', 1, 'k')", 'customer_id', 'is required'],
    [
      "report_usage(repeat('c', 201), 'tokens', 1, 'k')",
      'customer_id',
      'is longer than 200 characters',
    ],
    ["report_usage($1, null, 1, 'k')", 'event_name', 'is required'],
    ["report_usage($1, ' ', 1, 'k')", 'event_name', 'is required'],
    ["report_usage($1, repeat('t', 101), 1, 'k')", 'event_name', 'is longer than 100 characters'],
    ["report_usage($1, E'tok\\x07ens', 1, 'k')", 'event_name', 'holds a control character'],
    ["report_usage($1, 'tokens', 1, null)", 'idempotency_key', 'is required'],
    ["report_usage($1, 'tokens', 1, '')", 'idempotency_key', 'is required'],
    [
      "report_usage($1, 'tokens', 1, repeat('k', 256))",
      'idempotency_key',
      'is longer than 255 characters',
    ],
    [
      "report_usage($1, 'tokens', 1, 'transaction:1')",
      'idempotency_key',
      'begins with transaction:, which uses of features keep for themselves',
    ],
    ["report_usage($1, 'tokens', null, 'k')", 'quantity', 'is required'],
    ["report_usage($1, 'tokens', -1, 'k')", 'quantity', 'must not be negative'],
    ["report_usage($1, 'tokens', '-Infinity', 'k')", 'quantity', 'must not be negative'],
    ["report_usage($1, 'tokens', 1.5, 'k')", 'quantity', 'must be a whole number of units'],
    ["report_usage($1, 'tokens', 0.0000001, 'k')", 'quantity', 'must be a whole number of units'],
    ["report_usage($1, 'tokens', 'NaN', 'k')", 'quantity', 'must be a whole number of units'],
    ["report_usage($1, 'tokens', 'Infinity', 'k')", 'quantity', 'must be a whole number of units'],
    ["report_usage($1, 'tokens', 0, 'k')", 'quantity', 'must be at least 1'],
    ["report_usage($1, 'calls', 0, 'k')", 'quantity', 'must be at least 1'],
    ["report_usage($1, 'calls', 2, 'k')", 'quantity', 'must be 1: this meter counts reports'],
    ["report_usage($1, 'seats', -1, 'k')", 'quantity', 'must not be negative'],
    [
      "report_usage($1, 'seats', 1000000000000000, 'k')",
      'quantity',
      'has more than 15 digits, the most that Stripe takes',
    ],
    [
      "report_usage($1, 'tokens', 1000000000000000, 'k')",
      'quantity',
      'has more than 15 digits, the most that Stripe takes',
    ],
    [
      "report_usage($1, 'tokens', 1e300, 'k')",
      'quantity',
      'has more than 15 digits, the most that Stripe takes',
    ],
    [
      "report_usage($1, 'tokens', 1, 'k', now() + interval '5 minutes 2 seconds')",
      'occurred_at',
      'is more than 5 minutes in the future',
    ],
    [
      "report_usage($1, 'tokens', 1, 'k', 'infinity')",
      'occurred_at',
      'is more than 5 minutes in the future',
    ],
    ["report_usage($1, 'tokens', 1, 'k', '-infinity')", 'occurred_at', 'is no instant'],
    ["report_usage($1, 'tokens', 1, 'k', metadata => '[]')", 'metadata', 'must be a JSON object'],
    ["report_usage($1, 'tokens', 1, 'k', metadata => 'null')", 'metadata', 'must be a JSON object'],
    ["report_usage($1, 'tokens', 1, 'k', metadata => null)", 'metadata', 'must be a JSON object'],
  ])('is refused: %s, for %s %s', async (sql, argument, why) => {
    const id = await newCustomer();
    const values = sql.includes('$1') ? [id] : [];
    await expect(call(sql, values)).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument, why }),
    );
    expect(await reports()).toEqual([]);
  });

  it('is refused where the customer, its Stripe customer or an active meter is missing', async () => {
    const id = await newCustomer();
    const unlinked = await newCustomer({ stripe: false });
    const attempts: [customer: string, meter: string, refused: unknown][] = [
      ['nobody', 'tokens', refusal('CR404', 'not_found', { entity: 'customer', id: 'nobody' })],
      [id, 'tokns', refusal('CR404', 'not_found', { entity: 'meter', id: 'tokns' })],
      [id, 'old', refusal('CR404', 'not_found', { entity: 'meter', id: 'old' })],
      [unlinked, 'tokens', refusal('CR422', 'invalid_argument', { argument: 'customer_id' })],
    ];
    for (const [customer, meter, refused] of attempts) {
      await expect(report(customer, { meter })).rejects.toEqual(refused);
    }
    expect(await reports()).toEqual([]);
  });

  it('and one that just can be is kept as it was told', async () => {
    const id = await newCustomer();
    await report(id, { quantity: 999_999_999_999_999 });
    await report(id, { meter: 'calls' });
    await report(id, { meter: 'seats', quantity: 0 });
    await call("report_usage($1, 'tokens', 1.000, 'soon', now() + interval '4 minutes')", [id]);
    await call("report_usage($1, 'tokens', 1, 'ages ago', '2001-01-01T00:00:00Z')", [id]);
    expect((await reports()).map(({ quantity }) => quantity)).toEqual([
      999_999_999_999_999, 1, 0, 1, 1,
    ]);
  });
});

describe('a repeated report', () => {
  it('returns the first row, and with other arguments is a conflict', async () => {
    const id = await newCustomer();
    const at = '2026-11-01T10:00:00.123456Z';
    const again = (quantity: number, meter = 'tokens', time: string | null = at, metadata = '{}') =>
      call('report_usage($1, $2, $3, $4, $5, $6)', [id, meter, quantity, 'k', time, metadata]);
    const first = await again(5);
    expect(await again(5)).toEqual(first);
    for (const other of [
      () => again(6),
      () => again(5, 'seats'),
      () => again(5, 'tokens', '2026-11-01T10:00:00.123457Z'),
      () => again(5, 'tokens', null),
      () => again(5, 'tokens', at, '{"a": 1}'),
    ]) {
      await expect(other()).rejects.toEqual(
        refusal('CR409', 'idempotency_conflict', { first_id: String(first.id) }),
      );
    }
    expect(await reports()).toHaveLength(1);
    // Keys are a customer's own.
    await report(await newCustomer(), { key: 'k' });
    expect(await reports()).toHaveLength(2);
  });

  it('returns the first row after meter or customer went', async () => {
    const id = await newCustomer();
    await client.query(
      "INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ('brief', 'Brief', 'count')",
    );
    const first = await report(id, { meter: 'brief', key: 'k' });
    await client.query(
      "UPDATE credits_billing.meters SET active = false WHERE event_name = 'brief'",
    );
    expect(await report(id, { meter: 'brief', key: 'k' })).toEqual(first);
    await client.query('SELECT credits.link_stripe_customer($1, null)', [id]);
    expect(await report(id, { meter: 'brief', key: 'k' })).toEqual(first);
    await expect(report(id, { meter: 'brief', key: 'k', quantity: 2 })).rejects.toMatchObject({
      code: 'CR409',
    });
    await expect(report(id, { meter: 'brief', key: 'other' })).rejects.toMatchObject({
      code: 'CR404',
    });
  });

  it('of 0, which only the newest value may be, returns the first row after its meter went too', async () => {
    const id = await newCustomer();
    await client.query(
      "INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ('rooms', 'Rooms', 'last')",
    );
    const first = await report(id, { meter: 'rooms', quantity: 0, key: 'k' });
    await client.query(
      "UPDATE credits_billing.meters SET active = false WHERE event_name = 'rooms'",
    );
    expect(await report(id, { meter: 'rooms', quantity: 0, key: 'k' })).toEqual(first);
    await expect(report(id, { meter: 'rooms', quantity: 0, key: 'other' })).rejects.toMatchObject({
      code: 'CR404',
    });
  });

  it('is the same in any time zone and spelling of the session', async () => {
    const id = await newCustomer();
    const elsewhere = await database.connect();
    const text = 'SELECT * FROM credits.report_usage($1, $2, $3::text::numeric, $4, $5)';
    const firsts = [];
    for (const [zone, style, quantity, time] of [
      ['UTC', 'ISO', '5', '2026-10-25T00:30:00Z'],
      ['Europe/Berlin', 'German', '5.000', '2026-10-25T02:30:00+02:00'],
      ['Asia/Kathmandu', 'SQL, DMY', '5e0', '2026-10-25T06:15:00+05:45'],
    ]) {
      await elsewhere.query(`SET TimeZone = '${zone}'`);
      await elsewhere.query(`SET DateStyle = '${style}'`);
      const values = [id, 'tokens', quantity, 'k', time];
      firsts.push((await elsewhere.query<{ id: number }>(text, values)).rows[0]?.id);
    }
    expect(new Set(firsts).size).toBe(1);
    expect(await reports()).toHaveLength(1);
  });

  it('is one row where twenty come at once', async () => {
    const id = await newCustomer();
    const clients = await Promise.all(Array.from({ length: 20 }, () => database.connect()));
    const answers = await Promise.all(
      clients.map((each) =>
        each.query<{ id: number }>(
          "SELECT * FROM credits.report_usage($1, 'tokens', 7, 'same', '2026-11-01Z')",
          [id],
        ),
      ),
    );
    expect(new Set(answers.map((answer) => answer.rows[0]?.id)).size).toBe(1);
    expect(await reports()).toHaveLength(1);
    await Promise.all(clients.map((each) => each.end()));
  });
});

describe('roles', () => {
  it('service and support report, only admin batches, and nobody writes reports directly', async () => {
    const id = await newCustomer();
    const text = "SELECT * FROM credits.report_usage($1, 'tokens', 1, $2)";
    for (const role of ['test_service', 'test_support', 'test_admin'] as const) {
      await (await database.connect(role)).query(text, [id, role]);
    }
    expect(
      (await rows<{ actor: string }>('SELECT actor FROM credits.usage_reports ORDER BY id')).map(
        ({ actor }) => actor,
      ),
    ).toEqual(['test_service', 'test_support', 'test_admin']);
    for (const role of ['test_reader', 'test_nobody'] as const) {
      const each = await database.connect(role);
      await expect(each.query(text, [id, role]), role).rejects.toMatchObject({ code: '42501' });
    }
    for (const role of ['test_reader', 'test_service', 'test_support'] as const) {
      await expect(batch({ on: await database.connect(role) }), role).rejects.toMatchObject({
        code: '42501',
      });
    }
    expect(await batch({ on: await database.connect('test_admin'), atOnce: true })).toBe(1);
    for (const role of ['test_service', 'test_support', 'test_admin'] as const) {
      const each = await database.connect(role);
      for (const write of [
        'UPDATE credits.usage_reports SET quantity = 0',
        'DELETE FROM credits.usage_reports',
        `INSERT INTO credits.usage_reports (customer_id, event_name, quantity, occurred_at, idempotency_key, fingerprint, actor)
          VALUES ('x', 'tokens', 1, now(), 'k', gen_random_uuid(), 'x')`,
        "SELECT credits.post_metered_use('x', 'f', 'f', null, null, '{}')",
      ]) {
        await expect(each.query(write), `${role}: ${write}`).rejects.toMatchObject({
          code: '42501',
        });
      }
    }
  });
});

describe('meter events', () => {
  it('carry what one customer used in one minute, once the minute is over', async () => {
    const [ann, bob] = [await newCustomer(), await newCustomer()];
    for (const [id, quantity, seconds] of [
      [ann, 1, 10],
      [ann, 20, 59.9],
      [bob, 300, 20],
      [ann, 4_000, 60],
    ] as const) {
      await report(id, { quantity, seconds });
    }
    await client.query(
      "UPDATE credits.usage_reports SET created_at = now() + interval '2 minutes'",
    );
    expect(await batch()).toBe(0);
    await client.query(
      "UPDATE credits.usage_reports SET created_at = now() - interval '2 minutes'",
    );
    expect(await batch()).toBe(3);
    expect(await batch()).toBe(0);
    const all = await events();
    expect(all.map(({ value, reports: count }) => [value, count])).toEqual([
      [21, 2],
      [300, 1],
      [4_000, 1],
    ]);
    expect(all[0]).toMatchObject({
      identifier: `cc_${all[0]?.id}`,
      state: 'queued',
      occurred_at: new Date(MINUTE.getTime() + 10_000),
    });
    expect((await reports()).map(({ meter_event_id: event }) => event)).toEqual([
      all[0]?.id,
      all[0]?.id,
      all[1]?.id,
      all[2]?.id,
    ]);
  });

  it('of a minute that is not over are made at once where asked, and a late report gets its own', async () => {
    const id = await newCustomer();
    await report(id, { quantity: 5 });
    await client.query(
      "UPDATE credits.usage_reports SET created_at = now() + interval '2 minutes'",
    );
    expect(await batch({ atOnce: true })).toBe(1);
    await report(id, { quantity: 6 });
    expect(await batch({ atOnce: true })).toBe(1);
    expect((await events()).map(({ value }) => value)).toEqual([5, 6]);
    // Usage that is to happen waits in any case.
    await call("report_usage($1, 'tokens', 1, 'soon', now() + interval '4 minutes')", [id]);
    await call("report_usage($1, 'seats', 1, 'soon too', now() + interval '4 minutes')", [id]);
    expect(await batch({ atOnce: true })).toBe(0);
  });

  it('of meters that count or take the newest value carry one report each, and wait for no minute', async () => {
    const id = await newCustomer();
    for (const seconds of [3, 1, 2]) {
      await report(id, { meter: 'calls', seconds });
      await report(id, { meter: 'seats', quantity: seconds * 10, seconds });
    }
    expect(await batch()).toBe(6);
    const found = await rows(
      'SELECT event_name, value, reports FROM credits_billing.meter_events ORDER BY event_name, position',
    );
    expect(found).toEqual([
      ...[1, 1, 1].map((value) => ({ event_name: 'calls', value, reports: 1 })),
      // Sent in the order in which it happened: the newest value comes last.
      ...[10, 20, 30].map((value) => ({ event_name: 'seats', value, reports: 1 })),
    ]);
  });

  it('stay within 15 digits, and take no more reports than asked', async () => {
    const id = await newCustomer();
    for (const quantity of [600_000_000_000_000, 600_000_000_000_000, 5]) {
      await report(id, { quantity });
    }
    for (const quantity of [999_999_999_999_998, 1]) {
      await report(id, { quantity, seconds: 120 });
    }
    await letMinutePass();
    expect(await batch({ limit: 3 })).toBe(3);
    expect(await batch({ limit: 0 })).toBe(1);
    expect(await batch({ limit: 5_000 })).toBe(1);
    expect((await events()).map(({ value }) => value)).toEqual([
      600_000_000_000_000, 600_000_000_000_000, 5, 999_999_999_999_998, 1,
    ]);
    await report(id, { quantity: 999_999_999_999_998, seconds: 240 });
    await report(id, { quantity: 1, seconds: 241 });
    await letMinutePass();
    expect(await batch()).toBe(1);
    expect((await events()).at(-1)).toMatchObject({ value: 999_999_999_999_999, reports: 2 });
  });

  it('never reach over the end of a period', async () => {
    const id = await newCustomer();
    const boundary = new Date(MINUTE.getTime() + 30_000);
    await runItem(id, 'tokens', { end: boundary });
    for (const [seconds, quantity] of [
      [10, 1],
      [29.9, 2],
      [30, 10],
      [50, 20],
    ] as const) {
      await report(id, { seconds, quantity });
    }
    await letMinutePass();
    expect(await batch()).toBe(2);
    expect((await events()).map(({ value, occurred_at: at }) => [value, at < boundary])).toEqual([
      [3, true],
      [30, false],
    ]);
  });

  it('wait for customers without a Stripe customer, and are too old after 35 days', async () => {
    const [gone, old] = [await newCustomer(), await newCustomer()];
    await report(gone, { quantity: 3 });
    await call("report_usage($1, 'tokens', 9, 'old', now() - interval '35 days 1 hour')", [old]);
    await call("report_usage($1, 'tokens', 8, 'not so old', now() - interval '34 days 23 hours')", [
      old,
    ]);
    await letMinutePass();
    await client.query('SELECT credits.link_stripe_customer($1, null)', [gone]);
    expect(await batch()).toBe(2);
    expect((await events()).map(({ value, state }) => [value, state])).toEqual([
      [9, 'too_old'],
      [8, 'queued'],
    ]);
    await client.query("SELECT credits.link_stripe_customer($1, 'cus_new')", [gone]);
    expect(await batch()).toBe(1);
    expect((await events()).at(-1)).toMatchObject({ value: 3, stripe_customer_id: 'cus_new' });
  });

  it('are made for the account and mode of the workspace alone', async () => {
    const id = await newCustomer();
    await report(id);
    await letMinutePass();
    const bind = (account: string, livemode: boolean) =>
      client.query(
        'UPDATE credits_billing.stripe_settings SET account_id = $1, livemode = $2, simulated = false',
        [account, livemode],
      );
    await bind('acct_other', false);
    expect(await batch()).toBe(0);
    await bind(ACCOUNT, true);
    expect(await batch()).toBe(0);
    for (const [sql, argument] of [
      ['batch_usage(null, false)', 'account_id'],
      ["batch_usage('', false)", 'account_id'],
      [`batch_usage('${ACCOUNT}', null)`, 'livemode'],
    ] as const) {
      await expect(call(sql), sql).rejects.toEqual(
        refusal('CR422', 'invalid_argument', { argument }),
      );
    }
    await bind(ACCOUNT, false);
    expect(await batch()).toBe(1);
    await client.query(
      'UPDATE credits_billing.stripe_settings SET account_id = null, livemode = null, simulated = null',
    );
  });

  it('carry each report once where many batch at once, and lose none', async () => {
    const ids = [await newCustomer(), await newCustomer(), await newCustomer()];
    await client.query(
      `INSERT INTO credits.usage_reports (customer_id, event_name, quantity, occurred_at, idempotency_key, fingerprint, actor)
       SELECT ($1::text[])[n % 3 + 1], CASE n % 2 WHEN 0 THEN 'tokens' ELSE 'seats' END, n,
         $2::timestamptz + n * interval '0.7 seconds', 'k' || n, gen_random_uuid(), 'test' FROM generate_series(1, 600) n`,
      [ids, new Date(MINUTE.getTime() - 3_600_000)],
    );
    await letMinutePass();
    const clients = await Promise.all(Array.from({ length: 4 }, () => database.connect()));
    await Promise.all(
      clients.map(async (on) => {
        // Each until it finds nothing that nobody else has in hand.
        while ((await batch({ on, limit: 25 })) !== 0);
      }),
    );
    await batch();
    const [sums] = await rows(`
      SELECT (SELECT count(*)::integer FROM credits.usage_reports WHERE meter_event_id IS NULL) AS waiting,
        (SELECT sum(value)::bigint FROM credits_billing.meter_events) AS value,
        (SELECT sum(reports)::integer FROM credits_billing.meter_events) AS reports,
        (SELECT count(*)::integer FROM credits_billing.meter_events e WHERE (e.value, e.reports) IS DISTINCT FROM
          ROW((SELECT sum(r.quantity)::bigint FROM credits.usage_reports r WHERE r.meter_event_id = e.id),
            (SELECT count(*)::integer FROM credits.usage_reports r WHERE r.meter_event_id = e.id))) AS wrong`);
    expect(sums).toEqual({ waiting: 0, value: 180_300, reports: 600, wrong: 0 });
    await Promise.all(clients.map((each) => each.end()));
  });
});

/** Has a customer run a subscription with an item on a meter. */
async function runItem(
  id: string,
  meter: string,
  { end = new Date(Date.now() + 86_400_000), status = 'active', removed = false } = {},
) {
  made += 1;
  await client.query(
    'INSERT INTO credits_billing.subscriptions (id, account_id, customer_id, status) VALUES ($1, $2, $3, $4)',
    [`sub_${made}`, ACCOUNT, id, status],
  );
  await client.query(
    `INSERT INTO credits_billing.subscription_items (id, subscription_id, account_id, customer_id, price_id, event_name,
       current_period_start, current_period_end, removed_at)
     VALUES ($1, $2, $3, $4, 'price_1', $5, $6::timestamptz - interval '30 days', $6, $7)`,
    [`si_${made}`, `sub_${made}`, ACCOUNT, id, meter, end, removed ? new Date() : null],
  );
}

describe('a feature that is bound to a meter', () => {
  const bind = (feature: string, meter: string, mode: 'report' | 'both', plan = '') =>
    client.query(
      'INSERT INTO credits_billing.feature_meters (feature, event_name, mode, plan_tier) VALUES ($1, $2, $3, $4)',
      [feature, meter, mode, plan],
    );
  const use = (id: string, feature: string, quantity: number, key: string | null = null) =>
    call<Transaction>('use_feature($1, $2, $3, $4)', [id, feature, quantity, key]);

  beforeAll(async () => {
    await client.query(`INSERT INTO credits.feature_costs (feature, cost) VALUES
      ('draw', 3), ('paint', 3), ('both', 3), ('late', 3), ('print', 3)`);
    await bind('draw', 'tokens', 'report');
    await bind('both', 'tokens', 'both');
    await bind('paint', 'tokens', 'report');
    await bind('paint', 'seats', 'both', 'pro');
    await bind('print', 'old', 'report');
  });

  it('is reported in place of the deduction', async () => {
    const id = await newCustomer();
    await runItem(id, 'tokens');
    const used = await use(id, 'draw', 4);
    expect(used).toMatchObject({ amount: 0, balance_after: 0, transaction_type: 'usage' });
    expect(used).toMatchObject({ feature: 'draw', metadata: { quantity: 4, meter: 'tokens' } });
    expect(await reports()).toMatchObject([
      { quantity: 4, transaction_id: used.id, occurred_at: used.created_at, event_name: 'tokens' },
    ]);
    expect(await broken()).toEqual([]);
  });

  it('is reported in as many units as a meter takes, whatever they would cost in credits', async () => {
    const id = await newCustomer({ credits: 0 });
    await runItem(id, 'tokens');
    const most = 999_999_999_999_999;
    expect(
      await call('check_credits($1, feature => $2, quantity => $3)', [id, 'draw', most]),
    ).toMatchObject({ sufficient: true, required: 0 });
    expect(await use(id, 'draw', most)).toMatchObject({ amount: 0, metadata: { quantity: most } });
    await client.query(
      "UPDATE credits.feature_costs SET cost = 9007199254740991 WHERE feature = 'draw'",
    );
    expect(await use(id, 'draw', 2)).toMatchObject({ amount: 0, metadata: { quantity: 2 } });
    await client.query("UPDATE credits.feature_costs SET cost = 3 WHERE feature = 'draw'");
    expect(await reports()).toMatchObject([{ quantity: most }, { quantity: 2 }]);
  });

  it('is reported besides the deduction, and not without it', async () => {
    const id = await newCustomer({ credits: 10 });
    await runItem(id, 'tokens');
    const used = await use(id, 'both', 3);
    expect(used).toMatchObject({ amount: -9, balance_after: 1, metadata: { unit_cost: 3 } });
    await expect(use(id, 'both', 1)).rejects.toMatchObject({ code: 'CR402' });
    expect(await reports()).toMatchObject([{ quantity: 3, transaction_id: used.id }]);
    expect(await broken()).toEqual([]);
  });

  it('is reported whatever context its client sets', async () => {
    const id = await newCustomer({ credits: 10 });
    await runItem(id, 'tokens');
    await client.query(
      `SET credits.context = '{"meter":"seats","quantity":99,"unit_cost":0,"case_link":"T-1"}'`,
    );
    await use(id, 'draw', 4);
    const both = await use(id, 'both', 3);
    await client.query('RESET credits.context');
    expect(both).toMatchObject({
      metadata: { quantity: 3, unit_cost: 3, meter: 'tokens', case_link: 'T-1' },
    });
    expect(await reports()).toMatchObject([{ quantity: 4 }, { quantity: 3 }]);
  });

  it('goes by the row of the plan before the one for all', async () => {
    const id = await newCustomer({ credits: 10 });
    await runItem(id, 'tokens');
    await runItem(id, 'seats');
    await client.query("SELECT credits.set_plan_tier($1, 'pro')", [id]);
    expect(await use(id, 'paint', 1)).toMatchObject({ amount: -3, metadata: { meter: 'seats' } });
    await client.query("SELECT credits.set_plan_tier($1, 'basic')", [id]);
    expect(await use(id, 'paint', 1)).toMatchObject({ amount: 0, metadata: { meter: 'tokens' } });
  });

  it('is deducted as ever from a customer that runs no item on the meter', async () => {
    const customers = {
      'no item': await newCustomer({ credits: 10 }),
      'item removed': await newCustomer({ credits: 10 }),
      'other meter': await newCustomer({ credits: 10 }),
      'ended subscription': await newCustomer({ credits: 10 }),
    };
    await runItem(customers['item removed'], 'tokens', { removed: true });
    await runItem(customers['other meter'], 'calls');
    await runItem(customers['ended subscription'], 'tokens', { status: 'canceled' });
    for (const [why, id] of Object.entries(customers)) {
      expect(await use(id, 'draw', 2), why).toMatchObject({ amount: -6, balance_after: 4 });
    }
    const onOld = await newCustomer({ credits: 10 });
    await runItem(onOld, 'old');
    expect(await use(onOld, 'print', 1), 'inactive meter').toMatchObject({ amount: -3 });
    expect(await reports()).toEqual([]);
  });

  it('is deducted where the subscription is of an account that the workspace left', async () => {
    const id = await newCustomer({ credits: 10 });
    await runItem(id, 'tokens');
    const bind = (account: string | null) =>
      client.query(
        'UPDATE credits_billing.stripe_settings SET account_id = $1, livemode = $2, simulated = $2',
        [account, account === null ? null : false],
      );
    try {
      await bind('acct_after');
      expect(await use(id, 'draw', 2)).toMatchObject({ amount: -6, balance_after: 4 });
      expect(await reports()).toEqual([]);
      await bind(ACCOUNT);
      expect(await use(id, 'draw', 2)).toMatchObject({ amount: 0, balance_after: 4 });
    } finally {
      await bind(null);
    }
  });

  it('refuses a quantity beyond 15 digits, and posts nothing', async () => {
    const id = await newCustomer();
    await client.query("INSERT INTO credits.feature_costs (feature, cost) VALUES ('cheap', 1)");
    await bind('cheap', 'tokens', 'report');
    await runItem(id, 'tokens');
    await expect(use(id, 'cheap', 1_000_000_000_000_000)).rejects.toEqual(
      refusal('CR422', 'invalid_argument', { argument: 'quantity' }),
    );
    expect(
      await rows('SELECT FROM credits.credit_transactions WHERE customer_id = $1', [id]),
    ).toEqual([]);
    expect(await reports()).toEqual([]);
  });

  it('is reported once where the call is repeated, also when the binding has changed', async () => {
    const id = await newCustomer({ credits: 30 });
    await runItem(id, 'tokens');
    for (const feature of ['draw', 'both'] as const) {
      const first = await use(id, feature, 2, `k ${feature}`);
      expect(await use(id, feature, 2, `k ${feature}`)).toEqual(first);
      await expect(use(id, feature, 3, `k ${feature}`)).rejects.toMatchObject({ code: 'CR409' });
      await client.query(
        'UPDATE credits_billing.feature_meters SET event_name = $1 WHERE feature = $2',
        ['seats', feature],
      );
      expect(await use(id, feature, 2, `k ${feature}`)).toEqual(first);
      await client.query(
        'UPDATE credits_billing.feature_meters SET event_name = $1 WHERE feature = $2',
        ['tokens', feature],
      );
    }
    expect(await reports()).toHaveLength(2);
  });

  it.each([
    ['its client says nothing of a meter', {}],
    ['its client names the meter too', { meter: 'tokens', quantity: 2 }],
  ])(
    'is not reported for a use that was deducted, where its repeat overtakes the binding and %s',
    async (_, metadata) => {
      await rows("DELETE FROM credits_billing.feature_meters WHERE feature = 'late'");
      const id = await newCustomer({ credits: 30 });
      await runItem(id, 'tokens');
      const first = await database.connect();
      await first.query('BEGIN');
      await first.query("SELECT * FROM credits.use_feature($1, 'late', 2, 'k', $2)", [
        id,
        metadata,
      ]);
      await bind('late', 'tokens', 'report');
      const second = await database.connect();
      const [{ pid } = { pid: 0 }] = (
        await second.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      ).rows;
      const repeat = second.query<Transaction>(
        "SELECT * FROM credits.use_feature($1, 'late', 2, 'k', $2)",
        [id, metadata],
      );
      await expect
        .poll(
          async () =>
            (await rows('SELECT wait_event_type FROM pg_stat_activity WHERE pid = $1', [pid]))[0],
        )
        .toEqual({ wait_event_type: 'Lock' });
      await first.query('COMMIT');
      expect((await repeat).rows[0]).toMatchObject({ amount: -6, balance_after: 24 });
      expect(await reports()).toEqual([]);
    },
  );

  it('keeps the ledger whole when used by many at once, and adds up in roll-ups and summaries', async () => {
    const id = await newCustomer({ credits: 300 });
    await runItem(id, 'tokens');
    // A fold takes what every open transaction of the server has let go of: those of other test files too.
    const { untilSettled } = ledgerCallsOn(client);
    await untilSettled();
    await client.query('SELECT credits.fold_usage()');
    const clients = await Promise.all(Array.from({ length: 8 }, () => database.connect()));
    await Promise.all(
      clients.map(async (each, number) => {
        for (let n = 0; n < 12; n += 1) {
          const feature = ['draw', 'both', 'draw', 'basic'][n % 4];
          const text =
            feature === 'basic'
              ? "SELECT credits.deduct_credits($1, 1, 'work', 'basic', $2)"
              : `SELECT credits.use_feature($1, '${feature}', 2, $2)`;
          // Every second call twice over, from two of them: the same keys.
          await each.query(text, [id, `${n % 2 === 0 ? number : number >> 1} ${n}`]);
        }
      }),
    );
    await Promise.all(clients.map((each) => each.end()));
    expect(await broken()).toEqual([]);
    // Of each 12: 6 draw alone, 3 both and 3 basic, the latter two from 4 pairs.
    const [counted] = await rows(
      `SELECT count(*)::integer AS reports, sum(quantity)::integer AS units FROM credits.usage_reports WHERE customer_id = $1`,
      [id],
    );
    expect(counted).toEqual({ reports: 48 + 12, units: 120 });
    const [balance] = await rows(
      'SELECT credits_balance FROM credits.accounts WHERE customer_id = $1',
      [id],
    );
    expect(balance).toEqual({ credits_balance: 300 - 12 * 6 - 12 });
    expect(
      await rows(
        `SELECT feature, total_used, transaction_count FROM credits.get_usage_summary($1, now() - interval '1 hour', now() + interval '1 hour')`,
        [id],
      ),
    ).toEqual([
      { feature: 'both', total_used: 72, transaction_count: 12 },
      { feature: 'basic', total_used: 12, transaction_count: 12 },
    ]);
    await untilSettled();
    expect(await rows('SELECT credits.fold_usage() AS folded')).toEqual([{ folded: 72 }]);
    expect(
      await rows(
        'SELECT used, transactions FROM credits.rollup_customer_months WHERE customer_id = $1',
        [id],
      ),
    ).toEqual([{ used: 84, transactions: 72 }]);
  });

  it('cannot be reversed where it moved no credits, and can where it did', async () => {
    const id = await newCustomer({ credits: 10 });
    await runItem(id, 'tokens');
    const reported = await use(id, 'draw', 4);
    for (const amount of [null, 1]) {
      await expect(
        call('reverse_transaction($1, $2, $3, $4)', [id, reported.id, 'mistake', amount]),
      ).rejects.toEqual(
        refusal('CR422', 'invalid_argument', {
          argument: 'transaction_id',
          why: 'moved no credits, so there is nothing to reverse',
        }),
      );
    }
    const deducted = await use(id, 'both', 2);
    expect(
      await call('reverse_transaction($1, $2, $3)', [id, deducted.id, 'mistake']),
    ).toMatchObject({ amount: 6, balance_after: 10 });
    expect(await broken()).toEqual([]);
  });
});
