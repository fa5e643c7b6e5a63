import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { QueryTarget } from '#main/database/run-query.ts';
import { type CsvOptions, exportTransactions } from '#main/transactions/export-transactions.ts';
import { queryTargetOn } from '#test/support/query-target.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let reader: QueryTarget;
let folder: string;
let file: string;

beforeAll(async () => {
  database = await createTestDatabase();
  reader = queryTargetOn(database.urlFor('test_reader'));
  await database.pool.query(
    `SELECT credits.ensure_customer('big', name => '=cmd|calc', email => '+1@example.test')`,
  );
  await database.pool.query(
    `INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, description, actor, created_at)
     SELECT 'big', -n, 0, 'usage', 'row ' || n, 'test', '2026-01-01 00:00:00+00'::timestamptz + n * interval '1 millisecond'
     FROM generate_series(1, 4500) n`,
  );
});
afterAll(async () => {
  await reader.pool.end();
  await database.drop();
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'credit-console-export-'));
  file = path.join(folder, 'out.csv');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function exported(options: Partial<CsvOptions & { file: string }> = {}) {
  const rows = await exportTransactions(reader, { filter: {}, timeZone: 'UTC', file, ...options });
  const text = await readFile(file, 'utf8');
  const records: Record<string, string>[] = parse(text, { columns: true, bom: true });
  return { rows, text, records };
}

describe('the export', () => {
  it('writes every row of the filter once, newest first, and tells its progress', async () => {
    const progress: number[] = [];
    const { rows, records } = await exported({ onProgress: (count) => void progress.push(count) });
    expect(rows).toBe(4500);
    expect(records).toHaveLength(4500);
    expect(records.map((record) => record.Credits)).toEqual(
      Array.from({ length: 4500 }, (_, index) => String(index - 4500)),
    );
    expect(progress).toEqual([2000, 4000, 4500]);
    expect(await readdir(folder)).toEqual(['out.csv']);
    const { records: some } = await exported({
      filter: { from: '2026-01-01T00:00:00.010Z', to: '2026-01-01T00:00:00.012Z' },
    });
    expect(some.map((record) => record.Description)).toEqual(['row 11', 'row 10']);
  });

  it('writes a heading where nothing matches', async () => {
    const { rows, text } = await exported({ filter: { text: 'nothing' } });
    expect(rows).toBe(0);
    expect(text.startsWith('\uFEFFCreated (UTC),Transaction,Customer,')).toBe(true);
    expect(text.trimEnd().split('\n')).toHaveLength(1);
  });

  it('says times in UTC, and in the zone that the heading names', async () => {
    const { records } = await exported({
      timeZone: 'Asia/Kathmandu',
      filter: { text: 'row 4500' },
    });
    expect(records[0]).toMatchObject({
      'Created (UTC)': '2026-01-01T00:00:04.500000Z',
      'Created (Asia/Kathmandu)': '2026-01-01 05:45:04',
    });
  });

  it('holds no cell that a spreadsheet would run, and keeps every text whole', async () => {
    const hostile = [
      '=HYPERLINK("http://x")',
      '+1+1',
      '-2+3',
      '@SUM(A1)',
      '\t=1+1',
      '\r=1',
      '＝1＋1',
      'a "quoted", comma; and\nline\r\nbreaks',
      '日本語 💥 <b>bold</b>',
      'x'.repeat(1000),
    ];
    await database.pool.query(
      `INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, description, actor, feature)
       SELECT 'big', 5, -5, 'bonus', d, '@actor', '=feature' FROM unnest($1::text[]) d`,
      [hostile],
    );
    const { records, text } = await exported({ filter: { types: ['bonus'] } });
    const found = records.map((record) => record.Description ?? '');
    expect(found.map((cell) => cell.replace(/^'/, '')).sort()).toEqual([...hostile].sort());
    for (const record of records) {
      for (const [heading, cell] of Object.entries(record)) {
        if (heading === 'Credits' || heading === 'Balance after') continue;
        expect(cell, heading).not.toMatch(/^[=+\-@\t\r＝＋－＠]/);
      }
      // Numbers stay numbers.
      expect([record.Credits, record['Balance after']]).toEqual(['5', '-5']);
      expect(record.Name).toBe("'=cmd|calc");
      expect(record['E-mail']).toBe("'+1@example.test");
    }
    expect(text.includes('\uFFFD')).toBe(false);
  });

  it('cancelled half-way leaves nothing, and the file of before as it was', async () => {
    await writeFile(file, 'before');
    const stop = new AbortController();
    await expect(
      exported({ signal: stop.signal, onProgress: () => stop.abort() }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect(await readdir(folder)).toEqual(['out.csv']);
    expect(await readFile(file, 'utf8')).toBe('before');
  });

  it('cancelled before it began writes nothing', async () => {
    await expect(exported({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('that fails in the middle leaves nothing', async () => {
    const broken = new Error('broken');
    await expect(
      exported({
        onProgress: () => {
          throw broken;
        },
      }),
    ).rejects.toBe(broken);
    expect(await readdir(folder)).toEqual([]);
  });

  it('says in a code and words where it cannot write', async () => {
    await expect(exported({ file: path.join(folder, 'missing', 'out.csv') })).rejects.toMatchObject(
      { code: 'file_error', message: expect.stringContaining('there is no such folder') },
    );
    const blocked = path.join(folder, 'blocked');
    await writeFile(blocked, '');
    await expect(exported({ file: path.join(blocked, 'out.csv') })).rejects.toMatchObject({
      code: 'file_error',
    });
  });

  it('shows the log as it stood when it began', async () => {
    const { rows } = await exported({
      filter: { actor: 'test' },
      onProgress: async (count) => {
        if (count > 2000) return;
        await database.pool.query(
          `INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, description, actor, created_at)
           VALUES ('big', -1, 0, 'usage', 'too late', 'test', '2025-01-01')`,
        );
      },
    });
    expect(rows).toBe(4500);
    expect((await exported({ filter: { actor: 'test' } })).rows).toBe(4501);
  });
});
