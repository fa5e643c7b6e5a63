import { sql } from 'kysely';
import { isBoundElsewhere } from '#main/ledger/is-bound-elsewhere.ts';
import { type LedgerSession, post } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { boundElsewhere } from '../workspace/assert-bound.ts';

/** What making the ledger agree with one Stripe object came to. */
export type SyncOutcome = {
  /** In a sentence, such as "Granted 500 credits for cs_1." */
  outcome: string;
  /** True where there was nothing for the ledger in it. */
  ignored: boolean;
  /** Ledger rows written now. */
  transactions: { customerId: string; transactionId: string }[];
  /** Customers whose credits or billing changed. */
  customerIds: string[];
};

/** Makes the ledger agree with what was fetched. Runs inside the transaction; may run more than once, each time anew. */
export type Apply = (session: LedgerSession) => Promise<SyncOutcome>;

/** How often an object may change under our hands before we leave it to the next attempt. */
const ATTEMPTS_MAX = 6;

/** An object's state was overtaken while it was fetched; what was to be applied is outdated. */
class Overtaken extends Error {}

/**
 * Makes the ledger agree with one Stripe object: `read` fetches it outside any transaction, and what it returns is applied in
 * one transaction with `finish` (an event's mark, for instance). Where another console or service applied the same object
 * meanwhile, it is fetched again, so that an older answer never comes after a newer one, in whatever order events arrive.
 * Where the workspace was bound to another account meanwhile, nothing is applied.
 * A person's `note` goes to the metadata of what is posted.
 * Errors: those of the gateway, of the ledger, `stripe_other_account`, and `outcome_unknown`; then nothing was applied, or all of it was.
 */
export async function applySync(
  target: StripeTarget,
  objectId: string,
  read: () => Promise<Apply>,
  finish?: (session: LedgerSession, outcome: SyncOutcome) => Promise<void>,
  note?: string,
): Promise<SyncOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    const version = await readVersion(target, objectId);
    const apply = await read();
    try {
      return await post(target.database, { actor: target.actor, note }, async (session) => {
        await lockVersion(target, session, objectId, version);
        const outcome = await apply(session);
        await finish?.(session, outcome);
        return outcome;
      });
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      if (attempt >= ATTEMPTS_MAX) throw tooBusy(objectId);
    }
  }
}

function tooBusy(objectId: string): AppError {
  return new AppError(
    'database_unavailable',
    `Others apply ${objectId} again and again at this moment; nothing was changed here. Try again in a moment.`,
  );
}

async function readVersion(target: StripeTarget, objectId: string): Promise<number> {
  const { rows } = await target.database.pool.query<{ version: number }>(
    'SELECT version FROM credits_billing.stripe_object_versions WHERE object_id = $1',
    [objectId],
  );
  return rows[0]?.version ?? 0;
}

/** Counts the object's version up, or throws Overtaken where somebody else did since it was fetched. Locks the object until the end. */
async function lockVersion(
  target: StripeTarget,
  session: LedgerSession,
  objectId: string,
  fetchedAt: number,
): Promise<void> {
  const [counted] = await session.run(sql<{ version: number; elsewhere: boolean }>`
    INSERT INTO credits_billing.stripe_object_versions AS v (object_id, version) VALUES (${objectId}, 1)
    ON CONFLICT (object_id) DO UPDATE SET version = v.version + 1
    RETURNING v.version, ${isBoundElsewhere(target)} AS elsewhere`);
  if (counted?.elsewhere) throw boundElsewhere(target);
  if (counted?.version !== fetchedAt + 1) throw new Overtaken(`${objectId} changed meanwhile`);
}
