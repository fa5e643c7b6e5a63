import type { QueryTarget } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';

/**
 * Takes back a price that is still to come. Errors: not_found (no price begins at this instant), invalid_argument (it holds
 * already), and those of `post`.
 */
export async function withdrawCost(
  target: QueryTarget,
  actor: string,
  { feature, validFrom }: { feature: string; validFrom: string },
): Promise<void> {
  try {
    await post(target, { actor }, ({ call }) =>
      call({
        name: 'ledger.withdraw_feature_cost',
        text: 'SELECT f.feature FROM credits.withdraw_feature_cost(feature => $1, valid_from => $2) f',
        values: [feature, validFrom],
      }),
    );
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
    throw new AppError(
      'not_found',
      `No price of ${feature} begins at this time: it was withdrawn already. Nothing was changed.`,
      { details: error.details, cause: error },
    );
  }
}
