import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { type LedgerSession, post } from '#main/ledger/ledger-session.ts';
import { foldRollUps } from '#main/ledger/roll-ups.ts';
import type { NotificationTarget } from '#main/notifications/notification-target.ts';
import type { JobResult, JobWork } from './run-job.ts';
import type { LeasedJobName } from './schedule.ts';

/** What stands as actor on rows that jobs write. */
const AUTHOR = { actor: 'scheduled jobs' };
/** Customers or grants done in one database transaction: all their accounts are locked until its end. */
const BATCH = 200;

/** What each job of the ledger does that runs in one place at a time. */
export function ledgerWork(target: NotificationTarget): Readonly<Record<LeasedJobName, JobWork>> {
  return {
    async expiry(signal) {
      await renewAllocations(target, signal);
      return inBatches(signal, () => expireBatch(target));
    },
    allocations: (signal) => inBatches(signal, () => allocateBatch(target)),
    async balance_watch(signal) {
      const [looked] = await runQuery(
        target.database,
        sql<{ raised: number }>`SELECT credits.watch_balances() AS raised`,
        signal,
      );
      return { done: looked?.raised ?? 0 };
    },
    roll_ups: async () => ({ done: await foldRollUps(target.database) }),
  };
}

/** Does batch after batch until one has nothing more to do. Each is complete in itself, so it may stop between any two. */
async function inBatches(
  signal: AbortSignal,
  work: () => Promise<{ done: number; more: boolean }>,
): Promise<JobResult> {
  let total = 0;
  for (;;) {
    signal.throwIfAborted();
    const { done, more } = await work();
    total += done;
    if (!more) return { done: total };
  }
}

/**
 * Where what plans gave for a month is due, gives what they give for the next one first. The other way round every balance on
 * such a plan would fall to nothing for a moment, and its customer be told of that.
 */
async function renewAllocations(target: NotificationTarget, signal: AbortSignal): Promise<void> {
  const due = await runQuery(
    target.database,
    sql`SELECT FROM credits.credit_grants g
      JOIN credits_billing.plan_allocations a ON a.customer_id = g.customer_id AND a.transaction_id = g.transaction_id
      WHERE g.is_open AND g.expires_at <= clock_timestamp() LIMIT 1`,
    signal,
  );
  if (due.length === 0) return;
  try {
    await inBatches(signal, () => allocateBatch(target));
  } catch {
    // The job whose work this is meets it too, and notes it; what is due expires all the same.
    signal.throwIfAborted();
  }
}

async function expireBatch({ database }: NotificationTarget) {
  return post(database, AUTHOR, async (session) => {
    const holds = await countDueHolds(session);
    const { written } = await session.call<{ written: number }>({
      name: 'jobs.expire',
      text: 'SELECT f AS written FROM credits.expire_credits(now(), $1) f',
      values: [BATCH],
    });
    // The function counts grants. In one database transaction it is the same instant throughout: what is due no more was closed.
    const closed = holds === 0 ? 0 : holds - (await countDueHolds(session));
    return { done: written + Math.max(0, closed), more: written >= BATCH };
  });
}

async function countDueHolds({ run }: LedgerSession): Promise<number> {
  const [found] = await run(
    sql<{
      holds: number;
    }>`SELECT count(*) AS holds FROM credits.credit_holds h WHERE h.state = 'open' AND h.expires_at <= now()`,
  );
  return found?.holds ?? 0;
}

async function allocateBatch({ database }: NotificationTarget) {
  const { allocated } = await post(database, AUTHOR, (session) =>
    session.call<{ allocated: number }>({
      name: 'jobs.allocate',
      text: 'SELECT f AS allocated FROM credits.allocate_plans(now(), $1) f',
      values: [BATCH],
    }),
  );
  return { done: allocated, more: allocated > 0 };
}
