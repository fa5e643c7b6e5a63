import { Kysely, PostgresDialect } from 'kysely';
import { makeKey } from '#main/api-keys/make-key.ts';
import { revokeKey } from '#main/api-keys/revoke-key.ts';
import type { Database } from '#main/database/tables/database.ts';
import { createLog } from '#main/logging/log.ts';
import { openApiPool } from '#main/service/api-pool.ts';
import { type HttpServiceOptions, startHttpService } from '#main/service/http-server.ts';
import { API_KEY_SCOPES, type ApiKeyScope } from '#shared/ipc/api-keys.ts';
import type { TestRole } from './postgres-server.ts';
import type { TestDatabase } from './test-database.ts';

export type TestService = {
  /** Such as http://127.0.0.1:41234. */
  url: string;
  /** A key with every scope, unless asked otherwise. */
  key: string;
  keyId: string;
  /** The log's lines so far. */
  log: readonly string[];
  /** Another key. */
  makeKey: (rights?: KeyOptions) => Promise<{ key: string; keyId: string }>;
  revokeKey: (keyId: string) => Promise<void>;
  close: () => Promise<void>;
};

type KeyOptions = {
  name?: string;
  scopes?: readonly ApiKeyScope[];
  requestsPerSecond?: number;
};

export type TestServiceOptions = KeyOptions & {
  /** Another database of the same kind, such as one behind a proxy that can be cut. */
  databaseUrl?: string;
  /** The login; what it acts as is credits_service all the same. */
  login?: TestRole;
  connections?: number;
  statementSeconds?: number;
} & Partial<Omit<HttpServiceOptions, 'database' | 'log'>>;

/** The HTTP service on a test database, on a free port of this computer, with a key of its own. */
export async function startTestService(
  database: Pick<TestDatabase, 'pool' | 'urlFor'>,
  options: TestServiceOptions = {},
): Promise<TestService> {
  const {
    name,
    scopes,
    requestsPerSecond,
    databaseUrl,
    login,
    connections,
    statementSeconds,
    ...rest
  } = options;
  const owner = {
    pool: database.pool,
    kysely: new Kysely<Database>({ dialect: new PostgresDialect({ pool: database.pool }) }),
  };
  const newKey = async (rights: KeyOptions) => {
    const { key, apiKey } = await makeKey(owner, 'test', {
      name: rights.name ?? 'test',
      scopes: rights.scopes ?? API_KEY_SCOPES,
      requestsPerSecond: rights.requestsPerSecond ?? 100_000,
    });
    return { key, keyId: apiKey.id };
  };
  const { key, keyId } = await newKey({
    ...(name === undefined ? {} : { name }),
    ...(scopes === undefined ? {} : { scopes }),
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
  });
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  const served = await openApiPool({
    url: databaseUrl ?? database.urlFor(login ?? 'test_service'),
    log,
    connections,
    statementSeconds,
  });
  const service = await startHttpService({
    stripe: null,
    host: '127.0.0.1',
    port: 0,
    processMetrics: false,
    ...rest,
    database: served,
    log,
  });
  return {
    url: service.url,
    key,
    keyId,
    log: lines,
    makeKey: (rights = {}) => newKey(rights),
    revokeKey: async (id) => {
      await revokeKey(owner, 'test', id);
    },
    async close() {
      await service.close();
      await served.pool.end();
    },
  };
}
