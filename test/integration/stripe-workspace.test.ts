import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#main/logging/log.ts';
import { DEFAULT_SETTINGS, openSettingsFile } from '#main/settings/settings-file.ts';
import { type Simulator, startSimulator } from '#main/stripe-simulator/simulator.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { openWorkspace as openWorkspaceIn } from '#test/support/test-stripe-workspace.ts';

const TEST_KEY = `sk_test_${'a'.repeat(40)}`;
const OTHER_TEST_KEY = `sk_test_${'b'.repeat(40)}`;
const RESTRICTED_KEY = `rk_test_${'c'.repeat(40)}`;
const LIVE_KEY = `sk_live_${'d'.repeat(40)}`;
const SECRET = 'whsec_0123456789abcdef';

/** Two simulators stand for two accounts at Stripe; keys of the second hold a b. */
let stripe: Simulator;
let otherStripe: Simulator;
let database: TestDatabase;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  stripe = await startSimulator();
  otherStripe = await startSimulator();
});
afterAll(async () => {
  await stripe.close();
  await otherStripe.close();
  await database.drop();
});
let folder: string;
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

const openWorkspace = (options?: Parameters<typeof openWorkspaceIn>[1]) =>
  openWorkspaceIn({ database, folder, stripe, otherStripe, closing }, options);

const binding = async () =>
  (await database.pool.query('SELECT * FROM credits_billing.stripe_settings')).rows[0];

async function takePort(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  closing.push(() => new Promise((closed) => server.close(closed)));
  return server;
}

describe('a local workspace without a key', () => {
  it('has its simulator, belongs to it at once, and its events are worked on', async () => {
    const { workspace, seen } = await openWorkspace();
    const status = await workspace.status();
    expect(status).toMatchObject({
      mode: 'simulator',
      key: null,
      problem: null,
      boundAccountId: null,
      polling: { state: 'on' },
      webhook: { url: null, secret: 'missing', error: null },
      simulatorUrl: workspace.simulatorUrl(),
    });
    const target = await workspace.target();
    expect(target).toMatchObject({ livemode: false, accountId: status.accountId, actor: 'ada' });
    expect(await target.gateway.readAccount()).toMatchObject({ id: status.accountId });
    expect(await binding()).toMatchObject({
      account_id: status.accountId,
      livemode: false,
      simulated: true,
      bound_by: 'ada',
      bound_at: expect.any(Date),
    });
    expect([...seen.working]).toMatchObject([{ actor: 'stripe events' }]);
    expect(seen.polls.every).toBe(3_000);
  });

  it('finds the same simulator at the same address after a restart, with what was in it', async () => {
    const first = await openWorkspace();
    const target = await first.workspace.target();
    const url = first.workspace.simulatorUrl();
    const made = await target.gateway.createCustomer(
      { userId: 'user_1', email: null, name: null },
      'customer:user_1',
    );
    await first.workspace.stop();
    expect(await readdir(join(folder, 'simulator'))).toEqual(['embedded.json']);

    const second = await openWorkspace();
    const again = await second.workspace.target();
    expect(second.workspace.simulatorUrl()).toBe(url);
    expect(again.accountId).toBe(target.accountId);
    expect(await again.gateway.findCustomer(made.id)).toMatchObject({ id: made.id });
  });

  it('has its simulator elsewhere where its port is taken', async () => {
    const first = await openWorkspace();
    await first.workspace.status();
    const { port } = new URL(first.workspace.simulatorUrl() ?? '');
    await first.workspace.stop();
    await takePort(Number(port));
    const second = await openWorkspace();
    expect(await second.workspace.status()).toMatchObject({ mode: 'simulator', problem: null });
    expect(new URL(second.workspace.simulatorUrl() ?? '').port).not.toBe(port);
  });

  it('goes on with a new simulator where the state of the one before is gone', async () => {
    const first = await openWorkspace();
    const { accountId } = await first.workspace.status();
    await first.workspace.stop();
    await rm(join(folder, 'simulator'), { recursive: true });
    const second = await openWorkspace();
    const status = await second.workspace.status();
    expect(status.problem).toBeNull();
    expect(status.accountId).not.toBe(accountId);
    expect(await binding()).toMatchObject({ account_id: status.accountId });
  });

  it('belongs to the simulator that was opened last, and the one before lets go', async () => {
    const first = await openWorkspace();
    const { accountId } = await first.workspace.status();
    const second = await openWorkspace({ simulatorFolder: 'other-simulator' });
    const newest = await second.workspace.status();
    expect(newest).toMatchObject({ mode: 'simulator', problem: null });
    expect(newest.accountId).not.toBe(accountId);
    await expect(first.workspace.target()).rejects.toMatchObject({ code: 'stripe_other_account' });
    await expect.poll(() => first.seen.working.size).toBe(0);
    expect(await second.workspace.status()).toMatchObject({ problem: null });
    expect(second.seen.working.size).toBe(1);
  });

  it('keeps its simulator while the database is away for a moment, and ends it at the end', async () => {
    const { workspace, disconnectDatabase, connectAs, seen } = await openWorkspace();
    await workspace.status();
    const url = workspace.simulatorUrl();
    disconnectDatabase();
    await expect(workspace.status()).rejects.toMatchObject({ code: 'database_unavailable' });
    connectAs();
    await workspace.status();
    expect(workspace.simulatorUrl()).toBe(url);
    expect(seen.working.size).toBe(1);
    await workspace.stop();
    expect(workspace.simulatorUrl()).toBeUndefined();
    expect(seen.working.size).toBe(0);
  });

  it('of a role that does not manage Stripe is not bound, and says who can do it', async () => {
    const { workspace, seen } = await openWorkspace({ abilities: ['sell'] });
    expect(await workspace.status()).toMatchObject({
      mode: 'simulator',
      problem: { code: 'stripe_not_connected' },
      polling: { state: 'off' },
    });
    await expect(workspace.target()).rejects.toMatchObject({ code: 'stripe_not_connected' });
    expect((await binding()).account_id).toBeNull();
    expect(seen.working.size).toBe(0);
  });
});

describe('a shared workspace without a key', () => {
  it.each(['staging', 'production'] as const)('on %s talks to nothing', async (environment) => {
    const { workspace, seen } = await openWorkspace({ environment });
    expect(await workspace.status()).toMatchObject({
      mode: 'none',
      accountId: null,
      problem: null,
      simulatorUrl: null,
      polling: { state: 'off' },
    });
    await expect(workspace.target()).rejects.toMatchObject({ code: 'stripe_not_connected' });
    await expect(workspace.pollNow()).rejects.toMatchObject({ code: 'stripe_not_connected' });
    expect(seen.gateways).toEqual([]);
    expect((await binding()).account_id).toBeNull();
  });

  it('loses its simulator when it is made a production one', async () => {
    const { workspace, connectAs } = await openWorkspace();
    await workspace.status();
    connectAs({ environment: 'production' });
    workspace.databaseChanged();
    expect(await workspace.status()).toMatchObject({ mode: 'none', simulatorUrl: null });
    expect(workspace.simulatorUrl()).toBeUndefined();
  });
});

describe('connecting a key', () => {
  it('verifies it, binds the workspace, keeps it, and has it again after a restart', async () => {
    const first = await openWorkspace({ environment: 'staging' });
    const before = new Date();
    const status = await first.connect(` ${TEST_KEY}\n`);
    expect(status).toMatchObject({
      mode: 'test',
      accountId: stripe.world.accountId,
      key: { kind: 'secret', place: 'memory' },
      problem: null,
      boundAccountId: null,
      polling: { state: 'on' },
    });
    expect(new Date(status.boundAt ?? 0).getTime()).toBeGreaterThan(before.getTime() - 5_000);
    expect(await first.secrets.get('stripe:embedded')).toBe(TEST_KEY);
    expect(first.seen.polls.every).toBe(10_000);
    expect(await first.workspace.target()).toMatchObject({
      accountId: stripe.world.accountId,
      livemode: false,
    });
    await first.workspace.stop();

    const second = await openWorkspace({ environment: 'staging' });
    // Kept in memory only, and that memory is gone.
    expect(await second.workspace.status()).toMatchObject({
      mode: 'test',
      accountId: stripe.world.accountId,
      key: { kind: 'secret', place: 'missing' },
      problem: { code: 'stripe_key_invalid' },
    });
    await expect(second.workspace.target()).rejects.toMatchObject({ code: 'stripe_key_invalid' });
    expect((await second.connect(TEST_KEY)).boundAt).toBe(status.boundAt);
  });

  it.each([
    ['nothing that is a key', 'hunter2hunter2hunter2'],
    ['a publishable key', `pk_test_${'a'.repeat(40)}`],
    ['a webhook secret', SECRET],
    ['half a key', 'sk_test_abc'],
  ])('refuses %s by field, asking nobody', async (_what, key) => {
    const { connect, seen } = await openWorkspace({ environment: 'staging' });
    await expect(connect(key)).rejects.toMatchObject({
      code: 'stripe_key_invalid',
      fields: { key: expect.any(String) },
    });
    expect(seen.gateways).toEqual([]);
  });

  it('refuses a revoked key, and changes nothing', async () => {
    const { connect, workspace, secrets } = await openWorkspace({ environment: 'staging' });
    await expect(connect(`sk_test_revoked${'a'.repeat(40)}`)).rejects.toMatchObject({
      code: 'stripe_key_invalid',
    });
    expect(await workspace.status()).toMatchObject({ mode: 'none', key: null });
    expect(await secrets.get('stripe:embedded')).toBeUndefined();
    expect((await binding()).account_id).toBeNull();
  });

  it('asks once more on production', async () => {
    const { connect } = await openWorkspace({ environment: 'production' });
    await expect(connect(TEST_KEY, false, false)).rejects.toMatchObject({
      code: 'confirmation_required',
    });
    expect(await connect(TEST_KEY)).toMatchObject({ mode: 'test', problem: null });
  });

  it('does not take a workspace from another account unless told to', async () => {
    const { connect, workspace } = await openWorkspace({ environment: 'staging' });
    const first = await connect(TEST_KEY);
    await expect(connect(OTHER_TEST_KEY)).rejects.toMatchObject({
      code: 'stripe_other_account',
      details: {
        accountId: otherStripe.world.accountId,
        boundAccountId: stripe.world.accountId,
      },
    });
    expect(await workspace.status()).toMatchObject({ accountId: stripe.world.accountId });
    const second = await connect(OTHER_TEST_KEY, true);
    expect(second).toMatchObject({ accountId: otherStripe.world.accountId, problem: null });
    expect(Date.parse(second.boundAt ?? '')).toBeGreaterThan(Date.parse(first.boundAt ?? ''));
  });

  it('needs the right to bind, but not where the workspace belongs to the account', async () => {
    const support = await openWorkspace({ environment: 'staging', abilities: ['sell'] });
    await expect(support.connect(TEST_KEY)).rejects.toMatchObject({ code: 'not_permitted' });
    const admin = await openWorkspace({ environment: 'staging' });
    await admin.connect(TEST_KEY);
    expect(await support.connect(TEST_KEY)).toMatchObject({
      mode: 'test',
      problem: null,
      polling: { state: 'off' },
    });
    await expect(support.connect(OTHER_TEST_KEY, true)).rejects.toMatchObject({
      code: 'not_permitted',
    });
    await expect(support.workspace.pollNow()).rejects.toMatchObject({ code: 'not_permitted' });
  });

  it('knows a key that may not read its account by itself', async () => {
    stripe.permit(RESTRICTED_KEY, ['rak_customer_read']);
    const { connect, workspace } = await openWorkspace({ environment: 'staging' });
    const status = await connect(RESTRICTED_KEY);
    expect(status).toMatchObject({
      accountId: expect.stringMatching(/^key:[0-9a-f]{16}$/),
      accountName: expect.stringContaining('rak_connected_account_read'),
      key: { kind: 'restricted' },
      problem: null,
    });
    expect((await workspace.target()).accountId).toBe(status.accountId);
  });

  it('never has the simulator beside a key, nor sends the one to the other', async () => {
    const { connect, workspace, seen } = await openWorkspace();
    await workspace.status();
    const simulatorPort = Number(new URL(workspace.simulatorUrl() ?? '').port);
    await expect(connect(TEST_KEY)).rejects.toMatchObject({ code: 'stripe_other_account' });
    const status = await connect(TEST_KEY, true);
    expect(status).toMatchObject({ mode: 'test', simulatorUrl: null, problem: null });
    expect(workspace.simulatorUrl()).toBeUndefined();
    for (const { key, port } of seen.gateways) {
      expect(port === simulatorPort).toBe(key !== TEST_KEY);
    }
  });

  it('changes nothing where the person switched to another database meanwhile', async () => {
    stripe.faults.add({ kind: 'slow', path: '/v1/account', milliseconds: 200, times: 1 });
    const { connect, connectAs, secrets } = await openWorkspace({ environment: 'staging' });
    const connecting = connect(TEST_KEY);
    connectAs({ id: 'other', environment: 'staging' });
    await expect(connecting).rejects.toMatchObject({ code: 'cancelled' });
    expect(await secrets.get('stripe:embedded')).toBeUndefined();
    expect(await secrets.get('stripe:other')).toBeUndefined();
    expect((await binding()).account_id).toBeNull();
  });

  it('takes the network’s absence for no answer', async () => {
    stripe.faults.add({ kind: 'cut_before', path: '/v1/account', times: 10 });
    const { connect } = await openWorkspace({ environment: 'staging' });
    await expect(connect(TEST_KEY)).rejects.toMatchObject({ code: 'stripe_unavailable' });
    stripe.faults.clear();
    expect(await connect(TEST_KEY)).toMatchObject({ mode: 'test' });
  });
});

describe('live mode', () => {
  it('is refused until it was enabled for the connection', async () => {
    const { connect, workspace, seen } = await openWorkspace({ environment: 'production' });
    await expect(connect(LIVE_KEY)).rejects.toMatchObject({ code: 'stripe_live_disabled' });
    expect(seen.gateways).toEqual([]);
    expect(await workspace.enableLive()).toMatchObject({ liveEnabled: true, mode: 'none' });
    expect(await connect(LIVE_KEY)).toMatchObject({
      mode: 'live',
      accountId: 'acct_live',
      accountName: 'Shop',
      liveEnabled: true,
      problem: null,
    });
    expect((await workspace.target()).livemode).toBe(true);
    expect(await binding()).toMatchObject({ livemode: true, simulated: false });
  });

  it('of one connection says nothing of another', async () => {
    const { connect, connectAs, workspace } = await openWorkspace({ environment: 'production' });
    await workspace.enableLive();
    connectAs({ id: 'other' });
    await expect(connect(LIVE_KEY)).rejects.toMatchObject({ code: 'stripe_live_disabled' });
  });

  it('is never left for the simulator', async () => {
    const { connect, connectAs, workspace } = await openWorkspace({ environment: 'production' });
    await workspace.enableLive();
    await connect(LIVE_KEY);
    connectAs({ environment: 'local' });
    expect(await workspace.disconnect({ rebind: true })).toMatchObject({
      mode: 'simulator',
      problem: { code: 'stripe_other_account' },
      boundAccountId: 'acct_live',
    });
    await expect(workspace.target()).rejects.toMatchObject({ code: 'stripe_other_account' });
  });
});

describe('disconnecting', () => {
  it('forgets key and webhook secret; the workspace still belongs to its account', async () => {
    const { connect, workspace, secrets, seen } = await openWorkspace({ environment: 'staging' });
    await connect(TEST_KEY);
    await workspace.setWebhookSecret(SECRET);
    expect(await workspace.disconnect()).toMatchObject({
      mode: 'none',
      key: null,
      boundAccountId: stripe.world.accountId,
      polling: { state: 'off' },
      webhook: { url: null, secret: 'missing' },
    });
    expect(await secrets.get('stripe:embedded')).toBeUndefined();
    expect(await secrets.get('stripe-webhook:embedded')).toBeUndefined();
    expect(seen.working.size).toBe(0);
  });

  it('leads a local workspace back to its simulator only when asked to', async () => {
    const { connect, workspace } = await openWorkspace();
    await connect(TEST_KEY, true);
    expect(await workspace.disconnect()).toMatchObject({
      mode: 'simulator',
      problem: { code: 'stripe_other_account' },
      boundAccountId: stripe.world.accountId,
      polling: { state: 'off' },
    });
    expect(await workspace.disconnect({ rebind: true })).toMatchObject({
      mode: 'simulator',
      problem: null,
      boundAccountId: null,
      polling: { state: 'on' },
    });
  });
});

describe('switching the connection', () => {
  it('switches key, account, simulator and the work on events', async () => {
    const { connect, workspace, connectAs, seen } = await openWorkspace();
    await workspace.status();
    const simulator = workspace.simulatorUrl();
    connectAs({ id: 'team', environment: 'staging' });
    workspace.databaseChanged();
    expect(await workspace.status()).toMatchObject({ mode: 'none', simulatorUrl: null });
    expect(workspace.simulatorUrl()).toBeUndefined();
    expect(await connect(TEST_KEY, true)).toMatchObject({ mode: 'test' });
    expect([...seen.working]).toMatchObject([{ accountId: stripe.world.accountId }]);

    connectAs();
    workspace.databaseChanged();
    expect(await workspace.status()).toMatchObject({ mode: 'simulator', simulatorUrl: simulator });
    expect(seen.working.size).toBe(0);
  });

  it('away and removing the connection removes its key, secret and simulator', async () => {
    const { connect, workspace, connectAs, secrets, settings } = await openWorkspace({
      environment: 'staging',
    });
    connectAs({ id: 'team', environment: 'staging' });
    await connect(TEST_KEY);
    await workspace.setWebhookSecret(SECRET);
    connectAs();
    await workspace.forget('team');
    expect(await secrets.get('stripe:team')).toBeUndefined();
    expect(await secrets.get('stripe-webhook:team')).toBeUndefined();
    expect(settings.current().stripe?.map(({ connectionId }) => connectionId)).not.toContain(
      'team',
    );
  });

  it('to a workspace that was bound elsewhere ends the work on the account before', async () => {
    const first = await openWorkspace({ environment: 'staging' });
    await first.connect(TEST_KEY);
    const second = await openWorkspace({ environment: 'staging' });
    await second.connect(OTHER_TEST_KEY, true);
    await expect(first.workspace.target()).rejects.toMatchObject({ code: 'stripe_other_account' });
    await expect.poll(() => first.seen.working.size).toBe(0);
    expect(second.seen.working.size).toBe(1);
  });
});

describe('a key that is not the one that was verified', () => {
  it('counts as missing', async () => {
    const { connect, workspace, secrets, connectAs } = await openWorkspace({
      environment: 'staging',
    });
    await connect(TEST_KEY);
    await secrets.set('stripe:embedded', OTHER_TEST_KEY);
    connectAs();
    expect(await workspace.status()).toMatchObject({
      key: { place: 'missing' },
      problem: { code: 'stripe_key_invalid' },
    });
  });
});

describe('the receiver of webhooks', () => {
  it('runs on loopback only while a secret is stored, on the same port again', async () => {
    const first = await openWorkspace();
    const { webhook } = await first.workspace.setWebhookSecret(` ${SECRET} `);
    expect(webhook).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:424\d\d\/stripe\/webhook$/),
      secret: 'memory',
      error: null,
    });
    expect(first.seen.receivers).toMatchObject([{ secret: SECRET }]);
    expect((await first.workspace.setWebhookSecret(null)).webhook).toEqual({
      url: null,
      secret: 'missing',
      error: null,
    });
    expect(first.seen.receivers).toEqual([]);
    expect((await first.workspace.setWebhookSecret(SECRET)).webhook.url).toBe(webhook.url);
  });

  it('takes the next port where its own is taken, and says so', async () => {
    const first = await openWorkspace();
    const { webhook } = await first.workspace.setWebhookSecret(SECRET);
    const port = Number(new URL(webhook.url ?? '').port);
    await first.workspace.stop();
    await takePort(port);
    const second = await openWorkspace();
    const taken = (await second.workspace.setWebhookSecret(SECRET)).webhook;
    expect(Number(new URL(taken.url ?? '').port)).toBeGreaterThan(port);
    expect(taken.error).toContain(`Port ${port} is taken`);
  });

  it('does not run for a role that does not handle events, which may not set a secret either', async () => {
    const { workspace } = await openWorkspace({ abilities: ['sell'] });
    await expect(workspace.setWebhookSecret(SECRET)).rejects.toMatchObject({
      code: 'not_permitted',
    });
  });

  it.each(['', 'secret', TEST_KEY, 'whsec_'])('refuses the secret %j by field', async (secret) => {
    const { workspace } = await openWorkspace();
    await expect(workspace.setWebhookSecret(secret)).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { secret: expect.any(String) },
    });
  });
});

describe('the status', () => {
  it('counts the inbox and shows the policies, which production confirms', async () => {
    const { workspace, connectAs } = await openWorkspace();
    await database.pool.query(`INSERT INTO credits_billing.stripe_events
      (id, account_id, livemode, type, payload, created_at, received_by, state)
      SELECT 'evt_' || i, 'acct', false, 'refund.created', '{}', now(), 'poll',
        (ARRAY['received', 'failed', 'failed', 'refused', 'handled', 'ignored'])[i]
      FROM generate_series(1, 6) AS i`);
    const policies = { refundPolicy: 'debt', disputePolicy: 'remaining' } as const;
    const status = await workspace.setPolicies({ ...policies, confirmedProduction: false });
    expect(status).toMatchObject({ ...policies, inbox: { waiting: 1, failed: 2, refused: 1 } });
    connectAs({ environment: 'production' });
    await expect(
      workspace.setPolicies({ ...policies, confirmedProduction: false }),
    ).rejects.toMatchObject({ code: 'confirmation_required' });
  });

  it('shows a role that reads no events when another console last did', async () => {
    const { workspace, connectAs } = await openWorkspace();
    const { accountId } = await workspace.status();
    await database.pool.query(
      `INSERT INTO credits_billing.stripe_polls (account_id, read_until, polled_at, error)
       VALUES ($1, now(), '2026-11-22T10:00:00Z', 'Stripe did not answer')`,
      [accountId],
    );
    connectAs({}, ['sell']);
    expect((await workspace.status()).polling).toEqual({
      state: 'off',
      lastAt: '2026-11-22T10:00:00.000Z',
      error: 'Stripe did not answer',
    });
  });

  it('reads events at once when asked', async () => {
    const { workspace, seen, changes } = await openWorkspace();
    await workspace.pollNow();
    expect(seen.polls.count).toBe(1);
    expect(changes()).toBeGreaterThan(0);
  });
});

describe('settings of a console before Stripe', () => {
  it('open as they are, and take what is new', async () => {
    const { workspace, settings } = await openWorkspace({ settings: DEFAULT_SETTINGS });
    expect(settings.problem).toBeUndefined();
    await workspace.status();
    const saved = JSON.parse(await readFile(join(folder, 'settings.json'), 'utf8'));
    expect(saved.stripe).toMatchObject([
      { connectionId: 'embedded', liveEnabled: false, account: null, webhookPort: null },
    ]);
    expect(openSettingsFile(folder, silentLog).current()).toEqual(settings.current());
  });
});
