import { Kysely, PostgresDialect } from 'kysely';
import { createPool } from '#main/database/pool.ts';
import type { QueryTarget } from '#main/database/run-query.ts';
import type { Database } from '#main/database/tables/database.ts';
import { silentLog } from '#main/logging/log.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';

/** Where a workspace of the bench stands: its database, and the simulator's port and account. */
export type BenchAccount = { url: string; port: number; accountId: string; name: string };

/** The console's own pool and query writer; the caller ends the pool. */
export function openPool(url: string, connections?: number): QueryTarget {
  const pool = createPool({
    url,
    applicationName: 'credit-console bench',
    actor: 'bench',
    ...(connections === undefined ? {} : { max: connections }),
  });
  return { pool, kysely: new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }) };
}

/** A workspace with a pool (8 connections) and a gateway of its own, as a console has them; the caller ends the pool. */
export function openTarget({ url, port, accountId }: BenchAccount): StripeTarget {
  return {
    database: openPool(url),
    gateway: createStripeGateway({
      key: 'sk_test_creditconsolebench',
      base: { host: '127.0.0.1', port },
      log: silentLog,
    }),
    accountId,
    livemode: false,
    actor: 'stripe events',
    log: silentLog,
    now: () => new Date(),
  };
}
