import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLog } from '#main/logging/log.ts';
import { DEFAULT_SETTINGS, openSettingsFile } from '#main/settings/settings-file.ts';
import {
  OTHER_TEST_KEY,
  TEST_KEY,
  WEBHOOK_SECRET,
  workspacesForEachTest,
} from '#test/support/workspaces-for-each-test.ts';

const { openWorkspace, binding, takePort, stripe, database, folder } = workspacesForEachTest();

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
    expect(await readdir(join(folder(), 'simulator'))).toEqual(['embedded.json']);

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
    await rm(join(folder(), 'simulator'), { recursive: true });
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
    await workspace.setWebhookSecret(WEBHOOK_SECRET);
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

describe('the receiver of webhooks', () => {
  it('runs on loopback only while a secret is stored, on the same port again', async () => {
    const first = await openWorkspace();
    const { webhook } = await first.workspace.setWebhookSecret(` ${WEBHOOK_SECRET} `);
    expect(webhook).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:424\d\d\/stripe\/webhook$/),
      secret: 'memory',
      error: null,
    });
    expect(first.seen.receivers).toMatchObject([{ secret: WEBHOOK_SECRET }]);
    expect((await first.workspace.setWebhookSecret(null)).webhook).toEqual({
      url: null,
      secret: 'missing',
      error: null,
    });
    expect(first.seen.receivers).toEqual([]);
    expect((await first.workspace.setWebhookSecret(WEBHOOK_SECRET)).webhook.url).toBe(webhook.url);
  });

  it('takes the next port where its own is taken, and says so', async () => {
    const first = await openWorkspace();
    const { webhook } = await first.workspace.setWebhookSecret(WEBHOOK_SECRET);
    const port = Number(new URL(webhook.url ?? '').port);
    await first.workspace.stop();
    await takePort(port);
    const second = await openWorkspace();
    const taken = (await second.workspace.setWebhookSecret(WEBHOOK_SECRET)).webhook;
    expect(Number(new URL(taken.url ?? '').port)).toBeGreaterThan(port);
    expect(taken.error).toContain(`Port ${port} is taken`);
  });

  it('does not run for a role that does not handle events, which may not set a secret either', async () => {
    const { workspace } = await openWorkspace({ abilities: ['sell'] });
    await expect(workspace.setWebhookSecret(WEBHOOK_SECRET)).rejects.toMatchObject({
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
    // Of two people who change one each, nobody undoes the other's.
    expect(
      await workspace.setPolicies({ disputePolicy: 'debt', confirmedProduction: false }),
    ).toMatchObject({ refundPolicy: 'debt', disputePolicy: 'debt' });
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
    const saved = JSON.parse(await readFile(join(folder(), 'settings.json'), 'utf8'));
    expect(saved.stripe).toMatchObject([
      { connectionId: 'embedded', liveEnabled: false, account: null, webhookPort: null },
    ]);
    expect(openSettingsFile(folder(), silentLog).current()).toEqual(settings.current());
  });
});
