import { sql } from 'kysely';
import type { z } from 'zod';
import type { RunQuery } from '#main/database/run-query.ts';
import type { balanceSchema } from '#shared/ipc/vocabulary.ts';
import { toLedgerError } from './ledger-errors.ts';

export type BalanceData = z.input<typeof balanceSchema>;

type BalanceRow = {
  balance: number;
  held: number;
  available: number;
  lifetime: number;
  next_expires_at: Date | null;
  next_expires_amount: number | null;
};

/** One customer's balance in credits, as the ledger computes it now. Errors: not_found. */
export async function getBalance(run: RunQuery, customerId: string): Promise<BalanceData> {
  const query = sql<BalanceRow>`SELECT * FROM credits.get_balance(${customerId})`;
  const [row] = await run(query).catch((error: unknown) => {
    throw toLedgerError(error) ?? error;
  });
  if (!row) throw new Error('credits.get_balance returned no row');
  return {
    balance: row.balance,
    held: row.held,
    available: row.available,
    lifetime: row.lifetime,
    nextExpiry:
      row.next_expires_at && row.next_expires_amount !== null
        ? { expiresAt: row.next_expires_at.toISOString(), amount: row.next_expires_amount }
        : null,
  };
}
