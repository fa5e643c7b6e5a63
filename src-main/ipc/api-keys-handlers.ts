import { listKeys } from '#main/api-keys/list-keys.ts';
import { makeKey } from '#main/api-keys/make-key.ts';
import { revokeKey } from '#main/api-keys/revoke-key.ts';
import { updateKey } from '#main/api-keys/update-key.ts';
import type { apiKeysProcedures } from '#shared/ipc/api-keys.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { HandlerDependencies } from './dependencies.ts';
import { tellChange } from './tell-change.ts';

/** Keys of the HTTP service: looked at by everybody who reads the ledger, made and revoked by who administers. */
export function apiKeysHandlers(
  console: Pick<HandlerDependencies, 'database' | 'databaseFor' | 'events'>,
): Pick<Handlers<Contract>, keyof typeof apiKeysProcedures> {
  const changed = <Result>(work: () => Promise<Result>) =>
    tellChange(work, () => console.events.emit({ type: 'api_keys.changed' }));

  return {
    'keys.list': async (_, { signal }) => ({ rows: await listKeys(console.database(), signal) }),
    'keys.create': (input) => {
      const database = console.databaseFor('administer', input);
      return changed(() => makeKey(database, database.actor, input));
    },
    'keys.update': (input) => {
      const database = console.databaseFor('administer', input);
      return changed(() => updateKey(database, database.actor, input));
    },
    'keys.revoke': (input) => {
      const database = console.databaseFor('administer', input);
      return changed(() => revokeKey(database, database.actor, input.id));
    },
  };
}
