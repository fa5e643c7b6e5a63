import { describe, expect, it } from 'vitest';
import {
  LIVE_KEY,
  OTHER_TEST_KEY,
  RESTRICTED_KEY,
  TEST_KEY,
  WEBHOOK_SECRET,
  workspacesForEachTest,
} from '#test/support/workspaces-for-each-test.ts';

const { openWorkspace, binding, stripe, otherStripe } = workspacesForEachTest();

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
    ['a webhook secret', WEBHOOK_SECRET],
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
    await workspace.setWebhookSecret(WEBHOOK_SECRET);
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
