import { execFile, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPayingCustomers, type PayingCustomers } from '#test/support/paying-customers.ts';

/*
 * The very file that the README quotes, run by the system's Python. `npm test` installs the driver where it can; where it is
 * missing, each test says so and is skipped.
 */

const PYTHON = '/usr/bin/python3';
const EXAMPLE = path.resolve(import.meta.dirname, '../../build/examples/back_end.py');
const hasDriver = spawnSync(PYTHON, ['-c', 'import psycopg']).status === 0;
const run = promisify(execFile);

let world: PayingCustomers;
let folder: string;
let file: string;

beforeAll(async () => {
  world = await openPayingCustomers();
  folder = await mkdtemp(path.join(tmpdir(), 'credit-console-python-'));
  file = path.join(folder, 'report.txt');
  await writeFile(file, 'four words of report\n');
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true });
});
beforeEach(({ skip }) => {
  skip(!hasDriver, `${PYTHON} has no psycopg 3 (Debian: apt-get install python3-psycopg)`);
});

/** What the example prints. Rejects with its exit code and standard error where it raises. */
async function backEnd(customerId: string, requestId: string, work: string): Promise<unknown> {
  const { stdout } = await run(PYTHON, [EXAMPLE, customerId, requestId, work], {
    env: { CREDITS_DATABASE_URL: world.database.urlFor('test_service') },
  });
  return JSON.parse(stdout);
}

describe('the example of a back end in Python', () => {
  it('does the work and is paid, as a login that may grant nothing', async () => {
    const customer = await world.customer(25);

    expect(await backEnd(customer, randomUUID(), file)).toEqual({ words: 4 });

    expect(await world.ledgerOf(customer)).toEqual({
      balance: 15,
      held: 0,
      paid: [10],
      holds: ['captured'],
    });
  });

  it('is told what is needed and what is there where credits do not suffice, and does not work', async () => {
    const customer = await world.customer(9);

    const answer = await backEnd(customer, randomUUID(), path.join(folder, 'missing.txt'));

    expect(answer).toEqual({
      error: 'insufficient_credits',
      required: 10,
      balance: 9,
      available: 9,
    });
    expect(await world.ledgerOf(customer)).toEqual({ balance: 9, held: 0, paid: [], holds: [] });
  });

  it('takes nothing for work that fails', async () => {
    const customer = await world.customer(25);

    await expect(
      backEnd(customer, randomUUID(), path.join(folder, 'missing.txt')),
    ).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('FileNotFoundError') });

    expect(await world.ledgerOf(customer)).toEqual({
      balance: 25,
      held: 0,
      paid: [],
      holds: ['released'],
    });
  });

  it('neither works nor is paid twice for one request', async () => {
    const customer = await world.customer(25);
    const request = randomUUID();
    await backEnd(customer, request, file);

    expect(await backEnd(customer, request, file)).toEqual({
      error: 'this request is captured already',
    });

    expect(await world.ledgerOf(customer)).toMatchObject({ balance: 15, paid: [10] });
  });

  it('leaves every rule of the ledger standing', async () => {
    expect(await world.violations()).toEqual([]);
  });
});
