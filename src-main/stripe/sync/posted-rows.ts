import { sql } from 'kysely';
import type { LedgerSession } from '#main/ledger/ledger-session.ts';
import type { SyncOutcome } from './apply-sync.ts';

/**
 * The rows of a customer's log that the work wrote, whichever function wrote them: expiries that were due come with a
 * grant, for instance.
 */
export async function postedRows(
  session: LedgerSession,
  customerId: string,
  work: () => Promise<void>,
): Promise<SyncOutcome['transactions']> {
  const [before] = await session.run(sql<{ id: string }>`
    SELECT coalesce(max(id), 0)::text AS id FROM credits.credit_transactions WHERE customer_id = ${customerId}`);
  await work();
  const rows = await session.run(sql<{ id: string }>`
    SELECT id::text FROM credits.credit_transactions
    WHERE customer_id = ${customerId} AND id > ${before?.id ?? '0'}::bigint AND xmin = pg_current_xact_id()::xid
    ORDER BY id`);
  return rows.map(({ id }) => ({ customerId, transactionId: id }));
}
