import { call } from '#renderer/api/client.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Input, Output } from '#shared/ipc/procedure.ts';
import type { Balance, ReasonCode, Transaction } from '#shared/ipc/vocabulary.ts';

/** What a person does to the ledger: the input of its preview, which the posting repeats word for word. */
export type LedgerAct = Input<Contract['ledger.preview']>;
export type LedgerActName = LedgerAct['act'];
export type LedgerPreview = Output<Contract['ledger.preview']>;

/** Why it is done. */
export type ActReason = { reasonCode: ReasonCode; note: string; caseLink?: string | undefined };

/** An act in words: what its button says, what is told when it is done, and whose account it is about. */
export type ActWords = { button: string; done: string; customer: string };

/** One try of a form. A repeat sends exactly the same again; `words` tell the person what was sent. */
export type PostingAttempt<Act = LedgerAct> = {
  act: Act;
  reason: ActReason;
  confirmedProduction: boolean;
  words: ActWords;
};

/** What the ledger answered; `transaction` is null for acts that write none (an expiry, a hold). */
export type Posted = { transaction: Transaction | null; balance: Balance };

/**
 * Posts an act once. Throws AppError; where outcomeIsUnknown() says so of the error, repeat the same attempt with the
 * same key and nothing is posted twice. Extending and releasing carry no key: the ledger makes a repeat harmless.
 */
export async function postAct(attempt: PostingAttempt, idempotencyKey: string): Promise<Posted> {
  const { act, reason, confirmedProduction } = attempt;
  switch (act.act) {
    case 'grant': {
      const { act: _, ...fields } = act;
      return call('ledger.grant', { ...fields, ...reason, confirmedProduction, idempotencyKey });
    }
    case 'adjustDown': {
      const { act: _, ...fields } = act;
      return call('ledger.adjustDown', {
        ...fields,
        ...reason,
        confirmedProduction,
        idempotencyKey,
      });
    }
    case 'reverse': {
      const { act: _, ...fields } = act;
      return call('ledger.reverse', { ...fields, ...reason, confirmedProduction, idempotencyKey });
    }
    case 'extendGrant': {
      const { act: _, ...fields } = act;
      const { balance } = await call('ledger.extendGrant', {
        ...fields,
        ...reason,
        confirmedProduction,
      });
      return { transaction: null, balance };
    }
    case 'releaseHold': {
      const { act: _, ...fields } = act;
      const { balance } = await call('ledger.releaseHold', {
        ...fields,
        ...reason,
        confirmedProduction,
      });
      return { transaction: null, balance };
    }
  }
}
