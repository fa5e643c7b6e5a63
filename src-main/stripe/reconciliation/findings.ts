import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { FindingBucket } from '#shared/ipc/reconciliation.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { type Difference, repairKey } from './finding.ts';
import { listRepaired } from './provisioned-payments.ts';

/** A difference as a run keeps it. */
export type Finding = Omit<Difference, 'obstacle'> & {
  runId: string;
  customerName: string | null;
  state: 'open' | 'repaired';
  repairedByTransactionId: string | null;
  repairedAt: Date | null;
};

const FINDINGS_MAX = 2_000;

const SELECT_FINDING = sql`
  SELECT f.run_id AS "runId", f.id, f.bucket, f.customer_id AS "customerId", c.name AS "customerName",
    f.stripe_payment_id AS "stripePaymentId", f.stripe_object_id AS "stripeObjectId", f.transaction_id::text AS "transactionId",
    f.expected_credits AS "expectedCredits", f.found_credits AS "foundCredits", f.amount_minor AS "amountMinor", f.currency,
    f.detail, f.state, f.repaired_by_transaction_id::text AS "repairedByTransactionId", f.repaired_at AS "repairedAt"
  FROM credits_billing.reconciliation_findings f LEFT JOIN credits.customers c ON c.id = f.customer_id`;

/** The differences of a run, open ones first (at most 2,000), of one bucket where one is given. */
export async function listFindings(
  database: QueryTarget,
  { runId, bucket }: { runId: string; bucket: FindingBucket | null },
): Promise<Finding[]> {
  return runQuery(
    database,
    sql<Finding>`${SELECT_FINDING}
      WHERE f.run_id = ${runId} AND (${bucket}::text IS NULL OR f.bucket = ${bucket})
      ORDER BY f.state, f.bucket, f.id LIMIT ${FINDINGS_MAX}`,
  );
}

/** How many differences of each bucket a run found. */
export async function countFindings(
  database: QueryTarget,
  runId: string,
): Promise<Partial<Record<FindingBucket, number>>> {
  const rows = await runQuery(
    database,
    sql<{ bucket: FindingBucket; count: number }>`
      SELECT bucket, count(*) AS count FROM credits_billing.reconciliation_findings WHERE run_id = ${runId} GROUP BY bucket`,
  );
  return Object.fromEntries(rows.map(({ bucket, count }) => [bucket, count]));
}

/** One difference of a run. Throws `not_found`. */
export async function getFinding(
  database: QueryTarget,
  { runId, findingId }: { runId: string; findingId: string },
): Promise<Finding> {
  const [finding] = await runQuery(
    database,
    sql<Finding>`${SELECT_FINDING} WHERE f.run_id = ${runId} AND f.id = ${findingId}`,
  );
  if (finding === undefined) {
    throw new AppError('not_found', 'This difference is not there any more. Start a new run.');
  }
  return finding;
}

/** A repair by an entry leaves the first one where it is; what was repaired is no difference any more. */
export async function withoutRepaired(
  target: StripeTarget,
  differences: readonly Difference[],
): Promise<Difference[]> {
  const repaired = await listRepaired(
    target,
    differences.flatMap(({ id, customerId }) =>
      customerId === null ? [] : [{ customerId, key: repairKey(id) }],
    ),
  );
  return differences.filter(({ id }) => !repaired.has(repairKey(id)));
}

/** Writes down a difference; where the run has it, it is brought up to date. */
export function keepFinding(runId: string, each: Difference) {
  return sql`
    INSERT INTO credits_billing.reconciliation_findings AS f (run_id, id, bucket, customer_id, stripe_payment_id, stripe_object_id,
      transaction_id, expected_credits, found_credits, amount_minor, currency, detail)
    VALUES (${runId}, ${each.id}, ${each.bucket}, ${each.customerId}, ${each.stripePaymentId}, ${each.stripeObjectId},
      ${each.transactionId}::bigint, ${each.expectedCredits}::bigint, ${each.foundCredits}::bigint, ${each.amountMinor}::bigint,
      ${each.currency}, ${each.detail})
    ON CONFLICT (run_id, id) DO UPDATE SET detail = excluded.detail, expected_credits = excluded.expected_credits,
      found_credits = excluded.found_credits, customer_id = excluded.customer_id
    WHERE f.state = 'open'`;
}
