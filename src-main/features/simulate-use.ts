import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import { type QueryTarget, type RunQuery, readSnapshot } from '#main/database/run-query.ts';
import { toLedgerError } from '#main/ledger/ledger-errors.ts';
import { getBalance } from '#main/ledger/read-balance.ts';
import { CREDITS_MAX } from '#shared/credits.ts';
import type { featuresProcedures } from '#shared/ipc/features.ts';
import type { TransactionType } from '#shared/ipc/vocabulary.ts';

type Procedure = (typeof featuresProcedures)['features.simulate'];
type Simulation = z.input<Procedure['output']>;
type Use = z.input<Procedure['input']>;

type CheckRow = {
  sufficient: boolean;
  required: number;
  balance: number;
  held: number;
  available: number;
  unit_cost: number;
  unit: string;
  event_name: string | null;
  mode: 'report' | 'both' | null;
};

/**
 * What use_feature would do for a customer now, on one snapshot; nothing is posted or reserved, so a use a moment later may
 * find it otherwise. Errors: not_found (customer; an unknown or inactive feature), invalid_argument.
 */
export async function simulateUse(
  target: QueryTarget,
  use: Use,
  signal?: AbortSignal,
): Promise<Simulation> {
  return readSnapshot(target, signal, async (run) => {
    const [check] = await asked(
      run,
      sql<CheckRow>`SELECT * FROM credits.check_credits(customer_id => ${use.customerId}, feature => ${use.feature},
        quantity => ${use.quantity}::bigint)`,
    );
    if (!check) throw new Error('credits.check_credits returned no row');
    const { sufficient, required, balance, held, available } = check;
    return {
      unitCost: check.unit_cost,
      unit: check.unit,
      mode: check.mode ?? 'credits',
      meter: check.event_name,
      required,
      // Of the same moment as the rest, where something expires between two questions.
      balance: { ...(await getBalance(run, use.customerId)), balance, held, available },
      sufficient,
      missing: sufficient ? 0 : Math.min(required - available, CREDITS_MAX),
      availableAfter: sufficient ? available - required : null,
      // What is set aside by holds cannot pay a part either.
      grants: await readBurn(run, use.customerId, sufficient ? required : available),
    };
  });
}

async function readBurn(
  run: RunQuery,
  customerId: string,
  amount: number,
): Promise<Simulation['grants']> {
  if (amount <= 0) return [];
  const rows = await asked(
    run,
    sql<{
      id: string;
      source: TransactionType;
      description: string;
      expires_at: Date | null;
      remaining: number;
      taken: number;
    }>`
      SELECT g.id::text, t.transaction_type AS source, t.description, g.expires_at, g.remaining, b.taken
      FROM credits.preview_burn(${customerId}, ${amount}::bigint) WITH ORDINALITY AS b (grant_id, taken, place)
      JOIN credits.credit_grants g ON g.customer_id = ${customerId} AND g.id = b.grant_id
      JOIN credits.credit_transactions t ON t.customer_id = g.customer_id AND t.id = g.transaction_id
      ORDER BY b.place`,
  );
  return rows.map(({ expires_at, ...row }) => ({
    ...row,
    expiresAt: expires_at?.toISOString() ?? null,
  }));
}

async function asked<Row>(run: RunQuery, query: RawBuilder<Row>): Promise<Row[]> {
  return run(query).catch((error: unknown) => {
    throw toLedgerError(error) ?? error;
  });
}
