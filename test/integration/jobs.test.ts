import { describe, expect, it, vi } from 'vitest';
import { LEASED_JOBS, LEDGER_JOBS } from '#main/jobs/schedule.ts';
import { jobRunnersForFile } from '#test/support/job-runners.ts';
import { startTcpProxy } from '#test/support/tcp-proxy.ts';

const ledger = jobRunnersForFile();
const { database, rows, start, job, lease, makeDue } = ledger;

/** Waits for what other database transactions of the server may delay. */
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 10_000, interval: 10 });

async function expectSoundLedger() {
  expect(await rows('SELECT * FROM credits.check_integrity()')).toEqual([]);
}

describe('the jobs of the ledger', () => {
  it('run once a period however many consoles look for what is due', async () => {
    const runners = [start(), start(), start()];
    const ran = () => Object.fromEntries(LEASED_JOBS.map((name) => [name, count(name)]));
    const count = (name: (typeof LEASED_JOBS)[number]) =>
      runners.reduce((sum, runner) => sum + runner.ran(name), 0);
    const each = (times: number) => Object.fromEntries(LEASED_JOBS.map((name) => [name, times]));
    await eventually(() => expect(ran()).toEqual(each(1)));
    await Promise.all(runners.map((runner) => runner.looked()));
    expect(ran()).toEqual(each(1));
    await rows(
      `UPDATE credits_billing.jobs SET next_run_at = clock_timestamp(), last_finished_at = clock_timestamp() - interval '61 seconds'`,
    );
    await eventually(() => expect(ran()).toEqual(each(2)));
    await Promise.all(runners.map((runner) => runner.looked()));
    expect(ran()).toEqual(each(2));
    for (const name of LEASED_JOBS) expect((await job(name))?.failures).toBe(0);
  });

  it('that come often write nothing down while there is nothing to do', async () => {
    const runner = start();
    await eventually(() => expect(runner.runs).toHaveLength(LEDGER_JOBS.length));
    const before = await job('balance_watch');
    await makeDue('balance_watch', 'notifications');
    await runner.looked();
    expect(runner.runs).toHaveLength(LEDGER_JOBS.length);
    expect(await job('balance_watch')).toMatchObject({
      last_finished_at: before?.last_finished_at,
    });
    await ledger.customer('dee', 20);
    await rows(`SELECT credits.deduct_credits('dee', 20, 'used')`);
    await eventually(async () =>
      expect(
        await rows(`SELECT kind FROM credits_billing.notifications WHERE customer_id = 'dee'`),
      ).toEqual([{ kind: 'empty' }]),
    );
    await eventually(() =>
      expect(runner.runs).toContainEqual({ name: 'balance_watch', result: { done: 1 } }),
    );
  });

  it('do by themselves what is due: expiry, holds, monthly credits, falling balances, roll-ups', async () => {
    const ann = await ledger.customer('ann', 100);
    const bob = await ledger.customer('bob', 100);
    const cid = await ledger.customer('cid', 20);
    await ledger.expired(ann, 30);
    await ledger.overdueHold(bob, 40);
    // Not who has something that expires: a job leaves accounts that another one has locked to its next run.
    await rows(`UPDATE credits.customers SET plan_tier = 'free' WHERE id = 'cid'`);
    await rows(
      `UPDATE credits_billing.plans SET allocates_without_subscription = true, monthly_credits = 7 WHERE tier = 'free'`,
    );
    await rows(`SELECT credits.deduct_credits('cid', 15, 'used')`);
    const runner = start();
    await eventually(async () => {
      expect(await ledger.balance(ann)).toBe(100);
      expect(await rows(`SELECT state FROM credits.credit_holds`)).toEqual([{ state: 'expired' }]);
      expect(await ledger.balance(cid)).toBe(12);
      expect(
        await rows(
          `SELECT kind, balance FROM credits_billing.notifications WHERE customer_id = 'cid'`,
        ),
      ).toEqual([{ kind: 'low', balance: 5 }]);
      expect(await rows('SELECT count(*) > 0 AS folded FROM credits.rollup_days')).toEqual([
        { folded: true },
      ]);
      expect(await job('expiry')).toMatchObject({
        last_done: 2,
        last_worker: runner.worker,
        error: null,
        failures: 0,
        every_seconds: 60,
      });
      expect(await job('allocations')).toMatchObject({ last_done: 1 });
    });
    expect(
      await rows(`SELECT DISTINCT actor FROM credits.credit_transactions WHERE transaction_type <> 'bonus'
        AND transaction_type <> 'usage'`),
    ).toEqual([{ actor: 'scheduled jobs (test_admin)' }]);
    await runner.stop();
    expect(await rows('SELECT * FROM credits_billing.job_leases')).toEqual([]);
    await rows('UPDATE credits_billing.plans SET allocates_without_subscription = false');
    await expectSoundLedger();
  });

  it('give a plan’s credits of the new month before those of the old one go, so that nobody is told of the moment between', async () => {
    await rows(`UPDATE credits_billing.plans SET allocates_without_subscription = true, monthly_credits = 50
      WHERE tier = 'basic'`);
    const ids = ['may', 'ned'];
    for (const id of ids) {
      await rows('SELECT credits.ensure_customer($1, plan_tier => $2)', [id, 'basic']);
    }
    const month = `date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'`;
    await rows(
      `UPDATE credits.customers SET created_at = ${month} - interval '20 days' WHERE plan_tier = 'basic'`,
    );
    await rows(`SELECT credits.allocate_plans(${month} - interval '10 days')`);
    const runner = start({ onlyOnRequest: true });
    await runner.runNow('expiry');
    for (const id of ids) expect(await ledger.balance(id), id).toBe(50);
    await eventually(async () => {
      await runner.runNow('balance_watch');
      expect(
        await rows(`SELECT FROM credits_billing.notification_watch WHERE horizon <= (
          SELECT max(recorded_in) FROM credits.credit_transactions)`),
      ).toEqual([]);
    });
    expect(
      await rows(
        `SELECT customer_id, kind FROM credits_billing.notifications WHERE customer_id = ANY ($1)`,
        [ids],
      ),
    ).toEqual([]);
    await runner.runNow('allocations');
    for (const id of ids) expect(await ledger.balance(id), id).toBe(50);
    await rows('UPDATE credits_billing.plans SET allocates_without_subscription = false');
    await expectSoundLedger();
  });

  it('go on where the clock of the database was set back', async () => {
    const runner = start();
    await eventually(() => expect(runner.runs).toHaveLength(LEDGER_JOBS.length));
    // What was written down an hour ahead of the new time; a runner died while it ran one.
    await rows(`UPDATE credits_billing.jobs SET next_run_at = clock_timestamp() + interval '1 hour',
      last_finished_at = clock_timestamp() + interval '59 minutes'`);
    await rows(
      `INSERT INTO credits_billing.job_leases VALUES ('job:roll_ups', 'gone', clock_timestamp() + interval '1 hour')`,
    );
    for (const name of ['expiry', 'allocations', 'roll_ups'] as const) {
      await eventually(() => expect(runner.ran(name), name).toBe(2));
    }
    expect(await lease('roll_ups')).toBeUndefined();
    await runner.looked();
    expect(runner.ran('expiry')).toBe(2);
  });

  it('note what went wrong, wait longer each time, and forget it after a good run', async () => {
    await rows('REVOKE EXECUTE ON FUNCTION credits.allocate_plans FROM credits_admin');
    const runner = start();
    const failed = async (failures: number, pause: number) => {
      await eventually(async () => expect(await job('allocations')).toMatchObject({ failures }));
      expect(await job('allocations')).toMatchObject({
        error: 'Something unexpected went wrong: permission denied for function allocate_plans',
        error_at: expect.any(Date),
        last_done: null,
        pause_seconds: expect.closeTo(pause, 0),
      });
    };
    await failed(1, 60);
    await makeDue('allocations');
    await failed(2, 120);
    await makeDue('allocations');
    await failed(3, 240);
    await makeDue('allocations');
    await failed(4, 300);
    expect(runner.lines.filter((line) => line.includes('allocations'))).toHaveLength(1);
    expect(runner.ran('expiry')).toBe(1);
    await rows('GRANT EXECUTE ON FUNCTION credits.allocate_plans TO credits_admin');
    await makeDue('allocations');
    await eventually(async () =>
      expect(await job('allocations')).toMatchObject({
        failures: 0,
        error: null,
        error_at: null,
        last_done: 0,
      }),
    );
  });

  it('go on after the database was away', async () => {
    const proxy = await startTcpProxy({ port: Number(new URL(database.ownerUrl).port) });
    ledger.closing.push(() => proxy.close());
    const runner = start({ url: proxy.urlThrough(database.urlFor('test_admin')) });
    await eventually(() => expect(runner.runs).toHaveLength(LEDGER_JOBS.length));
    let isAway = true;
    proxy.onConnection = (connection) => {
      if (isAway) connection.cut();
    };
    for (const connection of proxy.connections) connection.cut();
    await ledger.expired(await ledger.customer('eve', 10), 5);
    await makeDue('expiry');
    await eventually(() => expect(runner.lines.length).toBeGreaterThan(0));
    isAway = false;
    await eventually(async () => expect(await ledger.balance('eve')).toBe(10));
    await eventually(() => expect(runner.ran('expiry')).toBe(2));
  });
});

describe('a job that one runner has', () => {
  it('is left to it, by others and by a person, while it takes; its lease is renewed', async () => {
    await ledger.expired(await ledger.customer('fay', 10), 5);
    const expiry = await ledger.blockExpiry();
    const first = start();
    await expiry.hasBegun();
    expect(await lease('expiry')).toBe(first.worker);
    const second = start();
    await expect(second.runNow('expiry')).rejects.toMatchObject({ code: 'already_processed' });
    await rows(
      `UPDATE credits_billing.job_leases SET expires_at = clock_timestamp() + interval '1 second'`,
    );
    await eventually(async () =>
      expect(
        await rows(
          `SELECT FROM credits_billing.job_leases WHERE name = 'job:expiry' AND expires_at > clock_timestamp() + interval '20 seconds'`,
        ),
      ).toHaveLength(1),
    );
    await second.looked();
    expect(second.ran('expiry')).toBe(0);
    await expiry.goOn();
    await eventually(() => expect(first.ran('expiry')).toBe(1));
    expect(await lease('expiry')).toBeUndefined();
    await second.runNow('expiry');
    expect(await job('expiry')).toMatchObject({ last_worker: second.worker, last_done: 0 });
    expect(await ledger.balance('fay')).toBe(10);
    await expectSoundLedger();
  });

  it('is taken over once the lease of a killed runner has run out', async () => {
    const proxy = await startTcpProxy({ port: Number(new URL(database.ownerUrl).port) });
    await ledger.expired(await ledger.customer('gus', 10), 5);
    const expiry = await ledger.blockExpiry();
    const killed = start({ url: proxy.urlThrough(database.urlFor('test_admin')) });
    await expiry.hasBegun();
    expect(await lease('expiry')).toBe(killed.worker);
    // As a computer that lost its power: nothing more comes from it.
    await proxy.close();
    await rows(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'test_admin'`,
    );
    await expiry.goOn();
    expect(await ledger.balance('gus')).toBe(15);
    const other = start();
    await other.looked();
    expect(other.ran('expiry')).toBe(0);
    expect(await job('expiry')).toMatchObject({
      last_worker: killed.worker,
      last_finished_at: null,
    });
    await ledger.leasesRunOut();
    await eventually(() => expect(other.ran('expiry')).toBe(1));
    expect(await job('expiry')).toMatchObject({ last_worker: other.worker, last_done: 1 });
    expect(await ledger.balance('gus')).toBe(10);
    await expectSoundLedger();
  });

  it('and lost to another, as after a sleep, is not noted as its own, and nothing is done twice', async () => {
    await ledger.expired(await ledger.customer('hal', 10), 5);
    const expiry = await ledger.blockExpiry();
    const sleeper = start({ onlyOnRequest: true });
    const run = sleeper.runNow('expiry').catch((error: unknown) => error);
    await expiry.hasBegun();
    expect(await lease('expiry')).toBe(sleeper.worker);
    await rows(
      `UPDATE credits_billing.job_leases SET holder = 'another', expires_at = clock_timestamp() + interval '30 seconds'`,
    );
    await rows(`UPDATE credits_billing.jobs SET last_worker = 'another' WHERE name = 'expiry'`);
    await expiry.goOn();
    expect(await run).toMatchObject({ code: 'already_processed' });
    expect(await job('expiry')).toMatchObject({ last_finished_at: null, last_worker: 'another' });
    expect(await lease('expiry')).toBe('another');
    await ledger.leasesRunOut();
    const other = start({ onlyOnRequest: true });
    await other.runNow('expiry');
    expect(await ledger.balance('hal')).toBe(10);
    await expectSoundLedger();
  });

  it('is given up by a runner that is stopped, and due for the others', async () => {
    const expiry = await ledger.blockExpiry();
    const first = start();
    await expiry.hasBegun();
    expect(await lease('expiry')).toBe(first.worker);
    const stopped = first.stop();
    await expiry.goOn();
    await stopped;
    expect(await lease('expiry')).toBeUndefined();
    await expect(first.runNow('expiry')).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('runs when a person asks, due or not, one run after the other', async () => {
    const runner = start({ onlyOnRequest: true });
    await runner.runNow('roll_ups');
    await Promise.all([runner.runNow('roll_ups'), runner.runNow('roll_ups')]);
    expect(runner.ran('roll_ups')).toBe(3);
    expect(runner.ran('expiry')).toBe(0);
    await rows('REVOKE EXECUTE ON FUNCTION credits.allocate_plans FROM credits_admin');
    await expect(runner.runNow('allocations')).rejects.toThrow('permission denied');
    await rows('GRANT EXECUTE ON FUNCTION credits.allocate_plans TO credits_admin');
  });
});
