import type pg from 'pg';

export const CUSTOMERS = 200;
/** What each paid checkout buys. */
export const CREDITS = 100;

/** What the ledger has after a run. */
export type EventsVerdict = {
  /** Events handled, those of the warm-up included; each was delivered twice. */
  events: number;
  credits: { bought: number; granted: number };
  /** Ledger rows that grant; as many as events where each was granted once. */
  grants: number;
  /** Events whose state is not `handled`. */
  unhandled: number;
  brokenRules: string[];
  isRight: boolean;
};

/** Makes the customers of a run. Throws where the database is bound to a Stripe account. */
export async function prepareCustomers(owner: pg.Client, run: string): Promise<void> {
  const { rows } = await owner.query<{ account_id: string | null }>(
    'SELECT account_id FROM credits_billing.stripe_settings',
  );
  const bound = rows[0]?.account_id ?? null;
  if (bound !== null) {
    throw new Error(`This database belongs to the Stripe account ${bound}. Give it a fresh one.`);
  }
  await owner.query(
    `SELECT count(c.id) FROM generate_series(1, $2::int) n, unnest(ARRAY['buyer', 'bare']) kind
     CROSS JOIN LATERAL credits.ensure_customer($1 || '_' || kind || '_' || n) c`,
    [run, CUSTOMERS],
  );
  await owner.query('VACUUM (ANALYZE)');
}

export function buyersOf(run: string): string[] {
  return Array.from({ length: CUSTOMERS }, (_, index) => `${run}_buyer_${index + 1}`);
}

/** Whether the ledger has what was bought, once each, and all its rules hold. */
export async function checkGrants(
  owner: pg.Client,
  run: string,
  accountId: string,
  events: number,
): Promise<EventsVerdict> {
  const { rows } = await owner.query<{ granted: string; grants: string; unhandled: string }>(
    `SELECT
       (SELECT sum(a.credits_balance) FROM credits.accounts a WHERE starts_with(a.customer_id, $1)) AS granted,
       (SELECT count(*) FROM credits.credit_transactions t WHERE starts_with(t.customer_id, $1)) AS grants,
       (SELECT count(*) FROM credits_billing.stripe_events e WHERE e.account_id = $2 AND e.state <> 'handled') AS unhandled`,
    [`${run}_buyer_`, accountId],
  );
  const broken = await owner.query<{ rule: string; customer_id: string; detail: string }>(
    'SELECT * FROM credits.check_integrity()',
  );
  const credits = { bought: events * CREDITS, granted: Number(rows[0]?.granted) };
  const grants = Number(rows[0]?.grants);
  const unhandled = Number(rows[0]?.unhandled);
  const brokenRules = broken.rows.map((row) => `${row.rule}: ${row.customer_id}, ${row.detail}`);
  return {
    events,
    credits,
    grants,
    unhandled,
    brokenRules,
    isRight:
      credits.granted === credits.bought &&
      grants === events &&
      unhandled === 0 &&
      brokenRules.length === 0,
  };
}
