import type { createPool } from '#main/database/pool.ts';
import { AppError } from '#shared/errors.ts';
import { type Batch, fillStatements, planStatements } from './batch-plan.ts';
import { writeStatements } from './batch-write.ts';
import { PASS_WATCH, TELL_LATEST } from './demo-notifications.ts';
import { FEATURES } from './features.ts';

type Pool = ReturnType<typeof createPool>;
type Client = Pick<Pool, 'query'>;

export type SeedOptions = {
  /** How many customers, at least 1. */
  customers: number;
  /** How many transactions they have together. */
  transactions: number;
  /** The same seed and `now` give the same rows. */
  seed?: number | undefined;
  /** When the demo's 14 months end. Nothing is dated later, apart from expiries. */
  now?: Date | undefined;
  onProgress?: ((progress: SeedProgress) => void) | undefined;
  /** Stops between two batches; a seeding that was stopped is continued by the same call. */
  signal?: AbortSignal | undefined;
  /** How many transactions are planned and written at once; other sizes give other rows. */
  batchTransactions?: number | undefined;
};

export type SeedProgress = { transactions: number; ofTransactions: number };
export type SeedResult = { customers: number; transactions: number };

/** What the server's memory carries easily. */
const BATCH_TRANSACTIONS = 100_000;
const LIMIT = 2_000_000_000;
const FACT = 'demo_data';
const BATCH_FACT = 'demo_data_batch_';

/**
 * Fills an empty ledger with demo data: customers, and 14 months of what they bought, were given and used. Every rule of
 * the ledger holds on the result. `pool` connects as a superuser or a member of credits_owner.
 * A small one is one database transaction. A large one is many; cut short, it is continued by the same call.
 * Errors: invalid_argument, already_processed (the ledger is not empty), not_permitted, cancelled.
 */
export async function seedDemo(pool: Pool, options: SeedOptions): Promise<SeedResult> {
  const wanted: Wanted = {
    customers: wholeNumber('customers', options.customers, 1),
    transactions: wholeNumber('transactions', options.transactions, 0),
    seed: wholeNumber('seed', options.seed ?? 1, 0),
  };
  const batchTransactions = options.batchTransactions ?? BATCH_TRANSACTIONS;
  const batches = Math.min(
    wanted.customers,
    Math.max(1, Math.round(wanted.transactions / batchTransactions)),
  );
  const now = options.now ?? new Date();
  options.signal?.throwIfAborted();
  const transactions =
    batches === 1
      ? await asOwner(pool, async (client) => {
          const begun = await begin(client, wanted, now);
          const count = await seedBatch(client, wanted, begun, { index: 0, batches });
          await complete(client, wanted, begun);
          return count;
        })
      : await seedInBatches(pool, wanted, now, batches, options);
  await asOwner(pool, (client) =>
    runAll(client, ['SELECT credits.fold_usage()', 'SET LOCAL enable_nestloop = on', TELL_LATEST]),
  );
  await vacuum(pool);
  return { customers: wanted.customers, transactions };
}

type Wanted = { customers: number; transactions: number; seed: number };

function wholeNumber(argument: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= LIMIT) return value;
  throw new AppError(
    'invalid_argument',
    `${argument} must be a whole number from ${least} to ${LIMIT}. Nothing was changed.`,
    { details: { argument } },
  );
}

async function seedInBatches(
  pool: Pool,
  wanted: Wanted,
  now: Date,
  batches: number,
  options: SeedOptions,
): Promise<number> {
  const begun = await asOwner(pool, (client) => begin(client, wanted, now));
  const open = Array.from({ length: batches }, (_, index) => index).filter(
    (index) => !begun.done.has(index),
  );
  let transactions = [...begun.done.values()].reduce((sum, count) => sum + count, 0);
  const failures: unknown[] = [];
  const work = async () => {
    for (let index = open.shift(); index !== undefined; index = open.shift()) {
      try {
        if (options.signal?.aborted) throw cancelled();
        const place = { index, batches };
        const count = await asOwner(pool, (client) => seedBatch(client, wanted, begun, place));
        transactions += count;
        options.onProgress?.({ transactions, ofTransactions: wanted.transactions });
      } catch (error) {
        // The other worker finishes its batch, and takes no further one.
        open.length = 0;
        failures.push(error);
      }
    }
  };
  // PostgreSQL works on one core for one connection.
  await Promise.all([work(), work()]);
  if (failures.length > 0) throw failures[0];
  await asOwner(pool, (client) => complete(client, wanted, begun));
  return transactions;
}

function cancelled(): AppError {
  return new AppError(
    'cancelled',
    'Filling the ledger with demo data was stopped. What is there is consistent; the same command continues it.',
  );
}

/** Runs `work` as the ledger's owner in one transaction. */
async function asOwner<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query('BEGIN');
    // Months are counted in UTC whatever the session's time zone is. The planner knows nothing of how the temporary
    // tables' columns belong together and would take nested loops for cheap; and a batch is sorted in memory.
    await client.query(`SET LOCAL ROLE credits_owner; SET LOCAL TimeZone = 'UTC'; SET LOCAL work_mem = '128MB';
      SET LOCAL enable_nestloop = off; SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL statement_timeout = 0`);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      broken = true;
    });
    if (error instanceof Error && 'code' in error && error.code === '42501') {
      throw new AppError(
        'not_permitted',
        'Demo data is written by the ledger’s owner: connect as a superuser or a member of credits_owner. Nothing was changed.',
        { cause: error },
      );
    }
    throw error;
  } finally {
    client.release(broken);
  }
}

/** A seeding in progress: its `now`, where its ids begin, and the batches that are done with their transactions. */
type Begun = { now: Date; firstId: number; done: Map<number, number> };

type StartedFact = Wanted & { now: string; firstId: number; complete: boolean };

/** Claims an empty ledger for this seeding, or finds how far the same one came. */
async function begin(client: Client, wanted: Wanted, now: Date): Promise<Begun> {
  const found = await client.query<{ value: StartedFact | boolean }>(
    'SELECT value FROM credits.workspace_facts WHERE name = $1 FOR UPDATE',
    [FACT],
  );
  const value = found.rows[0]?.value;
  const started = typeof value === 'object' && !value.complete ? value : undefined;
  if (started && isSame(started, wanted)) {
    const batches = await client.query<{ name: string; value: number }>(
      'SELECT name, value FROM credits.workspace_facts WHERE starts_with(name, $1)',
      [BATCH_FACT],
    );
    return {
      now: new Date(started.now),
      firstId: started.firstId,
      done: new Map(
        batches.rows.map((row) => [Number(row.name.slice(BATCH_FACT.length)), row.value]),
      ),
    };
  }
  if (started) {
    throw new AppError(
      'already_processed',
      `This ledger was being filled with demo data of ${started.customers} customers, ${started.transactions} transactions and seed ${started.seed}. ` +
        'Nothing was changed now. Continue with these numbers, or use an empty database.',
    );
  }
  const customers = await client.query('SELECT FROM credits.customers LIMIT 1');
  if (customers.rowCount !== 0) {
    throw new AppError(
      'already_processed',
      'Demo data goes into an empty ledger, and this one has customers already. Nothing was changed.',
    );
  }
  // Calls that were rolled back may have used ids already.
  const ids = await client.query<{ first: string | number }>(
    `SELECT greatest(${SEQUENCES.map((sequence) => `nextval(${sequence.of})`).join(', ')}) AS first`,
  );
  const begun: Begun = { now, firstId: Number(ids.rows[0]?.first), done: new Map() };
  await writeFact(client, wanted, begun, false);
  await client.query(
    `INSERT INTO credits.feature_costs (feature, cost, unit)
     SELECT f.feature, f.cost, f.unit FROM jsonb_to_recordset($1::jsonb) AS f (feature text, cost bigint, unit text)
     WHERE NOT EXISTS (SELECT FROM credits.feature_costs c WHERE c.feature = f.feature)`,
    [JSON.stringify(FEATURES)],
  );
  return begun;
}

/** Of the tables whose rows get their ids from the seeding. */
const SEQUENCES = [
  'credits.credit_transactions',
  'credits.credit_grants',
  'credits.credit_holds',
  'credits.credit_grant_changes',
  'credits.customer_notes',
].map((table) => ({ table, of: `pg_get_serial_sequence('${table}', 'id')` }));

function isSame(started: StartedFact, wanted: Wanted): boolean {
  return (
    started.customers === wanted.customers &&
    started.transactions === wanted.transactions &&
    started.seed === wanted.seed
  );
}

async function writeFact(
  client: Client,
  wanted: Wanted,
  begun: Begun,
  isComplete: boolean,
): Promise<void> {
  const fact: StartedFact = {
    ...wanted,
    now: begun.now.toISOString(),
    firstId: begun.firstId,
    complete: isComplete,
  };
  await client.query(
    `INSERT INTO credits.workspace_facts (name, value) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    [FACT, JSON.stringify(fact)],
  );
}

/** What the plan's estimates come out short by, in most batches; a little too long costs a second plan. */
const FILL = 1.03;
const PLAN_TRIES = 6;

/** Plans and writes one batch of customers; returns how many transactions it has. */
async function seedBatch(
  client: Client,
  wanted: Wanted,
  begun: Begun,
  place: { index: number; batches: number },
): Promise<number> {
  const upTo = (of: number, index: number) => Math.floor((of * index) / place.batches);
  const start = upTo(wanted.transactions, place.index);
  const batch: Batch = {
    seed: wanted.seed,
    now: begun.now,
    firstCustomer: upTo(wanted.customers, place.index) + 1,
    lastCustomer: upTo(wanted.customers, place.index + 1),
    transactions: upTo(wanted.transactions, place.index + 1) - start,
    firstId: begun.firstId + start,
    fill: FILL,
  };
  // First of all: another seeding that works on the same batch waits here, and then fails.
  const fact = BATCH_FACT + String(place.index).padStart(6, '0');
  await client.query('INSERT INTO credits.workspace_facts (name, value) VALUES ($1, $2)', [
    fact,
    '0',
  ]);
  let count = await plan(client, batch);
  // A plan that comes out too long is made again, shorter; what is missing to the number is filled in.
  for (let attempt = 1; count > batch.transactions && attempt < PLAN_TRIES; attempt += 1) {
    batch.fill *= (batch.transactions / count) * (1 - 0.01 * attempt);
    count = await plan(client, batch);
  }
  if (count < batch.transactions) {
    await runAll(client, fillStatements(batch, batch.transactions - count));
    count = await countPlanned(client);
  }
  await runAll(client, [...writeStatements(batch), PASS_WATCH]);
  await client.query('UPDATE credits.workspace_facts SET value = $2 WHERE name = $1', [
    fact,
    JSON.stringify(count),
  ]);
  return count;
}

async function plan(client: Client, batch: Batch): Promise<number> {
  await runAll(client, planStatements(batch));
  return await countPlanned(client);
}

async function countPlanned(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: string | number }>(
    'SELECT count(*) FROM pg_temp.seed_rows',
  );
  return Number(rows[0]?.count);
}

async function runAll(client: Client, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await client.query(statement);
}

/** Sets the sequences past the ids in use, and marks the seeding as complete. */
async function complete(client: Client, wanted: Wanted, begun: Begun): Promise<void> {
  for (const { table, of } of SEQUENCES) {
    await client.query(
      `SELECT setval(${of}, greatest((SELECT max(id) FROM ${table}), ${begun.firstId}))`,
    );
  }
  await client.query('DELETE FROM credits.workspace_facts WHERE starts_with(name, $1)', [
    BATCH_FACT,
  ]);
  await writeFact(client, wanted, begun, true);
}

/** Statistics and the visibility map, without which the first queries would be planned blindly. */
async function vacuum(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('SET ROLE credits_owner; SET statement_timeout = 0');
    const { rows } = await client.query<{ name: string }>(
      `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'credits'`,
    );
    await client.query(`VACUUM (ANALYZE) ${rows.map((row) => row.name).join(', ')}`);
  } finally {
    // The connection keeps neither the role nor the missing limit.
    client.release(true);
  }
}
