import { sql } from 'kysely';

import { type QueryTarget, readSnapshot } from '#main/database/run-query.ts';
import { foldWhereNeeded, unfolded } from '#main/ledger/roll-ups.ts';

const FACETS_MAX = 200;

/** The features and actors seen in the log, by name, at most the 200 most frequent of each. */
export async function listFacets(
  target: QueryTarget,
  signal?: AbortSignal,
): Promise<{ features: string[]; actors: string[] }> {
  await foldWhereNeeded(target, signal);
  return readSnapshot(target, signal, async (run) => {
    const features = await run(sql<{ name: string }>`
      SELECT name FROM (
        SELECT feature AS name, sum(transactions) AS transactions FROM (
          SELECT feature, transactions FROM credits.rollup_days WHERE feature <> ''
          UNION ALL
          SELECT t.feature, 1 FROM credits.credit_transactions t WHERE ${unfolded} AND t.feature IS NOT NULL
        ) seen GROUP BY feature ORDER BY 2 DESC, 1 LIMIT ${FACETS_MAX}
      ) most ORDER BY name`);
    const actors = await run(sql<{ name: string }>`
      SELECT name FROM (
        SELECT actor AS name, sum(transactions) AS transactions FROM (
          SELECT actor, transactions FROM credits.rollup_actors
          UNION ALL
          SELECT t.actor, 1 FROM credits.credit_transactions t WHERE ${unfolded}
        ) seen GROUP BY actor ORDER BY 2 DESC, 1 LIMIT ${FACETS_MAX}
      ) most ORDER BY name`);
    return { features: features.map((row) => row.name), actors: actors.map((row) => row.name) };
  });
}
