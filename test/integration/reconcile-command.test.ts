import os from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '#main/cli.ts';
import { openShop, type Shop, type Sold } from '#test/support/reconciliation-world.ts';
import { createWorkbench, type Workbench } from '#test/support/stripe-workbench.ts';

let bench: Workbench;
let shop: Shop;
let lost: Sold;
beforeAll(async () => {
  bench = await createWorkbench();
  shop = await openShop(bench, 2, 5);
  for (const customerId of shop.customers) await shop.sell(customerId);
  await shop.deliver();
});
afterAll(() => bench.dispose());

/** Runs reconcile in this process, on the simulator and as the database's admin. */
async function reconcile(
  words: string[] = [],
  changes: {
    environment?: Record<string, string>;
    signal?: AbortSignal;
    showsProgress?: boolean;
  } = {},
) {
  const output: string[] = [];
  const errors: string[] = [];
  const exitCode = await runCli({
    arguments: ['reconcile', '--stripe-base', bench.simulator.url, ...words],
    environment: {
      CREDIT_CONSOLE_DATABASE_URL: bench.database.urlFor('test_admin'),
      STRIPE_API_KEY: 'sk_test_workbench',
      ...changes.environment,
    },
    writeOutput: async (text) => void output.push(text),
    writeError: (text) => void errors.push(text),
    showsProgress: changes.showsProgress ?? false,
    signal: changes.signal ?? new AbortController().signal,
  });
  const result = { exitCode, output: output.join(''), error: errors.join('') };
  expect(result.output + result.error).not.toContain('sk_test_workbench');
  return result;
}

describe('the command reconcile', () => {
  it('says that Stripe and the ledger agree, with what was compared', async () => {
    const { exitCode, output, error } = await reconcile();
    expect({ exitCode, error }).toEqual({ exitCode: 0, error: '' });
    expect(output).toContain(
      '  2 checkouts, 0 invoices, 0 refunds, 0 disputes, 0 other grants of the ledger, 0 metered periods\n',
    );
    expect(output).toContain('Stripe and the ledger agree.\n');
  });

  it('prints each difference in a line with exit code 1, and repairs nothing', async () => {
    lost = await shop.sell('user_1');
    const { exitCode, output } = await reconcile();
    expect(exitCode).toBe(1);
    expect(output).toContain('  missing grant    1\n  double grant     0\n');
    expect(output).toMatch(
      new RegExp(
        `^missing grant: ${lost.sessionId}: user_1: expected ${lost.credits}, found 0, [0-9.]+ USD: Paid in Stripe`,
        'm',
      ),
    );
    expect(output).toContain('\n1 difference.\n');
    const { output: json, exitCode: again } = await reconcile(['--json']);
    expect(again).toBe(1);
    expect(JSON.parse(json)).toMatchObject({
      ok: false,
      resumed: false,
      run: {
        state: 'done',
        actor: os.userInfo().username,
        accountId: bench.target.accountId,
        findings: 1,
        checked: { sessions: 3 },
      },
      counts: {
        missing_grant: 1,
        double_grant: 0,
        orphan_grant: 0,
        unclawed_refund: 0,
        amount_differs: 0,
        usage_differs: 0,
      },
      findings: [{ id: `missing_grant:${lost.sessionId}`, customerId: 'user_1' }],
    });
  });

  it('prints units of a meter as units', async () => {
    await bench.rows(
      "INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ('tokens', 'Tokens', 'sum')",
    );
    await bench.rows(
      `INSERT INTO credits_billing.subscription_item_periods
       VALUES ('si_1', date_trunc('day', now()), date_trunc('day', now()) + interval '30 days', $1, 'user_1', 'tokens')`,
      [bench.target.accountId],
    );
    await bench.rows("SELECT credits.ensure_customer('user_1', stripe_customer_id => 'cus_1')");
    await bench.rows("SELECT credits.report_usage('user_1', 'tokens', 1250, 'k')");
    await bench.rows(
      "UPDATE credits.usage_reports SET created_at = created_at - interval '2 hours'",
    );
    const { exitCode, output } = await reconcile();
    expect(exitCode).toBe(1);
    expect(output).toContain('of the ledger, 1 metered period\n');
    expect(output).toContain('  usage differs    1\n');
    expect(output).toMatch(
      /^usage differs: tokens from \S+T00:00:00.000Z to \S+T00:00:00.000Z: user_1: expected 1,250 units, found 0: The meter is not in this Stripe account\. 1,250 units reported, 0 units in Stripe’s summary: 1,250 units waiting to be sent for more than an hour\.$/m,
    );
    const json = JSON.parse((await reconcile(['--json'])).output);
    expect(json).toMatchObject({
      run: { checked: { usage: 1 } },
      counts: { usage_differs: 1 },
      findings: [{}, { usage: { eventName: 'tokens', expectedUnits: 1_250, foundUnits: 0 } }],
    });
    await bench.rows('DELETE FROM credits_billing.subscription_item_periods');
    await bench.rows('DELETE FROM credits.usage_reports');
  });

  it('tells a person at a terminal how far it is', async () => {
    const { error } = await reconcile([], { showsProgress: true });
    expect(error).toContain('comparing sessions: 0 compared, 0 differences');
    expect(error).toContain('looking once more at what was found: 3 compared, 1 difference');
  });

  it('goes on with a run that was interrupted, of the same beginning only, and says so', async () => {
    const stopped = new AbortController();
    stopped.abort();
    const cancelled = await reconcile([], { signal: stopped.signal });
    expect(cancelled).toMatchObject({ exitCode: 130, output: '' });
    expect(cancelled.error).toContain('the same command goes on from there');
    const earlier = '2026-01-01T00:00:00Z';
    expect(JSON.parse((await reconcile(['--since', earlier, '--json'])).output)).toMatchObject({
      resumed: false,
      run: { since: new Date(earlier).toISOString() },
    });
    const { output } = await reconcile();
    expect(output).toContain('Went on with the reconciliation that was begun at ');
    expect((await reconcile()).output).not.toContain('Went on');

    const fault = bench.simulator.faults.add({ kind: '401', path: '/v1/disputes' });
    const failed = await reconcile(['--since', '2026-01-02']);
    expect(failed).toMatchObject({
      exitCode: 3,
      error: expect.stringMatching(/^stripe_key_invalid: /),
    });
    bench.simulator.faults.remove(fault);
    const resumed = await reconcile(['--since', '2026-01-02', '--json']);
    expect(JSON.parse(resumed.output)).toMatchObject({
      resumed: true,
      run: { since: '2026-01-02T00:00:00.000Z', state: 'done', error: null },
    });
  });

  it.each([
    [['--since', 'yesterday'], {}],
    [['--since', '2026-02-30'], {}],
    [['--since', '2026-01-01T00:00:00'], {}],
    [['now'], {}],
    [['--repair'], {}],
    [[], { STRIPE_API_KEY: '' }],
    [[], { STRIPE_API_KEY: `sk_live_${'a'.repeat(40)}` }],
  ])('refuses %j with %j as usage', async (words, environment) => {
    const result = await reconcile(words, { environment });
    expect(result).toMatchObject({
      exitCode: 2,
      output: '',
      error: expect.stringMatching(/^usage: /),
    });
  });

  it('refuses a span in the future, and a role that may not handle payments', async () => {
    expect(await reconcile(['--since', '2999-01-01'])).toMatchObject({
      exitCode: 1,
      error: expect.stringMatching(/^invalid_argument: The span begins in the future/),
    });
    const asReader = await reconcile([], {
      environment: { CREDIT_CONSOLE_DATABASE_URL: bench.database.urlFor('test_reader') },
    });
    expect(asReader).toMatchObject({
      exitCode: 1,
      error: expect.stringMatching(/^not_permitted: /),
    });
  });
});
