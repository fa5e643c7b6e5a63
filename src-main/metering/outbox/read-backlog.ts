import { sql } from 'kysely';
import type { z } from 'zod';
import type { RunQuery } from '#main/database/run-query.ts';
import type { meteringProcedures } from '#shared/ipc/metering.ts';

export type BacklogData = z.input<(typeof meteringProcedures)['metering.sendNow']['output']>;

type BacklogRow = Omit<BacklogData, 'oldestAt' | 'lastSentAt'> & {
  oldest_at: Date | null;
  last_sent_at: Date | null;
};

/** How far what was reported is from Stripe: reports without an event, and events of the account the workspace belongs to. */
export async function readBacklog(run: RunQuery): Promise<BacklogData> {
  const [row] = await run(sql<BacklogRow>`
    WITH bound AS (
      SELECT s.account_id, s.livemode FROM credits_billing.stripe_settings s WHERE s.account_id IS NOT NULL
    ), open AS MATERIALIZED (
      SELECT e.* FROM credits_billing.meter_events e
      WHERE e.state IN ('queued', 'cancelling') AND (e.account_id, e.livemode) IN (SELECT * FROM bound)
    ), problems AS (
      SELECT e.state FROM credits_billing.meter_events e
      WHERE e.state IN ('rejected', 'too_old', 'unclear') AND (e.account_id, e.livemode) IN (SELECT * FROM bound)
    ), oldest AS (
      SELECT o.id, o.customer_id, o.event_name, o.occurred_at, o.created_at FROM open o WHERE o.state = 'queued'
      ORDER BY o.created_at LIMIT 1
    ), waiting AS (
      SELECT count(*) AS reports, min(r.created_at) AS oldest_at FROM credits.usage_reports r WHERE r.meter_event_id IS NULL
    )
    SELECT w.reports AS "waitingReports",
      (SELECT count(*) FROM open WHERE state = 'queued') AS queued,
      (SELECT count(*) FROM problems WHERE state = 'rejected') AS rejected,
      (SELECT count(*) FROM problems WHERE state = 'too_old') AS "tooOld",
      (SELECT count(*) FROM problems WHERE state = 'unclear') AS unclear,
      least(w.oldest_at, (
        SELECT min(r.created_at) FROM oldest o JOIN credits.usage_reports r ON r.meter_event_id = o.id
          AND r.customer_id = o.customer_id AND r.event_name = o.event_name
          AND r.occurred_at >= o.occurred_at AND r.occurred_at < o.occurred_at + interval '1 minute')) AS oldest_at,
      -- They are sent in about the order of their positions, which have an index.
      (SELECT max(n.sent_at) FROM (
        SELECT e.sent_at FROM credits_billing.meter_events e
        WHERE e.sent_at IS NOT NULL AND (e.account_id, e.livemode) IN (SELECT * FROM bound)
        ORDER BY e.position DESC LIMIT 200) n) AS last_sent_at,
      coalesce((SELECT o.error FROM open o WHERE o.error IS NOT NULL ORDER BY o.changed_at DESC LIMIT 1),
        (SELECT p.error FROM credits_billing.meter_error_polls p WHERE (p.account_id, p.livemode) IN (SELECT * FROM bound)
        AND p.error IS NOT NULL)) AS error
    FROM waiting w`);
  if (row === undefined) throw new Error('the backlog could not be read');
  const { oldest_at, last_sent_at, ...figures } = row;
  return {
    ...figures,
    oldestAt: oldest_at?.toISOString() ?? null,
    lastSentAt: last_sent_at?.toISOString() ?? null,
  };
}
