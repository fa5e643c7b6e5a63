import { type RawBuilder, sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { ReconciliationRun } from '#shared/ipc/reconciliation.ts';
import type { StripeTarget } from '../stripe-target.ts';

export type Phase = ReconciliationRun['phase'];

/** A run as it is kept: what to compare, and where it is. */
export type Run = {
  id: string;
  accountId: string;
  since: Date;
  until: Date;
  state: ReconciliationRun['state'];
  phase: Phase;
  /** Stripe's or the ledger's place in the phase; null at its beginning. */
  place: string | null;
  checked: Partial<Record<keyof ReconciliationRun['checked'], number>>;
  error: string | null;
  actor: string;
  startedAt: Date;
  finishedAt: Date | null;
  findings: number;
  openFindings: number;
};

const RUNS_LISTED = 20;

/** The latest runs, newest first. */
export async function listRuns(database: QueryTarget): Promise<Run[]> {
  return runQuery(
    database,
    sql<Run>`${SELECT_RUN} ORDER BY r.started_at DESC LIMIT ${RUNS_LISTED}`,
  );
}

/** One run. Throws `not_found`. */
export async function getRun(database: QueryTarget, id: string): Promise<Run> {
  const [run] = await runQuery(database, sql<Run>`${SELECT_RUN} WHERE r.id = ${id}`);
  if (run === undefined) throw new AppError('not_found', `There is no reconciliation ${id}.`);
  return run;
}

/**
 * The latest run of this account and beginning that was begun since an instant and is not done: paused, failed, or left by a
 * process that died.
 */
export async function findInterrupted(
  { database, accountId }: StripeTarget,
  { since, begunSince }: { since: Date; begunSince: Date },
): Promise<Run | undefined> {
  const [run] = await runQuery(
    database,
    sql<Run>`${SELECT_RUN} WHERE r.account_id = ${accountId} AND r.since = ${since} AND r.started_at >= ${begunSince}
      AND r.started_at = (SELECT max(x.started_at) FROM credits_billing.reconciliation_runs x
        WHERE x.account_id = r.account_id AND x.since = r.since)`,
  );
  return run?.state === 'paused' || run?.state === 'failed' ? run : undefined;
}

const SELECT_RUN: RawBuilder<unknown> = sql`
  SELECT r.id, r.account_id AS "accountId", r.since, r.until,
    -- A run that nobody holds is paused, whatever its row says: its process may have died.
    CASE WHEN r.state = 'running' AND l.name IS NULL THEN 'paused' ELSE r.state END AS state, r.phase, r.place, r.checked, r.error, r.actor,
    r.started_at AS "startedAt", r.finished_at AS "finishedAt", f.findings, f.open AS "openFindings"
  FROM credits_billing.reconciliation_runs r
  LEFT JOIN credits_billing.job_leases l ON l.name = 'reconciliation:' || r.account_id AND starts_with(l.holder, r.id::text)
    AND l.expires_at > clock_timestamp()
  CROSS JOIN LATERAL (
    SELECT count(*) AS findings, count(*) FILTER (WHERE x.state = 'open') AS open
    FROM credits_billing.reconciliation_findings x WHERE x.run_id = r.id
  ) f`;

/** The run as the window sees it. */
export function toReconciliationRun(run: Run): ReconciliationRun {
  const { checked } = run;
  return {
    id: run.id,
    accountId: run.accountId,
    since: run.since.toISOString(),
    until: run.until.toISOString(),
    state: run.state,
    phase: run.phase,
    checked: {
      sessions: checked.sessions ?? 0,
      invoices: checked.invoices ?? 0,
      refunds: checked.refunds ?? 0,
      disputes: checked.disputes ?? 0,
      ledger: checked.ledger ?? 0,
      usage: checked.usage ?? 0,
      elsewhere: checked.elsewhere ?? 0,
    },
    findings: run.findings,
    openFindings: run.openFindings,
    error: run.error,
    actor: run.actor,
    startedAt: run.startedAt.toISOString(),
    finishedAt: run.finishedAt?.toISOString() ?? null,
  };
}
