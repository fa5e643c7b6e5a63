import { CREDITS_MAX } from '#shared/credits.ts';
import { callForRow, callLedger, posting, reading, type SpendingTarget } from './call-ledger.ts';

const CHECK = reading(
  'check',
  `SELECT sufficient, required, balance, available
   FROM credits.check_credits(customer_id => $1, cost => $2, feature => $3, quantity => $4)`,
);
const USE = posting(
  'use',
  'f.id::text AS transaction_id, -f.amount AS cost, credits.available_now(f.customer_id) AS available',
  `credits.use_feature(customer_id => a.customer_id, feature => $3, quantity => $4, idempotency_key => $5, metadata => $6,
    description => $7)`,
);
const REPORT = posting(
  'report_usage',
  'f.id::text AS report_id',
  `credits.report_usage(customer_id => a.customer_id, event_name => $3, quantity => $4, idempotency_key => $5,
    occurred_at => $6)`,
);
const SUMMARY = reading(
  'usage_summary',
  // What was used in years may be more than anybody ever has, and than JavaScript can count.
  `SELECT transaction_type, description, feature, least(total_used, ${CREDITS_MAX}) AS total_used, transaction_count
   FROM credits.get_usage_summary(customer_id => $1, start_at => $2, end_at => $3) LIMIT $4`,
);

/** What is to be paid for: credits, or so many units of a feature at its present price. Exactly one of cost and feature. */
export type Price = {
  cost?: number | undefined;
  feature?: string | undefined;
  quantity?: number | undefined;
};

export type CheckRow = {
  sufficient: boolean;
  required: number;
  balance: number;
  available: number;
};

/** Whether a customer can pay for something now; reserves nothing. Errors: not_found, invalid_argument, those of callLedger. */
export function checkCredits(
  target: SpendingTarget,
  customerId: string,
  { cost, feature, quantity }: Price,
): Promise<CheckRow> {
  return callForRow(target, CHECK, [customerId, cost ?? null, feature ?? null, quantity ?? 1]);
}

/** `cost` in credits, as it was taken; `available` after it. */
export type UseRow = { transaction_id: string; cost: number; available: number };

/** Uses a feature once for each idempotency key. Errors: those of use_feature and callLedger. */
export function applyFeature(
  target: SpendingTarget,
  actor: string,
  use: {
    customerId: string;
    feature: string;
    quantity?: number | undefined;
    idempotencyKey: string;
    description?: string | undefined;
    metadata?: Record<string, unknown> | undefined;
  },
): Promise<UseRow> {
  return callForRow(target, USE, [
    actor,
    use.customerId,
    use.feature,
    use.quantity ?? 1,
    use.idempotencyKey,
    use.metadata ?? {},
    use.description ?? null,
  ]);
}

/** Reports usage that Stripe bills, once for each key. `occurredAt` in UTC; null: now. Errors: those of report_usage and callLedger. */
export function reportUsage(
  target: SpendingTarget,
  actor: string,
  report: {
    customerId: string;
    eventName: string;
    quantity: number;
    idempotencyKey: string;
    occurredAt: string | null;
  },
): Promise<{ report_id: string }> {
  return callForRow(target, REPORT, [
    actor,
    report.customerId,
    report.eventName,
    report.quantity,
    report.idempotencyKey,
    report.occurredAt,
  ]);
}

export type SummaryRow = {
  transaction_type: string;
  description: string;
  feature: string | null;
  total_used: number;
  transaction_count: number;
};

/** What took credits from `start` up to before `end` (in UTC), most used first, `limit` rows at most. Errors: not_found, invalid_argument. */
export function summariseUsage(
  target: SpendingTarget,
  customerId: string,
  { start, end, limit }: { start: string; end: string; limit: number },
): Promise<SummaryRow[]> {
  return callLedger(target, SUMMARY, [customerId, start, end, limit]);
}
