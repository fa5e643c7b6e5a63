import { AppError } from '#shared/errors.ts';
import { FINDING_BUCKETS, type FindingBucket } from '#shared/ipc/reconciliation.ts';
import { moneyDigits } from '#shared/money.ts';
import { daySchema, instantSchema } from '#shared/time.ts';
import { silentLog } from '../logging/log.ts';
import { countFindings, type Finding, listFindings } from '../stripe/reconciliation/findings.ts';
import { takeRun } from '../stripe/reconciliation/run-lease.ts';
import { continueRun, startRun, usualSince } from '../stripe/reconciliation/run-reconciliation.ts';
import { findInterrupted, type Run, toReconciliationRun } from '../stripe/reconciliation/runs.ts';
import type { StripeTarget } from '../stripe/stripe-target.ts';
import { UsageError } from './arguments.ts';
import type { Command, CommandResult } from './command.ts';
import { openStripe, readStripeAddress, STRIPE_OPTIONS } from './open-stripe.ts';

/** An interrupted run is gone on with on the same day; an older one would say nothing of the time since. */
const RESUMED_WITHIN_MS = 24 * 60 * 60 * 1_000;

export const reconcileCommand: Command = {
  name: 'reconcile',
  summary: 'Compare Stripe with the ledger; exit code 1 where they differ',
  usage: '[--since DATE] [--stripe-base URL] [--live]',
  options: {
    since: {
      value: 'DATE',
      help: 'a day (its midnight in UTC) or an instant, such as 2026-11-01 or 2026-11-01T08:00:00Z (default: when the account was connected)',
    },
    ...STRIPE_OPTIONS,
  },
  names: { min: 0, max: 0 },
  notes:
    'The key is read from STRIPE_API_KEY. Nothing is repaired: the console’s Reconciliation page does that, one reviewed entry each. Interrupted, the same command goes on where it stopped within a day.',
  async run(context) {
    const { options, environment, signal, progress, now } = context;
    const since = readSince(options.since);
    const address = readStripeAddress(options, environment);
    const ledger = await context.openLedger();
    const target = await openStripe(address, {
      ledger,
      actor: ledger.author.actor,
      log: silentLog,
      now,
    });
    const interrupted = await findInterrupted(target, {
      since: since ?? (await usualSince(target)) ?? now(),
      begunSince: new Date(now().getTime() - RESUMED_WITHIN_MS),
    });
    const { id } = interrupted ?? (await startRun(target, since));
    const done = await continueRun(target, await takeRun(target, id), {
      signal,
      onProgress: (run) => progress(progressWords(run)),
    });
    if (done.state !== 'done') {
      throw new AppError(
        'cancelled',
        'Stopped. What was compared is kept: the same command goes on from there.',
      );
    }
    return resultOf(target, done, interrupted !== undefined);
  },
};

function readSince(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  if (daySchema.safeParse(text).success) return new Date(`${text}T00:00:00Z`);
  if (instantSchema.safeParse(text).success) return new Date(text);
  throw new UsageError(
    `--since: "${text.slice(0, 40)}" is neither a day such as 2026-11-01 nor an instant such as 2026-11-01T08:00:00Z.`,
  );
}

async function resultOf(
  target: StripeTarget,
  run: Run,
  isResumed: boolean,
): Promise<CommandResult> {
  const counts = await countFindings(target.database, run.id);
  const findings = await listFindings(target.database, { runId: run.id, bucket: null });
  const { checked, ...rest } = toReconciliationRun(run);
  const notListed = run.findings - findings.length;
  return {
    data: {
      ok: run.openFindings === 0,
      resumed: isResumed,
      run: { ...rest, checked },
      counts: Object.fromEntries(FINDING_BUCKETS.map((bucket) => [bucket, counts[bucket] ?? 0])),
      findings,
    },
    lines: [
      ...(isResumed
        ? [`Went on with the reconciliation that was begun at ${rest.startedAt}.`]
        : []),
      `Compared ${run.accountId} with the ledger from ${rest.since} to ${rest.until}:`,
      `  ${counted(checked.sessions, 'checkout')}, ${counted(checked.invoices, 'invoice')}, ${counted(checked.refunds, 'refund')}, ${counted(checked.disputes, 'dispute')}, ${counted(checked.ledger, 'other grant')} of the ledger, ${counted(checked.usage, 'metered period')}`,
      ...(checked.elsewhere === 0
        ? []
        : [`  ${counted(checked.elsewhere, 'grant')} of other accounts left out`]),
      ...(run.findings === 0
        ? ['Stripe and the ledger agree.']
        : [
            ...FINDING_BUCKETS.map(
              (bucket) =>
                `  ${WORDS[bucket].padEnd(16)} ${(counts[bucket] ?? 0).toLocaleString('en')}`,
            ),
            ...findings.map(lineOf),
            ...(notListed > 0 ? [`and ${notListed.toLocaleString('en')} more.`] : []),
            `${counted(run.findings, 'difference')}.`,
          ]),
    ],
    failed: run.openFindings > 0,
  };
}

const WORDS: Record<FindingBucket, string> = {
  missing_grant: 'missing grant',
  double_grant: 'double grant',
  orphan_grant: 'orphan grant',
  unclawed_refund: 'unclawed refund',
  amount_differs: 'amount differs',
  usage_differs: 'usage differs',
};

function lineOf(finding: Finding): string {
  const { bucket, stripeObjectId, stripePaymentId, customerId, usage, amountMinor, currency } =
    finding;
  const credits = (value: number | null) =>
    value === null ? 'unknown' : value.toLocaleString('en');
  const money =
    amountMinor === null || currency === null
      ? ''
      : `, ${moneyDigits({ amountMinor, currency })} ${currency.toUpperCase()}`;
  // Details can hold what somebody wrote into Stripe's metadata; one finding stays one line.
  const what = stripeObjectId ?? stripePaymentId ?? `transaction ${finding.transactionId}`;
  const compared =
    usage === null
      ? `${what}: ${customerId ?? 'no customer'}: expected ${credits(finding.expectedCredits)}, found ${credits(finding.foundCredits)}${money}`
      : `${usage.eventName} from ${usage.periodStart.toISOString()} to ${usage.periodEnd.toISOString()}: ${customerId ?? 'no customer'}: expected ${counted(usage.expectedUnits, 'unit')}, found ${usage.foundUnits.toLocaleString('en')}`;
  const line = `${WORDS[bucket]}: ${compared}: ${finding.detail}`;
  return line.replace(/\p{Cc}+/gu, ' ');
}

function progressWords({ phase, checked, findings }: Run): string {
  const seen = (['sessions', 'invoices', 'refunds', 'disputes', 'ledger', 'usage'] as const).reduce(
    (sum, each) => sum + (checked[each] ?? 0),
    0,
  );
  const what = phase === 'done' ? 'looking once more at what was found' : `comparing ${phase}`;
  return `${what}: ${seen.toLocaleString('en')} compared, ${counted(findings, 'difference')}`;
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
}
