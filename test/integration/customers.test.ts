import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { ensureCustomer } from '#main/customers/ensure-customer.ts';
import { explainCredits } from '#main/customers/explain-credits.ts';
import { getCustomer } from '#main/customers/get-customer.ts';
import { listCustomerTransactions } from '#main/customers/list-customer-transactions.ts';
import { listCustomers } from '#main/customers/list-customers.ts';
import { listGrantChanges } from '#main/customers/list-grant-changes.ts';
import { listGrantDebits } from '#main/customers/list-grant-debits.ts';
import { listPlans } from '#main/customers/list-plans.ts';
import { addNote } from '#main/customers/notes.ts';
import { customerUsageByDay } from '#main/customers/usage-by-day.ts';
import type { QueryTarget } from '#main/database/run-query.ts';
import { CUSTOMER_SORTS, customersProcedures } from '#shared/ipc/customers.ts';
import { queryTargetOn } from '#test/support/query-target.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let reader: QueryTarget;
let support: QueryTarget;

beforeAll(async () => {
  database = await createTestDatabase();
  reader = queryTargetOn(database.urlFor('test_reader'));
  support = queryTargetOn(database.urlFor('test_support'));
});
afterAll(async () => {
  await reader.pool.end();
  await support.pool.end();
  await database.drop();
});

async function customer(
  id: string,
  fields: { name?: string; email?: string; stripe?: string; plan?: string; credits?: number } = {},
) {
  await database.pool.query('SELECT * FROM credits.ensure_customer($1, $2, $3, $4, $5)', [
    id,
    fields.email ?? null,
    fields.name ?? null,
    fields.stripe ?? null,
    fields.plan ?? null,
  ]);
  if (fields.credits) await add(id, fields.credits);
}

async function add(id: string, credits: number, expiresAt: string | null = null): Promise<string> {
  const { rows } = await database.pool.query(
    `SELECT id::text FROM credits.add_credits($1, $2, 'bonus', 'A start', expires_at => $3)`,
    [id, credits, expiresAt],
  );
  return rows[0].id;
}

async function use(id: string, credits: number, feature: string | null = null): Promise<string> {
  const { rows } = await database.pool.query(
    `SELECT id::text FROM credits.deduct_credits($1, $2, 'Work', $3)`,
    [id, credits, feature],
  );
  return rows[0].id;
}

type ListInput = z.input<(typeof customersProcedures)['customers.list']['input']>;

async function list(input: Partial<ListInput> = {}) {
  const { input: schema, output } = customersProcedures['customers.list'];
  const parsed = schema.parse({
    filter: {},
    sort: 'name',
    descending: false,
    cursor: null,
    limit: 50,
    ...input,
  });
  return output.parse(await listCustomers(reader, parsed));
}

async function idsOf(input: Partial<ListInput>): Promise<string[]> {
  return (await list(input)).rows.map((row) => row.id);
}

/** Every id, page by page. */
async function walk(input: Partial<ListInput>, limit: number): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await list({ ...input, cursor, limit });
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    expect(page.total === null).toBe(cursor !== null);
    ids.push(...page.rows.map((row) => row.id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return ids;
}

describe('the list of customers', () => {
  beforeAll(async () => {
    await customer('u-ada', {
      name: 'Ada Lovelace',
      email: 'ada@engine.example',
      stripe: 'cus_Ada1',
      plan: 'pro',
      credits: 500,
    });
    await customer('u-grace', {
      name: 'grace Hopper',
      email: 'grace@navy.example',
      plan: 'free',
      credits: 20,
    });
    await customer('u-alan', { name: 'Alan 100% _Turing\\', email: 'alan@bletchley.example' });
    await customer('lovelace', { name: 'Zoe' });
    await customer('u-none');
    await customer('u-hostile', {
      name: `<img src=x onerror=alert(1)> ' OR 1=1; --`,
      credits: 9_007_199_254_740_991,
    });
    await database.pool.query(
      `UPDATE credits.customers SET low_balance_threshold = 50 WHERE id IN ('u-grace', 'u-ada')`,
    );
  });

  it('finds any part of name, e-mail, id and Stripe id from three letters on, whatever the case', async () => {
    expect(await idsOf({ filter: { search: 'OVELA' } })).toEqual(['u-ada', 'lovelace']);
    expect(await idsOf({ filter: { search: 'navy.exa' } })).toEqual(['u-grace']);
    expect(await idsOf({ filter: { search: '-gra' } })).toEqual(['u-grace']);
    expect(await idsOf({ filter: { search: 'S_ADA1' } })).toEqual(['u-ada']);
  });

  it('finds the beginning of one of them below three letters', async () => {
    expect(await idsOf({ filter: { search: 'gr' } })).toEqual(['u-grace']);
    expect(await idsOf({ filter: { search: 'A' } })).toEqual(['u-ada', 'u-alan']);
    expect(await idsOf({ filter: { search: 'cu' } })).toEqual(['u-ada']);
    expect(await idsOf({ filter: { search: 'lo' } })).toEqual(['lovelace']);
  });

  it('puts the customer whose id or Stripe id is exactly that first', async () => {
    expect(await idsOf({ filter: { search: ' lovelace ' } })).toEqual(['lovelace', 'u-ada']);
    expect(await idsOf({ filter: { search: 'cus_Ada1' } })).toEqual(['u-ada']);
    // Also where the exact one fills the first page.
    expect(await walk({ filter: { search: 'lovelace' } }, 1)).toEqual(['lovelace', 'u-ada']);
  });

  it('takes wildcards, quotes and backslashes as the letters they are', async () => {
    expect(await idsOf({ filter: { search: '100%' } })).toEqual(['u-alan']);
    expect(await idsOf({ filter: { search: ' _Tur' } })).toEqual(['u-alan']);
    expect(await idsOf({ filter: { search: 'ing\\' } })).toEqual(['u-alan']);
    expect(await idsOf({ filter: { search: '%' } })).toEqual([]);
    expect(await idsOf({ filter: { search: '__' } })).toEqual([]);
    expect(await idsOf({ filter: { search: '%%%' } })).toEqual([]);
    expect(await idsOf({ filter: { search: `' OR 1=1; --` } })).toEqual(['u-hostile']);
    expect(await idsOf({ filter: { search: 'x'.repeat(200) } })).toEqual([]);
    expect(await idsOf({ filter: { search: '💥💥💥' } })).toEqual([]);
  });

  it('refuses a character that no text can hold, with a code', async () => {
    await expect(list({ filter: { search: 'ada\u0000' } })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    await expect(list({ filter: { plan: '\u0000' } })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });

  it('hands markup over as text', async () => {
    const { rows } = await list({ filter: { search: 'onerror' } });
    expect(rows[0]).toMatchObject({
      name: `<img src=x onerror=alert(1)> ' OR 1=1; --`,
      balance: Number.MAX_SAFE_INTEGER,
    });
  });

  it('filters by plan and by balance', async () => {
    expect(await idsOf({ filter: { plan: 'pro' } })).toEqual(['u-ada']);
    expect(await idsOf({ filter: { plan: 'gold' } })).toEqual([]);
    expect(await idsOf({ filter: { balance: 'low' } })).toEqual(['u-grace']);
    expect(await idsOf({ filter: { balance: 'zero' }, sort: 'created' })).toEqual([
      'u-alan',
      'lovelace',
      'u-none',
    ]);
    expect(await idsOf({ filter: { balance: 'zero', search: 'lovelace' } })).toEqual(['lovelace']);
    expect(await idsOf({ filter: { balance: 'negative' } })).toEqual([]);
  });

  it('sorts by name without regard to case, nameless ones by their id', async () => {
    const ascending = await idsOf({ sort: 'name' });
    expect(ascending.filter((id) => id !== 'u-hostile')).toEqual([
      'u-ada',
      'u-alan',
      'u-grace',
      'u-none',
      'lovelace',
    ]);
    expect(await idsOf({ sort: 'name', descending: true })).toEqual([...ascending].reverse());
  });

  it('sorts by balance, last activity and creation', async () => {
    expect((await idsOf({ sort: 'balance', descending: true })).slice(0, 3)).toEqual([
      'u-hostile',
      'u-ada',
      'u-grace',
    ]);
    expect((await idsOf({ sort: 'last_activity', descending: true })).slice(0, 3)).toEqual([
      'u-hostile',
      'u-grace',
      'u-ada',
    ]);
    expect(await idsOf({ sort: 'created' })).toEqual([
      'u-ada',
      'u-grace',
      'u-alan',
      'lovelace',
      'u-none',
      'u-hostile',
    ]);
  });

  it.each(
    CUSTOMER_SORTS.flatMap((sort) => [
      { sort, descending: false },
      { sort, descending: true },
    ]),
  )('shows each customer once over all pages by $sort, descending $descending', async (order) => {
    const whole = await idsOf(order);
    expect(whole).toHaveLength(6);
    for (const limit of [1, 2, 5, 6]) expect(await walk(order, limit)).toEqual(whole);
    const searched = await idsOf({ ...order, filter: { search: 'ada' } });
    expect(await walk({ ...order, filter: { search: 'ada' } }, 1)).toEqual(searched);
  });

  it('refuses a cursor that was changed, made up, or given out by another list', async () => {
    const { nextCursor } = await list({ limit: 1 });
    expect(nextCursor).not.toBeNull();
    const [body] = (nextCursor ?? '').split('.');
    const madeUp = Buffer.from(JSON.stringify(["x'; DROP TABLE credits.customers; --"]));
    for (const cursor of [
      `${nextCursor}x`,
      nextCursor?.slice(1) ?? '',
      `${body}.`,
      `.${body}`,
      `${madeUp.toString('base64url')}.AAAAAAAAAAAAAAAA`,
      '',
      'null',
      '../../etc/passwd',
    ]) {
      await expect(list({ cursor, limit: 1 }), cursor).rejects.toMatchObject({
        code: 'invalid_argument',
      });
    }
    await expect(list({ cursor: nextCursor, sort: 'balance' })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    await expect(list({ cursor: nextCursor, descending: true })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });

  it('counts what matches, to a thousand', async () => {
    expect((await list({ filter: { search: 'ada' }, limit: 1 })).total).toEqual({
      count: 1,
      capped: false,
    });
    await database.pool.query(
      `SELECT count(*) FROM generate_series(1, 1001) n, LATERAL credits.ensure_customer('many-' || n)`,
    );
    expect((await list({ filter: { search: 'many-' }, limit: 1 })).total).toEqual({
      count: 1000,
      capped: true,
    });
    expect((await list({ limit: 1 })).total).toEqual({ count: 1000, capped: true });
    expect((await walk({ filter: { search: 'many-' }, sort: 'balance' }, 200)).length).toBe(1001);
  });

  it('lists the plans in use', async () => {
    expect(await listPlans(reader)).toEqual(['free', 'pro']);
  });
});

describe('customers low on credits', () => {
  it('are those below the threshold of the customer, else of the plan, else of the workspace', async () => {
    const low = async () => idsOf({ filter: { balance: 'low', search: 'near-' }, sort: 'name' });
    await database.pool.query(
      "INSERT INTO credits_billing.plans (tier, name, monthly_credits, low_balance_threshold) VALUES ('roomy', 'Roomy', 5, 40)",
    );
    await customer('near-own', { credits: 69, plan: 'roomy' });
    await customer('near-plan', { credits: 39, plan: 'roomy' });
    await customer('near-workspace', { credits: 9, plan: 'pro' });
    await customer('near-none', { credits: 9 });
    // At the threshold is not below it, and a threshold of 0 leaves nothing to be low with.
    await customer('near-at', { credits: 40, plan: 'roomy' });
    await customer('near-nothing', { credits: 1 });
    await customer('near-empty', { plan: 'roomy' });
    const own = { 'near-own': 70, 'near-nothing': 0 };
    for (const [id, threshold] of Object.entries(own)) {
      await database.pool.query('SELECT credits.set_low_balance_threshold($1, $2)', [
        id,
        threshold,
      ]);
    }
    expect(await low()).toEqual(['near-none', 'near-own', 'near-plan', 'near-workspace']);
    await database.pool.query(
      'UPDATE credits_billing.notification_settings SET low_balance_threshold = 9',
    );
    expect(await low()).toEqual(['near-own', 'near-plan']);
    await database.pool.query("DELETE FROM credits_billing.plans WHERE tier = 'roomy'");
    expect(await low()).toEqual(['near-own']);
    await database.pool.query(
      'UPDATE credits_billing.notification_settings SET low_balance_threshold = 10',
    );
  });
});

describe('one customer', () => {
  it('is shown with balance and notes, newest note first', async () => {
    await customer('seen', { name: 'Seen', email: 'seen@example.test', plan: 'pro' });
    const expiry = '2099-01-01T00:00:00.000Z';
    await add('seen', 100, expiry);
    await add('seen', 50);
    await addNote(support, { actor: 'Ada' }, { customerId: 'seen', text: 'First' });
    await addNote(support, { actor: 'Ada' }, { customerId: 'seen', text: '<b>Second</b>' });
    const found = customersProcedures['customers.get'].output.parse(
      await getCustomer(reader, 'seen'),
    );
    expect(found).toMatchObject({ id: 'seen', name: 'Seen', plan: 'pro', metadata: {} });
    expect(found.balance).toEqual({
      balance: 150,
      held: 0,
      available: 150,
      lifetime: 0,
      nextExpiry: { expiresAt: expiry, amount: 100 },
    });
    expect(found.notes.map((note) => [note.text, note.actor])).toEqual([
      ['<b>Second</b>', 'Ada (test_support)'],
      ['First', 'Ada (test_support)'],
    ]);
  });

  it('that does not exist is not found', async () => {
    await expect(getCustomer(reader, 'nobody')).rejects.toMatchObject({
      code: 'not_found',
      details: { entity: 'customer', id: 'nobody' },
    });
    await expect(explainCredits(reader, 'nobody')).rejects.toMatchObject({ code: 'not_found' });
    await expect(
      addNote(support, { actor: 'Ada' }, { customerId: 'nobody', text: 'Hello' }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is made once and filled later, never overwritten', async () => {
    await ensureCustomer(support, { actor: 'Ada' }, { id: 'made', name: 'First' });
    await ensureCustomer(
      support,
      { actor: 'Ada' },
      { id: 'made', name: 'Second', email: 'made@example.test', stripeCustomerId: 'cus_made' },
    );
    expect(await getCustomer(reader, 'made')).toMatchObject({
      name: 'First',
      email: 'made@example.test',
      stripeCustomerId: 'cus_made',
    });
    await expect(
      ensureCustomer(support, { actor: 'Ada' }, { id: 'other', stripeCustomerId: 'cus_made' }),
    ).rejects.toMatchObject({ code: 'already_processed' });
  });

  it('is not made by somebody who may only read', async () => {
    await expect(ensureCustomer(reader, { actor: 'Ada' }, { id: 'no' })).rejects.toMatchObject({
      code: '42501',
    });
    await expect(getCustomer(reader, 'no')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('why the balance is what it is', () => {
  it('open grants in burn order sum to the balance; closed ones and holds stand beside them', async () => {
    await customer('why');
    await add('why', 30);
    await add('why', 40, '2099-01-01T00:00:00Z');
    await add('why', 10, '2098-01-01T00:00:00Z');
    await use('why', 15, 'search');
    await database.pool.query(`SELECT * FROM credits.hold_credits('why', 5, 'In progress')`);
    const found = customersProcedures['customers.credits'].output.parse(
      await explainCredits(reader, 'why'),
    );
    expect(found.openGrants.map((grant) => [grant.granted, grant.remaining])).toEqual([
      [40, 35],
      [30, 30],
    ]);
    expect(found.closedGrants.map((grant) => [grant.granted, grant.remaining])).toEqual([[10, 0]]);
    expect(found.openGrants.reduce((sum, grant) => sum + grant.remaining, 0)).toBe(
      found.balance.balance,
    );
    expect(found.openGrants[0]).toMatchObject({ source: 'bonus', description: 'A start' });
    expect(found.holds).toMatchObject([{ amount: 5, state: 'open', description: 'In progress' }]);
    expect(found.balance).toMatchObject({ balance: 65, held: 5, available: 60 });
    expect(found.debt).toBe(0);
  });

  it('debt is shown as what is owed', async () => {
    await customer('owes');
    await database.pool.query(
      `SELECT * FROM credits.add_credits('owes', 100, 'purchase', 'Bought', 'pi_owes')`,
    );
    await use('owes', 80);
    await database.pool.query(
      `SELECT * FROM credits.claw_back('owes', 'pi_owes', 100, 'debt', 'claw-12345')`,
    );
    expect(await explainCredits(reader, 'owes')).toMatchObject({ debt: 80, openGrants: [] });
    expect(await idsOf({ filter: { balance: 'negative' } })).toEqual(['owes']);
  });

  it('a grant tells the debits it paid and what reversals put back, page by page', async () => {
    await customer('paid');
    await add('paid', 100);
    const { openGrants } = await explainCredits(reader, 'paid');
    const grantId = openGrants[0]?.id ?? '';
    const first = await use('paid', 10, 'search');
    await use('paid', 20);
    await database.pool.query(`SELECT * FROM credits.reverse_transaction('paid', $1, 'Sorry', 4)`, [
      first,
    ]);
    const { input, output } = customersProcedures['customers.grantDebits'];
    const page = async (cursor: string | null, limit: number) =>
      output.parse(
        await listGrantDebits(reader, input.parse({ customerId: 'paid', grantId, cursor, limit })),
      );
    const all = await page(null, 50);
    expect(all.rows.map((row) => [row.type, row.amount])).toEqual([
      ['reversal', -4],
      ['usage', 20],
      ['usage', 10],
    ]);
    const one = await page(null, 2);
    const two = await page(one.nextCursor, 2);
    expect([...one.rows, ...two.rows]).toEqual(all.rows);
    expect(two.nextCursor).toBeNull();
    await expect(page(`${one.nextCursor}A`, 2)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('a moved expiry tells who moved it, and why', async () => {
    await customer('moved');
    await add('moved', 10, '2098-01-01T00:00:00Z');
    const { openGrants } = await explainCredits(reader, 'moved');
    await database.pool.query(
      `SELECT * FROM credits.extend_grant('moved', $1, '2099-01-01', 'They asked')`,
      [openGrants[0]?.id],
    );
    const { rows } = customersProcedures['customers.grantChanges'].output.parse(
      await listGrantChanges(reader, 'moved'),
    );
    expect(rows).toMatchObject([
      {
        grantId: openGrants[0]?.id,
        expiresAtBefore: '2098-01-01T00:00:00.000Z',
        expiresAtAfter: '2099-01-01T00:00:00.000Z',
        reason: 'They asked',
        actor: 'postgres',
      },
    ]);
  });
});

describe('the transactions of one customer', () => {
  it('come newest first, each once over all pages', async () => {
    await customer('log');
    await add('log', 1000);
    for (let number = 0; number < 6; number += 1) await use('log', 1 + number);
    const { input, output } = customersProcedures['customers.transactions'];
    const page = async (cursor: string | null, limit: number) =>
      output.parse(
        await listCustomerTransactions(reader, input.parse({ customerId: 'log', cursor, limit })),
      );
    const all = await page(null, 50);
    expect(all.rows.map((row) => row.amount)).toEqual([-6, -5, -4, -3, -2, -1, 1000]);
    const walked: string[] = [];
    let cursor: string | null = null;
    do {
      const next = await page(cursor, 3);
      walked.push(...next.rows.map((row) => row.id));
      cursor = next.nextCursor;
    } while (cursor !== null);
    expect(walked).toEqual(all.rows.map((row) => row.id));
    expect((await page(null, 50)).rows.every((row) => row.customerId === 'log')).toBe(true);
  });
});

describe('the usage of one customer', () => {
  it('is cut into days of the time zone and into its five largest features and the others', async () => {
    await customer('used');
    await add('used', 100_000);
    for (const [feature, credits] of [
      ['a', 70],
      ['b', 60],
      ['c', 50],
      ['d', 40],
      [null, 30],
      ['e', 2],
      ['f', 1],
    ] as const) {
      await use('used', credits, feature);
    }
    const { rows: days } = await database.pool.query(
      `SELECT (created_at AT TIME ZONE 'Pacific/Kiritimati')::date::text AS day
       FROM credits.credit_transactions WHERE customer_id = 'used' AND feature = 'a'`,
    );
    const { input, output } = customersProcedures['customers.usage'];
    const usage = async (from: string, to: string) =>
      output.parse(
        await customerUsageByDay(
          reader,
          input.parse({ customerId: 'used', from, to, timeZone: 'Pacific/Kiritimati' }),
        ),
      ).rows;
    const day = days[0].day;
    const found = await usage('2000-01-01', '2100-01-01');
    expect(found.map((row) => [row.feature, row.used])).toEqual([
      ['', 30],
      ['a', 70],
      ['b', 60],
      ['c', 50],
      ['d', 40],
      [null, 3],
    ]);
    expect(found[1]?.day).toBe(day);
    expect(await usage('2000-01-01', '2000-12-31')).toEqual([]);
    await expect(usage('2026-02-01', '2026-01-01')).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    await expect(usage('0000-01-01', '2026-01-01')).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });
});

describe('a query that nobody waits for any more', () => {
  it('ends on the server, and its connection is given up', async () => {
    const { runQuery } = await import('#main/database/run-query.ts');
    const { sql } = await import('kysely');
    const abort = new AbortController();
    const reason = new Error('gone');
    const sleeping = runQuery(reader, sql`SELECT pg_sleep(600)`, abort.signal);
    const refused = expect(sleeping).rejects.toBe(reason);
    await untilSleeping(1);
    abort.abort(reason);
    await refused;
    await untilSleeping(0);
    await expect(runQuery(reader, sql`SELECT 1`, abort.signal)).rejects.toBe(reason);
    expect(await runQuery(reader, sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  });

  async function untilSleeping(count: number) {
    await expect
      .poll(async () => {
        const { rows } = await database.pool.query(
          `SELECT count(*)::int AS count FROM pg_stat_activity
           WHERE datname = current_database() AND state = 'active' AND query LIKE 'SELECT pg_sleep%'`,
        );
        return rows[0].count;
      })
      .toBe(count);
  }
});
