import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';

export type ApiKeyData = HandlerOutput<Contract['keys.update']>;

/** A key in use, as main would answer it; each test changes what it is about. */
export function anApiKey(changes: Partial<ApiKeyData> = {}): ApiKeyData {
  return {
    id: '0b6d1f0e-6a3c-4a53-9d41-7f3c8f0f1a01',
    name: 'Web shop',
    prefix: 'cck_7Yp2',
    scopes: ['read', 'use', 'report'],
    requestsPerSecond: 100,
    createdAt: '2026-10-01T08:00:00.000Z',
    createdBy: 'ada',
    revokedAt: null,
    revokedBy: null,
    lastUsedAt: null,
    ...changes,
  };
}

/** A key that was revoked. */
export function aRevokedKey(changes: Partial<ApiKeyData> = {}): ApiKeyData {
  return anApiKey({
    id: '0b6d1f0e-6a3c-4a53-9d41-7f3c8f0f1a02',
    name: 'Old importer',
    prefix: 'cck_old1',
    revokedAt: '2026-11-01T08:00:00.000Z',
    revokedBy: 'grace',
    ...changes,
  });
}
