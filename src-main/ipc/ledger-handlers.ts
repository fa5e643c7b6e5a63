import {
  extendGrant,
  postMovement,
  type ReasonedAuthor,
  releaseHold,
} from '#main/ledger/post-act.ts';
import { previewAct } from '#main/ledger/preview-act.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { ledgerProcedures } from '#shared/ipc/ledger.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import type { ReasonCode } from '#shared/ipc/vocabulary.ts';
import type { HandlerDependencies } from './dependencies.ts';
import { tellChange } from './tell-change.ts';

/** What a person does with credits by hand. */
export function ledgerHandlers(
  console: HandlerDependencies,
): Pick<Handlers<Contract>, keyof typeof ledgerProcedures> {
  /** Asks for the ability and the confirmation, posts, and tells the window whose ledger changed. */
  async function act<Result>(
    ability: Ability,
    input: Reason & { customerId: string; confirmedProduction: boolean },
    work: (
      target: ReturnType<typeof console.databaseFor>,
      author: ReasonedAuthor,
    ) => Promise<Result>,
  ): Promise<Result> {
    const database = console.databaseFor(ability, input);
    return tellChange(
      () => work(database, authorOf(database.actor, input)),
      () => console.events.emit({ type: 'ledger.changed', customerId: input.customerId }),
    );
  }

  return {
    'ledger.grant': (input) =>
      act('grant', input, (database, author) =>
        postMovement(database, author, { act: 'grant', ...input }, input.idempotencyKey),
      ),
    'ledger.adjustDown': (input) =>
      act('adjust', input, (database, author) =>
        postMovement(database, author, { act: 'adjustDown', ...input }, input.idempotencyKey),
      ),
    'ledger.reverse': (input) =>
      act('reverse', input, (database, author) =>
        postMovement(database, author, { act: 'reverse', ...input }, input.idempotencyKey),
      ),
    'ledger.extendGrant': (input) =>
      act('extendGrant', input, (database, author) =>
        extendGrant(database, author, { act: 'extendGrant', ...input }),
      ),
    'ledger.releaseHold': (input) =>
      act('releaseHold', input, (database, author) =>
        releaseHold(database, author, { act: 'releaseHold', ...input }),
      ),
    'ledger.preview': (input, { signal }) => {
      const database = console.database();
      return previewAct(database, database.actor, input, signal);
    },
  };
}

type Reason = { reasonCode: ReasonCode; note: string; caseLink?: string | undefined };

function authorOf(actor: string, { reasonCode, note, caseLink }: Reason): ReasonedAuthor {
  return { actor, reasonCode, note, caseLink };
}
