import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { startLedgerJobs } from '../jobs/ledger-jobs.ts';
import type { Log } from '../logging/log.ts';
import { startUsageWork } from '../metering/outbox/usage-work.ts';
import { environmentSecrets } from '../notifications/secrets.ts';
import { startEventWork } from '../stripe/inbox/event-work.ts';
import { startRefundWork } from '../stripe/refunds/refund-work.ts';
import type { StripeTarget } from '../stripe/stripe-target.ts';
import type { CommandContext, OpenLedger } from './command.ts';

/** What goes on beside the answering of requests. */
export type ServeWork = { stop: () => Promise<unknown> };

const POLL_EVERY_MS = 10_000;
const READ_METER_ERRORS_EVERY_MS = 60_000;

/** Reads and handles Stripe's events, finishes refunds and sends usage, until it is stopped. */
export function startStripeWork(target: StripeTarget, log: Log): ServeWork {
  const onBillingChange = (customerId: string | null) =>
    log.info('Credits or billing changed.', { customerId });
  const events = startEventWork(target, {
    poll: true,
    pollEveryMs: POLL_EVERY_MS,
    onChange: () => undefined,
    onBillingChange,
  });
  const refunds = startRefundWork(target, { onBillingChange });
  const usage = startUsageWork(target, {
    readErrorsEveryMs: READ_METER_ERRORS_EVERY_MS,
    onChange: () => undefined,
  });
  return { stop: () => Promise.all([events.stop(), refunds.stop(), usage.stop()]) };
}

/** Runs the jobs of the ledger until it is stopped. */
export function startJobs(
  ledger: OpenLedger,
  { log, now, environment }: Pick<CommandContext, 'environment' | 'now'> & { log: Log },
): ServeWork {
  return startLedgerJobs({
    database: ledger,
    log,
    now,
    secrets: environmentSecrets(environment),
  });
}

/** Whether the login may run the jobs of the ledger. */
export async function mayRunJobs(ledger: OpenLedger): Promise<boolean> {
  const [row] = await runQuery(
    ledger,
    sql<{
      allowed: boolean;
    }>`SELECT pg_has_role(session_user, 'credits_admin', 'USAGE') AS allowed`,
  );
  return row?.allowed === true;
}
