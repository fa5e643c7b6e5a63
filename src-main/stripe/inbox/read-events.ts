import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import type { RunQuery } from '#main/database/run-query.ts';
import type { stripeEventSchema } from '#shared/ipc/stripe.ts';

export type EventData = z.input<typeof stripeEventSchema>;

type EventRow = Omit<EventData, 'createdAt' | 'receivedAt' | 'nextAttemptAt' | 'handledAt'> & {
  created_at: Date;
  received_at: Date;
  next_attempt_at: Date;
  handled_at: Date | null;
  received_at_exact: string;
};

/** Events of the inbox, newest first, each with its instant of receipt to the microsecond for the next page. */
export async function readEvents(
  run: RunQuery,
  where: RawBuilder<unknown>,
  limit: number,
): Promise<{ event: EventData; receivedAtExact: string }[]> {
  const rows = await run(sql<EventRow>`
    SELECT e.id, e.type, e.object_id AS "objectId", e.livemode, e.created_at, e.received_at, e.received_by AS "receivedBy", e.state,
      e.attempts, e.next_attempt_at, e.error_code AS "errorCode", e.error, e.outcome, e.handled_at,
      to_char(e.received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS received_at_exact
    FROM credits_billing.stripe_events e WHERE ${where}
    ORDER BY e.received_at DESC, e.id DESC LIMIT ${limit}`);
  return rows.map(
    ({ created_at, received_at, next_attempt_at, handled_at, received_at_exact, ...event }) => ({
      event: {
        ...event,
        createdAt: created_at.toISOString(),
        receivedAt: received_at.toISOString(),
        // Only what is to be tried again has a next time.
        nextAttemptAt:
          event.state === 'received' || event.state === 'failed'
            ? next_attempt_at.toISOString()
            : null,
        handledAt: handled_at?.toISOString() ?? null,
      },
      receivedAtExact: received_at_exact,
    }),
  );
}
