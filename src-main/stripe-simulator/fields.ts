import { isDeepStrictEqual } from 'node:util';
import { deletedObject } from './deleted-object.ts';
import { noSuchObject } from './object-collection.ts';
import type { World } from './world.ts';

/** A text of a request that may be cleared: absent keeps `before`, "" clears. */
export function clearable(given: string | null | undefined, before: string | null): string | null {
  if (given === undefined) return before;
  return given === '' ? null : given;
}

/**
 * What an update event says of the values before: the changed fields only, and of metadata the changed keys only (null for
 * keys that were not there). Undefined where nothing changed.
 */
export function previousAttributes<T extends object>(
  before: T,
  after: T,
): Record<string, unknown> | undefined {
  const previous: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(after)) {
    const old: unknown = Reflect.get(before, field);
    if (isDeepStrictEqual(old, value)) continue;
    previous[field] = field === 'metadata' ? changedKeys(old, value) : (old ?? null);
  }
  return Object.keys(previous).length === 0 ? undefined : previous;
}

function changedKeys(before: unknown, after: unknown): Record<string, unknown> {
  const old = { ...(before as object) } as Record<string, unknown>;
  const changed: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(old), ...Object.keys(after as object)])) {
    if (old[key] !== Reflect.get(after as object, key)) changed[key] = old[key] ?? null;
  }
  return changed;
}

/** Remembers that an object was deleted, for those who ask for it later. */
export function rememberDeleted(world: World, id: string, object: string): void {
  world.kept<string>('deleted').set(id, object);
}

/** The object, or what is shown of a deleted one. Refuses an id that never was (404). */
export function presentOrDeleted<T extends object>(
  world: World,
  object: T | undefined,
  id: string,
  name: string,
): T | { id: string; object: string; deleted: true } {
  const found = object ?? deletedObject(world, id);
  if (found === undefined || ('object' in found && found.object !== name)) {
    throw noSuchObject(name, id);
  }
  return found;
}

/** The id of a field that may hold the object itself; empty where it holds nothing. */
export function idOf(reference: string | { id: string } | null | undefined): string {
  return typeof reference === 'object' ? (reference?.id ?? '') : (reference ?? '');
}
