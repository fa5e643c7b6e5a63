import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listJobs } from '#main/jobs/list-jobs.ts';
import { createLog } from '#main/logging/log.ts';
import { startUsageWork } from '#main/metering/outbox/usage-work.ts';
import type { StripeGateway } from '#main/stripe/gateway/gateway.ts';
import { startEventWork } from '#main/stripe/inbox/event-work.ts';
import { startRefundWork } from '#main/stripe/refunds/refund-work.ts';
import { AppError } from '#shared/errors.ts';
import { JOB_NAMES, type JobName } from '#shared/ipc/jobs.ts';
import { queryTargetOn } from '#test/support/query-target.ts';
import { workbenchForFile } from '#test/support/workbench-for-file.ts';

const bench = workbenchForFile();
const host = hostname();
const closing: (() => Promise<unknown>)[] = [];
let told: JobName[] = [];

beforeEach(() => {
  told = [];
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await bench.rows('DELETE FROM credits_billing.jobs');
  await bench.rows('DELETE FROM credits_billing.job_leases');
});

const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 10_000, interval: 10 });
const changes = { onChange: () => undefined, onBillingChange: () => undefined };
const onRun = (name: JobName) => void told.push(name);

function startEvents(gateway: Partial<StripeGateway> = {}, pollEveryMs = 3_600_000) {
  const target = { ...bench.target, gateway: { ...bench.target.gateway, ...gateway } };
  const work = startEventWork(target, { poll: true, pollEveryMs, ...changes, onRun });
  closing.push(() => work.stop());
  return work;
}

async function job(name: JobName) {
  const [row] = await bench.rows<Record<string, unknown>>(
    'SELECT * FROM credits_billing.jobs WHERE name = $1',
    [name],
  );
  return row;
}

async function listed(name: JobName) {
  return (await listJobs(bench.target.database, () => true)).find((row) => row.name === name);
}

describe('the work with Stripe', () => {
  it('notes its runs with the jobs, also those that a person asks for', async () => {
    const events = startEvents();
    const refunds = startRefundWork(bench.target, { ...changes, onRun });
    const usage = startUsageWork(bench.target, { readErrorsEveryMs: 60_000, ...changes, onRun });
    closing.push(refunds.stop, usage.stop);
    const names = ['stripe_events', 'stripe_inbox', 'refunds', 'usage_outbox', 'meter_errors'];
    await eventually(async () => {
      expect(
        await bench.rows(
          'SELECT name, last_done, failures FROM credits_billing.jobs ORDER BY array_position($1, name)',
          [names],
        ),
      ).toEqual(names.map((name) => ({ name, last_done: 0, failures: 0 })));
    });
    expect(await job('stripe_events')).toMatchObject({ every_seconds: 3_600, error: null });
    const customerId = await bench.newCustomer();
    await bench.buy({ customerId, credits: 3, amountMinor: 100 });
    const before = await job('refunds');
    await events.pollNow();
    await events.handleNow();
    await refunds.finishNow();
    await usage.sendNow();
    await usage.readErrorsNow();
    expect(await bench.balance(customerId)).toBe(3);
    expect((await job('stripe_events'))?.last_done).toBeGreaterThan(0);
    expect((await job('refunds'))?.last_finished_at).not.toEqual(before?.last_finished_at);
    expect(new Set(told)).toEqual(new Set(names));
  });

  it('writes nothing down for a minute while there is nothing to do', async () => {
    let readings = 0;
    startEvents(
      {
        listEvents: async function* () {
          readings += 1;
          yield [];
        },
      },
      5,
    );
    await eventually(async () => expect(await job('stripe_events')).toBeDefined());
    const first = await job('stripe_events');
    const until = readings + 5;
    await eventually(() => expect(readings).toBeGreaterThan(until));
    expect(await job('stripe_events')).toEqual(first);
    expect(told.filter((name) => name === 'stripe_events')).toHaveLength(1);
    // All the same it is not overdue.
    await bench.rows(
      `UPDATE credits_billing.jobs SET next_run_at = now() - interval '40 seconds', last_finished_at = now() - interval '41 seconds'`,
    );
    const soon = new Date((await listed('stripe_events'))?.nextRunAt ?? 0).getTime();
    expect(soon).toBeGreaterThan(Date.now() - 30_000);
    await bench.rows(
      `UPDATE credits_billing.jobs SET last_finished_at = now() - interval '1 hour'`,
    );
    const overdue = new Date((await listed('stripe_events'))?.nextRunAt ?? 0).getTime();
    expect(overdue).toBeLessThan(Date.now() - 30_000);
  });

  it('notes what went wrong and how often in a row, until it goes well', async () => {
    let problem: Error | undefined = new AppError('stripe_unavailable', 'Stripe did not answer.');
    const work = startEvents({
      listEvents: async function* () {
        if (problem) throw problem;
        yield [];
      },
    });
    await eventually(async () =>
      expect(await job('stripe_events')).toMatchObject({
        error: `On ${host}: Stripe did not answer.`,
        failures: 1,
      }),
    );
    await expect(work.pollNow()).rejects.toMatchObject({ code: 'stripe_unavailable' });
    expect(await listed('stripe_events')).toMatchObject({
      lastDone: null,
      error: { message: `On ${host}: Stripe did not answer.`, failures: 2, at: expect.any(String) },
    });
    problem = new Error(`Nobody expected the key sk_test_${'a'.repeat(24)}.`);
    await expect(work.pollNow()).rejects.toThrow('Nobody expected');
    expect((await job('stripe_events'))?.error).toBe(
      `On ${host}: Something unexpected went wrong: Nobody expected the key sk_test_***.`,
    );
    problem = undefined;
    await work.pollNow();
    expect(await listed('stripe_events')).toMatchObject({ error: null, lastDone: 0 });
  });

  it('is done as well by a role that may not note it', async () => {
    const database = queryTargetOn(bench.database.urlFor('test_support'));
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line));
    const work = startRefundWork({ ...bench.target, database, log }, { ...changes, onRun });
    closing.push(() => database.pool.end(), work.stop);
    await work.finishNow();
    expect(await job('refunds')).toBeUndefined();
    expect([told, lines]).toEqual([[], []]);
  });
});

describe('the list of jobs', () => {
  it('is complete before any of them ran', async () => {
    const jobs = await listJobs(bench.target.database, (name) => name === 'expiry');
    expect(jobs.map(({ name }) => name)).toEqual([...JOB_NAMES]);
    expect(jobs[0]).toMatchObject({
      everySeconds: 60,
      lastStartedAt: null,
      lastFinishedAt: null,
      lastDone: null,
      lastWorker: null,
      nextRunAt: null,
      runningBy: null,
      error: null,
      canRun: true,
    });
    expect(jobs[1]).toMatchObject({ canRun: false });
  });

  it('says who runs a job now, as long as the lease or the claim lasts', async () => {
    await bench.rows(`INSERT INTO credits_billing.job_leases VALUES
      ('job:expiry', 'one', now() + interval '1 minute'), ('job:roll_ups', 'two', now() - interval '1 second')`);
    await event('claimed', { claimed_by: 'three', claimed_until: new Date(Date.now() + 60_000) });
    const running = async () =>
      Object.fromEntries(
        (await listJobs(bench.target.database, () => true))
          .filter(({ runningBy }) => runningBy !== null)
          .map(({ name, runningBy }) => [name, runningBy]),
      );
    expect(await running()).toEqual({ expiry: 'one', stripe_inbox: 'three' });
    await bench.rows('DELETE FROM credits_billing.stripe_events WHERE claimed_by IS NOT NULL');
    expect(await running()).toEqual({ expiry: 'one' });
  });

  it('counts what waits for each of them', async () => {
    await bench.rows('SELECT credits.fold_usage()');
    await bench.rows('SELECT credits.watch_balances()');
    const before = await backlogs();
    expect(before).toMatchObject({ stripe_events: null, meter_errors: null, stripe_inbox: 0 });
    await bench.rows(
      `UPDATE credits_billing.plans SET allocates_without_subscription = true WHERE tier = 'free'`,
    );
    const [ann, bob, cid] = await Promise.all([1, 2, 3].map(() => bench.newCustomer()));
    await bench.rows(`UPDATE credits.customers SET plan_tier = 'free' WHERE id = ANY ($1)`, [
      [ann, bob, cid],
    ]);
    // Ann has hers already, and Bob gets them through Stripe.
    await bench.rows(
      `INSERT INTO credits_billing.plan_allocations VALUES ($1, date_trunc('month', now() AT TIME ZONE 'UTC')::date, 'free', 1)`,
      [ann],
    );
    await bench.rows(
      `INSERT INTO credits_billing.subscriptions (id, account_id, customer_id, plan_tier, status)
       SELECT 'sub_bob', s.account_id, $1, 'free', 'active' FROM credits_billing.stripe_settings s`,
      [bob],
    );
    for (const id of [ann, bob]) {
      await bench.rows(
        `SELECT credits.add_credits($1, 10, 'bonus', 'soon over', expires_at => now() + interval '1 hour')`,
        [id],
      );
      await bench.rows(`SELECT credits.hold_credits($1, 10, 'work')`, [id]);
      await bench.rows(
        `UPDATE credits.credit_grants SET expires_at = now() - interval '1 minute' WHERE customer_id = $1`,
        [id],
      );
    }
    // Bob’s hold is over, and so is what it kept; Ann’s still keeps hers.
    await bench.rows(
      `UPDATE credits.credit_holds SET expires_at = now() - interval '1 minute', created_at = now() - interval '1 hour' WHERE customer_id = $1`,
      [bob],
    );
    await bench.rows(
      `UPDATE credits.credit_holds SET created_at = now() - interval '1 hour' WHERE customer_id = $1`,
      [ann],
    );
    await event('due', {});
    await event('later', { next_attempt_at: new Date(Date.now() + 60_000) });
    await event('handled', { state: 'handled' });
    await bench.rows(
      `INSERT INTO credits_billing.refund_requests (id, customer_id, stripe_payment_id, amount_minor, policy, credits, reason, actor)
       VALUES (gen_random_uuid(), $1, 'pi_none', 100, 'remaining', 1, 'test', 'test')`,
      [ann],
    );
    await bench.rows(
      `INSERT INTO credits.usage_reports (customer_id, event_name, quantity, occurred_at, idempotency_key, fingerprint, actor)
       VALUES ($1, 'calls', 1, now(), 'k', gen_random_uuid(), 'test')`,
      [ann],
    );
    await bench.rows(
      `INSERT INTO credits_billing.meter_events (id, identifier, account_id, livemode, customer_id, stripe_customer_id, event_name,
         formula, value, reports, occurred_at, state)
       SELECT gen_random_uuid(), 'e_' || state, s.account_id, s.livemode, $1, 'cus_1', 'calls', 'count', 1, 1, now(), state
       FROM credits_billing.stripe_settings s CROSS JOIN unnest(ARRAY['queued', 'sent']) state`,
      [ann],
    );
    await bench.rows(
      `WITH raised AS (
         INSERT INTO credits_billing.notifications (customer_id, kind, balance, threshold, transaction_id, occurred_at)
         VALUES ($1, 'low', 1, 10, 1, now()) RETURNING id)
       INSERT INTO credits_billing.notification_deliveries (notification_id, channel, state)
       SELECT id, channel, state FROM raised CROSS JOIN (VALUES ('email', 'queued'), ('webhook', 'sent')) d (channel, state)`,
      [ann],
    );
    const after = await backlogs();
    const more = Object.fromEntries(
      JOB_NAMES.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)]),
    );
    expect(more).toEqual({
      // Bob’s grant and his hold.
      expiry: 2,
      allocations: 1,
      balance_watch: 2,
      notifications: 1,
      roll_ups: 2,
      stripe_events: 0,
      stripe_inbox: 1,
      refunds: 1,
      usage_outbox: 2,
      meter_errors: 0,
    });
  });
});

async function backlogs(): Promise<Record<JobName, number | null>> {
  const reader = queryTargetOn(bench.database.urlFor('test_reader'));
  closing.push(() => reader.pool.end());
  const jobs = await listJobs(reader, () => false);
  return Object.fromEntries(jobs.map(({ name, backlog }) => [name, backlog])) as never;
}

async function event(type: string, columns: Record<string, unknown>): Promise<void> {
  const names = Object.keys(columns);
  await bench.rows(
    `INSERT INTO credits_billing.stripe_events (id, account_id, livemode, type, payload, created_at, received_by ${names.map((name) => `, ${name}`).join('')})
     SELECT $1, s.account_id, s.livemode, $2, '{}', now(), 'poll' ${names.map((_, index) => `, $${index + 3}`).join('')}
     FROM credits_billing.stripe_settings s`,
    [`evt_${randomUUID()}`, type, ...Object.values(columns)],
  );
}
