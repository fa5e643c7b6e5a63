import { sql } from 'kysely';
import type { z } from 'zod';
import { type QueryTarget, readSnapshot } from '#main/database/run-query.ts';
import { readTransactions, withoutExactInstant } from '#main/ledger/read-transactions.ts';
import type { stripeProcedures } from '#shared/ipc/stripe.ts';
import { type EventData, readEvents } from './read-events.ts';
import { noSuchEvent } from './replay-event.ts';

type Procedure = (typeof stripeProcedures)['stripe.event'];

/** One event with its payload as indented JSON and the rows of the ledger that came of it. Errors: not_found. */
export async function getEvent(
  target: QueryTarget,
  id: string,
  signal?: AbortSignal,
): Promise<z.input<Procedure['output']>> {
  return readSnapshot(target, signal, async (run) => {
    const [found] = await readEvents(run, sql`e.id = ${id}`, 1);
    if (found === undefined) throw noSuchEvent(id);
    const [row] = await run(sql<{ payload: unknown }>`
      SELECT payload FROM credits_billing.stripe_events WHERE id = ${id}`);
    const transactions = await readTransactions(
      run,
      sql`SELECT t.* FROM credits_billing.stripe_event_effects f
        JOIN credits.credit_transactions t ON t.customer_id = f.customer_id AND t.id = f.transaction_id
        WHERE f.event_id = ${id}`,
    );
    return {
      event: found.event,
      payload: JSON.stringify(row?.payload ?? {}, undefined, 2),
      transactions: transactions.map(withoutExactInstant),
    };
  });
}

/** One event as it stands now. Errors: not_found. */
export async function getEventState(target: QueryTarget, id: string): Promise<EventData> {
  return readSnapshot(target, undefined, async (run) => {
    const [found] = await readEvents(run, sql`e.id = ${id}`, 1);
    if (found === undefined) throw noSuchEvent(id);
    return found.event;
  });
}
