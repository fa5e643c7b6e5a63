import { sql } from 'kysely';
import type { z } from 'zod';
import { assertDays, type ZonedDays } from '#main/database/calendar.ts';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import { movementsByDay } from '#main/ledger/movements-by-day.ts';
import { foldWhereNeeded } from '#main/ledger/roll-ups.ts';
import type { analyticsProcedures } from '#shared/ipc/analytics.ts';
import type { TransactionType } from '#shared/ipc/vocabulary.ts';

type Procedure = (typeof analyticsProcedures)['analytics.usage'];
type Usage = z.input<Procedure['output']>;

type UsageRow = {
  part: 'day' | 'feature' | 'type';
  day: string | null;
  feature: string | null;
  type: TransactionType | null;
  credits_in: number;
  credits_out: number;
  transactions: number;
};

/**
 * Credits by day, by feature and by type over all customers; days are those of the time zone, both ends included.
 * Always exact: roll-ups and what they have not folded yet, read by one statement. Errors: invalid_argument.
 */
export async function readUsage(
  target: QueryTarget,
  days: ZonedDays,
  signal?: AbortSignal,
): Promise<Usage> {
  assertDays(days);
  await foldWhereNeeded(target, signal);
  const rows = await runQuery(
    target,
    sql<UsageRow>`
      WITH daily AS MATERIALIZED (
        SELECT day, feature, transaction_type, sum(credits_in) AS credits_in, sum(credits_out) AS credits_out,
          sum(transactions) AS transactions
        FROM (${movementsByDay(days)}) parts
        GROUP BY day, feature, transaction_type
      ), features AS (
        SELECT feature, sum(credits_out) AS used, sum(transactions) AS transactions,
          row_number() OVER (ORDER BY sum(credits_out) DESC, feature) AS place
        FROM daily WHERE transaction_type = 'usage' GROUP BY feature
      ), ordered AS (
        SELECT 'day' AS part, d.day::text AS day, f.feature, NULL AS type, 0::bigint AS credits_in,
          sum(d.credits_out)::bigint AS credits_out, sum(d.transactions)::bigint AS transactions
        FROM daily d LEFT JOIN features f ON f.feature = d.feature AND f.place <= 5
        WHERE d.transaction_type = 'usage' GROUP BY d.day, f.feature
        UNION ALL
        SELECT 'feature', NULL, feature, NULL, 0, used::bigint, transactions::bigint FROM features
        UNION ALL
        SELECT 'type', NULL, NULL, transaction_type, sum(credits_in)::bigint, sum(credits_out)::bigint,
          sum(transactions)::bigint
        FROM daily GROUP BY transaction_type
      )
      SELECT * FROM ordered
      ORDER BY part, day, CASE WHEN part = 'day' THEN feature END NULLS LAST, credits_out DESC, feature, type`,
    signal,
  );
  return {
    byDay: rows.flatMap((row) =>
      row.part === 'day' && row.day !== null
        ? [{ day: row.day, feature: row.feature, used: row.credits_out }]
        : [],
    ),
    byFeature: rows.flatMap((row) =>
      row.part === 'feature' && row.feature !== null
        ? [{ feature: row.feature, used: row.credits_out, transactions: row.transactions }]
        : [],
    ),
    byType: rows.flatMap((row) =>
      row.part === 'type' && row.type !== null
        ? [
            {
              type: row.type,
              creditsIn: row.credits_in,
              creditsOut: row.credits_out,
              transactions: row.transactions,
            },
          ]
        : [],
    ),
  };
}
