import type { QueryTarget } from '#main/database/run-query.ts';
import { type Author, post } from '#main/ledger/ledger-session.ts';

/**
 * Reports usage by hand: whole units, at `occurredAt` or now. The same key with the same values answers with the first report.
 * Errors: not_found (customer, meter), invalid_argument, idempotency_conflict, and those of `post`.
 */
export async function addUsage(
  target: QueryTarget,
  author: Author,
  usage: {
    customerId: string;
    eventName: string;
    quantity: number;
    occurredAt: string | null;
    idempotencyKey: string;
  },
): Promise<{ reportId: string }> {
  const { customerId, eventName, quantity, occurredAt, idempotencyKey } = usage;
  return post(target, author, (session) =>
    session.call<{ reportId: string }>({
      name: 'metering.report_usage',
      text: `SELECT r.id::text AS "reportId" FROM credits.report_usage(customer_id => $1, event_name => $2, quantity => $3,
        idempotency_key => $4, occurred_at => $5) r`,
      values: [customerId, eventName, quantity, idempotencyKey, occurredAt],
    }),
  );
}
