import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listJobs } from '#main/jobs/list-jobs.ts';
import { makeGate } from '#test/support/gate.ts';
import { jobRunnersForFile } from '#test/support/job-runners.ts';
import { type MailServer, startMailServer } from '#test/support/mail-server.ts';

const ledger = jobRunnersForFile();
const { rows, start, job } = ledger;

const LOGIN = { user: 'shop', password: 'right' };
const KNOWS = { SMTP_PASSWORD: LOGIN.password };
/** As a computer that the mail server does not let in. */
const SHUT_OUT = { SMTP_PASSWORD: 'wrong' };

let server: MailServer;
let customers = 0;

beforeEach(async () => {
  server = await startMailServer({ login: LOGIN });
  await rows(
    `UPDATE credits_billing.notification_settings SET email_enabled = true, email_from = 'credits@shop.example',
       smtp_host = '127.0.0.1', smtp_port = $1, smtp_security = 'none', smtp_user = $2, webhook_enabled = false, webhook_url = NULL`,
    [server.port, LOGIN.user],
  );
});
afterEach(async () => {
  await server.close();
  await rows('DELETE FROM credits_billing.notification_deliveries');
});

const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 10_000, interval: 10 });
/** Far sooner than the shortest pause of a job. */
const promptly = (check: () => unknown) => vi.waitFor(check, { timeout: 2_500, interval: 10 });

/** So many notices that are to be mailed, each to a customer of its own. */
async function raise(count: number, channels = ['email']): Promise<void> {
  for (let each = 0; each < count; each += 1) {
    customers += 1;
    await rows('SELECT credits.ensure_customer($1, email => $2)', [
      `customer_${customers}`,
      `customer_${customers}@example.com`,
    ]);
    await rows(
      `WITH raised AS (
         INSERT INTO credits_billing.notifications (customer_id, kind, balance, threshold, transaction_id, occurred_at)
         VALUES ($1, 'empty', 0, 10, 1, clock_timestamp()) RETURNING id)
       INSERT INTO credits_billing.notification_deliveries (notification_id, channel)
       SELECT id, unnest($2::text[]) FROM raised`,
      [`customer_${customers}`, channels],
    );
  }
}

const sent = async () =>
  (await rows(`SELECT FROM credits_billing.notification_deliveries WHERE state = 'sent'`)).length;

async function listed() {
  const jobs = await listJobs(ledger.target(), () => true);
  return jobs.find(({ name }) => name === 'notifications');
}

describe('notifications, beside a runner that', () => {
  it('lacks the password, go out promptly from the one that has it', async () => {
    const without = [start(), start()];
    await Promise.all(without.map((runner) => runner.looked()));
    await raise(1);
    await Promise.all(without.map((runner) => runner.looked()));
    const service = start({ secrets: KNOWS });
    await promptly(() => expect(server.mails).toHaveLength(1));
    for (const total of [2, 3]) {
      await raise(1);
      await promptly(() => expect(server.mails).toHaveLength(total));
    }
    await promptly(async () => {
      const noted = await job('notifications');
      expect(noted?.last_worker).toBe(service.worker);
      // A round goes on while it finds more: how many it took depends on how fast they came.
      expect(noted?.last_done).toBeGreaterThan(0);
    });
  });

  it('the mail server does not let in, go out promptly from the one that it does', async () => {
    const shutOut = start({ secrets: SHUT_OUT });
    await raise(3);
    await promptly(async () =>
      expect(await job('notifications')).toMatchObject({
        last_worker: shutOut.worker,
        failures: 1,
        error: expect.stringMatching(new RegExp(`^On ${hostname()}: .*Authentication failed`)),
      }),
    );
    const service = start({ secrets: KNOWS });
    await promptly(async () => expect(await sent()).toBe(3));
    expect(server.mails).toHaveLength(3);
    expect(shutOut.lines.filter((line) => line.includes('could not be delivered'))).toHaveLength(1);
    // What the one did well does not hide what the other met.
    await eventually(() => expect(service.ran('notifications')).toBeGreaterThan(0));
    await service.runNow('notifications');
    expect(await listed()).toMatchObject({
      lastWorker: service.worker,
      error: { failures: 1, message: expect.stringContaining('Authentication failed') },
    });
    // Nor does it, when it merely has nothing to do.
    await shutOut.runNow('notifications');
    expect(await listed()).toMatchObject({ lastDone: 0, error: { failures: 1 } });
  });

  it('waits for an answer, lack no more than the one that it has taken', async () => {
    const [mayAnswer, answer] = makeGate();
    const [asked, isAsked] = makeGate();
    server.holdLogin(async (password) => {
      if (password === LOGIN.password) return;
      isAsked();
      await mayAnswer;
    });
    await raise(3);
    const shutOut = start({ secrets: SHUT_OUT });
    await asked;
    expect(await listed()).toMatchObject({ runningBy: shutOut.worker, backlog: 3 });
    start({ secrets: KNOWS });
    await promptly(() => expect(server.mails).toHaveLength(2));
    answer();
    await promptly(() => expect(server.mails).toHaveLength(3));
  });
});

describe('an error of notifications', () => {
  it('is over once the runner that met it delivers, and is tried again at once by hand', async () => {
    const runner = start({ secrets: KNOWS });
    await server.close();
    await raise(2);
    await promptly(async () => expect(await job('notifications')).toMatchObject({ failures: 1 }));
    server = await startMailServer({ login: LOGIN, port: server.port });
    await runner.looked();
    expect(server.mails).toEqual([]);
    await runner.runNow('notifications');
    expect(server.mails).toHaveLength(2);
    expect(await listed()).toMatchObject({ error: null, lastDone: 2, backlog: 0 });
  });

  it('goes out of view after some minutes in which nobody met one', async () => {
    const shutOut = start({ secrets: SHUT_OUT });
    await raise(1);
    await promptly(async () => expect(await job('notifications')).toMatchObject({ failures: 1 }));
    await shutOut.stop();
    const service = start({ secrets: KNOWS });
    await service.runNow('notifications');
    expect((await listed())?.error).not.toBeNull();
    await rows(`UPDATE credits_billing.jobs SET error_at = error_at - interval '7 minutes'`);
    await service.runNow('notifications');
    expect(await listed()).toMatchObject({ error: null });
    expect(await job('notifications')).toMatchObject({ failures: 0, error_at: null });
  });

  it('with one channel does not hold up the other', async () => {
    const runner = start({ secrets: SHUT_OUT });
    await raise(1);
    await promptly(async () => expect(await job('notifications')).toMatchObject({ failures: 1 }));
    await raise(1, ['webhook']);
    // Which is switched off, and so is over at once.
    await promptly(async () =>
      expect(
        await rows(
          `SELECT state FROM credits_billing.notification_deliveries WHERE channel = 'webhook'`,
        ),
      ).toEqual([{ state: 'suppressed' }]),
    );
    await promptly(async () =>
      expect(await listed()).toMatchObject({
        lastDone: 1,
        error: { failures: 1, message: expect.stringContaining('Authentication failed') },
      }),
    );
    expect(server.connections()).toBe(1);
    expect(runner.ran('notifications')).toBeGreaterThan(1);
  });
});

describe('a runner of notifications', () => {
  it('says so when it is asked and can send nothing of what is due', async () => {
    const without = start({ onlyOnRequest: true });
    await without.runNow('notifications');
    const before = await job('notifications');
    await raise(1);
    await expect(without.runNow('notifications')).rejects.toMatchObject({
      code: 'delivery_failed',
      message: expect.stringMatching(/cannot be sent from here.*Nothing is lost/),
    });
    expect(await job('notifications')).toEqual(before);
    expect(await listed()).toMatchObject({ backlog: 1, error: null });
  });

  it('that is stopped does not wait for a mail server that does not answer, and leaves the mail to others', async () => {
    const [asked, isAsked] = makeGate();
    server.holdLogin(async (password) => {
      if (password === LOGIN.password) return;
      isAsked();
      await new Promise(() => undefined);
    });
    await raise(1);
    const shutOut = start({ secrets: SHUT_OUT });
    await asked;
    const stoppedAt = performance.now();
    await shutOut.stop();
    expect(performance.now() - stoppedAt).toBeLessThan(2_500);
    expect(
      await rows('SELECT state, attempts, claimed_by FROM credits_billing.notification_deliveries'),
    ).toEqual([{ state: 'queued', attempts: 0, claimed_by: null }]);
    await expect(shutOut.runNow('notifications')).rejects.toMatchObject({ code: 'cancelled' });
    start({ secrets: KNOWS });
    await promptly(() => expect(server.mails).toHaveLength(1));
  });
});
