import { sql } from 'kysely';
import type { QueryTarget } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { KeyRights } from './make-key.ts';
import { noSuchKey } from './no-such-key.ts';
import { type ApiKeyData, readKeys } from './read-keys.ts';

type KeyChanges = { readonly [Name in keyof KeyRights]?: KeyRights[Name] | undefined };

/**
 * Changes those that are named of name, scopes and rate of a key in use; what others changed of the rest stays, so that a new
 * name gives back no right that was taken meanwhile. Services follow within five seconds. Errors: not_found (also a key that was
 * revoked), not_permitted, and those of `post`.
 */
export async function updateKey(
  target: QueryTarget,
  actor: string,
  { id, name, scopes, requestsPerSecond }: KeyChanges & { id: string },
): Promise<ApiKeyData> {
  return post(target, { actor }, async ({ run }) => {
    const [changed] = await run(sql`
      UPDATE credits_billing.api_keys
      SET name = coalesce(${name ?? null}, name), scopes = coalesce(${scopes ? [...scopes] : null}::text[], scopes),
        requests_per_second = coalesce(${requestsPerSecond ?? null}::integer, requests_per_second)
      WHERE id = ${id} AND revoked_at IS NULL RETURNING id`);
    const [apiKey] = changed === undefined ? [] : await readKeys(run, sql`id = ${id}`);
    return apiKey ?? noSuchKey(id, 'There is no key in use with this id');
  });
}
