import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { QueryTarget } from '#main/database/run-query.ts';
import { silentLog } from '#main/logging/log.ts';
import { type DesktopNotice, startDesktopNotices } from '#main/notifications/desktop-notices.ts';
import {
  createNotificationWorld,
  type NotificationWorld,
} from '#test/support/notification-world.ts';
import { queryTargetOn } from '#test/support/query-target.ts';

let world: NotificationWorld;
/** As a member of credits_support. */
let support: QueryTarget;

beforeAll(async () => {
  world = await createNotificationWorld();
  support = queryTargetOn(world.database.urlFor('test_support'));
  for (const id of ['ann', 'bob', 'cid', 'dan', 'eve'])
    await world.customer(id, { name: id.toUpperCase() });
});
afterAll(async () => {
  await support.pool.end();
  await world.close();
});
beforeEach(() => world.clear());

/** A desktop whose looks are made by the test alone. */
function watching(database: () => QueryTarget | undefined = () => support) {
  const notices: DesktopNotice[] = [];
  let raised = 0;
  const work = startDesktopNotices({
    database,
    notify: (notice) => notices.push(notice),
    onRaised: () => {
      raised += 1;
    },
    log: silentLog,
    everyMs: 3_600_000,
  });
  return { notices, raised: () => raised, ...work };
}

describe('the desktop', () => {
  it('shows what is raised from now on, and nothing that stood there before', async () => {
    await world.notice('ann');
    const desktop = watching();
    await desktop.now();
    expect(desktop.notices).toEqual([]);
    await world.notice('bob', { balance: 1_234 });
    await desktop.now();
    await desktop.now();
    await world.notice('cid', { kind: 'empty', balance: 0 });
    await desktop.now();
    expect(desktop.notices).toEqual([
      { title: 'BOB is low on credits', body: 'Balance: 1,234 credits.' },
      { title: 'CID has no credits left', body: 'Balance: 0 credits.' },
    ]);
    expect(desktop.raised()).toBe(2);
    await desktop.stop();
  });

  it('shows a name as one short line that turns nothing round', async () => {
    await world.customer('long', { name: `\u202eLong\n${'😀'.repeat(100)}` });
    const desktop = watching();
    await desktop.now();
    await world.notice('long');
    await desktop.now();
    expect(desktop.notices).toEqual([
      { title: `Long ${'😀'.repeat(55)} is low on credits`, body: 'Balance: 5 credits.' },
    ]);
    await desktop.stop();
  });

  it('shows several at once as one, each customer once', async () => {
    const desktop = watching();
    await desktop.now();
    for (const customer of ['ann', 'bob', 'cid', 'dan', 'eve', 'ann']) await world.notice(customer);
    await desktop.now();
    await world.notice('ann');
    await world.notice('bob', { kind: 'empty', balance: 0 });
    await world.notice('ann', { kind: 'empty', balance: 0 });
    await desktop.now();
    await world.notice('ann', { kind: 'empty', balance: 0 });
    await world.notice('bob');
    await desktop.now();
    expect(desktop.notices).toEqual([
      { title: '5 customers are low on credits', body: 'ANN, EVE, DAN and 2 more.' },
      { title: '2 customers have no credits left', body: 'ANN, BOB.' },
      { title: '2 customers are low on credits', body: 'BOB, ANN. 1 of them with none left.' },
    ]);
    await desktop.stop();
  });

  it('shows nothing while it is switched off, and not what was raised meanwhile', async () => {
    const desktop = watching();
    await desktop.now();
    await world.configure({ desktop_enabled: false });
    await world.notice('ann');
    await desktop.now();
    await world.configure({ desktop_enabled: true });
    await desktop.now();
    expect(desktop.notices).toEqual([]);
    expect(desktop.raised()).toBe(1);
    await desktop.stop();
  });

  it('begins anew with another database, and waits while there is none', async () => {
    let database: QueryTarget | undefined;
    const desktop = watching(() => database);
    await desktop.now();
    await world.notice('ann');
    database = support;
    await desktop.now();
    await world.notice('bob');
    database = world.target;
    await desktop.now();
    expect(desktop.notices).toEqual([]);
    await world.notice('cid');
    await desktop.now();
    expect(desktop.notices).toHaveLength(1);
    await desktop.stop();
  });
});
