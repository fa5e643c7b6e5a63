import type pg from 'pg';
import { dayOf } from '#shared/time.ts';

/** One row of the log as a test wrote it. */
export type LoggedRow = {
  customerId: string;
  type: string;
  feature: string | null;
  /** Signed credits. */
  amount: number;
  createdAt: Date;
};

/**
 * Writes rows straight into the log: the roll-ups read nothing else. Balances are not kept, so such a database serves
 * no other test.
 */
export async function writeLog(client: pg.Pool | pg.ClientBase, rows: readonly LoggedRow[]) {
  await client.query(
    `INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, feature, actor, created_at, reverses_id)
     SELECT r.customer_id, r.amount, 0, r.type, r.feature, 'test', r.created_at, CASE WHEN r.type = 'reversal' THEN 1 END
     FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[])
       AS r (customer_id, amount, type, feature, created_at)`,
    [
      rows.map((row) => row.customerId),
      rows.map((row) => row.amount),
      rows.map((row) => row.type),
      rows.map((row) => row.feature),
      rows.map((row) => row.createdAt.toISOString()),
    ],
  );
}

type Days = { from: string; to: string; timeZone: string };

function within(rows: readonly LoggedRow[], { from, to, timeZone }: Days) {
  return rows.flatMap((row) => {
    const day = dayOf(row.createdAt, timeZone);
    return day >= from && day <= to ? [{ ...row, day }] : [];
  });
}

function sumBy<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  creditsOf: (row: Row) => number,
) {
  const sums = new Map<string, { sum: number; rows: number }>();
  for (const row of rows) {
    const entry = sums.get(keyOf(row)) ?? { sum: 0, rows: 0 };
    entry.sum += creditsOf(row);
    entry.rows += 1;
    sums.set(keyOf(row), entry);
  }
  return sums;
}

/** What analytics.usage must answer, added up row by row with the runtime's own calendar. Lists in the order of their keys. */
export function bruteForceUsage(log: readonly LoggedRow[], days: Days) {
  const rows = within(log, days);
  const usage = rows.filter((row) => row.type === 'usage');
  const features = sumBy(
    usage,
    (row) => row.feature ?? '',
    (row) => -row.amount,
  );
  const largest = [...features]
    .sort(([a, { sum: x }], [b, { sum: y }]) => y - x || (a < b ? -1 : 1))
    .map(([feature]) => feature);
  const shown = new Set(largest.slice(0, 5));
  const nameOf = (feature: string) => (shown.has(feature) ? `feature ${feature}` : 'other');
  return {
    byDay: [
      ...sumBy(
        usage,
        (row) => `${row.day} ${nameOf(row.feature ?? '')}`,
        (row) => -row.amount,
      ),
    ]
      .map(([key, { sum }]) => [key, sum])
      .sort(),
    byFeature: largest.map((feature) => [
      feature,
      features.get(feature)?.sum,
      features.get(feature)?.rows,
    ]),
    byType: [
      ...sumBy(
        rows,
        (row) => row.type,
        (row) => Math.max(row.amount, 0),
      ),
    ]
      .map(([type, { sum, rows: count }]) => [
        type,
        sum,
        rows
          .filter((row) => row.type === type)
          .reduce((total, row) => total + Math.max(-row.amount, 0), 0),
        count,
      ])
      .sort(),
  };
}

/** What analytics.topCustomers must answer. */
export function bruteForceTopCustomers(log: readonly LoggedRow[], days: Days & { limit: number }) {
  const usage = within(log, days).filter((row) => row.type === 'usage');
  const customers = sumBy(
    usage,
    (row) => row.customerId,
    (row) => -row.amount,
  );
  return [...customers]
    .sort(([a, { sum: x }], [b, { sum: y }]) => y - x || (a < b ? -1 : 1))
    .slice(0, days.limit)
    .map(([customerId, { sum, rows }]) => [customerId, sum, rows]);
}
