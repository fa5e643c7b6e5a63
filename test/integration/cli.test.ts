import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os, { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { runCli } from '#main/cli.ts';
import { asSuperuser, urlOf } from '#test/support/postgres-server.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

const ROOT = path.join(import.meta.dirname, '../..');

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'credit-console-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs a command in this process; without a URL of its own, on the test database as superuser. */
async function cli(words: string[], environment: Record<string, string> = {}) {
  const output: string[] = [];
  const errors: string[] = [];
  const exitCode = await runCli({
    arguments: words,
    environment: { CREDIT_CONSOLE_DATABASE_URL: database.ownerUrl, ...environment },
    writeOutput: async (text) => void output.push(text),
    writeError: (text) => void errors.push(text),
    showsProgress: false,
    signal: new AbortController().signal,
  });
  const result = { exitCode, output: output.join(''), error: errors.join('') };
  // Whatever happened, no password was shown.
  for (const password of [inject('postgresServer').superuserPassword, 'hunter2']) {
    expect(result.output + result.error).not.toContain(password);
  }
  return result;
}

async function json(words: string[]) {
  const result = await cli([...words, '--json']);
  return { ...result, data: JSON.parse(result.output || result.error) };
}

describe('the command line', () => {
  it('tells its commands and exit codes, and each command its options', async () => {
    const { exitCode, output } = await cli(['--help']);
    expect(exitCode).toBe(0);
    for (const name of [
      'migrate',
      'seed-demo',
      'balance',
      'check',
      'expire',
      'export transactions',
      'fold',
      'serve',
      'api-key create',
      'api-key list',
      'api-key revoke',
    ]) {
      expect(output).toContain(`  ${name} `);
      const help = await cli([...name.split(' '), '--help']);
      expect(help).toMatchObject({ exitCode: 0, error: '' });
      expect(help.output).toContain(`Usage: npm run cli -- ${name}`);
      expect(help.output).toContain('Exit codes');
    }
    expect(await cli([])).toMatchObject({ exitCode: 2, output });
  });

  it.each([
    [['balances']],
    [['export']],
    [['balance']],
    [['balance', 'a', 'b']],
    [['balance', 'a\u0007']],
    [['balance', 'a', '--nonsense']],
    [['check', '--json=yes']],
    [['seed-demo']],
    [['seed-demo', '--customers', '1e3', '--transactions', '10']],
    [['seed-demo', '--customers', '-1', '--transactions', '10']],
    [['seed-demo', '--customers', '1.5', '--transactions', '10']],
    [['seed-demo', '--customers', '٣', '--transactions', '10']],
    [['seed-demo', '--customers', '10', '--transactions', '99999999999999999999']],
    [['export', 'transactions', '--type', 'nonsense']],
    [['export', 'transactions', '--min', '0']],
    [['export', 'transactions', '--from', 'yesterday']],
    [['export', 'transactions', '--from', '2026-02-30']],
    [['export', 'transactions', '--time-zone', 'Mars/Olympus_Mons']],
    [['export', 'transactions', '--json']],
  ])('refuses %j as usage, with exit code 2 and no output', async (words) => {
    const { exitCode, output, error } = await cli(words);
    expect({ exitCode, output }).toEqual({ exitCode: 2, output: '' });
    expect(error).toMatch(/^usage: .+\n$|^\{"error":\{"code":"usage"/);
  });

  it('shows a balance, and says with exit code 1 that there is none', async () => {
    await database.pool.query(`SELECT credits.ensure_customer('cli-1')`);
    await database.pool.query(
      `SELECT credits.add_credits('cli-1', 1234567, 'bonus', 'Start', expires_at => '2099-01-01')`,
    );
    await database.pool.query(`SELECT credits.hold_credits('cli-1', 67, 'Work')`);
    const shown = await cli(['balance', 'cli-1']);
    expect(shown).toMatchObject({ exitCode: 0, error: '' });
    expect(shown.output).toContain('Available    1,234,500\n');
    expect(shown.output).toContain('Next expiry  1,234,567 at 2099-01-01T00:00:00.000Z\n');
    expect((await json(['balance', 'cli-1'])).data).toEqual({
      customerId: 'cli-1',
      balance: 1234567,
      held: 67,
      available: 1234500,
      lifetime: 0,
      nextExpiry: { expiresAt: '2099-01-01T00:00:00.000Z', amount: 1234567 },
    });
    expect(await cli(['balance', 'nobody'])).toEqual({
      exitCode: 1,
      output: '',
      error: 'not_found: There is no customer nobody.\n',
    });
    expect(await json(['balance', 'nobody'])).toMatchObject({
      exitCode: 1,
      output: '',
      data: { error: { code: 'not_found', details: { entity: 'customer', id: 'nobody' } } },
    });
  });

  it('writes off what is due, in the name of the system’s user', async () => {
    await database.pool.query(`SELECT credits.ensure_customer('cli-due')`);
    await database.pool.query(
      `SELECT credits.add_credits('cli-due', 5, 'bonus', 'Start', expires_at => now() + interval '20 milliseconds')`,
    );
    await expect.poll(async () => (await json(['expire'])).data).toEqual({ expired: 1 });
    expect((await cli(['expire'])).output).toBe('0 grants expired.\n');
    const { rows } = await database.pool.query(
      `SELECT actor FROM credits.credit_transactions WHERE customer_id = 'cli-due' AND transaction_type = 'expire'`,
    );
    expect(rows).toEqual([{ actor: `${os.userInfo().username} (postgres)` }]);
  });

  it('folds the log into the roll-ups', async () => {
    const { exitCode, data } = await json(['fold']);
    expect(exitCode).toBe(0);
    expect(data).toEqual({ folded: expect.any(Number) });
    expect((await cli(['fold'])).output).toMatch(/^[\d,]+ transactions? folded\.\n$/);
  });
});

describe('check', () => {
  it('exits with 0 where every rule holds, and with 1 and the broken rules where not', async () => {
    const broken = await createTestDatabase();
    const environment = { CREDIT_CONSOLE_DATABASE_URL: broken.ownerUrl };
    try {
      for (const id of ['sound', 'unsound']) {
        await broken.pool.query('SELECT credits.ensure_customer($1)', [id]);
        await broken.pool.query(`SELECT credits.add_credits($1, 10, 'bonus', 'Start')`, [id]);
      }
      expect(await cli(['check'], environment)).toEqual({
        exitCode: 0,
        output: 'Every rule holds.\n',
        error: '',
      });
      await broken.pool.query(
        `UPDATE credits.accounts SET credits_balance = 11 WHERE customer_id = 'unsound'`,
      );
      const found = await cli(['check', '--json'], environment);
      expect(found.exitCode).toBe(1);
      const data = JSON.parse(found.output);
      expect(data.ok).toBe(false);
      expect(data.broken.length).toBeGreaterThan(0);
      for (const each of data.broken) expect(each.customerId).toBe('unsound');
      const told = await cli(['check'], environment);
      expect(told.exitCode).toBe(1);
      expect(told.output).toContain('unsound');
      expect((await cli(['check', 'sound'], environment)).exitCode).toBe(0);
      expect((await cli(['check', 'unsound'], environment)).exitCode).toBe(1);
    } finally {
      await broken.drop();
    }
  });
});

describe('export transactions', () => {
  beforeAll(async () => {
    await database.pool.query(`SELECT credits.ensure_customer('cli-export')`);
    await database.pool.query(`SELECT credits.add_credits('cli-export', 500, 'bonus', '=1+1')`);
    await database.pool.query(
      `SELECT credits.deduct_credits('cli-export', 7, 'Search', 'search'), credits.deduct_credits('cli-export', 9, 'Other', 'other')`,
    );
  });

  it('writes CSV to standard output, or to a file', async () => {
    const { exitCode, output, error } = await cli([
      'export',
      'transactions',
      '--customer',
      'cli-export',
      '--type',
      'usage,bonus',
      '--max',
      '500',
    ]);
    expect({ exitCode, error }).toEqual({ exitCode: 0, error: '' });
    const rows: Record<string, string>[] = parse(output, { columns: true, bom: true });
    expect(rows.map((row) => [row.Credits, row.Description])).toEqual([
      ['-9', 'Other'],
      ['-7', 'Search'],
      ['500', "'=1+1"],
    ]);
    const file = path.join(folder, 'out.csv');
    const today = new Date().toISOString().slice(0, 10);
    const written = await json([
      'export',
      'transactions',
      '--customer',
      'cli-export',
      '--feature',
      'search',
      '--from',
      today,
      '--to',
      today,
      '--min',
      '7',
      '--text',
      'sea',
      '--output',
      file,
    ]);
    expect(written.data).toEqual({ rows: 1, file });
    expect(await readFile(file, 'utf8')).toContain('Search');
    expect(await readdir(folder)).toEqual(['out.csv']);
  });

  it('says with exit code 5 where it cannot write', async () => {
    const file = path.join(folder, 'missing', 'out.csv');
    const { exitCode, error } = await cli(['export', 'transactions', '--output', file]);
    expect(exitCode).toBe(5);
    expect(error).toMatch(/^file_error: /);
  });
});

describe('a database that cannot be used', () => {
  it.each([
    ['a wrong password', 'postgresql://postgres:hunter2@127.0.0.1:PORT/NAME', 'database_password'],
    ['a wrong database', 'URL-nope', 'database_not_found'],
    ['a wrong port', 'postgresql://postgres:hunter2@127.0.0.1:1/NAME', 'database_unavailable'],
  ])('%s is told with its code and exit code 3', async (_, template, code) => {
    const server = inject('postgresServer');
    const url = template
      .replace('PORT', String(server.port))
      .replace('NAME', database.name)
      .replace('URL', database.ownerUrl);
    for (const words of [['balance', 'a'], ['check'], ['migrate']]) {
      const { exitCode, output, error } = await cli([...words, '--database-url', url]);
      expect({ exitCode, output }).toEqual({ exitCode: 3, output: '' });
      expect(error.startsWith(`${code}: `), error).toBe(true);
    }
  });

  it('a URL that is none is refused', async () => {
    const { exitCode, error } = await cli(['check', '--database-url', 'mysql://u:hunter2@h/x']);
    expect([1, 2, 3]).toContain(exitCode);
    expect(error).not.toBe('');
  });

  it('without a ledger says so, until migrate installs it', async () => {
    const server = inject('postgresServer');
    const name = `t_${process.pid}_cli_empty`;
    await asSuperuser(server, 'postgres', (client) => client.query(`CREATE DATABASE ${name}`));
    const url = ['--database-url', urlOf(server, name)];
    try {
      expect(await cli(['balance', 'a', ...url])).toMatchObject({
        exitCode: 3,
        error: expect.stringMatching(/^schema_missing: /),
      });
      const migrated = await json(['migrate', ...url]);
      expect(migrated).toMatchObject({ exitCode: 0, data: { functionsApplied: true } });
      expect((await cli(['migrate', ...url])).output).toBe(
        'The ledger is up to date; nothing was changed.\n',
      );
      const seeded = await json([
        'seed-demo',
        '--customers',
        '5',
        '--transactions',
        '200',
        '--seed',
        '3',
        ...url,
      ]);
      expect(seeded).toMatchObject({ exitCode: 0, data: { customers: 5, seed: 3 } });
      expect((await cli(['check', ...url])).exitCode).toBe(0);
      expect(
        await cli(['seed-demo', '--customers', '5', '--transactions', '200', ...url]),
      ).toMatchObject({ exitCode: 1, error: expect.stringMatching(/^already_processed: /) });
    } finally {
      await asSuperuser(server, 'postgres', (client) =>
        client.query(`DROP DATABASE ${name} WITH (FORCE)`),
      );
    }
  });

  it('a role that may only read is refused what changes something', async () => {
    const url = ['--database-url', database.urlFor('test_reader')];
    expect((await cli(['balance', 'cli-1', ...url])).exitCode).toBe(0);
    for (const words of [['expire'], ['seed-demo', '--customers', '5', '--transactions', '5']]) {
      expect(await cli([...words, ...url])).toMatchObject({
        exitCode: 1,
        error: expect.stringMatching(/^not_permitted: /),
      });
    }
  });
});

describe('the program', () => {
  /** Runs it as a process of its own. */
  async function program(words: string[], environment: Record<string, string>) {
    const child = spawn(process.execPath, [path.join(ROOT, 'src-main/cli.ts'), ...words], {
      env: { PATH: process.env.PATH ?? '', HOME: folder, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let error = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    child.stderr.on('data', (data) => {
      error += data;
    });
    const exitCode = await new Promise((resolve) => child.on('close', resolve));
    return { exitCode, output, error };
  }

  it('runs on the embedded database of its data folder, and leaves no server behind', async () => {
    const data = path.join(folder, 'data');
    const environment = { CREDIT_CONSOLE_DATA: data };
    const seeded = await program(
      ['seed-demo', '--customers', '3', '--transactions', '60', '--json'],
      environment,
    );
    expect(seeded).toMatchObject({ exitCode: 0, error: '' });
    expect(JSON.parse(seeded.output)).toMatchObject({ customers: 3 });
    expect(await program(['check'], environment)).toEqual({
      exitCode: 0,
      output: 'Every rule holds.\n',
      error: '',
    });
    const csv = await program(['export', 'transactions'], environment);
    expect(parse(csv.output, { columns: true, bom: true }).length).toBeGreaterThan(10);
    const told = await program(['fold', '--verbose'], environment);
    expect(told.error).toContain('The database server was stopped.');
  });

  it('ends with the documented code where the database is not there', async () => {
    const result = await program(['check', '--json'], {
      CREDIT_CONSOLE_DATABASE_URL: 'postgresql://postgres:hunter2@127.0.0.1:1/x',
    });
    expect(result).toMatchObject({ exitCode: 3, output: '' });
    expect(JSON.parse(result.error).error.code).toBe('database_unavailable');
    expect(result.error).not.toContain('hunter2');
  });
});
