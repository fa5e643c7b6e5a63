import { sql } from 'kysely';
import type { z } from 'zod';
import { decodeCursor, encodeCursor } from '#main/database/page-cursor.ts';
import { type QueryTarget, readSnapshot } from '#main/database/run-query.ts';
import type { alertsProcedures } from '#shared/ipc/alerts.ts';
import { readNotifications } from './read-notifications.ts';

type Procedure = (typeof alertsProcedures)['alerts.notifications'];

const SCOPE = 'alerts.notifications';

/** One page of the delivery log, newest first. Errors: invalid_argument (a cursor of another list). */
export async function listNotifications(
  target: QueryTarget,
  { customerId, state, cursor, limit }: z.output<Procedure['input']>,
  signal?: AbortSignal,
): Promise<z.input<Procedure['output']>> {
  const [after] = cursor === null ? [] : decodeCursor(SCOPE, cursor);
  const where = sql.join(
    [
      sql`true`,
      ...(after === undefined ? [] : [sql`n.id < ${after}`]),
      ...(customerId === null ? [] : [sql`n.customer_id = ${customerId}`]),
      ...(state === null
        ? []
        : [
            sql`EXISTS (SELECT FROM credits_billing.notification_deliveries d WHERE d.notification_id = n.id AND d.state = ${state})`,
          ]),
    ],
    sql` AND `,
  );
  const rows = await readSnapshot(target, signal, (run) =>
    readNotifications(run, where, limit + 1),
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    rows: shown,
    nextCursor: rows.length > limit && last ? encodeCursor(SCOPE, [last.id]) : null,
  };
}
