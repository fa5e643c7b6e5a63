import { sql } from 'kysely';
import type { RunQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { MeterFormula } from '#shared/ipc/metering.ts';

/**
 * A meter that something is put on, and that nobody deactivates before this database transaction is over.
 * Errors: invalid_argument (no such meter, or an inactive one).
 */
export async function needActiveMeter(
  run: RunQuery,
  eventName: string,
): Promise<{ formula: MeterFormula }> {
  const [meter] = await run(sql<{ formula: MeterFormula; active: boolean }>`
    SELECT formula, active FROM credits_billing.meters WHERE event_name = ${eventName} FOR SHARE`);
  if (meter === undefined) {
    throw new AppError(
      'invalid_argument',
      `There is no meter ${eventName}. Nothing was changed. Make the meter first.`,
      { fields: { eventName: 'is no meter' } },
    );
  }
  if (!meter.active) {
    throw new AppError(
      'invalid_argument',
      `The meter ${eventName} is inactive. Nothing was changed. Activate it first, or choose another one.`,
      { fields: { eventName: 'is inactive' } },
    );
  }
  return { formula: meter.formula };
}
