import { sql } from 'kysely';
import type { LedgerSession } from '#main/ledger/ledger-session.ts';

/**
 * Lets nobody else apply this object until the end of the transaction; who fetched it before fetches it again. For what a
 * second object decides too: a purchase and the refunds of its payment, the plan of a customer with two subscriptions.
 * Always in the order session or invoice, payment intent, account: whoever takes two of them meets nobody coming back.
 */
export async function lockObject(session: LedgerSession, objectId: string): Promise<void> {
  await session.run(sql`
    INSERT INTO credits_billing.stripe_object_versions AS v (object_id, version) VALUES (${objectId}, 1)
    ON CONFLICT (object_id) DO UPDATE SET version = v.version + 1`);
}
