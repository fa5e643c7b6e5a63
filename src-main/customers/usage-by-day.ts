import { sql } from 'kysely';
import type { z } from 'zod';
import { assertDays } from '#main/database/calendar.ts';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import type { customersProcedures } from '#shared/ipc/customers.ts';

type Procedure = (typeof customersProcedures)['customers.usage'];

/**
 * Credits one customer used by day and feature, from its transactions; days are those of the time zone, both ends
 * included. Features beyond the five largest are null (Other), '' is usage without a feature. Errors: invalid_argument.
 */
export async function customerUsageByDay(
  target: QueryTarget,
  { customerId, from, to, timeZone }: z.output<Procedure['input']>,
  signal?: AbortSignal,
): Promise<z.input<Procedure['output']>> {
  assertDays({ from, to, timeZone });
  const rows = await runQuery(
    target,
    sql<{ day: string; feature: string | null; used: number }>`
      WITH daily AS MATERIALIZED (
        SELECT (t.created_at AT TIME ZONE ${timeZone})::date AS day, coalesce(t.feature, '') AS feature,
          -sum(t.amount) AS used
        FROM credits.credit_transactions t
        WHERE t.customer_id = ${customerId} AND t.transaction_type = 'usage'
          AND (t.created_at AT TIME ZONE ${timeZone})::date BETWEEN ${from} AND ${to}
        GROUP BY 1, 2
      ), largest AS (
        SELECT feature FROM daily GROUP BY feature ORDER BY sum(used) DESC, feature LIMIT 5
      )
      SELECT d.day::text, l.feature, sum(d.used)::bigint AS used
      FROM daily d LEFT JOIN largest l ON l.feature = d.feature
      GROUP BY d.day, l.feature
      ORDER BY d.day, l.feature NULLS LAST`,
    signal,
  );
  return { rows };
}
