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
    expiry: (signal) => inBatches(signal, () => expireBatch(target)),
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
