import { sql } from 'kysely';
import { readSnapshot, runQuery } from '#main/database/run-query.ts';
import {
  type Expectation,
  type Position,
  readExpectation,
  readPosition,
  UNITS_MAX,
  type UsageOf,
  wholeMinutes,
} from '#main/ledger/read-usage-position.ts';
import type { MeterFormula } from '#shared/ipc/metering.ts';
import { orUndefined } from '../gateway/optional-answer.ts';
import type { StripeTarget } from '../stripe-target.ts';
import type { Checked, Difference } from './finding.ts';

/** Usage that is compared in one: of one customer and meter, from start (inclusive) to end (exclusive). */
export type MeteredPeriod = { customerId: string; eventName: string; start: Date; end: Date };

/** Each of them is a question to Stripe. */
const PAGE_PERIODS = 25;

/**
 * Compares reported units with Stripe's summaries, one by one: for every period of a metered subscription item that overlaps
 * the span, and, where a customer has reports on a meter and no such period, for the span. Answers with the place to go on
 * from; null at the end.
 */
export async function checkUsagePage(
  target: StripeTarget,
  run: { since: Date; until: Date },
  place: string | null,
): Promise<Checked & { next: string | null }> {
  const periods = await listPeriods(target, run, place);
  const pages: Checked[] = [];
  for (const period of periods) pages.push(await checkUsage(target, period));
  const last = periods.length < PAGE_PERIODS ? undefined : periods.at(-1);
  return {
    differences: pages.flatMap(({ differences }) => differences),
    seenPaymentIds: [],
    compared: pages.reduce((sum, { compared }) => sum + compared, 0),
    elsewhere: 0,
    next: last === undefined ? null : placeOf(last),
  };
}

/** Compares one period with Stripe, as its page does. */
export async function checkUsage(target: StripeTarget, period: MeteredPeriod): Promise<Checked> {
  const { customerId, eventName } = period;
  const { start, end: lastEnd } = wholeMinutes(period);
  // What is to come is in nobody's numbers.
  const { end: now } = wholeMinutes({ start, end: target.now() });
  const end = lastEnd < now ? lastEnd : now;
  if (start >= end) return checked([], 0);
  const { accountId, livemode } = target;
  const meter = await readMeter(target, period);
  const of: UsageOf = {
    customerId,
    eventName,
    formula: meter.formula,
    start,
    end,
    sentTo: { accountId, livemode },
  };
  const summary = await askStripe(target, of, meter);
  const found = summary ?? 0;
  const [position, expectation] = await readSnapshot(
    target.database,
    undefined,
    async (run) => [await readPosition(run, of), await readExpectation(run, of, found)] as const,
  );
  if (agrees(meter.formula, found, expectation)) return checked([], 1);
  return checked(
    [
      {
        id: `usage_differs:${placeOf({ ...period, start })}`,
        bucket: 'usage_differs',
        customerId,
        stripePaymentId: null,
        stripeObjectId: null,
        transactionId: null,
        expectedCredits: null,
        foundCredits: null,
        amountMinor: null,
        currency: null,
        detail: [
          ...whyNothing(meter, summary),
          meter.formula === 'last'
            ? newestInWords(found, position, expectation)
            : totalInWords(found, position, expectation),
        ].join(' '),
        obstacle: null,
        usage: {
          eventName,
          periodStart: start,
          periodEnd: lastEnd,
          expectedUnits: expectation.expected,
          foundUnits: found,
        },
      },
    ],
    1,
  );
}

function checked(differences: Difference[], compared: number): Checked {
  return { differences, seenPaymentIds: [], compared, elsewhere: 0 };
}

/** The place of a period in the order of all. Two of one customer and meter that begin together are one: the longer. */
function placeOf({ customerId, eventName, start }: Omit<MeteredPeriod, 'end'>): string {
  // Only a customer's id may hold spaces.
  return `${eventName} ${start.toISOString()} ${customerId}`;
}

async function listPeriods(
  { database, accountId, livemode }: StripeTarget,
  { since, until }: { since: Date; until: Date },
  after: string | null,
): Promise<MeteredPeriod[]> {
  const [, eventName = '', start = '-infinity', customerId = ''] =
    /^(\S+) (\S+) (.*)$/s.exec(after ?? '') ?? [];
  const place = sql`${customerId}, ${eventName}, ${start}::timestamptz`;
  return runQuery(
    database,
    sql<MeteredPeriod>`
      WITH periods AS MATERIALIZED (
        SELECT p.customer_id, p.event_name, date_trunc('minute', p.period_start) AS start, max(p.period_end) AS "end"
        FROM credits_billing.subscription_item_periods p JOIN credits_billing.meters m ON m.event_name = p.event_name
        WHERE p.account_id = ${accountId} AND p.period_end > ${since} AND p.period_start < ${until}
        GROUP BY 1, 2, 3
      ), others AS (
        SELECT c.id AS customer_id, m.event_name, s.start, ${until}::timestamptz AS "end"
        FROM credits.customers c CROSS JOIN credits_billing.meters m
        CROSS JOIN (SELECT date_trunc('minute', ${since}::timestamptz) AS start) s
        -- One look into the index for each, which the order asks for: the reports of one customer may be millions.
        CROSS JOIN LATERAL (
          SELECT FROM credits.usage_reports r LEFT JOIN credits_billing.meter_events e ON e.id = r.meter_event_id
          WHERE r.customer_id = c.id AND r.event_name = m.event_name AND r.occurred_at >= ${since} AND r.occurred_at < ${until}
            AND (e.id IS NULL OR (e.account_id, e.livemode) = (${accountId}, ${livemode}::boolean))
          ORDER BY r.occurred_at LIMIT 1) reported
        WHERE c.id >= ${customerId} AND (c.id, m.event_name, s.start) > (${place})
          AND NOT EXISTS (SELECT FROM periods p WHERE p.customer_id = c.id AND p.event_name = m.event_name)
        ORDER BY c.id, m.event_name LIMIT ${PAGE_PERIODS}
      )
      SELECT a.customer_id AS "customerId", a.event_name AS "eventName", a.start, a."end"
      FROM (SELECT * FROM periods p WHERE (p.customer_id, p.event_name, p.start) > (${place})
        UNION ALL SELECT * FROM others) a
      ORDER BY a.customer_id, a.event_name, a.start LIMIT ${PAGE_PERIODS}`,
  );
}

type Meter = { formula: MeterFormula; meterId: string | null; stripeCustomerId: string | null };

async function readMeter(
  { database, accountId, livemode }: StripeTarget,
  { customerId, eventName }: MeteredPeriod,
): Promise<Meter> {
  const [meter] = await runQuery(
    database,
    sql<Meter>`
      SELECT m.formula, s.meter_id AS "meterId", c.stripe_customer_id AS "stripeCustomerId"
      FROM credits_billing.meters m
      LEFT JOIN credits_billing.stripe_meters s
        ON s.event_name = m.event_name AND s.account_id = ${accountId} AND s.livemode = ${livemode}
      LEFT JOIN credits.customers c ON c.id = ${customerId}
      WHERE m.event_name = ${eventName}`,
  );
  if (meter === undefined) throw new Error(`no meter ${eventName}`);
  return meter;
}

/** Stripe's summary; undefined where Stripe does not have the meter or the customer, which must not end the whole run. */
async function askStripe(
  { gateway }: StripeTarget,
  { start, end, formula }: UsageOf,
  { meterId, stripeCustomerId }: Meter,
): Promise<number | undefined> {
  if (meterId === null || stripeCustomerId === null) return undefined;
  const rows = await orUndefined(gateway.listUsage({ meterId, stripeCustomerId, start, end }));
  if (rows === undefined) return undefined;
  if (formula === 'last') return rows.at(-1)?.value ?? 0;
  return Math.min(
    rows.reduce((sum, { value }) => sum + value, 0),
    UNITS_MAX,
  );
}

/** Whether Stripe's summary is what it should be, or is on the way to it: Stripe aggregates late. */
function agrees(formula: MeterFormula, found: number, by: Expectation): boolean {
  return formula === 'last'
    ? [by.expected, by.least, by.most].includes(found) || by.isUnderWay
    : found >= by.least && found <= by.most;
}

function whyNothing({ meterId, stripeCustomerId }: Meter, summary: number | undefined): string[] {
  if (meterId === null) return ['The meter is not in this Stripe account.'];
  if (stripeCustomerId === null) return ['The customer has no Stripe customer.'];
  if (summary !== undefined) return [];
  return [`Stripe has no customer ${stripeCustomerId}, or not this meter any more.`];
}

function totalInWords(found: number, position: Position, { expected, stuck }: Expectation): string {
  const { rejected, tooOld, unclear } = position;
  const taken = expected - rejected - tooOld - unclear - stuck;
  const causes: [units: number, words: string][] = [
    [rejected, 'rejected by Stripe'],
    [tooOld, 'too old for Stripe to take'],
    [unclear, 'not known to have reached Stripe'],
    [stuck, 'waiting to be sent for more than an hour'],
    [taken - found, 'taken by Stripe and missing there'],
    // What is not known to be there may be.
    [found - taken - unclear - stuck, 'in Stripe and not sent from here'],
  ];
  const parts = causes
    .filter(([units]) => units > 0)
    .map(([units, words]) => `${inUnits(units)} ${words}`);
  return `${inUnits(expected)} reported, ${inUnits(found)} in Stripe’s summary: ${parts.join(', ')}.`;
}

function newestInWords(
  found: number,
  position: Position,
  { expected, stuck }: Expectation,
): string {
  const causes: [value: number, words: string][] = [
    [position.rejected, 'it was rejected by Stripe'],
    [position.tooOld, 'it is too old for Stripe to take'],
    [position.unclear, 'it is not known to have reached Stripe'],
    [stuck, 'it has waited to be sent for more than an hour'],
  ];
  const isBehind = found === position.delivered;
  const cause = isBehind
    ? causes.find(([value]) => value > 0 && value === expected)?.[1]
    : undefined;
  return `The newest value reported is ${inUnits(expected)}, Stripe’s is ${inUnits(found)}: ${cause ?? 'Stripe is missing a value, or has one that was not sent from here'}.`;
}

function inUnits(units: number): string {
  return `${units.toLocaleString('en')} ${units === 1 ? 'unit' : 'units'}`;
}
