import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { ProjectedInvoice } from '#shared/ipc/metering.ts';
import type { MeteringTarget } from '../metering-target.ts';

/**
 * What a subscription's next invoice would be now, as Stripe reckons it. Amounts in minor units.
 * Errors: not_found (no such subscription, or it gets no further invoice), stripe_*.
 */
export async function previewNextInvoice(
  { database, gateway, accountId }: MeteringTarget,
  subscriptionId: string,
): Promise<ProjectedInvoice> {
  const [known] = await runQuery(
    database,
    sql<{ isOver: boolean }>`
      SELECT status IN ('canceled', 'incomplete_expired') AS "isOver" FROM credits_billing.subscriptions
      WHERE id = ${subscriptionId} AND account_id = ${accountId}`,
  );
  if (known === undefined || known.isOver) {
    throw new AppError(
      'not_found',
      known === undefined
        ? `There is no subscription ${subscriptionId}.`
        : `${subscriptionId} has ended, so there is no next invoice.`,
      { details: { entity: 'subscription', id: subscriptionId } },
    );
  }
  const { currency, totalMinor, lines } = await gateway.previewInvoice(subscriptionId);
  return {
    total: { amountMinor: totalMinor, currency },
    lines: lines.map((line) => ({
      description: line.description,
      quantity: line.quantity,
      unitAmount: line.unitAmount,
      amount: { amountMinor: line.amountMinor, currency },
      priceId: line.priceId,
      periodStart: line.periodStart.toISOString(),
      periodEnd: line.periodEnd.toISOString(),
    })),
  };
}
