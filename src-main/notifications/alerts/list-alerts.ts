import { sql } from 'kysely';
import type { z } from 'zod';
import { decodeCursor, encodeCursor } from '#main/database/page-cursor.ts';
import { type QueryTarget, type RunQuery, readSnapshot } from '#main/database/run-query.ts';
import type { AlertKind, alertSchema, alertsProcedures } from '#shared/ipc/alerts.ts';
import { levelOf, thresholdFrom, thresholdOf } from './level.ts';
import { type NotificationData, readNotifications } from './read-notifications.ts';

type Procedure = (typeof alertsProcedures)['alerts.list'];
type AlertData = z.input<typeof alertSchema>;

const COUNT_MAX = 1_000;
const LEVELS: Readonly<Record<AlertKind, number>> = { low: 1, empty: 2 };

/**
 * One page of the customers who are low or empty, the latest active first. It reads every account and customer once, in about
 * 100 ms for a hundred thousand: no index could know the thresholds, which three places decide.
 * Errors: invalid_argument (a cursor of another list).
 */
export async function listAlerts(
  target: QueryTarget,
  { level, cursor, limit }: z.output<Procedure['input']>,
  signal?: AbortSignal,
): Promise<z.input<Procedure['output']>> {
  const scope = `alerts.list ${level}`;
  const after = cursor === null ? null : decodeCursor(scope, cursor);
  return readSnapshot(target, signal, async (run) => {
    const { places, totals } = await findAlerts(run, { level, after, limit: limit + 1 });
    const shown = places.slice(0, limit);
    const ids = shown.map(({ customerId }) => customerId);
    const rows = await readAlerts(run, ids);
    const newest = await readNewest(run, ids);
    const last = shown.at(-1);
    return {
      rows: rows.map((row) => toAlert(row, newest.get(row.customerId))),
      nextCursor:
        places.length > limit && last
          ? encodeCursor(scope, [last.activeAt, last.customerId])
          : null,
      totals: after === null ? totals : null,
    };
  });
}

/** `activeAt`: with its microseconds. */
type Place = { customerId: string; activeAt: string };

/** Whose alerts the page holds, in their order; the totals are of all levels, and true of a first page only. */
async function findAlerts(
  run: RunQuery,
  { level, after, limit }: { level: AlertKind | null; after: string[] | null; limit: number },
) {
  const [at, id] = after ?? [];
  const beyond =
    after === null
      ? sql`true`
      : sql`(a.last_activity_at, a.customer_id) < (${at}::timestamptz, ${id})`;
  const chosen = level === null ? sql`true` : sql`f.level = ${LEVELS[level]}`;
  const rows = await run(sql<
    { [Name in keyof Place]: Place[Name] | null } & { low: number; empty: number }
  >`
    WITH found AS MATERIALIZED (
      SELECT a.customer_id, a.last_activity_at, CASE WHEN a.credits_balance <= 0 THEN 2 ELSE 1 END AS level
      FROM credits.accounts a JOIN credits.customers c ON c.id = a.customer_id
      LEFT JOIN credits_billing.plans p ON p.tier = c.plan_tier
      WHERE a.last_activity_at IS NOT NULL AND (a.credits_balance <= 0 OR a.credits_balance < ${thresholdOf()}) AND ${beyond}
    )
    SELECT page.customer_id AS "customerId", page.last_activity_at::text AS "activeAt", total.low, total.empty
    FROM (SELECT count(*) FILTER (WHERE f.level = 1) AS low, count(*) FILTER (WHERE f.level = 2) AS empty FROM found f) total
    LEFT JOIN (
      SELECT f.customer_id, f.last_activity_at FROM found f WHERE ${chosen}
      ORDER BY f.last_activity_at DESC, f.customer_id DESC LIMIT ${limit}
    ) page ON true
    ORDER BY page.last_activity_at DESC, page.customer_id DESC`);
  const places = rows.flatMap(({ customerId, activeAt }) =>
    customerId === null || activeAt === null ? [] : [{ customerId, activeAt }],
  );
  const [first] = rows;
  return { places, totals: { low: capped(first?.low), empty: capped(first?.empty) } };
}

function capped(count = 0) {
  return { count: Math.min(count, COUNT_MAX), capped: count > COUNT_MAX };
}

type AlertRow = Omit<AlertData, 'level' | 'lastActivityAt' | 'lastNotification'> & {
  level: number;
  lastActivityAt: Date;
};

async function readAlerts(run: RunQuery, customerIds: readonly string[]): Promise<AlertRow[]> {
  return run(sql<AlertRow>`
    SELECT c.id AS "customerId", c.name AS "customerName", c.email AS "customerEmail", c.plan_tier AS plan,
      ${levelOf(sql`a.credits_balance`, thresholdOf())} AS level, a.credits_balance AS balance, a.credits_held AS held,
      ${thresholdOf()} AS threshold, ${thresholdFrom()} AS "thresholdFrom", a.last_activity_at AS "lastActivityAt",
      EXISTS (SELECT FROM credits_billing.email_suppressions s WHERE s.customer_id = c.id) AS "emailsSuppressed"
    FROM credits.accounts a JOIN credits.customers c ON c.id = a.customer_id
    LEFT JOIN credits_billing.plans p ON p.tier = c.plan_tier
    WHERE a.customer_id = ANY (${[...customerIds]}::text[]) ORDER BY a.last_activity_at DESC, a.customer_id DESC`);
}

/** The newest notification of each of these customers. */
async function readNewest(
  run: RunQuery,
  customerIds: readonly string[],
): Promise<Map<string, NotificationData>> {
  const ids = sql`SELECT newest.id FROM unnest(${[...customerIds]}::text[]) AS chosen (customer_id)
    CROSS JOIN LATERAL (SELECT n.id FROM credits_billing.notifications n
      WHERE n.customer_id = chosen.customer_id ORDER BY n.id DESC LIMIT 1) newest`;
  const rows = await readNotifications(run, sql`n.id IN (${ids})`, customerIds.length);
  return new Map(rows.map((row) => [row.customerId, row]));
}

function toAlert(
  { level, lastActivityAt, ...row }: AlertRow,
  lastNotification: NotificationData | undefined,
): AlertData {
  return {
    ...row,
    level: level === LEVELS.empty ? 'empty' : 'low',
    lastActivityAt: lastActivityAt.toISOString(),
    lastNotification: lastNotification ?? null,
  };
}
