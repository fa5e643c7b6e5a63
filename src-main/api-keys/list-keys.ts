import { type QueryTarget, readSnapshot } from '#main/database/run-query.ts';
import { type ApiKeyData, readKeys } from './read-keys.ts';

/** Every key of the service, revoked ones included: those in use first, the newest first. */
export async function listKeys(target: QueryTarget, signal?: AbortSignal): Promise<ApiKeyData[]> {
  return readSnapshot(target, signal, (run) => readKeys(run));
}
