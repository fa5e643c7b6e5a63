import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import { runError } from './run-error.ts';
import { ERROR_KEPT_SECONDS, RECORDED_EVERY_SECONDS, type SharedJobName } from './schedule.ts';

/** While it goes wrong in the same way, a job is written down so often. */
const FAILURE_RECORDED_EVERY_SECONDS = 15;
/** A little less than runners wait: whichever of them comes first writes it down for all. */
const RECORDED_BY_OTHERS_SECONDS = RECORDED_EVERY_SECONDS - 10;

/** What a round did. */
type Round = {
  readonly done: number;
  /** False: it went well, which does not show that what went wrong before is over, as where nothing had to be tried. */
  readonly isProof: boolean;
};

/** Notes with a job what its runs did. */
export type RunRecorder = {
  /**
   * Runs a round of the job, which answers with how many things it did (undefined: it was not this one's turn), and passes on
   * its error. A round that did nothing is written down once a minute at most, whichever of the workers did it; one that the
   * signal ended is not.
   */
  readonly run: (work: () => Promise<number | Round | undefined>) => Promise<void>;
  /** Somebody asked for the next round: it is written down whatever it does. */
  readonly noteNext: () => void;
};

/**
 * Writes down what a worker does of a job that several share: when, how much, what went wrong how often in a row, and when it
 * comes again. What cannot be written down, as for a role without the right, keeps no work from being done.
 *
 * An error stays in view, with the computer that met it, until the worker that met it had a round that went well, or until
 * nobody met one for some minutes, as after that worker has ended: what others do well beside it is written down and does not
 * clear it. The newest error is the one that stands there.
 */
export function createRunRecorder(
  database: QueryTarget,
  job: {
    readonly name: SharedJobName;
    readonly everyMs: number;
    readonly worker: string;
    readonly signal?: AbortSignal;
    /** Milliseconds until the next round after an error; else as after any other. */
    readonly pauseMs?: () => number;
    /** Told after something was written down. */
    readonly onRun?: ((name: SharedJobName) => void) | undefined;
  },
): RunRecorder {
  const everySeconds = Math.max(1, Math.round(job.everyMs / 1_000));
  let recordedAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let message: string | undefined;
  /** When this worker's error was written down, as the database says it. */
  let ownErrorAt: string | null = null;
  let isAsked = false;
  let mayRecord = true;

  async function record(
    run: Pick<Run, 'startedAt' | 'done' | 'isNews' | 'error' | 'endsError'>,
  ): Promise<void> {
    recordedAt = performance.now();
    try {
      const written = await writeRun(database, { ...job, everySeconds, ownErrorAt, ...run });
      if (written === undefined) return;
      if (run.error !== null) ownErrorAt = written.errorAt;
      job.onRun?.(job.name);
    } catch (error) {
      // Whatever else is wrong with the database, the work itself meets and tells.
      if (error instanceof Error && 'code' in error && error.code === NOT_ALLOWED)
        mayRecord = false;
    }
  }

  const isLongAgo = (seconds: number) => performance.now() - recordedAt >= seconds * 1_000;

  async function succeeded(startedAt: number, { done, isProof }: Round): Promise<void> {
    const isNews = done > 0 || (isProof && failures > 0) || isAsked;
    isAsked = false;
    if (isProof) {
      failures = 0;
      message = undefined;
    }
    if (!mayRecord || !(isNews || isLongAgo(RECORDED_EVERY_SECONDS))) return;
    await record({ startedAt, done, isNews, error: null, endsError: isProof });
  }

  async function failed(startedAt: number, error: unknown): Promise<void> {
    const text = runError(error);
    const isNews = text !== message || isAsked;
    isAsked = false;
    failures += 1;
    message = text;
    if (!mayRecord || !(isNews || isLongAgo(FAILURE_RECORDED_EVERY_SECONDS))) return;
    await record({
      startedAt,
      done: null,
      isNews: true,
      error: { message: text, failures, pauseMs: job.pauseMs?.() },
      endsError: false,
    });
  }

  return {
    async run(work) {
      const startedAt = performance.now();
      try {
        const did = await work();
        if (did === undefined) isAsked = false;
        else
          await succeeded(startedAt, typeof did === 'number' ? { done: did, isProof: true } : did);
      } catch (error) {
        if (!job.signal?.aborted) await failed(startedAt, error);
        throw error;
      }
    },
    noteNext() {
      isAsked = true;
    },
  };
}

/** The SQLSTATE of a missing right. */
const NOT_ALLOWED = '42501';

type Run = {
  name: SharedJobName;
  worker: string;
  everySeconds: number;
  startedAt: number;
  done: number | null;
  /** Written down even where another worker just did. */
  isNews: boolean;
  error: { message: string; failures: number; pauseMs: number | undefined } | null;
  /** Without an error: this worker's last one is over. */
  endsError: boolean;
  ownErrorAt: string | null;
};

/** By the database's clock alone. Undefined where another worker wrote a moment ago and there is nothing new. */
async function writeRun(
  database: QueryTarget,
  run: Run,
): Promise<{ errorAt: string | null } | undefined> {
  const { name, worker, everySeconds, done, isNews, error } = run;
  const tookSeconds = (performance.now() - run.startedAt) / 1_000;
  const nextInSeconds = error?.pauseMs === undefined ? everySeconds : error.pauseMs / 1_000;
  const started = sql`clock_timestamp() - make_interval(secs => ${tookSeconds})`;
  const next = sql`clock_timestamp() + make_interval(secs => ${nextInSeconds})`;
  const message = error === null ? null : `On ${hostOf(worker)}: ${error.message}`;
  const failures = error?.failures ?? 0;
  const errorAt = error === null ? sql`NULL` : sql`clock_timestamp()`;
  const isReplaced = sql`(${error !== null} OR j.error_at < clock_timestamp() - make_interval(secs => ${ERROR_KEPT_SECONDS})
    OR j.error_at = ${run.endsError ? run.ownErrorAt : null}::text::timestamptz)`;
  const written = await runQuery(
    database,
    sql<{
      errorAt: string | null;
    }>`UPDATE credits_billing.jobs j SET every_seconds = ${everySeconds}, next_run_at = ${next},
        last_started_at = ${started}, last_finished_at = clock_timestamp(), last_done = ${done}, last_worker = ${worker},
        error = CASE WHEN ${isReplaced} THEN ${message} ELSE j.error END,
        error_at = CASE WHEN ${isReplaced} THEN ${errorAt} ELSE j.error_at END,
        failures = CASE WHEN ${isReplaced} THEN ${failures} ELSE j.failures END
      WHERE j.name = ${name} AND (${isNews} OR j.last_finished_at IS NULL
        OR j.last_finished_at < clock_timestamp() - make_interval(secs => ${RECORDED_BY_OTHERS_SECONDS}))
      RETURNING j.error_at::text AS "errorAt"`,
  );
  if (written[0] !== undefined) return written[0];
  // The first run of all, or nothing: a row that is there stays untouched.
  const made = await runQuery(
    database,
    sql<{
      errorAt: string | null;
    }>`INSERT INTO credits_billing.jobs (name, every_seconds, next_run_at, last_started_at, last_finished_at, last_done,
        last_worker, error, error_at, failures)
      VALUES (${name}, ${everySeconds}, ${next}, ${started}, clock_timestamp(), ${done}, ${worker}, ${message}, ${errorAt}, ${failures})
      ON CONFLICT (name) DO NOTHING RETURNING error_at::text AS "errorAt"`,
  );
  return made[0];
}

function hostOf(worker: string): string {
  return worker.split(':')[0] ?? worker;
}
