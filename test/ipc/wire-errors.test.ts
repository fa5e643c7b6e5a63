import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { invalidInput, toAppError } from '#main/ipc/wire-errors.ts';
import { AppError } from '#shared/errors.ts';
import { urlOf } from '#test/support/postgres-server.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

/** What the real server makes of a statement. */
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function failureOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

async function sqlFailure(statement: string): Promise<unknown> {
  const client = await database.connect();
  return failureOf(() => client.query(statement));
}

describe('an error of the ledger', () => {
  it('keeps its code and details', async () => {
    const error = await sqlFailure(`SELECT * FROM credits.deduct_credits('nobody', 5, 'test')`);
    expect(toAppError(error, 'command')).toMatchObject({
      code: 'not_found',
      details: { entity: 'customer', id: 'nobody' },
    });
  });

  it('about an argument names its field', async () => {
    const error = await sqlFailure(
      `SELECT * FROM credits.add_credits('nobody', 0, 'bonus', 'test')`,
    );
    expect(toAppError(error, 'command')).toMatchObject({
      code: 'invalid_argument',
      fields: { amount: expect.any(String) },
    });
  });
});

describe('an error of the server', () => {
  it('about missing rights is not_permitted', async () => {
    const reader = await database.connect('test_reader');
    const error = await failureOf(() => reader.query('DELETE FROM credits.customers'));
    expect(toAppError(error, 'command')?.code).toBe('not_permitted');
  });

  it('about a read-only transaction is not_permitted', async () => {
    const error = await sqlFailure(
      'BEGIN READ ONLY; INSERT INTO credits.customers (id) VALUES (1)',
    );
    expect(toAppError(error, 'command')?.code).toBe('not_permitted');
  });

  it('about a cancelled statement is cancelled', async () => {
    const client = await database.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const failure = failureOf(() => client.query('SELECT pg_sleep(60)'));
    await expect
      .poll(async () => {
        const { rows: cancelled } = await database.pool.query<{ done: boolean }>(
          `SELECT pg_cancel_backend(pid) AS done FROM pg_stat_activity WHERE pid = $1 AND query LIKE '%pg_sleep%' AND state = 'active'`,
          [rows[0]?.pid],
        );
        return cancelled[0]?.done;
      })
      .toBe(true);
    expect(toAppError(await failure, 'query')?.code).toBe('cancelled');
  });

  it('about a time limit says that the database was too busy, not that somebody cancelled', async () => {
    const error = await sqlFailure(`SET statement_timeout = 20; SELECT pg_sleep(60)`);
    expect(toAppError(error, 'query')?.code).toBe('database_unavailable');
  });

  it('about a full disk is disk_full', async () => {
    const error = await sqlFailure(`DO $$ BEGIN RAISE SQLSTATE '53100'; END $$`);
    expect(toAppError(error, 'command')?.code).toBe('disk_full');
  });

  it('that nobody expected stays unknown', async () => {
    expect(toAppError(await sqlFailure('SELECT 1/0'), 'query')).toBeUndefined();
    expect(toAppError(new TypeError('x is not a function'), 'query')).toBeUndefined();
    expect(toAppError('text', 'query')).toBeUndefined();
  });
});

describe('a connection that is lost', () => {
  async function lostWhileRunning(): Promise<unknown> {
    const client = await database.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const failure = failureOf(() => client.query('SELECT pg_sleep(60)'));
    await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    return failure;
  }

  it('leaves the outcome of a command open', async () => {
    expect(toAppError(await lostWhileRunning(), 'command')?.code).toBe('outcome_unknown');
  });

  it('only makes a query fail', async () => {
    expect(toAppError(await lostWhileRunning(), 'query')?.code).toBe('database_unavailable');
  });

  it('before anything was sent changed nothing, whatever was asked', async () => {
    const client = new pg.Client({ host: '127.0.0.1', port: 1, user: 'ada', database: 'none' });
    const error = await failureOf(() => client.connect());
    expect(toAppError(error, 'command')?.code).toBe('database_unavailable');
  });

  it('is told the same way when the driver ends it', async () => {
    const client = new pg.Client({
      connectionString: urlOf(inject('postgresServer'), database.name),
      ssl: false,
    });
    client.on('error', () => undefined);
    await client.connect();
    const failure = failureOf(() => client.query('SELECT pg_sleep(60)'));
    (
      client as unknown as { connection: { stream: { destroy: () => void } } }
    ).connection.stream.destroy();
    expect(toAppError(await failure, 'command')?.code).toBe('outcome_unknown');
  });
});

describe('what is not an error of the database', () => {
  it('stays as it is where it has a code already', () => {
    const error = new AppError('hold_closed', 'closed');
    expect(toAppError(error, 'command')).toBe(error);
  });

  it('becomes fields where a schema refused an input', () => {
    const schema = z.strictObject({
      amount: z.number(),
      filter: z.strictObject({ text: z.string() }),
    });
    const result = schema.safeParse({ amount: 'much', filter: { text: 1 }, extra: true });
    if (result.success) throw new Error('the schema took it');
    const error = invalidInput(result.error);
    expect(error.code).toBe('invalid_argument');
    expect(Object.keys(error.fields ?? {}).sort()).toEqual(['', 'amount', 'filter.text']);
  });

  it('is cancelled where something was aborted', () => {
    expect(toAppError(AbortSignal.abort().reason, 'query')?.code).toBe('cancelled');
  });
});
