import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import type { TransactionFilter } from '#shared/ipc/transactions.ts';
import { conditionOf } from './transaction-filter.ts';

const COUNT_MAX = 1_000;

/** How many transactions match, counted to 1,000: beyond that the exact number costs much and tells little. */
export async function countTransactions(
  target: QueryTarget,
  filter: TransactionFilter,
  signal?: AbortSignal,
): Promise<{ count: number; capped: boolean }> {
  const [row] = await runQuery(
    target,
    sql<{ count: number }>`SELECT count(*) AS count FROM (
      SELECT FROM credits.credit_transactions t WHERE ${conditionOf(filter)} LIMIT ${COUNT_MAX + 1}) counted`,
    signal,
  );
  const count = row?.count ?? 0;
  return { count: Math.min(count, COUNT_MAX), capped: count > COUNT_MAX };
}
