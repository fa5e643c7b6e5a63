import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReadyDatabase } from '#main/console.ts';
import { createEmitter } from '#main/emitter.ts';
import type { HandlerDependencies } from '#main/ipc/dependencies.ts';
import { reconciliationHandlers } from '#main/ipc/reconciliation-handlers.ts';
import {
  type BackgroundRuns,
  createBackgroundRuns,
} from '#main/stripe/reconciliation/background-runs.ts';
import { takeRun } from '#main/stripe/reconciliation/run-lease.ts';
import { startRun } from '#main/stripe/reconciliation/run-reconciliation.ts';
import { AppError } from '#shared/errors.ts';
import type { ConsoleEvent } from '#shared/ipc/events.ts';
import { reconciliationProcedures } from '#shared/ipc/reconciliation.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { openShop, type Shop, type Sold } from '#test/support/reconciliation-world.ts';
import { createWorkbench, type Workbench } from '#test/support/stripe-workbench.ts';

const context = { signal: new AbortController().signal, traceId: 'trace' };

let bench: Workbench;
let shop: Shop;
let lost: Sold;
let runs: BackgroundRuns;
const events: ConsoleEvent[] = [];
const failures: unknown[] = [];

beforeAll(async () => {
  bench = await createWorkbench();
  shop = await openShop(bench, 2, 3);
  await shop.sell('user_1');
  await shop.deliver();
  lost = await shop.sell('user_2');
  runs = createBackgroundRuns({
    onProgress: ({ id }) => events.push({ type: 'reconciliation.changed', runId: id }),
    onFailure: (_, error) => failures.push(error),
  });
});
afterAll(async () => {
  await runs.stop();
  await bench.dispose();
});

/** The handlers on the workbench, as a person with these abilities. */
function handlersFor(abilities: Ability[] = ['manageStripe'], isProduction = false) {
  const emitter = createEmitter<ConsoleEvent>((error) => {
    throw error;
  });
  emitter.on((event) => void events.push(event));
  const database = { ...bench.target.database, actor: 'ada' } as ReadyDatabase;
  const console: Pick<
    HandlerDependencies,
    'database' | 'databaseFor' | 'events' | 'reconciliations'
  > & { stripe: Pick<HandlerDependencies['stripe'], 'target' | 'status'> } = {
    events: emitter,
    reconciliations: runs,
    database: () => database,
    databaseFor(ability, question) {
      if (!abilities.includes(ability)) throw new AppError('not_permitted', 'Not allowed.');
      if (isProduction && question?.confirmedProduction !== true) {
        throw new AppError('confirmation_required', 'Say it again.');
      }
      return database;
    },
    stripe: {
      target: async () => bench.target,
      status: async () => ({ mode: 'test' }) as never,
    },
  };
  return reconciliationHandlers(console as HandlerDependencies);
}

async function finished(runId: string) {
  const handlers = handlersFor();
  const run = async () =>
    (await handlers['reconciliation.runs']({}, context)).runs.find(({ id }) => id === runId);
  await expect.poll(async () => (await run())?.state).not.toBe('running');
  return reconciliationProcedures['reconciliation.start'].output.parse(await run());
}

describe('reconciliations of the window', () => {
  it('run in the background, tell of it, and answer as the contract says', async () => {
    const handlers = handlersFor();
    events.length = 0;
    const started = await handlers['reconciliation.start']({ since: null }, context);
    expect(started).toMatchObject({ state: 'running', actor: 'ada' });
    const run = await finished(started.id);
    expect(run).toMatchObject({ state: 'done', findings: 1, openFindings: 1 });
    expect(events).toContainEqual({ type: 'reconciliation.changed', runId: run.id });
    const found = reconciliationProcedures['reconciliation.findings'].output.parse(
      await handlers['reconciliation.findings']({ runId: run.id, bucket: null }, context),
    );
    expect(found).toMatchObject({
      counts: { missing_grant: 1, double_grant: 0 },
      findings: [
        {
          id: `missing_grant:${lost.sessionId}`,
          customerId: 'user_2',
          state: 'open',
          stripeUrl: `https://dashboard.stripe.com/test/checkout/sessions/${lost.sessionId}`,
        },
      ],
    });
    expect(
      await handlers['reconciliation.findings']({ runId: run.id, bucket: 'orphan_grant' }, context),
    ).toMatchObject({ findings: [], counts: { missing_grant: 1 } });
  });

  it('are one at a time, and what another console does is left to it', async () => {
    const handlers = handlersFor();
    const { id } = await startRun(bench.target, undefined);
    const elsewhere = await takeRun(bench.target, id);
    for (const call of [
      () => handlers['reconciliation.start']({ since: null }, context),
      () => handlers['reconciliation.resume']({ runId: id }, context),
      () => handlers['reconciliation.pause']({ runId: id }, context),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'already_processed' });
    }
    await elsewhere.giveUp();
    expect(await handlers['reconciliation.pause']({ runId: id }, context)).toMatchObject({
      state: 'paused',
    });
    await handlers['reconciliation.resume']({ runId: id }, context);
    const run = await finished(id);
    expect(run).toMatchObject({ state: 'done', findings: 1 });
    expect(await handlers['reconciliation.resume']({ runId: id }, context)).toMatchObject(run);
  });

  it('are paused by a person and by the end of the console', async () => {
    const handlers = handlersFor();
    for (const pause of [
      (runId: string) => handlers['reconciliation.pause']({ runId }, context),
      () => runs.stop(),
    ]) {
      const { id } = await handlers['reconciliation.start']({ since: null }, context);
      await pause(id);
      expect(await finished(id)).toMatchObject({ state: 'paused' });
      await handlers['reconciliation.resume']({ runId: id }, context);
      expect(await finished(id)).toMatchObject({ state: 'done' });
    }
    expect(failures).toEqual([]);
  });

  it('that Stripe cuts off have failed and say why', async () => {
    const fault = bench.simulator.faults.add({ kind: '401', path: '/v1/invoices' });
    const { id } = await handlersFor()['reconciliation.start']({ since: null }, context);
    expect(await finished(id)).toMatchObject({ state: 'failed', phase: 'invoices' });
    bench.simulator.faults.remove(fault);
    expect(failures).toHaveLength(1);
  });

  it('are repaired by those who may, after the second question of a production connection', async () => {
    const handlers = handlersFor();
    const [done] = (await handlers['reconciliation.runs']({}, context)).runs.filter(
      ({ state }) => state === 'done',
    );
    const place = { runId: done?.id ?? '', findingId: `missing_grant:${lost.sessionId}` };
    const preview = reconciliationProcedures['reconciliation.previewRepair'].output.parse(
      await handlers['reconciliation.previewRepair'](place, context),
    );
    expect(preview).toMatchObject({
      act: 'Grant what was paid for',
      why: null,
      preview: { before: { balance: 0 }, after: { balance: lost.credits }, alsoPosts: [] },
    });
    const input = { ...place, note: 'The event was lost', confirmedProduction: false };
    const production = handlersFor(['manageStripe'], true);
    await expect(production['reconciliation.repair'](input, context)).rejects.toMatchObject({
      code: 'confirmation_required',
    });
    events.length = 0;
    const confirmed = { ...input, confirmedProduction: true };
    const { finding } = reconciliationProcedures['reconciliation.repair'].output.parse(
      await production['reconciliation.repair'](confirmed, context),
    );
    expect(finding).toMatchObject({
      state: 'repaired',
      repairedByTransactionId: expect.stringMatching(/^[0-9]+$/),
    });
    expect(events).toEqual([
      { type: 'reconciliation.changed', runId: place.runId },
      { type: 'ledger.changed', customerId: 'user_2' },
      { type: 'billing.changed', customerId: 'user_2' },
    ]);
    expect(await bench.balance('user_2')).toBe(lost.credits);
    expect(
      await bench.rows(
        `SELECT actor, metadata ->> 'note' AS note FROM credits.credit_transactions WHERE customer_id = 'user_2'`,
      ),
    ).toEqual([{ actor: 'ada (test_admin)', note: 'The event was lost' }]);
    await production['reconciliation.repair'](confirmed, context);
    expect(await bench.balance('user_2')).toBe(lost.credits);
  });

  it('tell of units of a meter, which no entry repairs', async () => {
    await bench.rows(
      "INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ('tokens', 'Tokens', 'sum')",
    );
    await bench.rows(
      `INSERT INTO credits_billing.subscription_item_periods
       VALUES ('si_1', '2026-01-01T00:00:30Z', '2026-02-01T00:00:30Z', $1, 'user_1', 'tokens')`,
      [bench.target.accountId],
    );
    await bench.rows("SELECT credits.ensure_customer('user_1', stripe_customer_id => 'cus_1')");
    await bench.rows(
      "SELECT credits.report_usage('user_1', 'tokens', 12, 'k', '2026-01-15T00:00:00Z')",
    );
    await bench.rows(
      "UPDATE credits.usage_reports SET created_at = created_at - interval '2 hours'",
    );
    const handlers = handlersFor();
    const { id } = await handlers['reconciliation.start'](
      { since: '2026-01-20T00:00:00Z' },
      context,
    );
    const run = await finished(id);
    expect(run).toMatchObject({ state: 'done', checked: { usage: 1 } });
    const { findings, counts } = reconciliationProcedures['reconciliation.findings'].output.parse(
      await handlers['reconciliation.findings']({ runId: id, bucket: 'usage_differs' }, context),
    );
    expect(counts.usage_differs).toBe(1);
    expect(findings).toMatchObject([
      {
        bucket: 'usage_differs',
        customerId: 'user_1',
        expectedCredits: null,
        foundCredits: null,
        stripeUrl: null,
        usage: {
          eventName: 'tokens',
          periodStart: '2026-01-01T00:00:00.000Z',
          periodEnd: '2026-02-01T00:01:00.000Z',
          expectedUnits: 12,
          foundUnits: 0,
        },
      },
    ]);
    const place = { runId: id, findingId: findings[0]?.id ?? '' };
    expect(
      reconciliationProcedures['reconciliation.previewRepair'].output.parse(
        await handlers['reconciliation.previewRepair'](place, context),
      ),
    ).toMatchObject({ act: null, why: expect.stringContaining('Metered tab'), preview: null });
    const repair = { ...place, note: 'Please', confirmedProduction: true };
    await expect(handlers['reconciliation.repair'](repair, context)).rejects.toMatchObject({
      code: 'stripe_refused',
    });
  });

  it('are looked at by everybody, and started, paused and repaired by nobody else', async () => {
    const handlers = handlersFor([]);
    const { runs: all } = await handlers['reconciliation.runs']({}, context);
    const place = { runId: all[0]?.id ?? '', findingId: 'missing_grant:cs_1' };
    await handlers['reconciliation.findings']({ runId: place.runId, bucket: null }, context);
    const repair = { ...place, note: 'Please', confirmedProduction: true };
    for (const call of [
      async () => handlers['reconciliation.start']({ since: null }, context),
      async () => handlers['reconciliation.pause']({ runId: place.runId }, context),
      async () => handlers['reconciliation.resume']({ runId: place.runId }, context),
      async () => handlers['reconciliation.previewRepair'](place, context),
      async () => handlers['reconciliation.repair'](repair, context),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'not_permitted' });
    }
  });

  it('and differences that are not there are not found', async () => {
    const handlers = handlersFor();
    const runId = '8f14e45f-ceea-467f-9c3e-2f6a3b1f0c11';
    await expect(handlers['reconciliation.resume']({ runId }, context)).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(
      handlers['reconciliation.previewRepair']({ runId, findingId: 'nothing' }, context),
    ).rejects.toMatchObject({ code: 'not_found' });
  });
});
