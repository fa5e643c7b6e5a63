import { sql } from 'kysely';
import { rehearse } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';
import type { Apply } from '../sync/apply-sync.ts';

/** What a sync would grant, or why it cannot. */
export type RehearsedGrant =
  /** granted: credits of the purchase or allocation it would add; null where there is nothing to grant (any more). */
  | { ok: true; ignored: boolean; granted: number | null; customerId: string | null }
  | { ok: false; why: string };

/**
 * What making the ledger agree with one session or invoice would grant: the sync itself, rolled back. Errors: those of the
 * gateway and the database where they cannot be asked.
 */
export async function rehearseGrant(
  target: StripeTarget,
  read: () => Promise<Apply>,
): Promise<RehearsedGrant> {
  try {
    const apply = await read();
    return await rehearse(target.database, { actor: target.actor }, async (session) => {
      const { ignored, customerIds, transactions } = await apply(session);
      const ids = transactions.map(({ transactionId }) => transactionId);
      const [added] = await session.run(sql<{ customerId: string; granted: number }>`
        SELECT customer_id AS "customerId", amount AS granted FROM credits.credit_transactions
        WHERE customer_id = ANY (${customerIds}) AND id = ANY (${ids}::bigint[])
          AND transaction_type IN ('purchase', 'subscription_allocation')`);
      return {
        ok: true,
        ignored,
        granted: added?.granted ?? null,
        customerId: added?.customerId ?? null,
      };
    });
  } catch (error) {
    if (error instanceof AppError && isAboutTheObject(error)) {
      return { ok: false, why: error.message };
    }
    throw error;
  }
}

/** What is wrong with the object or with what the ledger has of it, as opposed to a Stripe or database that does not answer. */
function isAboutTheObject({ code }: AppError): boolean {
  return [
    'stripe_metadata',
    'stripe_other_mode',
    'stripe_not_found',
    'not_found',
    'already_processed',
    'invalid_argument',
    'idempotency_conflict',
  ].includes(code);
}
