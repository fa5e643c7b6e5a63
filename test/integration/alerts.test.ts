import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getCustomerAlerts } from '#main/notifications/alerts/customer-alerts.ts';
import { listAlerts } from '#main/notifications/alerts/list-alerts.ts';
import { listNotifications } from '#main/notifications/alerts/list-notifications.ts';
import { sendAgain } from '#main/notifications/alerts/send-again.ts';
import { setThreshold } from '#main/notifications/alerts/set-threshold.ts';
import { suppressEmails } from '#main/notifications/alerts/suppress-emails.ts';
import type { CustomerId } from '#shared/ids.ts';
import { type MailServer, startMailServer } from '#test/support/mail-server.ts';
import {
  createNotificationWorld,
  type NotificationWorld,
} from '#test/support/notification-world.ts';

let world: NotificationWorld;
let server: MailServer;

/** Customers of every level and threshold; the later, the later they were active. */
const CUSTOMERS = [
  { id: 'enough', balance: 10 },
  { id: 'low', balance: 9 },
  { id: 'empty', balance: 0 },
  { id: 'debt', balance: -5 },
  { id: 'own_low', balance: 99, threshold: 100 },
  { id: 'own_enough', balance: 3, threshold: 3 },
  { id: 'zero_threshold', balance: 1, threshold: 0 },
  { id: 'planned', balance: 30, plan: 'pro' },
  { id: 'planned_own', balance: 30, plan: 'pro', threshold: 5 },
  { id: 'never_active', balance: 0, active: false },
];

beforeAll(async () => {
  world = await createNotificationWorld();
  server = await startMailServer();
  const { pool } = world.database;
  await pool.query(
    `INSERT INTO credits_billing.plans (tier, name, monthly_credits, rollover, active, low_balance_threshold, changed_by)
     VALUES ('pro', 'Pro', 100, 'expire', true, 50, 'test')
     ON CONFLICT (tier) DO UPDATE SET low_balance_threshold = 50`,
  );
  for (const [index, { id, balance, threshold, plan, active }] of CUSTOMERS.entries()) {
    await world.customer(id, {
      balance: 0,
      name: id.toUpperCase(),
      ...(threshold === undefined ? {} : { threshold }),
    });
    await pool.query(
      `UPDATE credits.accounts SET credits_balance = $2, last_activity_at = CASE WHEN $4 THEN '2026-01-01'::timestamptz + make_interval(secs => $3) END
       WHERE customer_id = $1`,
      [id, balance, index, active ?? true],
    );
    await pool.query('UPDATE credits.customers SET plan_tier = $2 WHERE id = $1', [
      id,
      plan ?? null,
    ]);
  }
});
afterAll(async () => {
  await server.close();
  await world.close();
});

const list = (level: 'low' | 'empty' | null, cursor: string | null = null, limit = 50) =>
  listAlerts(world.target, { level, cursor, limit });

describe('the list of alerts', () => {
  it('holds who is low or empty and was ever active, the latest first, with whose threshold it is', async () => {
    const { rows, totals, nextCursor } = await list(null);
    expect(
      rows.map(({ customerId, level, threshold, thresholdFrom }) => [
        customerId,
        level,
        threshold,
        thresholdFrom,
      ]),
    ).toEqual([
      ['planned', 'low', 50, 'plan'],
      ['own_low', 'low', 100, 'customer'],
      ['debt', 'empty', 10, 'workspace'],
      ['empty', 'empty', 10, 'workspace'],
      ['low', 'low', 10, 'workspace'],
    ]);
    expect(totals).toEqual({
      low: { count: 3, capped: false },
      empty: { count: 2, capped: false },
    });
    expect(nextCursor).toBeNull();
    expect(rows[0]).toEqual({
      customerId: 'planned',
      customerName: 'PLANNED',
      customerEmail: 'planned@example.com',
      plan: 'pro',
      level: 'low',
      balance: 30,
      held: 0,
      threshold: 50,
      thresholdFrom: 'plan',
      lastActivityAt: '2026-01-01T00:00:07.000Z',
      emailsSuppressed: false,
      lastNotification: null,
    });
  });

  it('is the same over pages, and for one level', async () => {
    const walk = async (level: 'low' | 'empty' | null) => {
      const found: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof list>> = await list(level, cursor, 1);
        expect(page.totals === null).toBe(cursor !== null);
        found.push(...page.rows.map(({ customerId }) => customerId));
        cursor = page.nextCursor;
      } while (cursor !== null);
      return found;
    };
    expect(await walk(null)).toEqual(['planned', 'own_low', 'debt', 'empty', 'low']);
    expect(await walk('low')).toEqual(['planned', 'own_low', 'low']);
    expect(await walk('empty')).toEqual(['debt', 'empty']);
    const { nextCursor } = await list('low', null, 1);
    await expect(list('empty', nextCursor)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('shows each with the newest notification and whether e-mails are suppressed', async () => {
    await world.notice('low', { balance: 9 });
    const newest = await world.notice('low', {
      kind: 'low',
      balance: 8,
      channels: ['email', 'webhook'],
    });
    await suppressEmails(world.target, 'ann', { customerId: 'low', reason: 'Asked for no mail' });
    const { rows } = await list(null);
    const low = rows.find(({ customerId }) => customerId === 'low');
    expect(low).toMatchObject({
      emailsSuppressed: true,
      lastNotification: {
        id: newest,
        customerName: 'LOW',
        balance: 8,
        deliveries: [{ channel: 'email' }, { channel: 'webhook' }],
      },
    });
    await suppressEmails(world.target, 'ann', { customerId: 'low', reason: null });
  });
});

describe('a customer', () => {
  it('has the threshold of their own, else of the plan, else of the workspace', async () => {
    const of = async (id: string) => getCustomerAlerts(world.target, id);
    expect(await of('planned')).toMatchObject({
      level: 'low',
      threshold: 50,
      thresholdFrom: 'plan',
    });
    expect(
      await setThreshold(world.target, 'ann', { customerId: 'planned', threshold: 30 }),
    ).toMatchObject({
      level: null,
      threshold: 30,
      thresholdFrom: 'customer',
    });
    expect(
      await setThreshold(world.target, 'ann', { customerId: 'planned', threshold: null }),
    ).toEqual(await of('planned'));
    expect(await of('never_active')).toMatchObject({
      level: null,
      threshold: 10,
      notifications: [],
      emailSuppression: null,
    });
    await expect(of('nobody')).rejects.toMatchObject({ code: 'not_found' });
    await expect(
      setThreshold(world.target, 'ann', { customerId: 'nobody', threshold: 1 }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  it('gets no e-mails while a person says so, who is named', async () => {
    const suppress = (reason: string | null, actor = 'ann') =>
      suppressEmails(world.target, actor, { customerId: 'empty', reason });
    const first = await suppress('Left the company');
    expect(first.emailSuppression).toMatchObject({
      reason: 'Left the company',
      byMailServer: false,
      createdBy: 'ann',
    });
    expect(await suppress('Left the company', 'bob')).toEqual(first);
    expect((await suppress('Wrong address', 'bob')).emailSuppression).toMatchObject({
      reason: 'Wrong address',
      createdBy: 'bob',
    });
    expect((await suppress(null)).emailSuppression).toBeNull();
    await expect(
      suppressEmails(world.target, 'ann', { customerId: 'nobody', reason: 'x' }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the delivery log', () => {
  it('lists notifications newest first over pages, of one customer or state', async () => {
    await world.clear();
    const ids: string[] = [];
    for (const customer of ['low', 'empty', 'low', 'empty', 'low'])
      ids.push(await world.notice(customer));
    await world.database.pool.query(
      `UPDATE credits_billing.notification_deliveries SET state = 'failed', reason = 'refused' WHERE notification_id = $1`,
      [ids[1]],
    );
    const log = (
      choice: { customerId?: string; state?: 'failed' | 'queued' },
      cursor: string | null = null,
      limit = 50,
    ) =>
      listNotifications(world.target, {
        customerId: (choice.customerId ?? null) as CustomerId | null,
        state: choice.state ?? null,
        cursor,
        limit,
      });
    const idsOf = ({ rows }: { rows: { id: string }[] }) => rows.map(({ id }) => id);
    expect(idsOf(await log({}))).toEqual([...ids].reverse());
    expect(idsOf(await log({ customerId: 'low' }))).toEqual([ids[4], ids[2], ids[0]]);
    const failed = await log({ state: 'failed' });
    expect(failed.rows).toMatchObject([
      { id: ids[1], deliveries: [{ state: 'failed', reason: 'refused', nextAttemptAt: null }] },
    ]);
    const first = await log({ state: 'queued' }, null, 3);
    const second = await log({ state: 'queued' }, first.nextCursor, 3);
    expect([...idsOf(first), ...idsOf(second)]).toEqual([ids[4], ids[3], ids[2], ids[0]]);
    expect(second.nextCursor).toBeNull();
    await expect(log({}, 'nonsense')).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});

describe('sending again', () => {
  it('queues what was suppressed as new, and mails it whatever was mailed before', async () => {
    await world.clear();
    await world.configure({
      email_enabled: true,
      email_from: 'credits@shop.example',
      smtp_host: '127.0.0.1',
      smtp_port: server.port,
      smtp_security: 'none',
    });
    await world.notice('low');
    await world.round();
    const id = await world.notice('low');
    await world.round();
    expect(await world.delivery(id)).toMatchObject({ state: 'suppressed', attempts: 1 });
    expect(
      await sendAgain(world.target, 'ann', { notificationId: id, channel: 'email' }),
    ).toMatchObject({
      id,
      deliveries: [
        { state: 'queued', attempts: 0, reason: null, nextAttemptAt: expect.any(String) },
      ],
    });
    const again = () => sendAgain(world.target, 'ann', { notificationId: id, channel: 'email' });
    await expect(again()).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('queued already'),
    });
    await world.round();
    expect(server.mails).toHaveLength(2);
    expect(await world.delivery(id)).toMatchObject({ state: 'sent', attempts: 1 });
    await expect(again()).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('sent already'),
    });
    for (const [notificationId, channel] of [
      [id, 'webhook'],
      ['999999', 'email'],
      ['9223372036854775808', 'email'],
    ] as const) {
      await expect(
        sendAgain(world.target, 'ann', { notificationId, channel }),
      ).rejects.toMatchObject({
        code: expect.stringMatching(/not_found|invalid_argument/),
      });
    }
  });

  it('still does not mail what is not true any more', async () => {
    const id = await world.notice('enough');
    await world.round();
    await sendAgain(world.target, 'ann', { notificationId: id, channel: 'email' });
    await world.round();
    expect(await world.delivery(id)).toMatchObject({
      state: 'suppressed',
      reason: expect.stringContaining('recovered'),
    });
  });
});
