import { sql } from 'kysely';
import type { QueryTarget } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { noSuchKey } from './no-such-key.ts';
import { type ApiKeyData, readKeys } from './read-keys.ts';

/**
 * Revokes a key for good; services refuse it within five seconds. A key that was revoked before stays as it is, with who did
 * it and when. Errors: not_found, not_permitted, and those of `post`.
 */
export async function revokeKey(
  target: QueryTarget,
  actor: string,
  id: string,
): Promise<ApiKeyData> {
  return post(target, { actor }, async ({ run }) => {
    await run(sql`
      UPDATE credits_billing.api_keys SET revoked_at = clock_timestamp(), revoked_by = ${actor}
      WHERE id = ${id} AND revoked_at IS NULL`);
    const [apiKey] = await readKeys(run, sql`id = ${id}`);
    return apiKey ?? noSuchKey(id, 'There is no key with this id');
  });
}
