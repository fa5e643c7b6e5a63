import { sql } from 'kysely';
import type { z } from 'zod';
import { type QueryTarget, type RunQuery, readSnapshot } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { customerAlertsSchema } from '#shared/ipc/alerts.ts';
import { levelOf, thresholdFrom, thresholdOf } from './level.ts';
import { readNotifications } from './read-notifications.ts';

export type CustomerAlertsData = z.input<typeof customerAlertsSchema>;

const NOTIFICATIONS_MAX = 20;

type Row = Pick<CustomerAlertsData, 'threshold' | 'thresholdFrom'> & {
  level: number;
  suppressionReason: string | null;
  byMailServer: boolean;
  suppressedAt: Date;
  suppressedBy: string;
};

/** One customer's threshold, suppression and latest notifications. Errors: not_found. */
export async function getCustomerAlerts(
  target: QueryTarget,
  customerId: string,
  signal?: AbortSignal,
): Promise<CustomerAlertsData> {
  return readSnapshot(target, signal, (run) => readCustomerAlerts(run, customerId));
}

/** As getCustomerAlerts, within other work. */
export async function readCustomerAlerts(
  run: RunQuery,
  customerId: string,
): Promise<CustomerAlertsData> {
  const [row] = await run(sql<Row>`
    SELECT ${thresholdOf()} AS threshold, ${thresholdFrom()} AS "thresholdFrom",
      -- Who was never active is not warned of having nothing.
      CASE WHEN a.last_activity_at IS NULL THEN 0 ELSE ${levelOf(sql`a.credits_balance`, thresholdOf())} END AS level,
      s.reason AS "suppressionReason", s.by_mail_server AS "byMailServer", s.created_at AS "suppressedAt",
      s.created_by AS "suppressedBy"
    FROM credits.customers c JOIN credits.accounts a ON a.customer_id = c.id
    LEFT JOIN credits_billing.plans p ON p.tier = c.plan_tier
    LEFT JOIN credits_billing.email_suppressions s ON s.customer_id = c.id
    WHERE c.id = ${customerId}`);
  if (row === undefined) {
    throw new AppError('not_found', `There is no customer ${customerId}. Nothing was changed.`, {
      details: { entity: 'customer', id: customerId },
    });
  }
  return {
    level: row.level === 2 ? 'empty' : row.level === 1 ? 'low' : null,
    threshold: row.threshold,
    thresholdFrom: row.thresholdFrom,
    emailSuppression:
      row.suppressionReason === null
        ? null
        : {
            reason: row.suppressionReason,
            byMailServer: row.byMailServer,
            createdAt: row.suppressedAt.toISOString(),
            createdBy: row.suppressedBy,
          },
    notifications: await readNotifications(
      run,
      sql`n.customer_id = ${customerId}`,
      NOTIFICATIONS_MAX,
    ),
  };
}
