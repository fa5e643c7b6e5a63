import { Kysely, PostgresDialect } from 'kysely';
import { createPool } from '#main/database/pool.ts';
import type { Database } from '#main/database/tables/database.ts';
import { silentLog } from '#main/logging/log.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';

/** Where a workspace of the bench stands: its database, and the simulator's port and account. */
export type BenchAccount = { url: string; port: number; accountId: string; name: string };

/** A workspace with a pool (8 connections) and a gateway of its own, as a console has them; the caller ends the pool. */
export function openTarget({ url, port, accountId }: BenchAccount): StripeTarget {
  const pool = createPool({ url, applicationName: 'credit-console bench', actor: 'bench' });
  return {
    database: { pool, kysely: new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }) },
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
