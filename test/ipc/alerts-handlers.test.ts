import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DesktopNotice } from '#main/notifications/desktop-notices.ts';
import { type ConsoleDoor, openConsoleDoor } from '#test/support/console-door.ts';
import { desktopNoting } from '#test/support/link-desktop.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let admin: ConsoleDoor;
let support: ConsoleDoor;
let reader: ConsoleDoor;
const shown: { notice: DesktopNotice; click: () => void }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query(
    `SELECT credits.ensure_customer('ann', email => 'ann@example.com', name => 'Ann')`,
  );
  await database.pool.query(`SELECT credits.adjust_credits('ann', 20, 'to begin with')`);
  [admin, support, reader] = await Promise.all([
    openConsoleDoor({ url: database.urlFor('test_admin') }),
    openConsoleDoor({
      url: database.urlFor('test_support'),
      desktop: {
        ...desktopNoting([]),
        notify: (notice, click) => void shown.push({ notice, click }),
      },
    }),
    openConsoleDoor({ url: database.urlFor('test_reader') }),
  ]);
});
afterAll(async () => {
  await Promise.all([admin.close(), support.close(), reader.close()]);
  await database.drop();
});
beforeEach(() => {
  for (const door of [admin, support, reader]) door.events.splice(0);
});

const changed = { type: 'alerts.changed', customerId: 'ann' };

describe('a balance that falls', () => {
  it('is raised by the admin’s console, listed for everybody, and shown on the desktop of support', async () => {
    await database.pool.query(`SELECT credits.deduct_credits('ann', 13, 'a report')`);
    const alert = await vi.waitFor(async () => {
      await admin.call('jobs.runNow', { name: 'balance_watch' });
      const { rows, totals } = await reader.call('alerts.list', {
        level: null,
        cursor: null,
        limit: 10,
      });
      expect(rows[0]?.lastNotification).not.toBeNull();
      expect(totals).toEqual({
        low: { count: 1, capped: false },
        empty: { count: 0, capped: false },
      });
      return rows[0];
    }, 15_000);
    expect(alert).toMatchObject({
      customerId: 'ann',
      level: 'low',
      balance: 7,
      lastNotification: { kind: 'low', balance: 7, threshold: 10, deliveries: [] },
    });
    const { rows } = await reader.call('alerts.notifications', {
      customerId: 'ann',
      state: null,
      cursor: null,
      limit: 10,
    });
    expect(rows).toEqual([alert?.lastNotification]);
  });

  it('navigates to the alerts when the notice is clicked', async () => {
    await vi.waitFor(() => {
      expect(shown.map(({ notice }) => notice)).toEqual([
        { title: 'Ann is low on credits', body: 'Balance: 7 credits.' },
      ]);
    }, 15_000);
    expect(support.events).toContainEqual({ type: 'alerts.changed', customerId: null });
    shown[0]?.click();
    expect(support.events).toContainEqual({ type: 'navigate', to: '/alerts' });
  });
});

describe('thresholds and suppressions', () => {
  it('are support’s to set, and the window is told', async () => {
    const input = { customerId: 'ann', confirmedProduction: false };
    const low = await support.call('alerts.setThreshold', { ...input, threshold: 5 } as never);
    expect(low).toMatchObject({ level: null, threshold: 5, thresholdFrom: 'customer' });
    const quiet = await support.call('alerts.suppressEmails', {
      ...input,
      reason: ' Asked for no mail ',
    });
    expect(quiet.emailSuppression).toMatchObject({
      reason: 'Asked for no mail',
      createdBy: 'test_support',
    });
    expect(support.events.filter(({ type }) => type === 'alerts.changed')).toEqual([
      changed,
      changed,
    ]);
    expect(await reader.call('alerts.customer', { customerId: 'ann' })).toEqual(quiet);
    await support.call('alerts.suppressEmails', { ...input, reason: null });
    await support.call('alerts.setThreshold', { ...input, threshold: null });
    await expect(
      support.call('alerts.setThreshold', { ...input, customerId: 'nobody', threshold: null }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are nobody’s who only reads, and sending again needs an administrator', async () => {
    const confirmedProduction = false;
    const again = { notificationId: '1', channel: 'email', confirmedProduction } as const;
    for (const attempt of [
      reader.call('alerts.setThreshold', {
        customerId: 'ann',
        threshold: null,
        confirmedProduction,
      }),
      reader.call('alerts.suppressEmails', {
        customerId: 'ann',
        reason: null,
        confirmedProduction,
      }),
      reader.call('alerts.sendAgain', again),
      support.call('alerts.sendAgain', again),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: 'not_permitted' });
    }
    await expect(
      admin.call('alerts.sendAgain', { ...again, notificationId: '999999' }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  it('queue a failed delivery once more, which tells the window', async () => {
    const { rows } = await database.pool.query(
      `INSERT INTO credits_billing.notification_deliveries (notification_id, channel, state, attempts, reason)
       SELECT min(id), 'webhook', 'failed', 3, 'refused' FROM credits_billing.notifications RETURNING notification_id::text AS id`,
    );
    const again = await admin.call('alerts.sendAgain', {
      notificationId: rows[0].id,
      channel: 'webhook',
      confirmedProduction: false,
    });
    expect(again).toMatchObject({
      customerId: 'ann',
      deliveries: [{ state: 'queued', attempts: 0 }],
    });
    expect(admin.events).toContainEqual(changed);
    // Webhooks are off, which the admin's job finds.
    await vi.waitFor(async () => {
      await admin.call('jobs.runNow', { name: 'notifications' });
      const page = await reader.call('alerts.notifications', {
        customerId: null,
        state: 'suppressed',
        cursor: null,
        limit: 1,
      });
      expect(page.rows).toMatchObject([{ id: rows[0].id }]);
    }, 15_000);
  });

  it.each([
    { threshold: -1 },
    { threshold: 1.5 },
    { threshold: Number.MAX_SAFE_INTEGER + 1 },
    { threshold: '5' },
    {},
  ])('take no threshold such as %o', async (change) => {
    const input = { customerId: 'ann', confirmedProduction: false, ...change };
    await expect(support.call('alerts.setThreshold', input as never)).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });
});
