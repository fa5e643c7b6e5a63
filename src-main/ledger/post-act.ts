import { sql } from 'kysely';
import type { QueryTarget } from '#main/database/run-query.ts';
import { type Act, callOf } from './acts.ts';
import { type Author, type LedgerSession, post } from './ledger-session.ts';
import { type BalanceData, getBalance } from './read-balance.ts';
import { type GrantData, listGrants } from './read-grants.ts';
import {
  readTransactions,
  type TransactionData,
  withoutExactInstant,
} from './read-transactions.ts';

/** Who, and why: every act of a person has words. */
export type ReasonedAuthor = Author & { note: string };

type MovingAct = Extract<Act, { act: 'grant' | 'adjustDown' | 'reverse' }>;

/**
 * Moves credits by hand. The same key with the same values answers with the first transaction and moves nothing.
 * Errors: those of the ledger's function, `outcome_unknown`, `database_unavailable`.
 */
export async function postMovement(
  target: QueryTarget,
  author: ReasonedAuthor,
  act: MovingAct,
  idempotencyKey: string,
): Promise<{ transaction: TransactionData; balance: BalanceData }> {
  return post(target, withoutNote(author), async (session) => {
    const id = await callAct(session, act, author.note, idempotencyKey);
    const [transaction] = await readTransactions(
      session.run,
      sql`SELECT * FROM credits.credit_transactions WHERE customer_id = ${act.customerId} AND id = ${id}`,
    );
    if (!transaction) throw new Error('the posted transaction cannot be read');
    return {
      transaction: withoutExactInstant(transaction),
      balance: await getBalance(session.run, act.customerId),
    };
  });
}

/** Moves a grant's expiry to a later instant; a repeat changes nothing. Errors: those of extend_grant, and of `post`. */
export async function extendGrant(
  target: QueryTarget,
  author: ReasonedAuthor,
  act: Extract<Act, { act: 'extendGrant' }>,
): Promise<{ grant: GrantData; balance: BalanceData }> {
  return post(target, withoutNote(author), async (session) => {
    const id = await callAct(session, act, author.note, null);
    const [grant] = await listGrants(session.run, {
      customerId: act.customerId,
      where: sql`g.id = ${id}`,
      orderBy: sql`g.id`,
      limit: 1,
    });
    if (!grant) throw new Error('the extended grant cannot be read');
    return { grant, balance: await getBalance(session.run, act.customerId) };
  });
}

/** Gives held credits back to the customer. Errors: those of release_hold, and of `post`. */
export async function releaseHold(
  target: QueryTarget,
  author: ReasonedAuthor,
  act: Extract<Act, { act: 'releaseHold' }>,
): Promise<{ balance: BalanceData }> {
  // The function takes no words, so the note goes into the hold's metadata.
  return post(target, author, async (session) => {
    await callAct(session, act, author.note, null);
    return { balance: await getBalance(session.run, act.customerId) };
  });
}

async function callAct(
  session: LedgerSession,
  act: Act,
  note: string,
  idempotencyKey: string | null,
): Promise<string> {
  return (await session.call<{ id: string }>(callOf(act, note, idempotencyKey))).id;
}

function withoutNote({ note: _, ...author }: ReasonedAuthor): Author {
  return author;
}
