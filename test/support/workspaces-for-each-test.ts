import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type Simulator, startSimulator } from '#main/stripe-simulator/simulator.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { openWorkspace as openWorkspaceIn } from './test-stripe-workspace.ts';

export const TEST_KEY = `sk_test_${'a'.repeat(40)}`;
export const OTHER_TEST_KEY = `sk_test_${'b'.repeat(40)}`;
export const RESTRICTED_KEY = `rk_test_${'c'.repeat(40)}`;
export const LIVE_KEY = `sk_live_${'d'.repeat(40)}`;
export const WEBHOOK_SECRET = 'whsec_0123456789abcdef';

/**
 * Workspaces on one database and two simulators for the tests of a file; each test begins with a folder of its own and a
 * database that belongs to nobody. What was opened is closed after the test.
 */
export function workspacesForEachTest() {
  const stripe = {} as Simulator;
  const otherStripe = {} as Simulator;
  const database = {} as TestDatabase;
  const closing: (() => Promise<unknown>)[] = [];
  let folder = '';

  beforeAll(async () => {
    Object.assign(database, await createTestDatabase());
    Object.assign(stripe, await startSimulator());
    Object.assign(otherStripe, await startSimulator());
  });
  afterAll(async () => {
    await stripe.close();
    await otherStripe.close();
    await database.drop();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credit-console-stripe-'));
    await database.pool.query(`UPDATE credits_billing.stripe_settings SET account_id = NULL, account_name = NULL,
      livemode = NULL, simulated = NULL, bound_at = NULL, bound_by = NULL, refund_policy = 'remaining', dispute_policy = 'remaining'`);
    await database.pool.query('DELETE FROM credits_billing.stripe_events');
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await rm(folder, { recursive: true, force: true });
  });

  return {
    /** Two simulators stand for two accounts at Stripe; keys of the second hold a b. */
    stripe,
    otherStripe,
    database,
    /** The data folder of the running test. */
    folder: () => folder,
    openWorkspace: (options?: Parameters<typeof openWorkspaceIn>[1]) =>
      openWorkspaceIn({ database, folder, stripe, otherStripe, closing }, options),
    binding: async () =>
      (await database.pool.query('SELECT * FROM credits_billing.stripe_settings')).rows[0],
    /** Listens on a port until the test is over. */
    async takePort(port: number): Promise<void> {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', resolve);
      });
      closing.push(() => new Promise((closed) => server.close(closed)));
    },
  };
}
