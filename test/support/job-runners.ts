import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import type { QueryTarget } from '#main/database/run-query.ts';
import { startLedgerJobs } from '#main/jobs/ledger-jobs.ts';
import type { JobResult } from '#main/jobs/run-job.ts';
import type { LedgerJobName } from '#main/jobs/schedule.ts';
import { createLog } from '#main/logging/log.ts';
import { environmentSecrets } from '#main/notifications/secrets.ts';
import { queryTargetOn } from './query-target.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** Runners of jobs on one database, as consoles and services are. Each ends with its test, and no job ever ran before the next. */
export function jobRunnersForFile() {
  const database = {} as TestDatabase;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    Object.assign(database, await createTestDatabase());
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await rows('DELETE FROM credits_billing.job_leases');
    await rows('DELETE FROM credits_billing.jobs');
  });
  afterAll(() => database.drop());

  const rows = async <Row>(text: string, values: unknown[] = []): Promise<Row[]> =>
    (await database.pool.query(text, values)).rows;

  /** The connection that a runner uses, of the role that may. */
  function target(url = database.urlFor('test_admin')): QueryTarget {
    const opened = queryTargetOn(url);
    closing.push(() => opened.pool.end());
    return opened;
  }

  /** A runner that looks and renews all the time; `url`: where it finds the database; `secrets`: by their variables. */
  function start(
    options: { url?: string; onlyOnRequest?: boolean; secrets?: Record<string, string> } = {},
  ) {
    const through = target(options.url);
    const runs: { name: LedgerJobName; result: JobResult | undefined }[] = [];
    const lines: string[] = [];
    let queries = 0;
    through.pool.on('acquire', () => {
      queries += 1;
    });
    const jobs = startLedgerJobs(
      {
        database: through,
        log: createLog((line) => lines.push(line)),
        now: () => new Date(),
        secrets: environmentSecrets(options.secrets ?? {}),
      },
      {
        onRun: (name, result) => runs.push({ name, result }),
        onlyOnRequest: options.onlyOnRequest ?? false,
        lookEveryMs: 20,
        renewEveryMs: 20,
      },
    );
    closing.push(() => jobs.stop());
    return {
      ...jobs,
      runs,
      lines,
      ran: (name: LedgerJobName) => runs.filter((run) => run.name === name).length,
      /** Resolves after the runner looked some times more. */
      async looked(): Promise<void> {
        const until = queries + 5;
        await vi.waitFor(() => expect(queries).toBeGreaterThanOrEqual(until), 5_000);
      },
    };
  }

  return {
    database,
    closing,
    rows,
    target,
    start,
    /** What is noted with a job. */
    async job(name: string) {
      const [row] = await rows<Record<string, unknown>>(
        `SELECT j.*, extract(epoch FROM j.next_run_at - j.last_finished_at)::float AS pause_seconds
         FROM credits_billing.jobs j WHERE j.name = $1`,
        [name],
      );
      return row;
    },
    lease: async (name: string) =>
      (
        await rows<{ holder: string }>(
          'SELECT holder FROM credits_billing.job_leases WHERE name = $1',
          [`job:${name}`],
        )
      )[0]?.holder,
    /** As if so much time had passed: every job's turn has come. */
    makeDue: (...names: string[]) =>
      rows(
        `UPDATE credits_billing.jobs SET next_run_at = clock_timestamp() - interval '1 second' WHERE name = ANY ($1)`,
        [names],
      ),
    leasesRunOut: () =>
      rows(
        `UPDATE credits_billing.job_leases SET expires_at = clock_timestamp() - interval '1 second'`,
      ),
    async customer(id: string, credits: number) {
      await rows('SELECT credits.ensure_customer($1)', [id]);
      await rows(`SELECT credits.add_credits($1, $2, 'bonus', 'start')`, [id, credits]);
      return id;
    },
    /** What the account holds, due or not. */
    balance: async (id: string) =>
      (
        await rows<{ balance: number }>(
          'SELECT credits_balance AS balance FROM credits.accounts WHERE customer_id = $1',
          [id],
        )
      )[0]?.balance,
    /** Gives credits whose time is over, unnoticed yet. */
    async expired(id: string, credits: number) {
      await rows(
        `SELECT credits.add_credits($1, $2, 'bonus', 'soon over', expires_at => now() + interval '1 hour')`,
        [id, credits],
      );
      await rows(
        `UPDATE credits.credit_grants SET expires_at = now() - interval '1 minute' WHERE customer_id = $1 AND expires_at IS NOT NULL AND is_open`,
        [id],
      );
      await rows(
        `UPDATE credits.accounts SET next_due_at = now() - interval '1 minute' WHERE customer_id = $1`,
        [id],
      );
    },
    /** Holds credits until an instant that is over. */
    async overdueHold(id: string, credits: number) {
      await rows(`SELECT credits.hold_credits($1, $2, 'work')`, [id, credits]);
      await rows(
        `UPDATE credits.credit_holds SET expires_at = now() - interval '1 minute' WHERE customer_id = $1`,
        [id],
      );
    },
    /** Has expiry wait in the middle of its run. */
    async blockExpiry() {
      const client = await database.connect();
      await client.query('BEGIN; LOCK TABLE credits.credit_grants IN ACCESS EXCLUSIVE MODE');
      return {
        /** Resolves once a run of it waits. */
        hasBegun: () =>
          vi.waitFor(async () => {
            const waiting = await rows(
              `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%credits.credit_grants%'`,
            );
            expect(waiting).toHaveLength(1);
          }, 10_000),
        goOn: () => client.query('COMMIT'),
      };
    },
  };
}
