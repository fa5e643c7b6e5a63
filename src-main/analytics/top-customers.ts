import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import { assertDayRange } from '#main/database/calendar.ts';
import { type QueryTarget, readSnapshot, runQuery } from '#main/database/run-query.ts';
import { foldWhereNeeded, unfolded } from '#main/ledger/roll-ups.ts';
import type { analyticsProcedures } from '#shared/ipc/analytics.ts';
import { type Days, endOf, startOf } from './read-usage.ts';

type Procedure = (typeof analyticsProcedures)['analytics.topCustomers'];
export type TopCustomer = z.input<Procedure['output']>['rows'][number];

type TopRow = {
  customer_id: string;
  name: string | null;
  email: string | null;
  used: number;
  transactions: number;
};

/**
 * The customers who used most in a range of days, most first, ties by id; exact. Whole months of UTC come from the
 * roll-up, the edges of the range and what is not folded yet from the log. Errors: invalid_argument.
 */
export async function computeTopCustomers(
  target: QueryTarget,
  days: Days & { limit: number },
  signal?: AbortSignal,
): Promise<TopCustomer[]> {
  assertDayRange(days);
  await foldWhereNeeded(target, signal);
  const months = await wholeMonths(target, days, signal);
  const rows = await readSnapshot(
    target,
    signal,
    (run) =>
      run(sql<TopRow>`
        WITH loose AS MATERIALIZED (
          SELECT customer_id, -sum(amount) AS used, count(*) AS transactions
          FROM (${fromLog(days, months)}) rows_of_log GROUP BY customer_id
        ), totals AS (${months ? withMonths(months, days.limit) : sql`SELECT * FROM loose`})
        SELECT t.customer_id, c.name, c.email, t.used::bigint AS used, t.transactions::bigint AS transactions
        FROM (SELECT * FROM totals ORDER BY used DESC, customer_id LIMIT ${days.limit}) t
        LEFT JOIN credits.customers c ON c.id = t.customer_id
        ORDER BY t.used DESC, t.customer_id`),
    { work_mem: '128MB' },
  );
  return rows.map((row) => ({
    customerId: row.customer_id,
    name: row.name,
    email: row.email,
    used: row.used,
    transactions: row.transactions,
  }));
}

/** Months of UTC that lie in the range with every instant: first, and the one after the last. */
type Months = { first: string; end: string; count: number };

async function wholeMonths(
  target: QueryTarget,
  { from, to, timeZone }: Days,
  signal?: AbortSignal,
): Promise<Months | undefined> {
  const [row] = await runQuery(
    target,
    sql<{ first: string | null; end: string | null; count: number }>`
      SELECT min(m)::date::text AS first, (max(m) + interval '1 month')::date::text AS end, count(*) AS count
      FROM generate_series(date_trunc('month', ${from}::date::timestamp), ${to}::date::timestamp, interval '1 month') m
      WHERE ((m AT TIME ZONE 'UTC') AT TIME ZONE ${timeZone})::date >= ${from}::date
        AND (((m + interval '1 month') AT TIME ZONE 'UTC' - interval '1 microsecond') AT TIME ZONE ${timeZone})::date
          <= ${to}::date`,
    signal,
  );
  return row?.first && row.end ? { first: row.first, end: row.end, count: row.count } : undefined;
}

function fromLog(days: Days, months: Months | undefined): RawBuilder<unknown> {
  const rows = (condition: RawBuilder<unknown>) => sql`
    SELECT t.customer_id, t.amount FROM credits.credit_transactions t
    WHERE t.transaction_type = 'usage' AND ${condition}
      AND (t.created_at AT TIME ZONE ${days.timeZone})::date BETWEEN ${days.from}::date AND ${days.to}::date`;
  if (!months) {
    return rows(sql`t.created_at >= ${startOf(days)} AND t.created_at < ${endOf(days)}`);
  }
  const first = startOfUtcDay(months.first);
  const end = startOfUtcDay(months.end);
  return sql.join(
    [
      rows(sql`t.created_at >= ${startOf(days)} AND t.created_at < ${first}`),
      rows(sql`t.created_at >= ${end} AND t.created_at < ${endOf(days)}`),
      rows(sql`t.created_at >= ${first} AND t.created_at < ${end} AND ${unfolded}`),
    ],
    sql` UNION ALL `,
  );
}

function withMonths(months: Months, limit: number): RawBuilder<unknown> {
  if (months.count > 1) {
    return sql`
      SELECT customer_id, sum(used) AS used, sum(transactions) AS transactions FROM (
        SELECT customer_id, used, transactions FROM credits.rollup_customer_months
        WHERE month >= ${months.first}::date AND month < ${months.end}::date
        UNION ALL SELECT customer_id, used, transactions FROM loose
      ) parts GROUP BY customer_id`;
  }
  // Of one month, only its first `limit` customers and those with loose usage can be among the first: usage only adds.
  return sql`
    SELECT p.customer_id, coalesce(m.used, 0) + coalesce(l.used, 0) AS used,
      coalesce(m.transactions, 0) + coalesce(l.transactions, 0) AS transactions
    FROM (
      (SELECT customer_id FROM credits.rollup_customer_months WHERE month = ${months.first}::date
        ORDER BY used DESC, customer_id LIMIT ${limit})
      UNION SELECT customer_id FROM loose
    ) p
    LEFT JOIN credits.rollup_customer_months m ON m.month = ${months.first}::date AND m.customer_id = p.customer_id
    LEFT JOIN loose l ON l.customer_id = p.customer_id`;
}

function startOfUtcDay(day: string): RawBuilder<unknown> {
  return sql`(${day}::date::timestamp AT TIME ZONE 'UTC')`;
}
