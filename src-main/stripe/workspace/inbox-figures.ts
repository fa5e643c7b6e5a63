import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';

/** Events that wait, that will be tried again, and that need a person. */
export type InboxFigures = { waiting: number; failed: number; refused: number };

/** Counts the inbox. */
export async function countInbox(database: QueryTarget): Promise<InboxFigures> {
  const [row] = await runQuery(
    database,
    // The open ones are few and have an index of their own; the refused ones are counted over the inbox.
    sql<InboxFigures>`
      SELECT
        (SELECT count(*)::integer FROM credits_billing.stripe_events WHERE state = 'received') AS waiting,
        (SELECT count(*)::integer FROM credits_billing.stripe_events WHERE state = 'failed') AS failed,
        (SELECT count(*)::integer FROM credits_billing.stripe_events WHERE state = 'refused') AS refused`,
  );
  return row ?? { waiting: 0, failed: 0, refused: 0 };
}

/** When some console last read this account's events, for those that do not read them themselves. */
export async function readLastPoll(
  database: QueryTarget,
  accountId: string,
): Promise<{ at: Date | null; error: string | null }> {
  const [row] = await runQuery(
    database,
    sql<{ at: Date | null; error: string | null }>`
      SELECT polled_at AS at, error FROM credits_billing.stripe_polls WHERE account_id = ${accountId}`,
  );
  return row ?? { at: null, error: null };
}
