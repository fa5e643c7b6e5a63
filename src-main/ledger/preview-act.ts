import { sql } from 'kysely';
import type { z } from 'zod';
import type { QueryTarget, RunQuery } from '#main/database/run-query.ts';
import type { ledgerProcedures } from '#shared/ipc/ledger.ts';
import type { TransactionType } from '#shared/ipc/vocabulary.ts';
import { type Act, callOf } from './acts.ts';
import { type LedgerSession, rehearse } from './ledger-session.ts';
import { getBalance } from './read-balance.ts';
import { BURN_ORDER } from './read-grants.ts';

export type Preview = z.input<(typeof ledgerProcedures)['ledger.preview']['output']>;

/**
 * The balance and grants before an act and as they would be after it: the ledger's own call, rolled back.
 * Errors: those of the act itself.
 */
export async function previewAct(
  target: QueryTarget,
  actor: string,
  act: Act,
  signal?: AbortSignal,
): Promise<Preview> {
  const { preview } = await previewWork(
    target,
    { actor, customerId: act.customerId },
    async (session) => {
      const { id } = await session.call<{ id: string }>(callOf(act, 'Preview', null));
      const posts = act.act !== 'extendGrant' && act.act !== 'releaseHold';
      return { transactionId: posts ? id : null, result: undefined };
    },
    signal,
  );
  return preview;
}

/**
 * As previewAct, for any work on one customer's credits: it runs and is rolled back. `transactionId` is the row the work
 * is about (null: none); whatever else it writes is in `alsoPosts`. Errors: those of the work.
 */
export async function previewWork<Result>(
  target: QueryTarget,
  { actor, customerId }: { actor: string; customerId: string },
  work: (session: LedgerSession) => Promise<{ transactionId: string | null; result: Result }>,
  signal?: AbortSignal,
): Promise<{ preview: Preview; result: Result }> {
  return rehearse(
    target,
    { actor },
    async (session) => {
      const before = await getBalance(session.run, customerId);
      const grantsBefore = await openGrants(session.run, customerId);
      const { transactionId, result } = await work(session);
      const after = await getBalance(session.run, customerId);
      const preview = {
        before,
        after,
        grants: await changedGrants(session.run, customerId, grantsBefore),
        alsoPosts: await alsoPosted(session.run, customerId, transactionId),
      };
      return { preview, result };
    },
    signal,
  );
}

type OpenGrant = { id: string; remaining: number; expires_at: Date | null };

async function openGrants(run: RunQuery, customerId: string): Promise<Map<string, OpenGrant>> {
  const rows = await run(sql<OpenGrant>`
    SELECT g.id::text, g.remaining, g.expires_at FROM credits.credit_grants g
    WHERE g.customer_id = ${customerId} AND g.is_open`);
  return new Map(rows.map((row) => [row.id, row]));
}

type GrantAfter = OpenGrant & {
  source: TransactionType;
  description: string;
  made_now: boolean;
};

async function changedGrants(
  run: RunQuery,
  customerId: string,
  openBefore: Map<string, OpenGrant>,
): Promise<Preview['grants']> {
  const rows = await run(sql<GrantAfter>`
    SELECT g.id::text, g.remaining, g.expires_at, t.transaction_type AS source, t.description,
      t.recorded_in = pg_current_xact_id() AS made_now
    FROM credits.credit_grants g
    JOIN credits.credit_transactions t ON t.customer_id = g.customer_id AND t.id = g.transaction_id
    WHERE g.customer_id = ${customerId} AND (g.is_open OR g.id = ANY (${[...openBefore.keys()]}::bigint[]))
    ORDER BY ${BURN_ORDER}`);
  return rows.flatMap((row) => {
    const was = openBefore.get(row.id);
    const expiresAt = row.expires_at?.toISOString() ?? null;
    const expiredBefore = was ? (was.expires_at?.toISOString() ?? null) : expiresAt;
    if (was && was.remaining === row.remaining && expiredBefore === expiresAt) return [];
    // Open now and not before, but older: a reversal gave credits back to a grant that was used up.
    const remainingBefore = was?.remaining ?? (row.made_now ? null : 0);
    return [
      {
        id: row.id,
        source: row.source,
        // A grant of the rehearsal carries the rehearsal's words, which nobody wrote.
        description: row.made_now ? '' : row.description,
        remainingBefore,
        remainingAfter: row.remaining,
        expiresAtBefore: row.made_now ? null : expiredBefore,
        expiresAtAfter: expiresAt,
      },
    ];
  });
}

async function alsoPosted(
  run: RunQuery,
  customerId: string,
  transactionId: string | null,
): Promise<Preview['alsoPosts']> {
  return run(sql<{ type: TransactionType; amount: number }>`
    SELECT t.transaction_type AS type, t.amount FROM credits.credit_transactions t
    WHERE t.customer_id = ${customerId} AND t.recorded_in = pg_current_xact_id()
      AND t.id IS DISTINCT FROM ${transactionId}::bigint
    ORDER BY t.id`);
}
