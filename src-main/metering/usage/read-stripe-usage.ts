import { sql } from 'kysely';
import { type RunQuery, readSnapshot } from '#main/database/run-query.ts';
import {
  type Position,
  readPosition,
  UNITS_MAX,
  type UsageOf,
  unitsOf,
  wholeMinutes,
} from '#main/ledger/read-usage-position.ts';
import type { StripeGateway, UsageSummary } from '#main/stripe/gateway/gateway.ts';
import { AppError } from '#shared/errors.ts';
import type { MeterFormula, StripeUsage } from '#shared/ipc/metering.ts';
import { addDays } from '#shared/time.ts';
import type { MeteringTarget } from '../metering-target.ts';
import { lastThirtyDays } from './last-thirty-days.ts';
import { causesOfSum, causesOfValue } from './usage-causes.ts';
import { toUsagePosition } from './usage-position.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const MINUTE_MS = 60_000;

type Period = { start: Date; end: Date };

/** Whose usage of which meter is asked for, and what Stripe calls them. */
type Asked = {
  of: UsageOf;
  period: Period;
  stripeCustomerId: string | null;
  meterId: string | null;
  /** By the database's clock. */
  now: Date;
};

/**
 * Stripe's summary of a customer's usage of a meter, beside the console's own numbers of the same period and why they differ:
 * of an item's current period, or (itemId null) of the last 30 days. Times are UTC. Where the customer or the meter is not in
 * Stripe, its summary is 0. Errors: not_found, stripe_*.
 */
export async function readStripeUsage(
  target: MeteringTarget,
  of: { customerId: string; eventName: string; itemId: string | null },
  signal?: AbortSignal,
): Promise<StripeUsage> {
  const { database, gateway } = target;
  const asked = await readSnapshot(database, signal, (run) => readAsked(run, target, of));
  // Stripe goes first: what is sent meanwhile then lacks in its summary, and does not look like somebody else's.
  const told = await askStripe(gateway, asked);
  return readSnapshot(database, signal, async (run) => {
    const position = await readPosition(run, asked.of);
    return {
      position: toUsagePosition(position, asked.period),
      summary: told.summary,
      difference: position.reported - told.summary,
      causes: await causesOf(run, asked, position, told.summary),
      days: await daysOf(run, asked, told.days),
    };
  });
}

async function readAsked(
  run: RunQuery,
  { accountId, livemode }: MeteringTarget,
  {
    customerId,
    eventName,
    itemId,
  }: { customerId: string; eventName: string; itemId: string | null },
): Promise<Asked> {
  const [customer] = await run(sql<{ stripe_customer_id: string | null; now: Date }>`
    SELECT stripe_customer_id, clock_timestamp() AS now FROM credits.customers WHERE id = ${customerId}`);
  if (customer === undefined) throw notFound('customer', customerId);
  const [meter] = await run(sql<{ formula: MeterFormula; meter_id: string | null }>`
    SELECT m.formula, s.meter_id FROM credits_billing.meters m LEFT JOIN credits_billing.stripe_meters s
      ON s.event_name = m.event_name AND s.account_id = ${accountId} AND s.livemode = ${livemode}
    WHERE m.event_name = ${eventName}`);
  if (meter === undefined) throw notFound('meter', eventName);
  const period = itemId === null ? await lastThirtyDays(run) : await periodOfItem(itemId);
  return {
    of: { customerId, eventName, formula: meter.formula, ...period },
    period,
    stripeCustomerId: customer.stripe_customer_id,
    meterId: meter.meter_id,
    now: customer.now,
  };

  async function periodOfItem(id: string): Promise<Period> {
    const [item] = await run(sql<Period>`
      SELECT current_period_start AS start, current_period_end AS end FROM credits_billing.subscription_items
      WHERE id = ${id} AND customer_id = ${customerId} AND event_name = ${eventName} AND account_id = ${accountId}`);
    if (item === undefined) throw notFound('subscription item', id);
    return wholeMinutes(item);
  }
}

function notFound(entity: string, id: string): AppError {
  return new AppError('not_found', `There is no ${entity} ${id}.`, { details: { entity, id } });
}

async function askStripe(
  gateway: Pick<StripeGateway, 'findMeter' | 'listUsage'>,
  { of, period, stripeCustomerId, meterId: linked, now }: Asked,
): Promise<{ summary: number; days: UsageSummary[] }> {
  const meterId = linked ?? (await gateway.findMeter(of.eventName))?.id;
  if (stripeCustomerId === null || meterId === undefined) return { summary: 0, days: [] };
  const { start, end } = untilNow(period, now);
  const days = wholeDays({ start, end });
  const [whole, byDay] = await Promise.all([
    gateway.listUsage({ meterId, stripeCustomerId, start, end }),
    gateway.listUsage({ meterId, stripeCustomerId, ...days, by: 'day' }),
  ]);
  return { summary: Math.min(whole[0]?.value ?? 0, UNITS_MAX), days: byDay };
}

/** The part of a period until the minute that runs now; all of one that lies ahead, as after a simulator's clock was moved. */
function untilNow({ start, end }: Period, now: Date): Period {
  const minute = new Date((Math.floor(now.getTime() / MINUTE_MS) + 1) * MINUTE_MS);
  return { start, end: minute > start && minute < end ? minute : end };
}

/** The days in UTC that a period lies in. */
function wholeDays({ start, end }: Period): Period {
  return {
    start: new Date(Math.floor(start.getTime() / DAY_MS) * DAY_MS),
    end: new Date(Math.ceil(end.getTime() / DAY_MS) * DAY_MS),
  };
}

async function causesOf(
  run: RunQuery,
  { of, now }: Asked,
  position: Position,
  summary: number,
): Promise<StripeUsage['causes']> {
  if (position.reported === summary) return [];
  if (of.formula !== 'last') return causesOfSum(position, summary, now);
  const { customerId, eventName, start, end } = of;
  const [newest] = await run(sql<{ state: string; value_was_ours: boolean }>`
    SELECT coalesce(e.state, 'queued') AS state, EXISTS (
      SELECT FROM credits.usage_reports o JOIN credits_billing.meter_events s ON s.id = o.meter_event_id
      WHERE o.customer_id = ${customerId} AND o.event_name = ${eventName} AND o.quantity = ${summary}::numeric
        AND o.occurred_at >= ${start} AND o.occurred_at < ${end} AND s.state IN ('sent', 'duplicate', 'cancelling')
    ) AS value_was_ours
    FROM credits.usage_reports r LEFT JOIN credits_billing.meter_events e ON e.id = r.meter_event_id
    WHERE r.customer_id = ${customerId} AND r.event_name = ${eventName}
      AND r.occurred_at >= ${start} AND r.occurred_at < ${end} AND e.state IS DISTINCT FROM 'cancelled'
    ORDER BY r.occurred_at DESC, r.id DESC LIMIT 1`);
  return causesOfValue({
    newestState: newest?.state ?? null,
    summaryIsOurs: summary === 0 || newest?.value_was_ours === true,
    lastSentAt: position.lastSentAt,
    now,
  });
}

/** Whole days in UTC, on both sides: also what of the first one lies before the period. */
async function daysOf(
  run: RunQuery,
  { of, period, now }: Asked,
  summaries: readonly UsageSummary[],
): Promise<StripeUsage['days']> {
  const { start, end } = wholeDays(untilNow(period, now));
  const rows = await run(sql<{ day: string; reported: number }>`
    SELECT to_char(u.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, ${unitsOf(of.formula, sql`true`)} AS reported
    FROM (
      SELECT r.id, r.quantity, r.occurred_at
      FROM credits.usage_reports r LEFT JOIN credits_billing.meter_events e ON e.id = r.meter_event_id
      WHERE r.customer_id = ${of.customerId} AND r.event_name = ${of.eventName}
        AND r.occurred_at >= ${start} AND r.occurred_at < ${end} AND e.state IS DISTINCT FROM 'cancelled'
    ) u GROUP BY 1`);
  const reported = new Map(rows.map((row) => [row.day, row.reported]));
  const summary = new Map(summaries.map((row) => [dayOf(row.start), row.value]));
  const days: StripeUsage['days'] = [];
  for (let day = dayOf(start); day < dayOf(end); day = addDays(day, 1)) {
    days.push({ day, reported: reported.get(day) ?? 0, summary: summary.get(day) ?? 0 });
  }
  return days;
}

function dayOf(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}
