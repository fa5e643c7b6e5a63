import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { FindingBucket } from '#shared/ipc/reconciliation.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { type Difference, repairKey, type UsageDifference } from './finding.ts';
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

/** Null, all of them, where a difference is not about units. */
export type UsageColumns = { [Column in keyof UsageDifference]: UsageDifference[Column] | null };

/** The columns that a finding's usage is read from, for `toUsage`; `f` are the findings. */
export const USAGE_COLUMNS = sql`f.event_name AS "eventName", f.period_start AS "periodStart",
    f.period_end AS "periodEnd", f.expected_units AS "expectedUnits", f.found_units AS "foundUnits"`;

/** A row with its usage in one place; null where it is not about units. */
export function toUsage<Row extends UsageColumns>(
  row: Row,
): Omit<Row, keyof UsageDifference> & Pick<Difference, 'usage'> {
  const { eventName, periodStart, periodEnd, expectedUnits, foundUnits, ...rest } = row;
  const isUsage =
    eventName !== null &&
    periodStart !== null &&
    periodEnd !== null &&
    expectedUnits !== null &&
    foundUnits !== null;
  return {
    ...rest,
    usage: isUsage ? { eventName, periodStart, periodEnd, expectedUnits, foundUnits } : null,
  };
}

type Row = Omit<Finding, 'usage'> & UsageColumns;

const SELECT_FINDING = sql`
  SELECT f.run_id AS "runId", f.id, f.bucket, f.customer_id AS "customerId", c.name AS "customerName",
    f.stripe_payment_id AS "stripePaymentId", f.stripe_object_id AS "stripeObjectId", f.transaction_id::text AS "transactionId",
    f.expected_credits AS "expectedCredits", f.found_credits AS "foundCredits", f.amount_minor AS "amountMinor", f.currency,
    ${USAGE_COLUMNS}, f.detail, f.state, f.repaired_by_transaction_id::text AS "repairedByTransactionId", f.repaired_at AS "repairedAt"
  FROM credits_billing.reconciliation_findings f LEFT JOIN credits.customers c ON c.id = f.customer_id`;

/** The differences of a run, open ones first (at most 2,000), of one bucket where one is given. */
export async function listFindings(
  database: QueryTarget,
  { runId, bucket }: { runId: string; bucket: FindingBucket | null },
): Promise<Finding[]> {
  const rows = await runQuery(
    database,
    sql<Row>`${SELECT_FINDING}
      WHERE f.run_id = ${runId} AND (${bucket}::text IS NULL OR f.bucket = ${bucket})
      ORDER BY f.state, f.bucket, f.id LIMIT ${FINDINGS_MAX}`,
  );
  return rows.map(toUsage);
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
  const [row] = await runQuery(
    database,
    sql<Row>`${SELECT_FINDING} WHERE f.run_id = ${runId} AND f.id = ${findingId}`,
  );
  if (row === undefined) {
    throw new AppError('not_found', 'This difference is not there any more. Start a new run.');
  }
  return toUsage(row);
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
  const { usage } = each;
  return sql`
    INSERT INTO credits_billing.reconciliation_findings AS f (run_id, id, bucket, customer_id, stripe_payment_id, stripe_object_id,
      transaction_id, expected_credits, found_credits, amount_minor, currency, detail,
      event_name, period_start, period_end, expected_units, found_units)
    VALUES (${runId}, ${each.id}, ${each.bucket}, ${each.customerId}, ${each.stripePaymentId}, ${each.stripeObjectId},
      ${each.transactionId}::bigint, ${each.expectedCredits}::bigint, ${each.foundCredits}::bigint, ${each.amountMinor}::bigint,
      ${each.currency}, ${each.detail}, ${usage?.eventName ?? null}, ${usage?.periodStart ?? null}::timestamptz,
      ${usage?.periodEnd ?? null}::timestamptz, ${usage?.expectedUnits ?? null}::bigint, ${usage?.foundUnits ?? null}::bigint)
    ON CONFLICT (run_id, id) DO UPDATE SET detail = excluded.detail, expected_credits = excluded.expected_credits,
      found_credits = excluded.found_credits, customer_id = excluded.customer_id, period_end = excluded.period_end,
      expected_units = excluded.expected_units, found_units = excluded.found_units
    WHERE f.state = 'open'`;
}
