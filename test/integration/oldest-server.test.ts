import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, expect, it } from 'vitest';
import {
  type Cluster,
  freePort,
  makeServerFolder,
  startCluster,
  stopCluster,
} from '#main/database/embedded-cluster.ts';
import { migrate } from '#main/database/migrate.ts';
import { columnTypes } from '#main/database/pool.ts';
import { programsIn, serverAccount } from '#main/database/postgres-binaries.ts';
import { runProgram } from '#main/database/run-program.ts';
import { ledgerCallsOn } from '#test/support/ledger-calls.ts';

/** Where systems put PostgreSQL 15. The npm packages of the tests bring a newer one, so elsewhere nothing is shown here. */
const INSTALLED = ['/usr/lib/postgresql/15', '/opt/homebrew/opt/postgresql@15'].find((folder) =>
  existsSync(path.join(folder, 'bin', 'initdb')),
);

let stop = async () => {};
afterAll(() => stop());

async function startOldest(): Promise<pg.Client> {
  const account = await serverAccount();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'credit-console-oldest-'));
  await makeServerFolder(folder, account);
  const cluster: Cluster = {
    programs: programsIn(INSTALLED ?? '', '15'),
    account,
    folder: path.join(folder, 'cluster'),
    logFile: path.join(folder, 'server.log'),
  };
  stop = async () => {
    await stopCluster(cluster, 'immediate').catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  };
  const made = await runProgram(
    cluster.programs.initdb,
    ['-D', cluster.folder, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--locale=C', '-N'],
    { account },
  );
  expect(made.code, made.output).toBe(0);
  const port = await freePort(54_000 + (process.pid % 1_000));
  expect(await startCluster(cluster, port, { fsync: 'off' })).toBe('started');
  const connectionString = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  await migrate({ connectionString });
  const client = new pg.Client({ connectionString, types: columnTypes });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

it.skipIf(INSTALLED === undefined)(
  'the ledger installs, posts and looks on PostgreSQL 15, the oldest that a team may bring',
  async () => {
    const client = await startOldest();
    const { one, rows, broken } = ledgerCallsOn(client);
    await one("ensure_customer('ann', stripe_customer_id => 'cus_1', plan_tier => 'free')");
    // Before the functions run, PostgreSQL reads nothing of them: each is called.
    await rows(`SET credits.context = '{"case_link":"T-1"}'`);
    await one("add_credits('ann', 100, 'purchase', 'pack', 'pi_1')");
    await one("adjust_credits('ann', 5, 'goodwill')");
    const used = await one<{ id: number }>("use_feature('ann', 'basic_search', 2, 'key')");
    expect(used).toMatchObject({ amount: -2, metadata: { case_link: 'T-1', quantity: 2 } });
    await one("reverse_transaction('ann', $1, 'by mistake')", [used.id]);
    const held = await one<{ id: number }>("hold_feature('ann', 'ai_analysis')");
    await one("capture_hold('ann', $1)", [held.id]);
    const work = await one<{ id: number }>("hold_credits('ann', 5, 'work')");
    await one("release_hold('ann', $1)", [work.id]);
    await one("check_credits('ann', feature => 'basic_search')");
    await one("preview_burn('ann', 5)");
    await one("set_feature_cost('basic_search', 2)");
    await one("set_low_balance_threshold('ann', 90)");
    await one("claw_back('ann', 'pi_1', 100, 'debt', 'clawback')");
    await rows(
      'UPDATE credits_billing.plans SET allocates_without_subscription = true, monthly_credits = 7',
    );
    expect(await one('allocate_plans() AS done')).toEqual({ done: 1 });
    await one('expire_credits() AS written');
    await one('fold_usage() AS folded');
    expect(await one('watch_balances() AS raised')).toEqual({ raised: 2 });
    await rows("SELECT * FROM credits.get_usage_summary('ann', '-infinity', 'infinity')");
    expect(await broken()).toEqual([]);
    await client.end();
  },
);
