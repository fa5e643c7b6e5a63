import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { Page, PageRequest } from '../gateway/gateway.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { checkInvoices } from './check-invoices.ts';
import { checkLedgerPage } from './check-ledger.ts';
import { checkMoneyBack } from './check-money-back.ts';
import { checkSessions } from './check-sessions.ts';
import { checkUsagePage } from './check-usage.ts';
import type { Checked, Span } from './finding.ts';
import { keepFinding, withoutRepaired } from './findings.ts';
import { lookAgainPage } from './look-again.ts';
import type { RunLease } from './run-lease.ts';
import { getRun, type Phase, type Run } from './runs.ts';

const PAGE_OBJECTS = 100;
const KEEP_LEASE_EVERY_MS = 10_000;
const PHASES: readonly Phase[] = [
  'sessions',
  'invoices',
  'refunds',
  'disputes',
  'ledger',
  'usage',
  'done',
];

const DAY_MS = 86_400_000;
/**
 * Stripe lists by when objects were made, and they change later: a bank pays a session after two weeks, an invoice is
 * collected after two months, a refund fails after one, a dispute is lost after several.
 */
const OLDER_DAYS = { sessions: 35, invoices: 100, refunds: 35, disputes: 180 } as const;

/**
 * Notes a new run over everything since an instant (undefined: when this account was connected). It does nothing until
 * `continueRun`. Errors: `invalid_argument` where that lies in the future, `already_processed` while one is under way.
 */
export async function startRun(target: StripeTarget, since: Date | undefined): Promise<Run> {
  const id = randomUUID();
  const { accountId, actor, database } = target;
  const [asked] = await runQuery(
    database,
    // By the database's clock alone, which the ledger's instants are by.
    sql<{ isPast: boolean; isFree: boolean; started: string | null }>`
      WITH asked AS (
        SELECT date_trunc('milliseconds', coalesce(${since ?? null}::timestamptz, s.bound_at, clock_timestamp())) AS since,
          clock_timestamp() AS until,
          NOT EXISTS (SELECT FROM credits_billing.job_leases l
            WHERE l.name = 'reconciliation:' || ${accountId} AND l.expires_at > clock_timestamp()) AS is_free
        FROM credits_billing.stripe_settings s
      ), started AS (
        INSERT INTO credits_billing.reconciliation_runs (id, account_id, since, until, actor)
        SELECT ${id}, ${accountId}, a.since, a.until, ${actor} FROM asked a WHERE a.since <= a.until AND a.is_free
        RETURNING id
      )
      SELECT a.since <= a.until AS "isPast", a.is_free AS "isFree", s.id AS started FROM asked a LEFT JOIN started s ON true`,
  );
  if (asked?.isPast === false) {
    throw new AppError('invalid_argument', 'The span begins in the future. Nothing was compared.', {
      fields: { since: 'must be in the past' },
    });
  }
  if (asked?.isFree === false) {
    throw new AppError(
      'already_processed',
      'A reconciliation of this account is under way already, here or in another console. Nothing was started.',
    );
  }
  return getRun(database, id);
}

/** The instant that a run without an own one begins at: when this account was connected. */
export async function usualSince(target: StripeTarget): Promise<Date | null> {
  const [settings] = await runQuery(
    target.database,
    sql<{
      boundAt: Date | null;
    }>`SELECT bound_at AS "boundAt" FROM credits_billing.stripe_settings`,
  );
  return settings?.boundAt ?? null;
}

/**
 * Does what is left of a run, page by page; each page is kept with the place to go on from, so that a run which was paused
 * or whose process died goes on where it stopped. `onProgress` before each page and at the end. When the signal aborts,
 * the run is paused. Gives the lease up at its end. Errors: those of the gateway and the database; the run is then
 * `failed` and can be resumed. `already_processed` where another process took the run over.
 */
export async function continueRun(
  target: StripeTarget,
  lease: RunLease,
  options: { signal?: AbortSignal | undefined; onProgress?: (run: Run) => void } = {},
): Promise<Run> {
  const { runId } = lease;
  // A page may take longer than the lease lasts.
  const keeping = setInterval(() => {
    lease.keep().catch((error: unknown) => target.log.warn('The lease could not be kept.', error));
  }, KEEP_LEASE_EVERY_MS);
  try {
    const run = await doPages(target, lease, options);
    options.onProgress?.(run);
    return run;
  } catch (error) {
    if (!(error instanceof TakenOver)) {
      const message =
        error instanceof AppError ? error.message : 'Something unexpected went wrong.';
      await writeState(target, runId, 'failed', message).catch((why: unknown) =>
        target.log.warn('The state of a reconciliation could not be written.', why),
      );
    }
    throw error;
  } finally {
    clearInterval(keeping);
    // Where the database is gone, it ends by itself.
    await lease.giveUp().catch(() => undefined);
  }
}

class TakenOver extends AppError {
  constructor() {
    super(
      'already_processed',
      'Another console went on with this reconciliation. What was compared here is kept.',
    );
  }
}

async function doPages(
  target: StripeTarget,
  lease: RunLease,
  {
    signal,
    onProgress,
  }: { signal?: AbortSignal | undefined; onProgress?: ((run: Run) => void) | undefined },
): Promise<Run> {
  for (;;) {
    const run = await getRun(target.database, lease.runId);
    if (run.accountId !== target.accountId) {
      throw new AppError(
        'stripe_other_account',
        'This reconciliation was begun with another Stripe account. Nothing was compared.',
      );
    }
    if (signal?.aborted) return writeState(target, run.id, 'paused', null);
    if (!(await lease.keep())) throw new TakenOver();
    onProgress?.(run);
    if (run.phase !== 'done') {
      await keepPage(target, run, await checkPage(target, run, run.phase));
    } else if ((await lookAgainPage(target, run)) === null) {
      return finish(target, run.id);
    }
  }
}

type CheckedPage = Checked & { next: string | null };

async function checkPage(
  target: StripeTarget,
  run: Run,
  phase: Exclude<Phase, 'done'>,
): Promise<CheckedPage> {
  if (phase === 'ledger') return checkLedgerPage(target, run, run.place);
  if (phase === 'usage') return checkUsagePage(target, run, run.place);
  const { gateway } = target;
  const span = await spanOf(target, run);
  const page: PageRequest = {
    createdSince: new Date(run.since.getTime() - OLDER_DAYS[phase] * DAY_MS),
    limit: PAGE_OBJECTS,
    ...(run.place === null ? {} : { startingAfter: run.place }),
  };
  switch (phase) {
    case 'sessions':
      return check(await gateway.listCompletedSessions(page), (items) =>
        checkSessions(target, span, items),
      );
    case 'invoices':
      return check(await gateway.listPaidInvoices(page), (items) =>
        checkInvoices(target, span, items),
      );
    case 'refunds':
      return check(await gateway.listRefunds(page), (items) =>
        checkMoneyBack(target, span, 'refund', items),
      );
    case 'disputes':
      return check(await gateway.listDisputes(page), (items) =>
        checkMoneyBack(target, span, 'dispute', items),
      );
  }
}

async function check<Item extends { id: string }>(
  { items, hasMore }: Page<Item>,
  compare: (items: readonly Item[]) => Promise<Checked>,
): Promise<CheckedPage> {
  return { ...(await compare(items)), next: hasMore ? (items.at(-1)?.id ?? null) : null };
}

async function spanOf(target: StripeTarget, run: Run): Promise<Span> {
  // Whole seconds, as Stripe's instants are.
  const second = (instant: Date) => Math.floor(instant.getTime() / 1_000) * 1_000;
  const boundAt = await usualSince(target);
  const since = second(run.since);
  const responsibleSince = boundAt === null ? since : Math.min(since, second(boundAt));
  return {
    since: new Date(since),
    isResponsibleFor: (createdAt) => createdAt.getTime() >= responsibleSince,
  };
}

/** Keeps what a page found together with the place after it. */
async function keepPage(target: StripeTarget, run: Run, page: CheckedPage): Promise<void> {
  const differences = await withoutRepaired(target, page.differences);
  const { phase } = run;
  const nextPhase = page.next === null ? (PHASES[PHASES.indexOf(phase) + 1] ?? 'done') : phase;
  const checked = {
    ...run.checked,
    ...(phase === 'done' ? {} : { [phase]: (run.checked[phase] ?? 0) + page.compared }),
    elsewhere: (run.checked.elsewhere ?? 0) + page.elsewhere,
  };
  await post(target.database, { actor: target.actor }, async (session) => {
    const kept = await session.run(sql`
      UPDATE credits_billing.reconciliation_runs
      SET phase = ${nextPhase}, place = ${page.next}, checked = ${JSON.stringify(checked)}::jsonb
      WHERE id = ${run.id} AND phase = ${phase} AND place IS NOT DISTINCT FROM ${run.place}
      RETURNING id`);
    // Somebody else did this page while this process was too slow to keep its lease.
    if (kept.length === 0) throw new TakenOver();
    for (const each of differences) await session.run(keepFinding(run.id, each));
    await session.run(sql`
      INSERT INTO credits_billing.reconciliation_seen (run_id, stripe_payment_id)
      SELECT ${run.id}, id FROM unnest(${page.seenPaymentIds}::text[]) AS seen (id) ON CONFLICT DO NOTHING`);
  });
}

async function finish(target: StripeTarget, runId: string): Promise<Run> {
  await post(target.database, { actor: target.actor }, async (session) => {
    await session.run(sql`
      UPDATE credits_billing.reconciliation_runs SET state = 'done', finished_at = clock_timestamp(), error = NULL
      WHERE id = ${runId}`);
    await session.run(sql`DELETE FROM credits_billing.reconciliation_seen WHERE run_id = ${runId}`);
  });
  return getRun(target.database, runId);
}

async function writeState(
  target: StripeTarget,
  runId: string,
  state: Run['state'],
  error: string | null,
): Promise<Run> {
  await runQuery(
    target.database,
    sql`UPDATE credits_billing.reconciliation_runs SET state = ${state}, error = ${error}
      WHERE id = ${runId} AND state <> 'done'`,
  );
  return getRun(target.database, runId);
}
