import { AppError } from '#shared/errors.ts';

/** Throws not_found with the entity and id, as the ledger's functions do. `what` is a sentence without its full stop. */
export function noSuchKey(id: string, what: string): never {
  throw new AppError('not_found', `${what}. Nothing was changed. Look at the list of keys.`, {
    details: { entity: 'api_key', id },
  });
}
