import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';

const PLANS_MAX = 100;

/** The plan tiers in use, by name, at most 100. */
export async function listPlans(target: QueryTarget, signal?: AbortSignal): Promise<string[]> {
  // One index probe for each plan, instead of reading every customer.
  const rows = await runQuery(
    target,
    sql<{ plan: string }>`
      WITH RECURSIVE plans AS (
        (SELECT plan_tier AS plan FROM credits.customers WHERE plan_tier IS NOT NULL ORDER BY plan_tier LIMIT 1)
        UNION ALL
        SELECT next.plan_tier FROM plans CROSS JOIN LATERAL (
          SELECT c.plan_tier FROM credits.customers c WHERE c.plan_tier > plans.plan ORDER BY c.plan_tier LIMIT 1
        ) next
      )
      SELECT plan FROM plans LIMIT ${PLANS_MAX}`,
    signal,
  );
  return rows.map((row) => row.plan);
}
