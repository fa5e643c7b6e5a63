import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import type { RunQuery } from '#main/database/run-query.ts';
import type { ApiKeyScope, apiKeySchema } from '#shared/ipc/api-keys.ts';

export type ApiKeyData = z.input<typeof apiKeySchema>;

type Row = {
  id: string;
  name: string;
  prefix: string;
  scopes: ApiKeyScope[];
  requests_per_second: number;
  created_at: Date;
  created_by: string;
  revoked_at: Date | null;
  revoked_by: string | null;
  last_used_at: Date | null;
};

/** Keys of the service as they are told: never the key, nor its hash. Those in use first, the newest first. */
export async function readKeys(
  run: RunQuery,
  where: RawBuilder<unknown> = sql`true`,
): Promise<ApiKeyData[]> {
  const rows = await run(sql<Row>`
    SELECT id, name, prefix, scopes, requests_per_second, created_at, created_by, revoked_at, revoked_by, last_used_at
    FROM credits_billing.api_keys WHERE ${where}
    ORDER BY revoked_at IS NOT NULL, created_at DESC, id`);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    requestsPerSecond: row.requests_per_second,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    revokedBy: row.revoked_by,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
  }));
}
