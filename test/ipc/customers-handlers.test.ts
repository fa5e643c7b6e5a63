import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleDoor, openConsoleDoor } from '#test/support/console-door.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let door: ConsoleDoor;

beforeAll(async () => {
  database = await createTestDatabase();
  door = await openConsoleDoor({ url: database.urlFor('test_support') });
});
afterAll(async () => {
  await door.close();
  await database.drop();
});

const list = { filter: {}, sort: 'name', descending: false, cursor: null, limit: 50 } as const;

describe('customers through the window’s door', () => {
  it('are made, noted and found, and the window is told', async () => {
    expect(
      await door.call('customers.ensure', { id: 'c1', name: ' Ada ', email: '', plan: 'pro' }),
    ).toEqual({ id: 'c1' });
    expect(door.events).toContainEqual({ type: 'ledger.changed', customerId: 'c1' });
    const note = await door.call('customers.addNote', { customerId: 'c1', text: 'Called <b>' });
    expect(note).toMatchObject({ text: 'Called <b>', actor: 'test_support' });
    const found = await door.call('customers.get', { customerId: 'c1' });
    expect(found).toMatchObject({ name: 'Ada', email: null, plan: 'pro', notes: [note] });
    expect(await door.call('customers.plans', {})).toEqual({ plans: ['pro'] });
    expect((await door.call('customers.list', list)).rows).toMatchObject([{ id: 'c1' }]);
  });

  it('that do not exist are not found, and their lists are empty', async () => {
    const customerId = 'nobody';
    for (const name of ['customers.get', 'customers.credits'] as const) {
      await expect(door.call(name, { customerId })).rejects.toMatchObject({ code: 'not_found' });
    }
    await expect(
      door.call('customers.addNote', { customerId, text: 'Hello' }),
    ).rejects.toMatchObject({ code: 'not_found', details: { id: 'nobody' } });
    expect(
      await door.call('customers.transactions', { customerId, cursor: null, limit: 10 }),
    ).toEqual({ rows: [], nextCursor: null });
    expect(
      await door.call('customers.grantDebits', {
        customerId,
        grantId: '9223372036854775807',
        cursor: null,
        limit: 10,
      }),
    ).toEqual({ rows: [], nextCursor: null });
    expect(await door.call('customers.grantChanges', { customerId })).toEqual({ rows: [] });
  });

  it('refuses more rows than a message may carry, and text beyond its length', async () => {
    await expect(door.call('customers.list', { ...list, limit: 201 })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    await expect(
      door.call('customers.list', { ...list, filter: { search: 'x'.repeat(1_000_000) } }),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(
      door.call('customers.addNote', { customerId: 'c1', text: 'x'.repeat(4001) }),
    ).rejects.toMatchObject({ code: 'invalid_argument', fields: { text: expect.any(String) } });
  });

  it('a cancelled search is answered as cancelled, and ends on the server', async () => {
    const blocker = await database.connect();
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE credits.customers IN ACCESS EXCLUSIVE MODE');
    const searching = door.call('customers.list', { ...list, filter: { search: 'ada' } }, 'call-7');
    const refused = expect(searching).rejects.toMatchObject({ code: 'cancelled' });
    await expect.poll(waiting).toBeGreaterThan(0);
    door.cancel('call-7');
    await refused;
    await expect.poll(waiting).toBe(0);
    await blocker.query('ROLLBACK');
    expect((await door.call('customers.list', list)).rows).toHaveLength(1);
  });

  async function waiting(): Promise<number> {
    const { rows } = await database.pool.query(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity
       WHERE datname = current_database() AND usename = 'test_support' AND wait_event_type = 'Lock'`,
    );
    return rows[0].waiting;
  }
});
