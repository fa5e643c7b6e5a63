import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import { decodeCursor, encodeCursor } from '#main/database/page-cursor.ts';
import { type QueryTarget, type RunQuery, readSnapshot } from '#main/database/run-query.ts';
import type { meterEventSchema, meteringProcedures } from '#shared/ipc/metering.ts';
import { CAN_BE_TAKEN_BACK, IS_ONLY_HERE, noSuchEvent } from './cancel-usage.ts';
import { readBacklog } from './read-backlog.ts';

export type MeterEventData = z.input<typeof meterEventSchema>;
type Procedure = (typeof meteringProcedures)['metering.events'];

const SCOPE = 'metering.events';

/** One page of meter events, newest first, with the backlog. Errors: invalid_argument (a cursor of another list). */
export async function listMeterEvents(
  target: QueryTarget,
  { filter, cursor, limit }: z.output<Procedure['input']>,
  signal?: AbortSignal,
): Promise<z.input<Procedure['output']>> {
  const [after] = cursor === null ? [] : decodeCursor(SCOPE, cursor);
  const older = after === undefined ? sql`true` : sql`e.position < ${after}`;
  return readSnapshot(target, signal, async (run) => {
    const rows = await readEvents(run, sql`${conditionOf(filter)} AND ${older}`, limit + 1);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return {
      rows: shown.map(({ event }) => event),
      nextCursor: rows.length > limit && last ? encodeCursor(SCOPE, [String(last.position)]) : null,
      backlog: await readBacklog(run),
    };
  });
}

/** One meter event. Errors: not_found. */
export async function getMeterEvent(target: QueryTarget, id: string): Promise<MeterEventData> {
  return readSnapshot(target, undefined, async (run) => {
    const [row] = await readEvents(run, sql`e.id = ${id}`, 1);
    if (row === undefined) throw noSuchEvent(id);
    return row.event;
  });
}

type EventRow = Omit<
  MeterEventData,
  'occurredAt' | 'sentAt' | 'nextAttemptAt' | 'cancellableUntil'
> & {
  position: number;
  occurred_at: Date;
  sent_at: Date | null;
  next_attempt_at: Date | null;
  cancellable_until: Date | null;
};

async function readEvents(
  run: RunQuery,
  where: RawBuilder<unknown>,
  limit: number,
): Promise<{ event: MeterEventData; position: number }[]> {
  const rows = await run(sql<EventRow>`
    SELECT e.position, e.id, e.identifier, e.customer_id AS "customerId", c.name AS "customerName", e.event_name AS "eventName",
      e.value, e.reports, e.occurred_at, e.state, e.attempts, e.sent_at,
      CASE WHEN e.state IN ('queued', 'cancelling') THEN e.next_attempt_at END AS next_attempt_at,
      CASE WHEN ${CAN_BE_TAKEN_BACK} THEN e.sent_at + interval '24 hours' END AS cancellable_until,
      ${CAN_BE_TAKEN_BACK} OR (${IS_ONLY_HERE} AND (e.claimed_until IS NULL OR e.claimed_until < clock_timestamp())) AS cancellable,
      e.error, e.cancel_reason AS "cancelReason", e.cancelled_by AS "cancelledBy"
    FROM credits_billing.meter_events e LEFT JOIN credits.customers c ON c.id = e.customer_id
    WHERE ${where} ORDER BY e.position DESC LIMIT ${limit}`);
  return rows.map(
    ({ position, occurred_at, sent_at, next_attempt_at, cancellable_until, ...event }) => ({
      position,
      event: {
        ...event,
        occurredAt: occurred_at.toISOString(),
        sentAt: sent_at?.toISOString() ?? null,
        nextAttemptAt: next_attempt_at?.toISOString() ?? null,
        cancellableUntil: cancellable_until?.toISOString() ?? null,
      },
    }),
  );
}

function conditionOf({
  customerId,
  eventName,
  show,
}: z.output<Procedure['input']>['filter']): RawBuilder<unknown> {
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  if (customerId !== undefined) conditions.push(sql`e.customer_id = ${customerId}`);
  if (eventName !== undefined) conditions.push(sql`e.event_name = ${eventName}`);
  if (show === 'waiting') conditions.push(sql`e.state IN ('queued', 'cancelling')`);
  if (show === 'problems') conditions.push(sql`e.state IN ('rejected', 'too_old', 'unclear')`);
  return sql.join(conditions, sql` AND `);
}
