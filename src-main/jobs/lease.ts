import type { QueryTarget } from '#main/database/run-query.ts';

const LEASE = "interval '30 seconds'";

/**
 * Takes or keeps a lease for half a minute. False while somebody else holds it. One that ends later than any could is of a time
 * before the database's clock was set back: it is over.
 */
export async function holdLease(
  { pool }: Pick<QueryTarget, 'pool'>,
  name: string,
  holder: string,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `INSERT INTO credits_billing.job_leases AS l (name, holder, expires_at) VALUES ($1, $2, clock_timestamp() + ${LEASE})
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
     WHERE l.holder = excluded.holder OR l.expires_at < clock_timestamp() OR l.expires_at > clock_timestamp() + 2 * ${LEASE}`,
    [name, holder],
  );
  return rowCount === 1;
}

/** Gives a lease back, so that another one need not wait for its end. */
export async function giveUpLease(
  { pool }: Pick<QueryTarget, 'pool'>,
  name: string,
  holder: string,
): Promise<void> {
  await pool.query('DELETE FROM credits_billing.job_leases WHERE name = $1 AND holder = $2', [
    name,
    holder,
  ]);
}
