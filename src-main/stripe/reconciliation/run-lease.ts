import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { giveUpLease, holdLease } from '#main/jobs/lease.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';

/** Held by whoever does a run: one run of an account at a time, by one process. */
export type RunLease = {
  readonly runId: string;
  /** False once another process took over. */
  readonly keep: () => Promise<boolean>;
  readonly giveUp: () => Promise<void>;
};

/** Takes the lease for a run, which is `running` from then on. Throws `already_processed` while another process, or another run, has it. */
export async function takeRun(target: StripeTarget, runId: string): Promise<RunLease> {
  const name = `reconciliation:${target.accountId}`;
  const holder = `${runId}:${randomUUID()}`;
  const keep = () => holdLease(target.database, name, holder);
  if (!(await keep())) {
    throw new AppError(
      'already_processed',
      'Another reconciliation of this account is under way, here or in another console. Nothing was changed. Try again when it is done.',
    );
  }
  await runQuery(
    target.database,
    sql`UPDATE credits_billing.reconciliation_runs SET state = 'running', error = NULL WHERE id = ${runId} AND state <> 'done'`,
  );
  return { runId, keep, giveUp: () => giveUpLease(target.database, name, holder) };
}
