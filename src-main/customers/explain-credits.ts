import { sql } from 'kysely';
import type { z } from 'zod';
import { type QueryTarget, readSnapshot } from '#main/database/run-query.ts';
import { getBalance } from '#main/ledger/read-balance.ts';
import { BURN_ORDER, listGrants } from '#main/ledger/read-grants.ts';
import { CLOSED_GRANTS_MAX, type customersProcedures } from '#shared/ipc/customers.ts';
import type { holdSchema } from '#shared/ipc/vocabulary.ts';

type Explanation = z.input<(typeof customersProcedures)['customers.credits']['output']>;

type HoldRow = {
  id: string;
  amount: number;
  state: z.input<typeof holdSchema>['state'];
  feature: string | null;
  description: string;
  expires_at: Date;
  created_at: Date;
};

const OPEN_MAX = 1_000;

/**
 * Why the balance is what it is, on one snapshot: open grants in burn order (those due to expire among them, as long as
 * nothing swept them), the newest closed ones, and open holds. Errors: not_found.
 */
export async function explainCredits(
  target: QueryTarget,
  customerId: string,
  signal?: AbortSignal,
): Promise<Explanation> {
  return readSnapshot(target, signal, async (run) => {
    const balance = await getBalance(run, customerId);
    const openGrants = await listGrants(run, {
      customerId,
      where: sql`g.is_open`,
      orderBy: BURN_ORDER,
      limit: OPEN_MAX,
    });
    const closedGrants = await listGrants(run, {
      customerId,
      where: sql`NOT g.is_open`,
      orderBy: sql`g.id DESC`,
      limit: CLOSED_GRANTS_MAX,
    });
    const holds = await run(sql<HoldRow>`
      SELECT id::text, amount, state, feature, description, expires_at, created_at FROM credits.credit_holds
      WHERE customer_id = ${customerId} AND state = 'open' AND expires_at > clock_timestamp()
      ORDER BY expires_at, id LIMIT ${OPEN_MAX}`);
    const [debt] = await run(sql<{ debt: number }>`
      SELECT greatest(-credits_balance, 0) AS debt FROM credits.accounts WHERE customer_id = ${customerId}`);
    return {
      balance,
      openGrants,
      closedGrants,
      holds: holds.map((row) => ({
        id: row.id,
        amount: row.amount,
        state: row.state,
        feature: row.feature,
        description: row.description,
        expiresAt: row.expires_at.toISOString(),
        createdAt: row.created_at.toISOString(),
      })),
      debt: debt?.debt ?? 0,
    };
  });
}
