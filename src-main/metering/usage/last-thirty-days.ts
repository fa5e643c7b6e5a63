import { sql } from 'kysely';
import type { RunQuery } from '#main/database/run-query.ts';

/** The last 30 days until the minute that runs now: the period that usage is read of where no item has one. */
export async function lastThirtyDays(run: RunQuery): Promise<{ start: Date; end: Date }> {
  const [period] = await run(sql<{ start: Date; end: Date }>`
    SELECT n.minute - interval '30 days' AS start, n.minute AS end
    FROM (SELECT date_trunc('minute', clock_timestamp(), 'UTC') + interval '1 minute' AS minute) n`);
  if (period === undefined) throw new Error('the time could not be read');
  return period;
}
