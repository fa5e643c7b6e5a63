import { sql } from 'kysely';
import type { z } from 'zod';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import { unfolded } from '#main/ledger/roll-ups.ts';
import { JOB_BACKLOG_MAX, JOB_NAMES, type JobName, type jobSchema } from '#shared/ipc/jobs.ts';
import { EVERY_SECONDS, RECORDED_EVERY_SECONDS } from './schedule.ts';

type JobData = z.input<typeof jobSchema>;

type JobRow = {
  name: JobName;
  everySeconds: number;
  lastStartedAt: Date | null;
  lastFinishedAt: Date | null;
  lastDone: number | null;
  lastWorker: string | null;
  nextRunAt: Date | null;
  runningBy: string | null;
  backlog: number | null;
  error: string | null;
  errorAt: Date | null;
  failures: number;
};

/**
 * Every job in the fixed order: what it last did, who runs it now, and how much waits for it (counted up to one more than
 * JOB_BACKLOG_MAX). `mayRun` says what this console can run.
 */
export async function listJobs(
  database: QueryTarget,
  mayRun: (name: JobName) => boolean,
  signal?: AbortSignal,
): Promise<JobData[]> {
  const rows = await runQuery(
    database,
    sql<JobRow>`
      WITH bound AS (
        SELECT s.account_id, s.livemode FROM credits_billing.stripe_settings s WHERE s.account_id IS NOT NULL
      ), inbox AS (
        SELECT e.claimed_by, e.claimed_until FROM credits_billing.stripe_events e
        WHERE e.state IN ('received', 'failed') AND e.next_attempt_at <= clock_timestamp()
          AND (e.account_id, e.livemode) IN (SELECT * FROM bound)
        LIMIT ${JOB_BACKLOG_MAX + 1}
      ), events AS (
        SELECT e.claimed_by, e.claimed_until FROM credits_billing.meter_events e
        WHERE e.state IN ('queued', 'cancelling') AND (e.account_id, e.livemode) IN (SELECT * FROM bound)
        LIMIT ${JOB_BACKLOG_MAX + 1}
      ), deliveries AS (
        -- Those that are taken are among the longest due.
        SELECT d.claimed_by, d.claimed_until FROM credits_billing.notification_deliveries d
        WHERE d.state = 'queued' ORDER BY d.next_attempt_at LIMIT ${JOB_BACKLOG_MAX + 1}
      )
      SELECT n.name, coalesce(j.every_seconds, n.every_seconds) AS "everySeconds", j.last_started_at AS "lastStartedAt",
        j.last_finished_at AS "lastFinishedAt", j.last_done AS "lastDone", j.last_worker AS "lastWorker", ${nextRunAt} AS "nextRunAt",
        CASE n.name
          -- Who has taken things out of what several workers share.
          WHEN 'notifications' THEN (SELECT min(d.claimed_by) FROM deliveries d WHERE d.claimed_until > clock_timestamp())
          WHEN 'stripe_inbox' THEN (SELECT min(i.claimed_by) FROM inbox i WHERE i.claimed_until > clock_timestamp())
          WHEN 'usage_outbox' THEN (SELECT min(e.claimed_by) FROM events e WHERE e.claimed_until > clock_timestamp())
          ELSE l.holder END AS "runningBy",
        ${backlog} AS backlog, j.error, j.error_at AS "errorAt", coalesce(j.failures, 0) AS failures
      FROM unnest(${JOB_NAMES}::text[], ${JOB_NAMES.map((name) => EVERY_SECONDS[name])}::integer[]) WITH ORDINALITY n (name, every_seconds, place)
      LEFT JOIN credits_billing.jobs j ON j.name = n.name
      LEFT JOIN credits_billing.job_leases l ON l.name = 'job:' || n.name AND l.expires_at > clock_timestamp()
      ORDER BY n.place`,
    signal,
  );
  return rows.map(({ error, errorAt, failures, ...row }) => ({
    ...row,
    lastStartedAt: row.lastStartedAt?.toISOString() ?? null,
    lastFinishedAt: row.lastFinishedAt?.toISOString() ?? null,
    nextRunAt: row.nextRunAt?.toISOString() ?? null,
    error:
      error === null || errorAt === null
        ? null
        : { message: error, at: errorAt.toISOString(), failures },
    canRun: mayRun(row.name),
  }));
}

/**
 * A frequent job that found nothing to do is not written down, so what stands there is over: it runs any moment, as long as
 * somebody writes it down at all. What is over otherwise is shown as it is.
 */
const nextRunAt = sql`CASE WHEN j.every_seconds < ${RECORDED_EVERY_SECONDS} AND j.next_run_at < clock_timestamp()
    AND j.last_finished_at > clock_timestamp() - 2 * make_interval(secs => ${RECORDED_EVERY_SECONDS})
  THEN clock_timestamp() ELSE j.next_run_at END`;

const upTo = sql`LIMIT ${JOB_BACKLOG_MAX + 1}`;

const backlog = sql`CASE n.name
  WHEN 'expiry' THEN (SELECT count(*) FROM (
    (SELECT FROM credits.credit_grants g WHERE g.is_open AND g.expires_at <= now()
      -- A hold may keep credits that are due until it closes.
      AND (NOT EXISTS (SELECT FROM credits.credit_holds h WHERE h.customer_id = g.customer_id AND h.state = 'open')
        OR EXISTS (SELECT FROM credits.due_grants(g.customer_id, now()) d WHERE d.grant_id = g.id))
      ${upTo})
    UNION ALL
    (SELECT FROM credits.credit_holds h WHERE h.state = 'open' AND h.expires_at <= now() ${upTo})
    ${upTo}) due)
  WHEN 'allocations' THEN (SELECT count(*) FROM (
    -- As allocate_plans picks them, but asks for subscriptions only of customers who have not got theirs.
    SELECT FROM (
      SELECT c.id FROM credits_billing.plans p JOIN credits.customers c ON c.plan_tier = p.tier
      WHERE p.active AND p.allocates_without_subscription AND p.monthly_credits > 0
        AND NOT EXISTS (SELECT FROM credits_billing.plan_allocations a
          WHERE a.customer_id = c.id AND a.period = date_trunc('month', now() AT TIME ZONE 'UTC')::date)
      OFFSET 0
    ) c
    WHERE NOT EXISTS (SELECT FROM credits_billing.subscriptions s
      WHERE s.customer_id = c.id AND s.plan_tier IS NOT NULL AND s.status NOT IN ('canceled', 'incomplete_expired')
        AND s.account_id = coalesce((SELECT w.account_id FROM credits_billing.stripe_settings w), s.account_id))
    ${upTo}) due)
  -- The upper bound keeps the numbers of another server, as of a restored dump, out of the index scan.
  WHEN 'balance_watch' THEN (SELECT count(*) FROM (SELECT FROM credits.credit_transactions t
    WHERE t.recorded_in >= (SELECT w.horizon FROM credits_billing.notification_watch w)
      AND t.recorded_in < pg_snapshot_xmax(pg_current_snapshot())
      AND t.id > (SELECT w.through_id FROM credits_billing.notification_watch w) ${upTo}) fresh)
  WHEN 'notifications' THEN (SELECT count(*) FROM deliveries)
  WHEN 'roll_ups' THEN (SELECT count(*) FROM (
    SELECT FROM credits.credit_transactions t WHERE ${unfolded} ${upTo}) tail)
  WHEN 'stripe_inbox' THEN (SELECT count(*) FROM inbox)
  WHEN 'refunds' THEN (SELECT count(*) FROM (
    SELECT FROM credits_billing.refund_requests r WHERE r.state = 'requested' ${upTo}) requested)
  WHEN 'usage_outbox' THEN (SELECT count(*) FROM (
    (SELECT FROM credits.usage_reports r WHERE r.meter_event_id IS NULL ${upTo})
    UNION ALL SELECT FROM events ${upTo}) waiting)
  END`;
