import { Kysely, PostgresDialect } from 'kysely';
import { createPool } from '#main/database/pool.ts';
import type { QueryTarget } from '#main/database/run-query.ts';
import type { Database } from '#main/database/tables/database.ts';

/** The console's own pool and query writer on a test database; the caller ends the pool. */
export function queryTargetOn(url: string): QueryTarget {
  const pool = createPool({ url });
  return { pool, kysely: new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }) };
}
