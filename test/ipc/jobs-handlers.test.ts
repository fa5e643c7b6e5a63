import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { JOB_NAMES, type JobName } from '#shared/ipc/jobs.ts';
import type { ConsoleDoor } from '#test/support/console-door.ts';
import { openStripeDoor, type StripeDoor } from '#test/support/stripe-door.ts';

let shop: StripeDoor;
let door: ConsoleDoor;

beforeAll(async () => {
  shop = await openStripeDoor();
  door = shop.door;
});
afterAll(() => shop.close());

const list = async (through = door) => (await through.call('jobs.list', {})).rows;
const run = (name: JobName, through = door) => through.call('jobs.runNow', { name });

describe('jobs', () => {
  it('run by themselves in the console of an admin, and tell the window', async () => {
    await vi.waitFor(async () => {
      const jobs = await list();
      expect(jobs.map(({ name }) => name)).toEqual([...JOB_NAMES]);
      for (const { lastFinishedAt, lastDone, nextRunAt, error, canRun } of jobs) {
        expect({ lastFinishedAt, nextRunAt }).toEqual({
          lastFinishedAt: expect.any(String),
          nextRunAt: expect.any(String),
        });
        expect({ error, canRun, done: lastDone !== null }).toEqual({
          error: null,
          canRun: true,
          done: true,
        });
      }
    }, 10_000);
    expect(door.events).toContainEqual({ type: 'jobs.changed' });
  });

  it.each(JOB_NAMES)('run when they are asked for: %s', async (name) => {
    const before = (await list()).find((job) => job.name === name);
    const ran = await run(name);
    expect(ran).toMatchObject({ name, error: null, canRun: true, runningBy: null });
    expect(ran.lastFinishedAt).not.toBe(before?.lastFinishedAt);
  });

  it('are left to whoever runs them at this moment', async () => {
    const { pool } = shop.database;
    await pool.query(
      `INSERT INTO credits_billing.job_leases VALUES ('job:expiry', 'another', now() + interval '1 minute')
       ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at`,
    );
    await expect(run('expiry')).rejects.toMatchObject({ code: 'already_processed' });
    expect((await list()).find(({ name }) => name === 'expiry')).toMatchObject({
      runningBy: 'another',
    });
    await pool.query(`DELETE FROM credits_billing.job_leases WHERE holder = 'another'`);
    await expect(run('expiry')).resolves.toMatchObject({ runningBy: null });
  });

  it('that raise a notification have the alerts read again', async () => {
    await shop.database.pool.query(`SELECT credits.ensure_customer('ann')`);
    await shop.database.pool.query(`SELECT credits.add_credits('ann', 20, 'bonus', 'start')`);
    await shop.database.pool.query(`SELECT credits.deduct_credits('ann', 20, 'used')`);
    await vi.waitFor(async () => {
      await run('balance_watch');
      expect(door.events).toContainEqual({ type: 'alerts.changed', customerId: null });
    }, 10_000);
  });

  it('that change the ledger have it read again, and only then', async () => {
    const told = () => door.events.filter(({ type }) => type === 'ledger.changed');
    await run('expiry');
    const before = told().length;
    await run('expiry');
    await run('allocations');
    expect(told()).toHaveLength(before);
    await shop.database.pool.query(`SELECT credits.ensure_customer('bob')`);
    await shop.database.pool.query(`SELECT credits.add_credits('bob', 20, 'bonus', 'start')`);
    await shop.database.pool.query(`SELECT credits.hold_credits('bob', 5, 'work')`);
    await shop.database.pool.query(
      `UPDATE credits.credit_holds SET expires_at = now() - interval '1 minute' WHERE customer_id = 'bob'`,
    );
    await vi.waitFor(async () => {
      await run('expiry');
      expect(told().slice(before)).toContainEqual({ type: 'ledger.changed', customerId: null });
    }, 10_000);
  });

  it('need the right; whoever reads sees them all the same', async () => {
    for (const role of ['test_reader', 'test_support'] as const) {
      const other = await shop.openAs(role);
      const jobs = await list(other);
      expect(jobs.map(({ canRun }) => canRun)).toEqual(JOB_NAMES.map(() => false));
      expect(jobs[0]?.lastFinishedAt).not.toBeNull();
      for (const name of ['expiry', 'stripe_inbox', 'refunds'] as const) {
        await expect(run(name, other)).rejects.toMatchObject({ code: 'not_permitted' });
      }
    }
    await expect(run('sweep' as never)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('of Stripe need an account, those of the ledger do not', async () => {
    await door.call('stripe.disconnect', {});
    const jobs = await list();
    expect(jobs.filter(({ canRun }) => canRun).map(({ name }) => name)).toEqual([
      'expiry',
      'allocations',
      'balance_watch',
      'notifications',
      'roll_ups',
    ]);
    await expect(run('stripe_events')).rejects.toMatchObject({ code: 'stripe_not_connected' });
    await expect(run('roll_ups')).resolves.toMatchObject({ error: null });
  });
});
