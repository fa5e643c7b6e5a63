import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import { decodeCursor, encodeCursor } from '#main/database/page-cursor.ts';
import { escapeLike } from '#main/database/query-text.ts';
import {
  type QueryTarget,
  type RunQuery,
  readSnapshot,
  runQuery,
} from '#main/database/run-query.ts';
import type { stripeProcedures } from '#shared/ipc/stripe.ts';
import { HANDLED_EVENT_TYPES } from './event-types.ts';
import { readEvents } from './read-events.ts';

type Procedure = (typeof stripeProcedures)['stripe.events'];

const SCOPE = 'stripe.events';
const COUNT_MAX = 1_000;

/** One page of the inbox, newest first by receipt. Errors: invalid_argument (a cursor of another list). */
export async function listEvents(
  target: QueryTarget,
  { filter, cursor, limit }: z.output<Procedure['input']>,
  signal?: AbortSignal,
): Promise<z.input<Procedure['output']>> {
  const after = cursor === null ? null : decodeCursor(SCOPE, cursor);
  const condition = conditionOf(filter);
  const older = after
    ? sql`(e.received_at, e.id) < (${after[0]}::timestamptz, ${after[1]})`
    : sql`true`;
  return readSnapshot(target, signal, async (run) => {
    const rows = await readEvents(run, sql`${condition} AND ${older}`, limit + 1);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return {
      rows: shown.map(({ event }) => event),
      nextCursor:
        rows.length > limit && last
          ? encodeCursor(SCOPE, [last.receivedAtExact, last.event.id])
          : null,
      count: await countEvents(run, condition),
    };
  });
}

/** The types that the inbox can be filtered by: those the console handles, and what else was received. */
export async function listEventTypes(
  target: QueryTarget,
  signal?: AbortSignal,
): Promise<{ types: string[] }> {
  const rows = await runQuery(
    target,
    sql<{ type: string }>`SELECT DISTINCT type FROM credits_billing.stripe_events`,
    signal,
  );
  return { types: [...new Set([...HANDLED_EVENT_TYPES, ...rows.map(({ type }) => type)])].sort() };
}

async function countEvents(run: RunQuery, condition: RawBuilder<unknown>) {
  const [row] = await run(sql<{ count: number }>`
    SELECT count(*) AS count FROM (
      SELECT FROM credits_billing.stripe_events e WHERE ${condition} LIMIT ${COUNT_MAX + 1}) counted`);
  const count = row?.count ?? 0;
  return { count: Math.min(count, COUNT_MAX), capped: count > COUNT_MAX };
}

function conditionOf({
  states,
  types,
  search,
}: z.output<Procedure['input']>['filter']): RawBuilder<unknown> {
  const conditions: RawBuilder<unknown>[] = [];
  if (states !== undefined) conditions.push(sql`e.state = ANY (${states})`);
  if (types !== undefined) conditions.push(sql`e.type = ANY (${types})`);
  const text = search?.trim() ?? '';
  if (text !== '') {
    conditions.push(
      sql`(e.id = ${text} OR e.object_id = ${text} OR e.type ILIKE ${`%${escapeLike(text)}%`})`,
    );
  }
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `);
}
