import { sql } from 'kysely';
import type { z } from 'zod';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import { type customersProcedures, GRANT_CHANGES_MAX } from '#shared/ipc/customers.ts';

type Changes = z.input<(typeof customersProcedures)['customers.grantChanges']['output']>;

type ChangeRow = {
  grant_id: string;
  expires_at_before: Date;
  expires_at_after: Date;
  reason: string;
  actor: string;
  created_at: Date;
};

/** The expiry changes of a customer's grants, newest first, at most GRANT_CHANGES_MAX. */
export async function listGrantChanges(
  target: QueryTarget,
  customerId: string,
  signal?: AbortSignal,
): Promise<Changes> {
  const rows = await runQuery(
    target,
    sql<ChangeRow>`
      SELECT grant_id::text, expires_at_before, expires_at_after, reason, actor, created_at
      FROM credits.credit_grant_changes WHERE customer_id = ${customerId}
      ORDER BY id DESC LIMIT ${GRANT_CHANGES_MAX}`,
    signal,
  );
  return {
    rows: rows.map((row) => ({
      grantId: row.grant_id,
      expiresAtBefore: row.expires_at_before.toISOString(),
      expiresAtAfter: row.expires_at_after.toISOString(),
      reason: row.reason,
      actor: row.actor,
      createdAt: row.created_at.toISOString(),
    })),
  };
}
