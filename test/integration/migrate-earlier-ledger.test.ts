import { randomBytes } from 'node:crypto';
import { Kysely, PostgresDialect } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import pg from 'pg';
import { afterAll, expect, inject, it } from 'vitest';
import { migrate } from '#main/database/migrate.ts';
import * as ledger from '#main/database/migrations/2026-11-22-ledger.ts';
import * as rollups from '#main/database/migrations/2026-11-22-rollups.ts';
import * as stripe from '#main/database/migrations/2026-11-22-stripe.ts';
import * as usageMetering from '#main/database/migrations/2026-11-22-usage-metering.ts';
import { ledgerCallsOn } from '#test/support/ledger-calls.ts';
import { asSuperuser, urlOf } from '#test/support/postgres-server.ts';

const server = inject('postgresServer');

type EarlierLedger = {
  connectionString: string;
  inDatabase: <Result>(work: (client: pg.Client) => Promise<Result>) => Promise<Result>;
};

const made: string[] = [];

afterAll(() =>
  asSuperuser(server, 'postgres', async (client) => {
    for (const name of made) await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }),
);

/** A database with the tables of an earlier release. */
async function makeEarlierLedger(migrations: Record<string, Migration>): Promise<EarlierLedger> {
  const name = `earlier_${process.pid}_${randomBytes(4).toString('hex')}`;
  const connectionString = urlOf(server, name);
  await asSuperuser(server, 'postgres', (client) => client.query(`CREATE DATABASE ${name}`));
  made.push(name);
  const inDatabase: EarlierLedger['inDatabase'] = (work) => asSuperuser(server, name, work);
  await inDatabase(async (client) => {
    await client.query('CREATE EXTENSION pg_trgm');
    await client.query('CREATE SCHEMA credits AUTHORIZATION credits_owner');
    if ('2026-11-22-stripe' in migrations) {
      await client.query('CREATE SCHEMA credits_billing AUTHORIZATION credits_owner');
    }
  });
  const pool = new pg.Pool({ connectionString, max: 1, options: '-c role=credits_owner' });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    migrationTableSchema: 'credits',
    migrationTableName: 'schema_migrations',
    migrationLockTableName: 'schema_migration_lock',
  });
  const { error } = await migrator.migrateToLatest();
  await db.destroy();
  if (error) throw error;
  return { connectionString, inDatabase };
}

it('a ledger of the first release keeps its rows, and its demo payments belong to no Stripe account', async () => {
  // Before the ledger knew of money.
  const { connectionString, inDatabase } = await makeEarlierLedger({
    '2026-11-22-ledger': ledger,
    '2026-11-22-rollups': rollups,
  });
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
    migrations: ['2026-11-22-stripe', '2026-11-22-usage-metering', '2026-11-22-usage-service'],
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

it('a ledger of the release before metering keeps its subscriptions and findings, and takes units from then on', async () => {
  const { connectionString, inDatabase } = await makeEarlierLedger({
    '2026-11-22-ledger': ledger,
    '2026-11-22-rollups': rollups,
    '2026-11-22-stripe': stripe,
  });
  const runId = '4f14e45f-ceea-467f-9c3e-2f6a3b1f0c11';
  await inDatabase(async (client) => {
    await client.query(
      "INSERT INTO credits.customers (id, stripe_customer_id) VALUES ('ann', 'cus_ann')",
    );
    await client.query("INSERT INTO credits.accounts (customer_id) VALUES ('ann')");
    await client.query("INSERT INTO credits.feature_costs (feature, cost) VALUES ('old', 2)");
    await client.query(
      `INSERT INTO credits_billing.subscriptions (id, account_id, customer_id, status, cancel_at_period_end)
       VALUES ('sub_1', 'acct_1', 'ann', 'active', true)`,
    );
    await client.query(
      `INSERT INTO credits_billing.reconciliation_runs (id, account_id, since, until, actor, phase)
       VALUES ($1, 'acct_1', '2026-11-01Z', '2026-11-02Z', 'ada', 'ledger')`,
      [runId],
    );
    await client.query(
      `INSERT INTO credits_billing.reconciliation_findings (run_id, id, bucket, customer_id, expected_credits, found_credits, detail)
       VALUES ($1, 'missing_grant:cs_1', 'missing_grant', 'ann', 5, 0, 'Lost')`,
      [runId],
    );
  });

  expect(await migrate({ connectionString })).toEqual({
    migrations: ['2026-11-22-usage-metering', '2026-11-22-usage-service'],
    functionsApplied: true,
  });

  await inDatabase(async (client) => {
    const rowsOf = async (text: string) => (await client.query(text)).rows;
    expect(await rowsOf('SELECT * FROM credits.check_integrity()')).toEqual([]);
    expect(await rowsOf('SELECT * FROM credits_billing.subscriptions')).toMatchObject([
      { id: 'sub_1', status: 'active', cancel_at_period_end: true, cancel_at: null },
    ]);
    expect(
      await rowsOf(
        'SELECT id, event_name, expected_units FROM credits_billing.reconciliation_findings',
      ),
    ).toEqual([{ id: 'missing_grant:cs_1', event_name: null, expected_units: null }]);
    await client.query("UPDATE credits_billing.reconciliation_runs SET phase = 'usage'");
    await client.query(
      "UPDATE credits_billing.reconciliation_findings SET bucket = 'usage_differs'",
    );
    await client.query("SELECT credits.add_credits('ann', 10, 'bonus', 'start')");
    expect(await rowsOf("SELECT amount FROM credits.use_feature('ann', 'old', 3)")).toEqual([
      { amount: '-6' },
    ]);
    await client.query(
      "INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ('tokens', 'Tokens', 'sum')",
    );
    expect(
      await rowsOf("SELECT quantity FROM credits.report_usage('ann', 'tokens', 7, 'k')"),
    ).toEqual([{ quantity: '7' }]);
  });
  expect(await migrate({ connectionString })).toEqual({ migrations: [], functionsApplied: false });
});

it('a ledger of the release before the usage service keeps its prices and keys, gives nobody credits, and tells nothing of the past', async () => {
  const { connectionString, inDatabase } = await makeEarlierLedger({
    '2026-11-22-ledger': ledger,
    '2026-11-22-rollups': rollups,
    '2026-11-22-stripe': stripe,
    '2026-11-22-usage-metering': usageMetering,
  });
  await inDatabase(async (client) => {
    await client.query(
      "INSERT INTO credits.customers (id, plan_tier, low_balance_threshold) VALUES ('ann', 'free', 50), ('bob', 'pro', null)",
    );
    await client.query(
      "INSERT INTO credits.accounts (customer_id, credits_balance, credits_held) VALUES ('ann', 20, 5), ('bob', 100, 0)",
    );
    // Ann fell below her threshold before; the use has the fingerprint that the release before gave it.
    await client.query(
      `INSERT INTO credits.credit_transactions (customer_id, amount, balance_after, transaction_type, feature, description,
         idempotency_key, fingerprint, metadata, actor)
       VALUES ('ann', 100, 100, 'bonus', null, '', null, null, '{}', 'test'),
         ('ann', -80, 20, 'usage', 'export_report', 'export_report', 'used', md5(ROW('use_feature', 'export_report', 8::bigint, '{}'::jsonb)::text)::uuid,
           '{"quantity": 8, "unit_cost": 10}', 'test'),
         ('bob', 100, 100, 'bonus', null, '', null, null, '{}', 'test')`,
    );
    await client.query(
      `INSERT INTO credits.credit_grants (customer_id, transaction_id, granted, remaining)
       SELECT t.customer_id, t.id, t.amount, CASE t.customer_id WHEN 'ann' THEN 20 ELSE 100 END
       FROM credits.credit_transactions t WHERE t.amount > 0`,
    );
    await client.query(
      `INSERT INTO credits.credit_consumptions (customer_id, transaction_id, grant_id, amount, position)
       SELECT t.customer_id, t.id, g.id, 80, 1 FROM credits.credit_transactions t
       JOIN credits.credit_grants g ON g.customer_id = t.customer_id WHERE t.amount < 0`,
    );
    await client.query(
      `INSERT INTO credits.credit_holds (customer_id, amount, expires_at, idempotency_key, fingerprint, description, actor)
       VALUES ('ann', 5, now() + interval '1 hour', 'held', md5(ROW('hold_credits', 5::bigint, 'job', null::text,
         extract(epoch FROM interval '15 minutes'))::text)::uuid, 'job', 'test')`,
    );
    await client.query(
      "UPDATE credits.accounts SET has_keyed_holds = true WHERE customer_id = 'ann'",
    );
  });

  expect(await migrate({ connectionString })).toEqual({
    migrations: ['2026-11-22-usage-service'],
    functionsApplied: true,
  });

  await inDatabase(async (client) => {
    const { rows: rowsOf, one, broken, untilSettled } = ledgerCallsOn(client);
    expect(await broken()).toEqual([]);
    expect(
      await rowsOf(
        "SELECT feature, cost::integer, valid_from = '-infinity' AS always, active, changed_by, changed_at FROM credits.feature_costs ORDER BY cost",
      ),
    ).toEqual(
      [
        ['basic_search', 1],
        ['advanced_search', 5],
        ['export_report', 10],
        ['ai_analysis', 25],
      ].map(([feature, cost]) => ({
        ...{ feature, cost, always: true, active: true },
        ...{ changed_by: null, changed_at: null },
      })),
    );
    // What was called before is repeated under its key, and moves nothing.
    expect(await one("use_feature('ann', 'export_report', 8, 'used')")).toMatchObject({
      amount: '-80',
    });
    expect(await one("hold_credits('ann', 5, 'job', null, 'held')")).toMatchObject({ amount: '5' });
    expect(await one('allocate_plans() AS given')).toEqual({ given: '0' });
    await untilSettled();
    expect(await one('watch_balances() AS raised')).toEqual({ raised: '0' });
    // From now on it is told.
    await one("use_feature('bob', 'ai_analysis', 4)");
    await one("use_feature('ann', 'basic_search', 15)");
    await untilSettled();
    expect(await one('watch_balances() AS raised')).toEqual({ raised: '1' });
    expect(
      await rowsOf('SELECT customer_id, kind, threshold FROM credits_billing.notifications'),
    ).toEqual([{ customer_id: 'bob', kind: 'empty', threshold: '10' }]);
    expect(await broken()).toEqual([]);
  });
  expect(await migrate({ connectionString })).toEqual({ migrations: [], functionsApplied: false });
});
