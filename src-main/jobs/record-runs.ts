import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import { runError } from './run-error.ts';
import { RECORDED_EVERY_SECONDS, type StripeJobName } from './schedule.ts';

/** While it goes wrong in the same way, a job is written down so often. */
const FAILURE_RECORDED_EVERY_SECONDS = 15;
/** A little less than runners wait: whichever of them comes first writes it down for all. */
const RECORDED_BY_OTHERS_SECONDS = RECORDED_EVERY_SECONDS - 10;

/** Notes with a job what its runs did. */
export type RunRecorder = {
  /**
   * Runs a round of the job, which answers with how many things it did (undefined: it was not this one's turn), and passes on
   * its error. A round that did nothing is written down once a minute at most, whichever of the workers did it; one that the
   * signal ended is not.
   */
  readonly run: (work: () => Promise<number | undefined>) => Promise<void>;
  /** Somebody asked for the next round: it is written down whatever it does. */
  readonly noteNext: () => void;
};

/**
 * Writes down what a worker does of a job that several share: when, how much, what went wrong how often in a row, and when it
 * comes again. What cannot be written down, as for a role without the right, keeps no work from being done.
 */
export function createRunRecorder(
  database: QueryTarget,
  job: {
    readonly name: StripeJobName;
    readonly everyMs: number;
    readonly worker: string;
    readonly signal?: AbortSignal;
    /** Milliseconds until the next round after an error; else as after any other. */
    readonly pauseMs?: () => number;
    /** Told after something was written down. */
    readonly onRun?: ((name: StripeJobName) => void) | undefined;
  },
): RunRecorder {
  const everySeconds = Math.max(1, Math.round(job.everyMs / 1_000));
  let recordedAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let message: string | undefined;
  let isAsked = false;
  let mayRecord = true;

  async function record(write: () => Promise<boolean>): Promise<void> {
    recordedAt = performance.now();
    try {
      if (await write()) job.onRun?.(job.name);
    } catch (error) {
      // Whatever else is wrong with the database, the work itself meets and tells.
      if (error instanceof Error && 'code' in error && error.code === NOT_ALLOWED)
        mayRecord = false;
    }
  }

  const isLongAgo = (seconds: number) => performance.now() - recordedAt >= seconds * 1_000;

  async function succeeded(startedAt: number, done: number): Promise<void> {
    const isNews = done > 0 || failures > 0 || isAsked;
    isAsked = false;
    failures = 0;
    message = undefined;
    if (!mayRecord || !(isNews || isLongAgo(RECORDED_EVERY_SECONDS))) return;
    await record(() =>
      writeRun(database, { ...job, everySeconds, startedAt, done, isNews, error: null }),
    );
  }

  async function failed(startedAt: number, error: unknown): Promise<void> {
    const text = runError(error);
    const isNews = text !== message || isAsked;
    isAsked = false;
    failures += 1;
    message = text;
    if (!mayRecord || !(isNews || isLongAgo(FAILURE_RECORDED_EVERY_SECONDS))) return;
    await record(() =>
      writeRun(database, {
        ...job,
        everySeconds,
        startedAt,
        done: null,
        isNews: true,
        error: { message: text, failures, pauseMs: job.pauseMs?.() },
      }),
    );
  }

  return {
    async run(work) {
      const startedAt = performance.now();
      try {
        const done = await work();
        if (done !== undefined) await succeeded(startedAt, done);
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
  name: StripeJobName;
  worker: string;
  everySeconds: number;
  startedAt: number;
  done: number | null;
  /** Written down even where another worker just did. */
  isNews: boolean;
  error: { message: string; failures: number; pauseMs: number | undefined } | null;
};

/** By the database's clock alone. False where another worker wrote a moment ago and there is nothing new. */
async function writeRun(database: QueryTarget, run: Run): Promise<boolean> {
  const { name, worker, everySeconds, done, isNews, error } = run;
  const tookSeconds = (performance.now() - run.startedAt) / 1_000;
  const nextInSeconds = error?.pauseMs === undefined ? everySeconds : error.pauseMs / 1_000;
  const started = sql`clock_timestamp() - make_interval(secs => ${tookSeconds})`;
  const next = sql`clock_timestamp() + make_interval(secs => ${nextInSeconds})`;
  const message = error?.message ?? null;
  const failures = error?.failures ?? 0;
  const errorAt = error === null ? sql`NULL` : sql`clock_timestamp()`;
  const written = await runQuery(
    database,
    sql`UPDATE credits_billing.jobs SET every_seconds = ${everySeconds}, next_run_at = ${next},
        last_started_at = ${started}, last_finished_at = clock_timestamp(), last_done = ${done}, last_worker = ${worker},
        error = ${message}, error_at = ${errorAt}, failures = ${failures}
      WHERE name = ${name} AND (${isNews} OR failures > 0 OR last_finished_at IS NULL
        OR last_finished_at < clock_timestamp() - make_interval(secs => ${RECORDED_BY_OTHERS_SECONDS}))
      RETURNING name`,
  );
  if (written.length > 0) return true;
  // The first run of all, or nothing: a row that is there stays untouched.
  const made = await runQuery(
    database,
    sql`INSERT INTO credits_billing.jobs (name, every_seconds, next_run_at, last_started_at, last_finished_at, last_done,
        last_worker, error, error_at, failures)
      VALUES (${name}, ${everySeconds}, ${next}, ${started}, clock_timestamp(), ${done}, ${worker}, ${message}, ${errorAt}, ${failures})
      ON CONFLICT (name) DO NOTHING RETURNING name`,
  );
  return made.length > 0;
}
