import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import { COST_COLUMNS, type CostRow, type FeatureCostData, toFeatureCost } from './cost-rows.ts';

/** Every price of one feature, also those to come, the newest first; none where it has no price. */
export async function readHistory(
  target: QueryTarget,
  feature: string,
  signal?: AbortSignal,
): Promise<{ rows: FeatureCostData[] }> {
  const rows = await runQuery(
    target,
    sql<CostRow>`SELECT ${COST_COLUMNS} FROM credits.feature_costs f
      WHERE f.feature = ${feature} AND f.valid_from < 'infinity' ORDER BY f.valid_from DESC`,
    signal,
  );
  return { rows: rows.map(toFeatureCost) };
}
