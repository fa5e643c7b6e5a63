import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import {
  EVERY_SECONDS,
  type LeasedJobName,
  LONGEST_PAUSE_SECONDS,
  RECORDED_EVERY_SECONDS,
} from './schedule.ts';

/** A job, and who holds its lease while it runs. */
export type HeldJob = { readonly name: LeasedJobName; readonly holder: string };

/** The name of a job's lease in `credits_billing.job_leases`. */
export function leaseOf(name: LeasedJobName): string {
  return `job:${name}`;
}

/**
 * Whether the job `j` should run now. Never is the next run further ahead than the longest pause: where it says so, the database's
 * clock was set back since, and it would wait until the old time comes again.
 */
const isDue = sql`(j.next_run_at <= clock_timestamp() OR j.next_run_at > clock_timestamp()
  + make_interval(secs => greatest(j.every_seconds, ${LONGEST_PAUSE_SECONDS})))`;

/** Makes the rows of these jobs where they are missing; they are due at once. */
export async function registerJobs(
  database: QueryTarget,
  names: readonly LeasedJobName[],
): Promise<void> {
  await runQuery(
    database,
    sql`INSERT INTO credits_billing.jobs AS j (name, every_seconds)
      SELECT * FROM unnest(${names}::text[], ${names.map((name) => EVERY_SECONDS[name])}::integer[])
      ON CONFLICT (name) DO UPDATE SET every_seconds = excluded.every_seconds
      WHERE j.every_seconds <> excluded.every_seconds`,
  );
}

/**
 * Which of these jobs should run now, by the database's clock, and run nowhere. The frequent ones only where there is something to
 * do, where they went wrong, or where nothing was written down of them for a minute: so idle looking is one query that writes nothing.
 */
export async function findDueJobs(
  database: QueryTarget,
  names: readonly LeasedJobName[],
): Promise<LeasedJobName[]> {
  const rows = await runQuery(
    database,
    sql<{ name: LeasedJobName }>`
      SELECT j.name FROM credits_billing.jobs j
      WHERE j.name = ANY (${names}::text[]) AND ${isDue}
        -- One that ends later than that holds nobody back (see holdLease).
        AND NOT EXISTS (SELECT FROM credits_billing.job_leases l
          WHERE l.name = 'job:' || j.name AND l.expires_at BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 minute')
        AND CASE
          WHEN j.failures > 0 OR j.last_finished_at IS NULL
            OR j.last_finished_at NOT BETWEEN clock_timestamp() - make_interval(secs => ${RECORDED_EVERY_SECONDS}) AND clock_timestamp()
            THEN true
          -- As watch_balances looks: what database transactions wrote that have all ended.
          WHEN j.name = 'balance_watch' THEN EXISTS (SELECT FROM credits.credit_transactions t
            WHERE t.recorded_in >= (SELECT w.horizon FROM credits_billing.notification_watch w)
              AND t.recorded_in < pg_snapshot_xmin(pg_current_snapshot())
              AND t.id > (SELECT w.through_id FROM credits_billing.notification_watch w))
          ELSE true END`,
  );
  return rows.map(({ name }) => name);
}

/**
 * Notes that a run begins; to be called with the lease held. False where the job is not due any more, because another
 * runner did it between the look and the lease. `force`: due or not.
 */
export async function beginRun(
  database: QueryTarget,
  { name, holder }: HeldJob,
  { force }: { force: boolean },
): Promise<boolean> {
  const begun = await runQuery(
    database,
    sql`UPDATE credits_billing.jobs j SET last_started_at = clock_timestamp(), last_worker = ${holder}
      WHERE j.name = ${name} AND (${force} OR ${isDue}) RETURNING j.name`,
  );
  return begun.length > 0;
}

/**
 * Notes how many things a run did, and gives its lease up. False, and nothing is noted, where the lease is somebody else's by
 * now: what stands there then is theirs.
 */
export async function endRun(
  database: QueryTarget,
  job: HeldJob,
  { done }: { done: number },
): Promise<boolean> {
  const ended = await runQuery(
    database,
    sql`WITH given_up AS (${giveUp(job)})
      UPDATE credits_billing.jobs j SET last_finished_at = clock_timestamp(), last_done = ${done},
        error = NULL, error_at = NULL, failures = 0,
        -- A little sooner than the period says, so that the look that comes when it is over finds the job due.
        next_run_at = j.last_started_at + make_interval(secs => j.every_seconds - least(j.every_seconds * 0.1, 0.5))
      WHERE j.name = ${job.name} AND EXISTS (SELECT FROM given_up) RETURNING j.name`,
  );
  return ended.length > 0;
}

/** As `endRun`, of a run that went wrong: the next one comes the later the more often it did in a row. */
export async function failRun(
  database: QueryTarget,
  job: HeldJob,
  { message }: { message: string },
): Promise<boolean> {
  const failed = await runQuery(
    database,
    sql`WITH given_up AS (${giveUp(job)})
      UPDATE credits_billing.jobs j SET last_finished_at = clock_timestamp(), last_done = NULL,
        error = ${message}, error_at = clock_timestamp(), failures = j.failures + 1,
        next_run_at = clock_timestamp()
          + make_interval(secs => least(${LONGEST_PAUSE_SECONDS}, j.every_seconds * power(2, least(j.failures, 20))))
      WHERE j.name = ${job.name} AND EXISTS (SELECT FROM given_up) RETURNING j.name`,
  );
  return failed.length > 0;
}

function giveUp({ name, holder }: HeldJob) {
  return sql`DELETE FROM credits_billing.job_leases l WHERE l.name = ${leaseOf(name)} AND l.holder = ${holder} RETURNING l.name`;
}
