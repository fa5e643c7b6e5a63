import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import { exactInstant } from '#main/ledger/read-transactions.ts';
import type { featureCostSchema } from '#shared/ipc/features.ts';

export type FeatureCostData = z.input<typeof featureCostSchema>;

export type CostRow = {
  feature: string;
  cost: number;
  unit: string;
  active: boolean;
  /** null: from the beginning. */
  valid_from: string | null;
  changed_by: string | null;
  changed_at: Date | null;
};

/**
 * The columns of `f`, a row of credits.feature_costs, as a CostRow: from when it holds to the microsecond, because a price is
 * withdrawn by its instant.
 */
export const COST_COLUMNS: RawBuilder<unknown> = sql`f.feature, f.cost, f.unit, f.active,
  CASE WHEN isfinite(f.valid_from) THEN ${exactInstant(sql`f.valid_from`)} END AS valid_from, f.changed_by, f.changed_at`;

/** The row as the contract knows it. */
export function toFeatureCost(row: CostRow): FeatureCostData {
  return {
    feature: row.feature,
    cost: row.cost,
    unit: row.unit,
    active: row.active,
    validFrom: row.valid_from?.replace(/000Z$/, 'Z') ?? null,
    changedBy: row.changed_by,
    changedAt: row.changed_at?.toISOString() ?? null,
  };
}
