import { Kysely, PostgresDialect, sql } from 'kysely';
import { readUsage } from '#main/analytics/read-usage.ts';
import { computeTopCustomers } from '#main/analytics/top-customers.ts';
import { explainCredits } from '#main/customers/explain-credits.ts';
import { getCustomer } from '#main/customers/get-customer.ts';
import { listCustomerTransactions } from '#main/customers/list-customer-transactions.ts';
import { listCustomers } from '#main/customers/list-customers.ts';
import { customerUsageByDay } from '#main/customers/usage-by-day.ts';
import { createPool } from '#main/database/pool.ts';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import type { Database } from '#main/database/tables/database.ts';
import { seedDemo } from '#main/seed/seed-demo.ts';
import { countTransactions } from '#main/transactions/count-transactions.ts';
import { listTransactions } from '#main/transactions/list-transactions.ts';
import { type CustomerId, customerIdSchema } from '#shared/ids.ts';
import type { CUSTOMER_SORTS } from '#shared/ipc/customers.ts';
import type { TransactionFilter } from '#shared/ipc/transactions.ts';
import { addDays, presetRange } from '#shared/time.ts';
import { median, percentile } from './statistics.ts';

export type QueriesBenchOptions = {
  customers: number;
  transactions: number;
  /** How often each query is timed, each time with other values where it takes any. */
  times: number;
  onProgress: (message: string) => void;
};

export type QueryResult = {
  query: string;
  medianMilliseconds: number;
  p95Milliseconds: number;
  /** The first time, with nothing of it in the server's memory but what the queries before have left there. */
  firstMilliseconds: number;
  times: number;
  /** The good figure at 1 million customers and 10 million transactions, where one is known. */
  aimMilliseconds: number | null;
};

export type QueriesReport = {
  customers: number;
  transactions: number;
  seedSeconds: number | null;
  databaseMegabytes: number;
  results: QueryResult[];
};

/** Times the console's queries through the functions that the console calls, on a ledger that is seeded where it is empty. */
export async function runQueriesBench(
  url: string,
  options: QueriesBenchOptions,
): Promise<QueriesReport> {
  const pool = createPool({ url, max: 8, statementTimeoutSeconds: 0 });
  const target: QueryTarget = {
    pool,
    kysely: new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }),
  };
  try {
    const seedSeconds = await seedWhereEmpty(target, options);
    const sizes = await one<{ customers: number; transactions: number; megabytes: number }>(
      target,
      `SELECT (SELECT count(*) FROM credits.customers) AS customers,
         (SELECT count(*) FROM credits.credit_transactions) AS transactions,
         pg_database_size(current_database()) / 1048576 AS megabytes`,
    );
    return {
      customers: sizes.customers,
      transactions: sizes.transactions,
      databaseMegabytes: sizes.megabytes,
      seedSeconds,
      results: await timeAll(target, options),
    };
  } finally {
    await pool.end();
  }
}

async function seedWhereEmpty(
  target: QueryTarget,
  options: QueriesBenchOptions,
): Promise<number | null> {
  const { rowCount } = await target.pool.query('SELECT FROM credits.customers LIMIT 1');
  const { rows } = await target.pool.query<{ complete: boolean }>(
    `SELECT (value ->> 'complete')::boolean AS complete FROM credits.workspace_facts WHERE name = 'demo_data'`,
  );
  // A seeding that was cut short is continued.
  if (rowCount !== 0 && rows[0]?.complete !== false) return null;
  options.onProgress(
    `Seeding ${options.customers} customers and ${options.transactions} transactions.`,
  );
  const start = performance.now();
  await seedDemo(target.pool, {
    customers: options.customers,
    transactions: options.transactions,
    onProgress: ({ transactions, ofTransactions }) =>
      options.onProgress(
        `${transactions} of ${ofTransactions} after ${Math.round((performance.now() - start) / 1000)} s`,
      ),
  });
  return (performance.now() - start) / 1000;
}

async function one<Row>(target: QueryTarget, text: string): Promise<Row> {
  const [row] = await runQuery(target, sql<Row>`${sql.raw(text)}`);
  if (row === undefined) throw new Error(`No row from: ${text}`);
  return row;
}

type Case = {
  query: string;
  aim?: number;
  /** Queries of seconds are timed less often. */
  times?: number;
  run: (turn: number) => Promise<unknown>;
};

async function timeAll(target: QueryTarget, options: QueriesBenchOptions): Promise<QueryResult[]> {
  const results: QueryResult[] = [];
  for (const each of await casesFor(target)) {
    options.onProgress(each.query);
    const times = Math.min(each.times ?? options.times, options.times);
    const took: number[] = [];
    for (let turn = 0; turn < times; turn += 1) {
      const start = performance.now();
      await each.run(turn);
      took.push(performance.now() - start);
    }
    // The first time stands for itself, so it is left out of the others where there are others.
    const warm = took.length > 1 ? took.slice(1) : took;
    results.push({
      query: each.query,
      medianMilliseconds: median(warm),
      p95Milliseconds: percentile(warm, 0.95),
      firstMilliseconds: took[0] ?? Number.NaN,
      times,
      aimMilliseconds: each.aim ?? null,
    });
  }
  return results;
}

const ZONE = 'Europe/Berlin';
const PAGE = 50;

async function casesFor(target: QueryTarget): Promise<Case[]> {
  const { now } = await one<{ now: Date }>(
    target,
    'SELECT coalesce(max(created_at), now()) AS now FROM credits.credit_transactions',
  );
  const some = await runQuery(
    target,
    sql<{ id: string; email: string }>`
      SELECT id, email FROM credits.customers WHERE email IS NOT NULL ORDER BY md5(id) LIMIT 40`,
  );
  const heavy = await runQuery(
    target,
    sql<{ id: string }>`
      SELECT customer_id AS id FROM credits.rollup_customer_months
      GROUP BY customer_id ORDER BY sum(transactions) DESC LIMIT 10`,
  );
  const customer = (turn: number) => some[turn % some.length] ?? { id: '', email: '' };
  // Part of the name and part of the company: a handful of customers at most.
  const rarePart = (turn: number) => {
    const { email } = customer(turn);
    const at = email.indexOf('@');
    return email.slice(Math.max(0, at - 5), at + 8);
  };
  const days = presetRange('90d', ZONE, now);
  const utcDays = presetRange('90d', 'UTC', now);
  const lastMonth = presetRange('last_month', 'UTC', now);

  const search = (
    filter: Parameters<typeof listCustomers>[1]['filter'],
    sort: (typeof CUSTOMER_SORTS)[number] = 'name',
    descending = false,
  ) => listCustomers(target, { filter, sort, descending, cursor: null, limit: PAGE });
  const log = (filter: TransactionFilter, cursor: string | null = null) =>
    listTransactions(target, { filter, cursor, limit: PAGE });
  // Places far down the log, as scrolling would reach them.
  const deep = await Promise.all(
    [10, 60, 120, 240, 330].map(
      async (age) =>
        (await log({ to: `${addDays(days.to, -age)}T00:00:00.000Z` })).nextCursor ?? null,
    ),
  );

  return [
    {
      query: 'customers: search of 13 letters, page and count',
      aim: 9,
      run: (turn) => search({ search: rarePart(turn) }),
    },
    {
      query: 'customers: search of 3 letters, page and count',
      aim: 13,
      run: (turn) => search({ search: customer(turn).email.slice(1, 4) }),
    },
    {
      query: 'customers: search of 2 letters, page and count',
      aim: 13,
      run: (turn) => search({ search: customer(turn).email.slice(0, 2) }),
    },
    {
      query: 'customers: search by id',
      aim: 9,
      run: (turn) => search({ search: customer(turn).id }),
    },
    { query: 'customers: by name, page and count', aim: 13, run: () => search({}) },
    {
      query: 'customers: by balance, largest first',
      aim: 13,
      run: () => search({}, 'balance', true),
    },
    {
      query: 'customers: by last activity, latest first',
      aim: 13,
      run: () => search({}, 'last_activity', true),
    },
    { query: 'customers: low balance', aim: 13, run: () => search({ balance: 'low' }) },
    { query: 'customers: below zero', aim: 13, run: () => search({ balance: 'negative' }) },
    { query: 'customers: one plan', aim: 13, run: () => search({ plan: 'enterprise' }) },
    {
      query: 'customer: record and balance',
      run: (turn) => getCustomer(target, customer(turn).id),
    },
    {
      query: 'customer: why is the balance this',
      run: (turn) => explainCredits(target, customer(turn).id),
    },
    {
      query: 'customer: latest 50 transactions',
      aim: 0.3,
      run: (turn) =>
        listCustomerTransactions(target, {
          customerId: idOf(customer(turn).id),
          cursor: null,
          limit: PAGE,
        }),
    },
    {
      query: 'customer: latest 50 of the ten heaviest',
      aim: 0.3,
      run: (turn) =>
        listCustomerTransactions(target, {
          customerId: idOf(heavy[turn % heavy.length]?.id ?? ''),
          cursor: null,
          limit: PAGE,
        }),
    },
    {
      query: 'customer: 90 days by day',
      aim: 4.7,
      run: (turn) =>
        customerUsageByDay(target, {
          customerId: idOf(customer(turn).id),
          ...days,
          timeZone: ZONE,
        }),
    },
    {
      query: 'customer: 90 days by day, the ten heaviest',
      run: (turn) =>
        customerUsageByDay(target, {
          customerId: idOf(heavy[turn % heavy.length]?.id ?? ''),
          ...days,
          timeZone: ZONE,
        }),
    },
    { query: 'log: latest 50', aim: 0.4, run: () => log({}) },
    {
      query: 'log: 50 from far down',
      aim: 0.4,
      run: (turn) => log({}, deep[turn % deep.length] ?? null),
    },
    {
      query: 'log: all but usage',
      run: () => log({ types: ['purchase', 'bonus', 'refund', 'adjustment', 'reversal'] }),
    },
    { query: 'log: clawbacks', run: () => log({ types: ['clawback'] }) },
    { query: 'log: by one person', run: () => log({ actor: 'Maya Chen (credit_console)' }) },
    { query: 'log: text in the description', times: 3, run: () => log({ text: 'outage' }) },
    {
      query: 'log: count of everything, to 1,000',
      aim: 13,
      run: () => countTransactions(target, {}),
    },
    {
      query: 'usage: 90 days by day, feature and type, in UTC',
      aim: 1.9,
      run: () => readUsage(target, { ...utcDays, timeZone: 'UTC' }),
    },
    {
      query: 'usage: the same in another time zone',
      run: () => readUsage(target, { ...days, timeZone: ZONE }),
    },
    {
      query: 'usage: top 20, last calendar month',
      aim: 0.3,
      run: () => computeTopCustomers(target, { ...lastMonth, timeZone: 'UTC', limit: 20 }),
    },
    {
      query: 'usage: top 20, rolling 90 days',
      aim: 2500,
      times: 3,
      run: () => computeTopCustomers(target, { ...days, timeZone: ZONE, limit: 20 }),
    },
    {
      query: 'every balance summed again',
      aim: 3000,
      times: 3,
      run: () =>
        runQuery(
          target,
          sql`SELECT count(*) FROM credits.accounts a
            LEFT JOIN (SELECT customer_id, sum(amount) AS balance FROM credits.credit_transactions GROUP BY customer_id) t
              ON t.customer_id = a.customer_id
            WHERE a.credits_balance <> coalesce(t.balance, 0)`,
        ),
    },
    {
      query: 'every rule of the ledger: check_integrity()',
      times: 1,
      run: async () => {
        const broken = await runQuery(
          target,
          sql`SELECT * FROM credits.check_integrity() LIMIT 10`,
        );
        if (broken.length > 0) throw new Error(`Broken rules: ${JSON.stringify(broken)}`);
      },
    },
  ];
}

function idOf(text: string): CustomerId {
  return customerIdSchema.parse(text);
}
