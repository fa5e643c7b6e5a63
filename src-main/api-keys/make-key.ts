import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { QueryTarget } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { ApiKeyScope } from '#shared/ipc/api-keys.ts';
import { hashOfKey, newKeyText, prefixOfKey } from './key-text.ts';
import { type ApiKeyData, readKeys } from './read-keys.ts';

/** What a key may do; `requestsPerSecond` at one service. Several keys may have the same name. */
export type KeyRights = {
  name: string;
  scopes: readonly ApiKeyScope[];
  requestsPerSecond: number;
};

/**
 * Makes a key of the HTTP service. The key is in this answer and nowhere else: the database keeps its SHA-256.
 * Errors: not_permitted (needs credits_admin), and those of `post`.
 */
export async function makeKey(
  target: QueryTarget,
  actor: string,
  { name, scopes, requestsPerSecond }: KeyRights,
): Promise<{ key: string; apiKey: ApiKeyData }> {
  const id = randomUUID();
  const key = newKeyText();
  return post(target, { actor }, async ({ run }) => {
    await run(sql`
      INSERT INTO credits_billing.api_keys (id, name, key_hash, prefix, scopes, requests_per_second, created_by)
      VALUES (${id}, ${name}, ${hashOfKey(key)}, ${prefixOfKey(key)}, ${[...scopes]}, ${requestsPerSecond}, ${actor})`);
    const [apiKey] = await readKeys(run, sql`id = ${id}`);
    if (!apiKey) throw new Error('the new key cannot be read');
    return { key, apiKey };
  });
}
