import { randomBytes } from 'node:crypto';
import { Kysely, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { migrate } from '#main/database/migrate.ts';
import * as ledger from '#main/database/migrations/2026-11-22-ledger.ts';
import * as rollups from '#main/database/migrations/2026-11-22-rollups.ts';
import { asSuperuser, urlOf } from '#test/support/postgres-server.ts';

const server = inject('postgresServer');
const name = `earlier_${process.pid}_${randomBytes(4).toString('hex')}`;
const connectionString = urlOf(server, name);

const inDatabase = <Result>(work: (client: pg.Client) => Promise<Result>) =>
  asSuperuser(server, name, work);

beforeAll(async () => {
  await asSuperuser(server, 'postgres', (client) => client.query(`CREATE DATABASE ${name}`));
  await inDatabase(async (client) => {
    await client.query('CREATE EXTENSION pg_trgm');
    await client.query('CREATE SCHEMA credits AUTHORIZATION credits_owner');
  });
});
afterAll(() =>
  asSuperuser(server, 'postgres', (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`)),
);

/** The tables of the first release: before the ledger knew of money. */
async function makeEarlierLedger(): Promise<void> {
  const pool = new pg.Pool({ connectionString, max: 1, options: '-c role=credits_owner' });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: async () => ({ '2026-11-22-ledger': ledger, '2026-11-22-rollups': rollups }),
    },
    migrationTableSchema: 'credits',
    migrationTableName: 'schema_migrations',
    migrationLockTableName: 'schema_migration_lock',
  });
  const { error } = await migrator.migrateToLatest();
  await db.destroy();
  if (error) throw error;
}

it('a ledger of the first release keeps its rows, and its demo payments belong to no Stripe account', async () => {
  await makeEarlierLedger();
  await inDatabase(async (client) => {
    await client.query("INSERT INTO credits.customers (id) VALUES ('ann')");
    await client.query(
      "INSERT INTO credits.accounts (customer_id, credits_balance, lifetime_credits) VALUES ('ann', 100, 100)",
    );
    await client.query(
      `INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, stripe_payment_id, actor)
       VALUES ('ann', 100, 100, 'purchase', 'pi_demo', 'seed')`,
    );
    await client.query(
      `INSERT INTO credits.credit_grants (customer_id, transaction_id, granted, remaining)
       SELECT 'ann', id, 100, 100 FROM credits.credit_transactions`,
    );
    await client.query(
      `INSERT INTO credits.stripe_payments SELECT 'pi_demo', 'ann', id FROM credits.credit_transactions`,
    );
    await client.query(
      `INSERT INTO credits.workspace_facts (name, value) VALUES ('demo_data', '{}')`,
    );
  });

  expect(await migrate({ connectionString })).toEqual({
    migrations: ['2026-11-22-stripe'],
    functionsApplied: true,
  });

  await inDatabase(async (client) => {
    expect((await client.query('SELECT * FROM credits.check_integrity()')).rows).toEqual([]);
    expect(
      (await client.query('SELECT stripe_payment_id, account_id FROM credits.stripe_payments'))
        .rows,
    ).toEqual([{ stripe_payment_id: 'pi_demo', account_id: 'demo' }]);
    const { rows } = await client.query(
      "SELECT granted, remaining, known.paid_minor FROM credits.payment_position('ann', 'pi_demo') known",
    );
    expect(rows).toMatchObject([{ paid_minor: null }]);
  });
  expect(await migrate({ connectionString })).toEqual({ migrations: [], functionsApplied: false });
});
