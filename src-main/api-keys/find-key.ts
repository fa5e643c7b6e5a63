import { takeConnection } from '#main/database/lost-connection.ts';
import type { QueryTarget } from '#main/database/run-query.ts';
import type { ApiKeyScope } from '#shared/ipc/api-keys.ts';

export type FoundKey = {
  id: string;
  name: string;
  scopes: ApiKeyScope[];
  requestsPerSecond: number;
  /** Where customers buy more credits; null where nobody said. */
  purchaseUrl: string | null;
};

/**
 * The key in use with this hash, as credits_service may ask for it; undefined where there is none. Errors: database_unavailable where
 * there is no connection, else the driver's.
 */
export async function findKey(
  { pool }: Pick<QueryTarget, 'pool'>,
  hash: Buffer,
): Promise<FoundKey | undefined> {
  const client = await takeConnection(pool);
  let failure: Error | undefined;
  const asked = client.query<{
    id: string;
    name: string;
    scopes: ApiKeyScope[];
    requests_per_second: number;
    purchase_url: string | null;
  }>({
    name: 'api_keys.find',
    text: 'SELECT id, name, scopes, requests_per_second, purchase_url FROM credits.find_api_key($1)',
    values: [hash],
  });
  const { rows } = await asked
    .catch((error: Error) => {
      failure = error;
      throw error;
    })
    .finally(() => client.release(failure));
  const [row] = rows;
  return (
    row && {
      id: row.id,
      name: row.name,
      scopes: row.scopes,
      requestsPerSecond: row.requests_per_second,
      purchaseUrl: row.purchase_url,
    }
  );
}

/** Notes that a key was just used; the database keeps it to the minute. Errors: the driver's. */
export async function noteKeyUse({ pool }: Pick<QueryTarget, 'pool'>, id: string): Promise<void> {
  await pool.query('SELECT credits.note_api_key_use($1)', [id]);
}
