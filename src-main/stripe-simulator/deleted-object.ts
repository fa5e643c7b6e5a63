import type { World } from './world.ts';

/** What GET answers for a deleted customer or product: its id, and that it is deleted. Undefined where nothing was deleted. */
export function deletedObject(
  world: World,
  id: string,
): { id: string; object: string; deleted: true } | undefined {
  const object = world.kept<string>('deleted').get(id);
  return object === undefined ? undefined : { id, object, deleted: true };
}
