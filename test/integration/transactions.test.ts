import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { QueryTarget } from '#main/database/run-query.ts';
import { countTransactions } from '#main/transactions/count-transactions.ts';
import { getTransaction } from '#main/transactions/get-transaction.ts';
import { listFacets } from '#main/transactions/list-facets.ts';
import { listTransactions } from '#main/transactions/list-transactions.ts';
import { transactionsProcedures } from '#shared/ipc/transactions.ts';
import { queryTargetOn } from '#test/support/query-target.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let reader: QueryTarget;

beforeAll(async () => {
  database = await createTestDatabase();
  reader = queryTargetOn(database.urlFor('test_reader'));
});
afterAll(async () => {
  await reader.pool.end();
  await database.drop();
});

/** Calls a function of the ledger as the superuser; answers its row. */
async function call(text: string, ...values: unknown[]) {
  const { rows } = await database.pool.query(`SELECT f.* FROM credits.${text} f`, values);
  return rows[0];
}

async function customerWith(id: string, credits: number, options = '') {
  await call('ensure_customer($1, $2, $3)', id, `${id}@example.test`, `Name of ${id}`);
  const { id: added } = await call(
    `add_credits($1, $2, 'bonus', 'Welcome'${options})`,
    id,
    credits,
  );
  return String(added);
}

type Filter = z.input<(typeof transactionsProcedures)['transactions.list']['input']>['filter'];

async function page(filter: Filter, cursor: string | null = null, limit = 200) {
  const { input, output } = transactionsProcedures['transactions.list'];
  return output.parse(await listTransactions(reader, input.parse({ filter, cursor, limit })));
}

async function descriptions(filter: Filter): Promise<string[]> {
  return (await page(filter)).rows.map((row) => row.description);
}

describe('the log over all customers', () => {
  let usageId = '';

  beforeAll(async () => {
    await customerWith('ada', 1_000);
    await customerWith('bob', 500);
    const used = await call(
      `deduct_credits('ada', 7, 'Search 100%_sure', 'search', 'key-ada-0001')`,
    );
    usageId = String(used.id);
    await call(`deduct_credits('bob', 70, '<script>alert(1)</script>', 'analysis')`);
    await call(`deduct_credits('bob', 1, 'No feature')`);
    await call(`add_credits('bob', 300, 'purchase', 'Bought', 'pi_bob')`);
    const client = await database.connect();
    await client.query(`SELECT set_config('credits.actor', 'Grace', false),
      set_config('credits.context', '{"reason_code":"goodwill","case_link":"https://case.example/1"}', false)`);
    await client.query(`SELECT * FROM credits.adjust_credits('ada', -5, 'Taken back')`);
    await client.query(`SELECT * FROM credits.reverse_transaction('ada', $1, 'Did not work', 3)`, [
      usageId,
    ]);
    await client.end();
  });

  it('comes newest first, with names, reason and what was reversed', async () => {
    const { rows, nextCursor } = await page({});
    expect(nextCursor).toBeNull();
    expect(rows.map((row) => row.description)).toEqual([
      'Did not work',
      'Taken back',
      'Bought',
      'No feature',
      '<script>alert(1)</script>',
      'Search 100%_sure',
      'Welcome',
      'Welcome',
    ]);
    expect(rows[0]).toMatchObject({
      type: 'reversal',
      amount: 3,
      reversesId: usageId,
      customerId: 'ada',
      customerName: 'Name of ada',
      customerEmail: 'ada@example.test',
      actor: 'Grace (postgres)',
      reasonCode: 'goodwill',
      caseLink: 'https://case.example/1',
    });
    expect(rows[5]).toMatchObject({ id: usageId, amount: -7, reversed: 3, feature: 'search' });
  });

  it('filters by type, feature, actor, size, time and customer, and by all of them at once', async () => {
    expect(await descriptions({ types: ['purchase', 'reversal'] })).toEqual([
      'Did not work',
      'Bought',
    ]);
    expect(await descriptions({ types: [] })).toHaveLength(8);
    expect(await descriptions({ feature: 'analysis' })).toEqual(['<script>alert(1)</script>']);
    expect(await descriptions({ feature: '', types: ['usage'] })).toEqual(['No feature']);
    expect(await descriptions({ actor: 'Grace (postgres)' })).toEqual([
      'Did not work',
      'Taken back',
    ]);
    expect(await descriptions({ amountMin: 300, amountMax: 500 })).toEqual(['Bought', 'Welcome']);
    expect(await descriptions({ amountMin: 70, amountMax: 70 })).toEqual([
      '<script>alert(1)</script>',
    ]);
    expect(await descriptions({ customerId: 'ada' })).toHaveLength(4);
    expect(await descriptions({ customerId: 'nobody' })).toEqual([]);
    const { rows } = await page({ types: ['purchase'] });
    const at = rows[0]?.createdAt ?? '';
    const next = new Date(Date.parse(at) + 1).toISOString();
    expect(await descriptions({ from: at, to: next, types: ['purchase'] })).toEqual(['Bought']);
    expect(await descriptions({ from: at, to: at })).toEqual([]);
    expect(
      await descriptions({
        types: ['adjustment'],
        actor: 'Grace (postgres)',
        amountMax: 5,
        from: '2020-01-01T00:00:00Z',
        to: '2100-01-01T00:00:00Z',
        text: 'taken',
        customerId: 'ada',
      }),
    ).toEqual(['Taken back']);
  });

  it('finds any part of a description, and whole ids, payments and keys', async () => {
    expect(await descriptions({ text: 'SCRIPT' })).toEqual(['<script>alert(1)</script>']);
    expect(await descriptions({ text: '100%_' })).toEqual(['Search 100%_sure']);
    expect(await descriptions({ text: '%' })).toEqual(['Search 100%_sure']);
    expect(await descriptions({ text: '\\' })).toEqual([]);
    expect(await descriptions({ text: ' pi_bob ' })).toEqual(['Bought']);
    expect(await descriptions({ text: 'key-ada-0001' })).toEqual(['Search 100%_sure']);
    expect(await descriptions({ text: 'bob' })).toHaveLength(4);
    expect(await descriptions({ text: usageId })).toEqual(['Search 100%_sure']);
    expect(await descriptions({ text: '9'.repeat(200) })).toEqual([]);
    expect(await descriptions({ text: `'; DROP TABLE credits.accounts; --` })).toEqual([]);
    expect(await descriptions({ text: '   ' })).toHaveLength(8);
    for (const filter of [{ text: '\u0000' }, { feature: 'a\u0000' }, { actor: '\u0000' }]) {
      await expect(page(filter)).rejects.toMatchObject({ code: 'invalid_argument' });
    }
  });

  it('shows each row once over all pages, also rows of one and the same instant', async () => {
    await call('ensure_customer($1)', 'twins');
    await database.pool.query(
      `INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, description, actor, created_at)
       SELECT 'twins', -1, 0, 'usage', 'twin ' || n, 'test', '2026-01-01 00:00:00.000001+00'::timestamptz + (n / 5) * interval '1 microsecond'
       FROM generate_series(1, 12) n`,
    );
    const whole = (await page({ customerId: 'twins' })).rows.map((row) => row.id);
    expect(whole).toHaveLength(12);
    for (const limit of [1, 3, 4, 12]) {
      const walked: string[] = [];
      let cursor: string | null = null;
      do {
        const next = await page({ text: 'twin' }, cursor, limit);
        walked.push(...next.rows.map((row) => row.id));
        cursor = next.nextCursor;
      } while (cursor !== null);
      expect(walked).toEqual(whole);
    }
    const { nextCursor } = await page({}, null, 1);
    for (const cursor of [`${nextCursor}x`, 'eyJ9.x', '']) {
      await expect(page({}, cursor)).rejects.toMatchObject({ code: 'invalid_argument' });
    }
  });

  it('is counted to a thousand', async () => {
    expect(await countTransactions(reader, { types: ['purchase'] })).toEqual({
      count: 1,
      capped: false,
    });
    await database.pool.query(
      `INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, actor)
       SELECT 'twins', -1, 0, 'usage', 'counter' FROM generate_series(1, 1001)`,
    );
    expect(await countTransactions(reader, { actor: 'counter' })).toEqual({
      count: 1000,
      capped: true,
    });
  });

  it('offers the features and actors it has seen, folded or not', async () => {
    const expected = {
      features: ['analysis', 'search'],
      actors: ['Grace (postgres)', 'counter', 'postgres', 'test'].sort(),
    };
    const facets = await listFacets(reader);
    expect({ ...facets, actors: facets.actors.toSorted() }).toEqual(expected);
    await database.pool.query('SELECT credits.fold_usage()');
    const again = await listFacets(reader);
    expect({ ...again, actors: again.actors.toSorted() }).toEqual(expected);
  });
});

describe('one transaction', () => {
  async function details(customerId: string, transactionId: string) {
    const { input, output } = transactionsProcedures['transactions.get'];
    return output.parse(await getTransaction(reader, input.parse({ customerId, transactionId })));
  }

  it('tells the grants that paid it, its reversals and its metadata', async () => {
    const first = await customerWith('details', 10);
    await call(`add_credits('details', 90, 'bonus', 'More', priority => 200)`);
    const used = await call(
      `deduct_credits('details', 25, 'Work', metadata => '{"model": "large", "n": 1}')`,
    );
    await call(`reverse_transaction('details', $1, 'Half', 20)`, used.id);
    const found = await details('details', String(used.id));
    expect(found.metadata).toEqual({ model: 'large', n: 1 });
    expect(found.consumptions.map((each) => [each.description, each.amount])).toEqual([
      ['Welcome', 10],
      ['More', 15],
    ]);
    expect(found.reversals).toMatchObject([{ amount: 20, description: 'Half' }]);
    expect(found.transaction.reversed).toBe(20);
    expect(found.reversible).toBe(5);
    const grant = await details('details', first);
    expect(grant.grants).toMatchObject([{ granted: 10, remaining: 5, expiresAt: null }]);
    expect(grant.reversible).toBe(5);
    const reversal = await details('details', found.reversals[0]?.transactionId ?? '');
    expect(reversal.reversible).toBe(0);
    expect(reversal.consumptions.map((each) => each.amount)).toEqual([-15, -5]);
  });

  it('that does not exist, or is another customer’s, is not found', async () => {
    const id = await customerWith('owner', 10);
    await expect(details('owner', '9223372036854775807')).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(details('ada', id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('tells as reversible exactly what the ledger would reverse', async () => {
    const cases: { customer: string; transaction: string }[] = [];
    const whole = await customerWith('r-whole', 100);
    cases.push({ customer: 'r-whole', transaction: whole });
    const spent = await customerWith('r-spent', 100);
    await call(`deduct_credits('r-spent', 99, 'Work')`);
    cases.push({ customer: 'r-spent', transaction: spent });
    const held = await customerWith('r-held', 100);
    await call(`hold_credits('r-held', 70, 'Working')`);
    cases.push({ customer: 'r-held', transaction: held });
    const due = await customerWith('r-due', 100);
    const more = await call(`add_credits('r-due', 50, 'bonus', 'More')`);
    await database.pool.query(
      `UPDATE credits.credit_grants SET expires_at = now() - interval '1 hour' WHERE customer_id = 'r-due' AND transaction_id = $1`,
      [due],
    );
    await database.pool.query(
      `UPDATE credits.accounts SET next_due_at = now() - interval '1 hour' WHERE customer_id = 'r-due'`,
    );
    cases.push({ customer: 'r-due', transaction: due });
    cases.push({ customer: 'r-due', transaction: String(more.id) });
    await customerWith('r-used', 100);
    const used = await call(`deduct_credits('r-used', 60, 'Work')`);
    await call(`reverse_transaction('r-used', $1, 'Some', 15)`, used.id);
    cases.push({ customer: 'r-used', transaction: String(used.id) });
    await customerWith('r-clawed', 1);
    const bought = await call(`add_credits('r-clawed', 100, 'purchase', 'Bought', 'pi_clawed')`);
    await call(`deduct_credits('r-clawed', 90, 'Work')`);
    const clawed = await call(`claw_back('r-clawed', 'pi_clawed', 60, 'debt', 'claw-1234')`);
    cases.push({ customer: 'r-clawed', transaction: String(bought.id) });
    cases.push({ customer: 'r-clawed', transaction: String(clawed.id) });

    const told: Record<string, number> = {};
    for (const { customer, transaction } of cases) {
      const { reversible } = await details(customer, transaction);
      told[`${customer} ${cases.findIndex((each) => each.transaction === transaction)}`] =
        reversible;
      const accepts = async (amount: number) => {
        const client = await database.connect();
        try {
          await client.query('BEGIN');
          await client.query(`SELECT * FROM credits.reverse_transaction($1, $2, 'Try', $3)`, [
            customer,
            transaction,
            amount,
          ]);
          return true;
        } catch (error) {
          expect((error as { code: string }).code).toMatch(/^CR4/);
          return false;
        } finally {
          await client.end();
        }
      };
      if (reversible > 0) expect(await accepts(reversible), `${customer} ${reversible}`).toBe(true);
      expect(await accepts(reversible + 1), `${customer} ${reversible + 1}`).toBe(false);
    }
    expect(told).toEqual({
      'r-whole 0': 100,
      'r-spent 1': 1,
      'r-held 2': 30,
      'r-due 3': 0,
      'r-due 4': 50,
      'r-used 5': 45,
      'r-clawed 6': 0,
      'r-clawed 7': 60,
    });
  });
});
