import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import type { MeterErrorReport, RejectedUsage } from '#main/stripe/gateway/gateway.ts';
import { orUndefined } from '#main/stripe/gateway/optional-answer.ts';
import { AppError } from '#shared/errors.ts';
import type { MeteringTarget } from '../metering-target.ts';

/** Reports become visible late: what was read is read once more. */
const OVERLAP_MS = 60 * 60_000;
/** How long a report that does not name every event is shown. */
const NOTE_KEPT = sql`interval '7 days'`;

/**
 * Reads which events Stripe rejected after it took them, and marks them. A server without these reports has none. Answers with
 * the customers concerned. Errors: those of the gateway (also kept with the place) and the database; nothing is missed by them.
 */
export async function readMeterErrors(target: MeteringTarget): Promise<Set<string>> {
  const readUntil = await openPlace(target);
  try {
    const since = new Date(readUntil.getTime() - OVERLAP_MS);
    const reports = await listReports(target, since);
    const customerIds = new Set<string>();
    for (const { named } of reports) {
      for (const rejected of named) {
        for (const customerId of await markRejected(target, rejected)) customerIds.add(customerId);
      }
    }
    await notePlace(target, reports);
    return customerIds;
  } catch (error) {
    await noteFailure(target, error);
    throw error;
  }
}

async function listReports(target: MeteringTarget, since: Date): Promise<MeterErrorReport[]> {
  return (await orUndefined(target.gateway.listMeterErrors({ since }))) ?? [];
}

async function openPlace({ database, accountId, livemode }: MeteringTarget): Promise<Date> {
  const places = await runQuery(
    database,
    sql<{ readUntil: Date }>`
      WITH opened AS (
        INSERT INTO credits_billing.meter_error_polls (account_id, livemode, read_until)
        SELECT ${accountId}, ${livemode}, coalesce(max(s.bound_at), clock_timestamp()) FROM credits_billing.stripe_settings s
        ON CONFLICT (account_id, livemode) DO NOTHING RETURNING read_until
      )
      SELECT read_until AS "readUntil" FROM opened
      UNION ALL SELECT read_until FROM credits_billing.meter_error_polls
      WHERE account_id = ${accountId} AND livemode = ${livemode}`,
  );
  const [place] = places;
  if (place === undefined) throw new Error('the place of the meter errors cannot be read');
  return place.readUntil;
}

/**
 * Stripe had it and does not count it, so also one that is still to be sent, or unclear, is settled by that; and one that is
 * being taken back is gone. What was cancelled, or is sent under another identifier by now, stays.
 */
async function markRejected(
  { database, accountId, livemode }: MeteringTarget,
  { identifier, code, message }: RejectedUsage,
): Promise<string[]> {
  const marked = await runQuery(
    database,
    sql<{ customerId: string }>`
      UPDATE credits_billing.meter_events SET state = CASE WHEN state = 'cancelling' THEN 'cancelled' ELSE 'rejected' END,
        sent_at = coalesce(sent_at, first_attempt_at), error_code = ${code}, error = ${message.slice(0, 1_000)},
        claimed_by = NULL, claimed_until = NULL, changed_at = clock_timestamp()
      WHERE identifier = ${identifier} AND account_id = ${accountId} AND livemode = ${livemode}
        AND (state IN ('sent', 'duplicate', 'cancelling', 'unclear') OR (state = 'queued' AND first_attempt_at IS NOT NULL))
      RETURNING customer_id AS "customerId"`,
  );
  return marked.map(({ customerId }) => customerId);
}

/** By Stripe's clock alone: this computer's may be wrong, and the simulator's runs ahead. */
async function notePlace(
  { database, accountId, livemode }: MeteringTarget,
  reports: readonly MeterErrorReport[],
): Promise<void> {
  const newest = reports.at(-1)?.createdAt ?? null;
  const partly = reports.findLast(({ errorCount, named }) => errorCount > named.length);
  const note = partly
    ? `Stripe rejected ${partly.errorCount} events and named ${partly.named.length} of them. Compare the usage with Stripe’s summaries to find the others.`
    : null;
  await runQuery(
    database,
    sql`UPDATE credits_billing.meter_error_polls SET read_until = greatest(read_until, ${newest}::timestamptz),
        error = CASE WHEN ${note}::text IS NOT NULL THEN ${note}
          WHEN error_at > clock_timestamp() - ${NOTE_KEPT} THEN error END,
        error_at = CASE WHEN ${note}::text IS NOT NULL THEN ${partly?.createdAt ?? null}::timestamptz
          WHEN error_at > clock_timestamp() - ${NOTE_KEPT} THEN error_at END
      WHERE account_id = ${accountId} AND livemode = ${livemode}`,
  );
}

/** A failure has no instant, which tells it from what Stripe reported: the next reading that goes well takes it away. */
async function noteFailure(
  { database, accountId, livemode }: MeteringTarget,
  error: unknown,
): Promise<void> {
  if (!(error instanceof AppError)) return;
  await runQuery(
    database,
    sql`UPDATE credits_billing.meter_error_polls SET error = ${error.message} WHERE account_id = ${accountId}
      AND livemode = ${livemode} AND error_at IS NULL`,
  ).catch(() => undefined);
}
