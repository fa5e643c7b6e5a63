import { createHmac, randomBytes } from 'node:crypto';
import { AppError } from '#shared/errors.ts';

// Made anew with each start: a cursor lives as long as the list it belongs to, and nobody keeps one.
const KEY = randomBytes(32);
const TAG_BYTES = 12;

/**
 * A place in a keyset-paged list, as opaque text. `scope` names the list and its order: a cursor of one list is refused
 * by another, and so is one that was changed on the way.
 */
export function encodeCursor(scope: string, place: readonly string[]): string {
  const payload = JSON.stringify(place);
  return `${Buffer.from(payload).toString('base64url')}.${tagOf(scope, payload)}`;
}

/** The place that encodeCursor was given. Errors: invalid_argument. */
export function decodeCursor(scope: string, cursor: string): string[] {
  const payload = Buffer.from(cursor.split('.')[0] ?? '', 'base64url').toString();
  const expected = `${Buffer.from(payload).toString('base64url')}.${tagOf(scope, payload)}`;
  if (cursor === expected) return JSON.parse(payload) as string[];
  throw new AppError(
    'invalid_argument',
    'This place in the list is not known; nothing was changed. Load the list again.',
    { fields: { cursor: 'is not one that this list gave out' } },
  );
}

function tagOf(scope: string, payload: string): string {
  const tag = createHmac('sha256', KEY).update(`${scope}\n${payload}`).digest();
  return tag.subarray(0, TAG_BYTES).toString('base64url');
}
