import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';

/**
 * Rows `t` of the log that the roll-ups do not hold yet. Read in the same statement or snapshot as the roll-ups, both
 * together are exact. The upper bound costs nothing and keeps rows of a restored dump, whose numbers may lie anywhere,
 * out of the index scan.
 */
export const unfolded = sql`t.recorded_in >= (SELECT s.horizon FROM credits.rollup_state s)
  AND t.recorded_in < pg_snapshot_xmax(pg_current_snapshot())
  AND t.id > (SELECT s.through_id FROM credits.rollup_state s)`;

// Reading this many unfolded rows takes some milliseconds; folding them costs about as much, once.
const TAIL_MAX = 5_000;

/**
 * Adds to the roll-ups what the log gained since; returns how many transactions that were (0 also where another fold is
 * running). What is newer than the oldest database transaction that runs on the server stays for the next fold. After a
 * restore onto another server it makes the roll-ups anew.
 */
export async function foldRollUps(target: QueryTarget): Promise<number> {
  const client = await target.pool.connect();
  let ended = false;
  try {
    // A first fold of a large log takes longer than statements of a screen may.
    await client.query('BEGIN');
    await client.query(`SELECT set_config('statement_timeout', '0', true)`);
    const { rows } = await client.query<{ folded: number }>(
      'SELECT f AS folded FROM credits.fold_usage() f',
    );
    await client.query('COMMIT');
    ended = true;
    return rows[0]?.folded ?? 0;
  } finally {
    client.release(!ended);
  }
}

/** Folds before a read where the tail is long, or where the roll-ups came from another server and say nothing here. */
export async function foldWhereNeeded(target: QueryTarget, signal?: AbortSignal): Promise<void> {
  const [state] = await runQuery(
    target,
    sql<{ foreign: boolean; long: boolean }>`
      SELECT s.server_identifier <> c.system_identifier
          OR s.horizon > pg_snapshot_xmax(pg_current_snapshot()) AS foreign,
        (SELECT count(*) FROM (
          SELECT FROM credits.credit_transactions t WHERE ${unfolded} LIMIT ${TAIL_MAX + 1}
        ) tail) > ${TAIL_MAX} AS long
      FROM credits.rollup_state s CROSS JOIN pg_control_system() c`,
    signal,
  );
  if (!state?.foreign && !state?.long) return;
  try {
    await foldRollUps(target);
  } catch (error) {
    // A standby cannot fold; what its primary has not folded is then read from the log.
    if (state.foreign || !isReadOnly(error)) throw error;
  }
}

function isReadOnly(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '25006';
}
