import { AppError } from '#shared/errors.ts';

/** Why an item could not be saved: a new one's id is taken, or there is none of this id. */
export function refuseSave(kind: 'package' | 'plan', id: string, isNew: boolean): never {
  if (isNew) {
    throw new AppError(
      'invalid_argument',
      `There is a ${kind} ${id} already. Nothing was changed. Choose another id, or change the one that is there.`,
      { fields: { [kind === 'plan' ? 'tier' : 'id']: 'is in use' } },
    );
  }
  throw new AppError('not_found', `There is no ${kind} ${id}. Nothing was changed.`, {
    details: { entity: kind, id },
  });
}
