import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import { assertDays, isUtc, type ZonedDays } from '#main/database/calendar.ts';
import { type QueryTarget, readSnapshot } from '#main/database/run-query.ts';
import { endOf, startOf } from '#main/ledger/movements-by-day.ts';
import { foldWhereNeeded, unfolded } from '#main/ledger/roll-ups.ts';
import type { analyticsProcedures } from '#shared/ipc/analytics.ts';
import { addDays } from '#shared/time.ts';

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
 * The customers who used most in a range of days, most first, ties by id; exact. Whole months come from the roll-up of
 * UTC's months, the edges of the range and what is not folded yet from the log. Errors: invalid_argument.
 */
export async function computeTopCustomers(
  target: QueryTarget,
  days: ZonedDays & { limit: number },
  signal?: AbortSignal,
): Promise<TopCustomer[]> {
  assertDays(days);
  await foldWhereNeeded(target, signal);
  const months = wholeMonths(days);
  const rows = await readSnapshot(
    target,
    signal,
    (run) =>
      run(sql<TopRow>`
        WITH loose AS MATERIALIZED (
          SELECT customer_id, sum(used) AS used, sum(transactions) AS transactions
          FROM (${looseUsage(days, months)}) rows_of_log GROUP BY customer_id
        ), totals AS (${totalsOf(months, days.limit)})
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

/** Months of UTC whose roll-up is taken: from the first to before `end`, both first days of a month. */
type Months = { first: string; end: string };

// No zone is further from UTC.
const FARTHEST = sql`interval '15 hours'`;

/** The months that the range holds as months of its own zone. In UTC they begin some hours earlier or later. */
function wholeMonths({ from, to }: ZonedDays): Months | undefined {
  const first = from.endsWith('-01') ? from : monthAfter(from);
  const lastDayOfMonth = addDays(to, 1).endsWith('-01');
  const end = lastDayOfMonth ? addDays(to, 1) : `${to.slice(0, 7)}-01`;
  return first < end ? { first, end } : undefined;
}

function monthAfter(day: string): string {
  return `${addDays(`${day.slice(0, 7)}-28`, 4).slice(0, 7)}-01`;
}

/**
 * What the months' roll-up does not say, by customer: usage in the range and outside the months or not folded yet, less
 * folded usage in the months that lies outside the range, because the zone's months are not those of UTC.
 */
function looseUsage(days: ZonedDays, months: Months | undefined): RawBuilder<unknown> {
  const day = sql`(t.created_at AT TIME ZONE ${days.timeZone})::date`;
  const isIn = sql`${day} BETWEEN ${days.from}::date AND ${days.to}::date`;
  const rows = (sign: RawBuilder<unknown>, condition: RawBuilder<unknown>) => sql`
    SELECT t.customer_id, -t.amount * ${sign} AS used, ${sign} AS transactions FROM credits.credit_transactions t
    WHERE t.transaction_type = 'usage' AND ${condition}`;
  const add = (condition: RawBuilder<unknown>) => rows(sql`1`, sql`${condition} AND ${isIn}`);
  const take = (condition: RawBuilder<unknown>) =>
    rows(sql`-1`, sql`${condition} AND NOT (${isIn}) AND NOT (${unfolded})`);
  if (!months) return add(sql`t.created_at >= ${startOf(days)} AND t.created_at < ${endOf(days)}`);

  const first = startOfUtcDay(months.first);
  const end = startOfUtcDay(months.end);
  const parts = [
    add(sql`t.created_at >= ${startOf(days)} AND t.created_at < ${first}`),
    add(sql`t.created_at >= ${end} AND t.created_at < ${endOf(days)}`),
    add(sql`t.created_at >= ${first} AND t.created_at < ${end} AND ${unfolded}`),
  ];
  if (!isUtc(days.timeZone)) {
    parts.push(
      take(sql`t.created_at >= ${first} AND t.created_at < ${first} + ${FARTHEST}`),
      take(sql`t.created_at >= ${end} - ${FARTHEST} AND t.created_at < ${end}`),
    );
  }
  return sql.join(parts, sql` UNION ALL `);
}

function totalsOf(months: Months | undefined, limit: number): RawBuilder<unknown> {
  if (!months) return sql`SELECT * FROM loose`;
  if (monthAfter(months.first) < months.end) {
    return sql`
      SELECT customer_id, sum(used) AS used, sum(transactions) AS transactions FROM (
        SELECT customer_id, used, transactions FROM credits.rollup_customer_months
        WHERE month >= ${months.first}::date AND month < ${months.end}::date
        UNION ALL SELECT customer_id, used, transactions FROM loose
      ) parts GROUP BY customer_id HAVING sum(transactions) > 0`;
  }
  // Of one month, the index gives the first of those customers about whom it says everything; the others are few.
  return sql`
    (SELECT customer_id, used, transactions FROM credits.rollup_customer_months
      WHERE month = ${months.first}::date AND customer_id NOT IN (SELECT customer_id FROM loose)
      ORDER BY used DESC, customer_id LIMIT ${limit})
    UNION ALL
    SELECT l.customer_id, l.used + coalesce(m.used, 0), l.transactions + coalesce(m.transactions, 0)
    FROM loose l
    LEFT JOIN credits.rollup_customer_months m ON m.month = ${months.first}::date AND m.customer_id = l.customer_id
    WHERE l.transactions + coalesce(m.transactions, 0) > 0`;
}

function startOfUtcDay(day: string): RawBuilder<unknown> {
  return sql`(${day}::date::timestamp AT TIME ZONE 'UTC')`;
}
