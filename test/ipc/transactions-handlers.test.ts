import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ConsoleDoor, openConsoleDoor } from '#test/support/console-door.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let door: ConsoleDoor;
let folder: string;
const asked: string[] = [];
let answer: () => Promise<string | undefined>;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query(`SELECT credits.ensure_customer('c1', name => 'One')`);
  await database.pool.query(`SELECT credits.add_credits('c1', 100, 'bonus', 'Welcome')`);
  await database.pool.query(`SELECT credits.deduct_credits('c1', 3, 'Search', 'search')`);
  folder = await mkdtemp(path.join(tmpdir(), 'credit-console-export-'));
  door = await openConsoleDoor({
    url: database.urlFor('test_reader'),
    desktop: {
      chooseSaveFile: async (name) => {
        asked.push(name);
        return answer();
      },
      showInFolder: () => undefined,
      openFolder: async () => undefined,
      openLink: async () => undefined,
      notify: () => undefined,
    },
  });
});
afterAll(async () => {
  await door.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  asked.length = 0;
  door.events.length = 0;
});

describe('the log through the window’s door', () => {
  it('lists, counts, details and facets fit their contract', async () => {
    const { rows } = await door.call('transactions.list', { filter: {}, cursor: null, limit: 50 });
    expect(rows.map((row) => [row.customerName, row.amount])).toEqual([
      ['One', -3],
      ['One', 100],
    ]);
    expect(await door.call('transactions.count', { filter: { types: ['usage'] } })).toEqual({
      count: 1,
      capped: false,
    });
    const usage = rows[0];
    if (!usage) throw new Error('no usage');
    const details = await door.call('transactions.get', {
      customerId: 'c1',
      transactionId: usage.id,
    });
    expect(details).toMatchObject({ reversible: 3, transaction: usage });
    expect(await door.call('transactions.facets', {})).toEqual({
      features: ['search'],
      actors: ['postgres'],
    });
  });

  it('answers ids that do not exist and cursors that were changed with a code', async () => {
    await expect(
      door.call('transactions.get', { customerId: 'c1', transactionId: '999999' }),
    ).rejects.toMatchObject({ code: 'not_found' });
    await expect(
      door.call('transactions.list', { filter: {}, cursor: 'made up', limit: 50 }),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});

describe('the export through the window’s door', () => {
  const request = () => ({ exportId: randomUUID(), filter: {}, timeZone: 'Europe/Berlin' });

  it('asks where to save, writes, tells progress, and can be shown afterwards', async () => {
    const file = path.join(folder, 'written.csv');
    answer = async () => file;
    const input = request();
    expect(await door.call('transactions.export', input)).toEqual({
      outcome: 'written',
      path: file,
      rows: 2,
    });
    expect(asked).toEqual([expect.stringMatching(/^transactions-\d{4}-\d\d-\d\d\.csv$/)]);
    expect(door.events).toContainEqual({
      type: 'export.progress',
      exportId: input.exportId,
      rows: 2,
    });
    expect(await readFile(file, 'utf8')).toContain('Created (Europe/Berlin)');
    await door.call('settings.showExport', { exportId: input.exportId });
    await expect(
      door.call('settings.showExport', { exportId: randomUUID() }),
    ).rejects.toMatchObject({ code: expect.any(String) });
  });

  it('that is dismissed writes nothing', async () => {
    answer = async () => undefined;
    expect(await door.call('transactions.export', request())).toEqual({ outcome: 'dismissed' });
  });

  it('stops when told to, and leaves no file', async () => {
    const input = request();
    answer = async () => {
      // The person cancels while the dialog closes: before the first row.
      await door.call('transactions.cancelExport', { exportId: input.exportId });
      return path.join(folder, 'cancelled.csv');
    };
    await expect(door.call('transactions.export', input)).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect((await readdir(folder)).filter((name) => name.startsWith('cancelled'))).toEqual([]);
    // Harmless once it has ended.
    expect(await door.call('transactions.cancelExport', { exportId: input.exportId })).toEqual({});
  });

  it('runs once under one id', async () => {
    const input = request();
    answer = async () => {
      await expect(door.call('transactions.export', input)).rejects.toMatchObject({
        code: 'invalid_argument',
      });
      return undefined;
    };
    expect(await door.call('transactions.export', input)).toEqual({ outcome: 'dismissed' });
  });

  it('says where it cannot write', async () => {
    answer = async () => path.join(folder, 'missing', 'out.csv');
    await expect(door.call('transactions.export', request())).rejects.toMatchObject({
      code: 'file_error',
    });
  });
});
