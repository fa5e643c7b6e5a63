import { sql } from 'kysely';
import type { QueryTarget } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { type CustomerAlertsData, readCustomerAlerts } from './customer-alerts.ts';

/** Suppresses e-mails to a customer, with a reason, or (null) allows them again. Errors: not_found, those of `post`. */
export async function suppressEmails(
  target: QueryTarget,
  actor: string,
  { customerId, reason }: { customerId: string; reason: string | null },
): Promise<CustomerAlertsData> {
  return post(target, { actor }, async ({ run }) => {
    await run(
      reason === null
        ? sql`DELETE FROM credits_billing.email_suppressions WHERE customer_id = ${customerId}`
        : sql`INSERT INTO credits_billing.email_suppressions AS s (customer_id, reason, created_by)
            SELECT c.id, ${reason}, ${actor} FROM credits.customers c WHERE c.id = ${customerId}
            ON CONFLICT (customer_id) DO UPDATE
            SET reason = excluded.reason, by_mail_server = false, created_at = excluded.created_at, created_by = excluded.created_by
            -- Said twice, it is still who said it first.
            WHERE s.reason <> excluded.reason OR s.by_mail_server`,
    );
    return readCustomerAlerts(run, customerId);
  });
}
