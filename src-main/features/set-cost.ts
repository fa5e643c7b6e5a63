import { sql } from 'kysely';
import type { z } from 'zod';
import type { QueryTarget } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { featuresProcedures } from '#shared/ipc/features.ts';
import { COST_COLUMNS, type CostRow, type FeatureCostData, toFeatureCost } from './cost-rows.ts';

type Input = Omit<
  z.input<(typeof featuresProcedures)['features.setCost']['input']>,
  'confirmedProduction'
>;

type Standing = { cost: number; unit: string };

/**
 * Sets what a feature costs from an instant on (null: now); a cost or unit of null is the one that stands then. The price that
 * holds already changes nothing, so a repeat does no harm. Errors: invalid_argument (a new one's name is taken; the instant has
 * passed), not_found, and those of `post`.
 */
export async function setCost(
  target: QueryTarget,
  actor: string,
  { isNew, feature, cost, unit, active, validFrom }: Input,
): Promise<FeatureCostData> {
  return post(target, { actor }, async ({ call, run }) => {
    const priced = await run(
      sql`SELECT FROM credits.feature_costs WHERE feature = ${feature} LIMIT 1`,
    );
    if (isNew && priced.length > 0) {
      throw new AppError(
        'invalid_argument',
        `There is a feature ${feature} already. Nothing was changed. Choose another name, or change the price of the one that is there.`,
        { fields: { feature: 'is in use' } },
      );
    }
    if (!isNew && priced.length === 0) {
      throw new AppError('not_found', `There is no feature ${feature}. Nothing was changed.`, {
        details: { entity: 'feature', id: feature },
      });
    }
    const [standing] =
      cost === null || unit === null
        ? await run(sql<Standing>`
            SELECT f.cost, f.unit FROM credits.feature_costs f
            WHERE f.feature = ${feature} AND f.valid_from <= coalesce(${validFrom}::timestamptz, clock_timestamp())
            ORDER BY f.valid_from DESC LIMIT 1`)
        : [];
    const { valid_from: since } = await call<{ valid_from: string }>({
      name: 'ledger.set_feature_cost',
      text: `SELECT f.valid_from::text AS valid_from FROM credits.set_feature_cost(feature => $1, cost => $2, unit => $3,
        active => $4, valid_from => $5) f`,
      values: [feature, cost ?? standing?.cost, unit ?? standing?.unit, active, validFrom],
    });
    const [row] = await run(sql<CostRow>`
      SELECT ${COST_COLUMNS} FROM credits.feature_costs f WHERE f.feature = ${feature} AND f.valid_from = ${since}::timestamptz`);
    if (!row) throw new Error('the price that was set cannot be read');
    return toFeatureCost(row);
  });
}
