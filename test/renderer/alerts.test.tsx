import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { AlertsPage } from '#renderer/features/alerts/AlertsPage.tsx';
import { CustomerAlerts } from '#renderer/features/alerts/alerts.tsx';
import { AppError } from '#shared/errors.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import {
  type AlertData,
  aDelivery,
  aNotification,
  aNotificationAnswer,
  anAlert,
  type CustomerAlertsData,
  type NotificationData,
  someCustomerAlerts,
} from '#test/support/alert-rows.ts';
import { aReport, aSession, type FakeHandlers, type Session } from '#test/support/fake-bridge.ts';
import { currentPath, render } from '#test/support/render.tsx';

const low = anAlert();
const empty = anAlert({
  customerId: 'user_2',
  customerName: null,
  customerEmail: 'grace@example.com',
  level: 'empty',
  balance: -3,
  threshold: 50,
  thresholdFrom: 'customer',
  lastNotification: aNotification({
    id: '2',
    kind: 'empty',
    deliveries: [
      aDelivery({ state: 'suppressed', reason: 'The customer has no e-mail address.' }),
      aDelivery({ channel: 'webhook', state: 'queued', attempts: 0, sentAt: null }),
    ],
  }),
});
const failed = aNotification({
  id: '7',
  customerId: 'user_2',
  customerName: 'Grace Hopper',
  kind: 'empty',
  balance: 0,
  deliveries: [
    aDelivery({ state: 'failed', attempts: 9, reason: 'The mailbox is full.', sentAt: null }),
    aDelivery({ channel: 'webhook', recipient: 'acme.example' }),
  ],
});

type Options = { abilities?: readonly Ability[]; production?: boolean };

function sessionOf({ abilities, production }: Options): Partial<Session> {
  return {
    ...(abilities !== undefined && {
      database: { status: 'ready', report: aReport({ abilities: [...abilities] }) },
    }),
    ...(production && {
      connection: { ...aSession().connection, name: 'Acme', environment: 'production' },
    }),
  };
}

function open(
  options: Options & {
    rows?: AlertData[];
    notifications?: NotificationData[];
    handlers?: FakeHandlers;
    path?: string;
  } = {},
) {
  const rows = options.rows ?? [low, empty];
  const notifications = options.notifications ?? [aNotification(), failed];
  return render(<AlertsPage />, {
    path: options.path ?? '/alerts',
    session: sessionOf(options),
    handlers: {
      'notifications.settings': async () => aNotificationAnswer(),
      'alerts.list': async ({ level }) => ({
        rows: rows.filter((row) => level === null || row.level === level),
        nextCursor: null,
        totals: { low: { count: 12, capped: false }, empty: { count: 1_000, capped: true } },
      }),
      'alerts.notifications': async ({ customerId, state }) => ({
        rows: notifications.filter(
          (row) =>
            (customerId === null || row.customerId === customerId) &&
            (state === null || row.deliveries.some((delivery) => delivery.state === state)),
        ),
        nextCursor: null,
      }),
      ...options.handlers,
    },
  });
}

const rowsOf = () =>
  screen.getAllByRole('row').filter((row) => row.getAttribute('aria-rowindex') !== '1');
const dialogOf = async (name: string | RegExp) =>
  within(await screen.findByRole('dialog', { name }));

const noDialog = () => waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
/** Of the page itself: what was just done is announced in the same words. */
const textOnPage = (words: RegExp) => screen.getByText(words, { ignore: '[role="status"]' });

describe('the alerts', () => {
  it('show who is low or empty in words, the threshold with its origin, and what was told last', async () => {
    open();
    expect(await screen.findByRole('rowheader', { name: 'Ada Lovelace' })).toBeVisible();
    const [first, second] = rowsOf();
    expect(first).toHaveTextContent(/ada@example\.com.*pro.*Low.*7.*10, workspace.*E-mail sent/);
    expect(second).toHaveTextContent(
      /grace@example\.com.*Empty.*−3.*50, own.*Empty.*E-mail suppressed: The customer has no e-mail address\. · Webhook waits/,
    );
    expect(screen.getByText(/E-mail on · Webhook off · Desktop notices on/)).toBeVisible();
    expect(screen.getByRole('link', { name: 'Settings, Notifications' })).toHaveAttribute(
      'href',
      '#/settings/notifications',
    );
  });

  it('are counted by level, filtered by it, and keep the filter in the address', async () => {
    const { user, bridge } = open();
    await user.click(await screen.findByRole('radio', { name: 'Empty 1,000+' }));
    await waitFor(() => expect(rowsOf()).toHaveLength(1));
    expect(screen.getByRole('radio', { name: 'All 1,012+' })).not.toBeChecked();
    expect(screen.getByRole('radio', { name: 'Low 12' })).not.toBeChecked();
    expect(currentPath()).toBe('/alerts?level=empty');
    expect(bridge.callsOf('alerts.list').at(-1)).toEqual({
      level: 'empty',
      cursor: null,
      limit: 100,
    });
  });

  it('open the customer, by mouse and by key', async () => {
    const { user } = open({ path: '/alerts?level=low' });
    await screen.findByRole('rowheader', { name: 'Ada Lovelace' });
    (rowsOf()[0] as HTMLElement).focus();
    await user.keyboard('{Enter}');
    expect(currentPath()).toBe('/customers/user_1');
  });

  it.each([
    ['/alerts', /Nobody is low on credits, and nobody has run out/],
    ['/alerts?level=low', 'Nobody is low on credits.'],
    ['/alerts?level=empty', 'Nobody has run out of credits.'],
  ])('say so at %s where there are none', async (path, words) => {
    open({ rows: [], path });
    expect(await screen.findByText(words)).toBeVisible();
  });

  it('say so where they cannot be read, and ask again', async () => {
    const { user, bridge } = open({
      handlers: {
        'alerts.list': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('The database does not answer.');
    bridge.use({
      'alerts.list': async () => ({ rows: [low], nextCursor: null, totals: null }),
    });
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await screen.findByRole('rowheader', { name: 'Ada Lovelace' });
  });
});

describe('the delivery log', () => {
  it('shows each notification with the state of every delivery, and keeps its filter in the address', async () => {
    const { user } = open();
    await user.click(await screen.findByRole('tab', { name: 'Delivery log' }));
    await screen.findByRole('rowheader', { name: 'Grace Hopper' });
    expect(rowsOf()[0]).toHaveTextContent(/Ada Lovelace.*Low.*7.*10.*Sent.*Was off/);
    expect(rowsOf()[1]).toHaveTextContent(/Grace Hopper.*Empty.*Not sent.*Sent.*mailbox is full/);
    await user.click(screen.getByRole('radio', { name: 'Not sent' }));
    await waitFor(() => expect(rowsOf()).toHaveLength(1));
    expect(currentPath()).toBe('/alerts?tab=log&state=failed');
  });

  it('of one customer is read from the address, and left by its chip', async () => {
    const { user } = open({ path: '/alerts?tab=log&customer=user_2' });
    await screen.findByRole('rowheader', { name: 'Grace Hopper' });
    expect(rowsOf()).toHaveLength(1);
    await user.click(screen.getByRole('button', { name: 'Remove filter Customer: Grace Hopper' }));
    await waitFor(() => expect(rowsOf()).toHaveLength(2));
    expect(currentPath()).toBe('/alerts?tab=log');
  });

  it('sends again what did not get through, and shows it as it is then', async () => {
    let notifications = [failed];
    const queued = {
      ...failed,
      deliveries: [
        aDelivery({ state: 'queued', attempts: 0, sentAt: null }),
        ...failed.deliveries.slice(1),
      ],
    };
    const { user, bridge } = open({
      path: '/alerts?tab=log&state=failed',
      handlers: {
        'alerts.notifications': async () => ({ rows: notifications, nextCursor: null }),
        'alerts.sendAgain': async () => {
          notifications = [];
          return queued;
        },
      },
    });
    await user.click(await screen.findByText('Not sent', { selector: '[data-tone]' }));
    const drawer = await dialogOf('Notification');
    const mail = within(drawer.getByRole('region', { name: 'E-mail' }));
    expect(mail.getByText('The mailbox is full.')).toBeVisible();
    expect(mail.getByText('9')).toBeVisible();
    const webhook = within(drawer.getByRole('region', { name: 'Webhook' }));
    expect(webhook.queryByRole('button', { name: 'Send again' })).toBeNull();
    await user.click(mail.getByRole('button', { name: 'Send again' }));
    expect(await mail.findByText('Waiting')).toBeVisible();
    expect(bridge.callsOf('alerts.sendAgain')).toEqual([
      { notificationId: '7', channel: 'email', confirmedProduction: false },
    ]);
    // It has left the list, and is still shown.
    expect(await screen.findByText('No notification matches this filter.')).toBeInTheDocument();
    expect(mail.queryByRole('button', { name: 'Send again' })).toBeNull();
  });

  it('says by the channel why it cannot be sent again, and keeps the focus in the drawer where it can', async () => {
    let isRefused = true;
    const inState = (state: 'failed' | 'queued') => ({
      ...failed,
      deliveries: failed.deliveries.map((delivery) => ({ ...delivery, state })),
    });
    let listed = inState('failed');
    const { user } = open({
      path: '/alerts?tab=log',
      handlers: {
        'alerts.notifications': async () => ({ rows: [listed], nextCursor: null }),
        'alerts.sendAgain': async ({ confirmedProduction }) => {
          if (isRefused) throw new AppError('invalid_argument', 'This was sent already.');
          if (!confirmedProduction) throw new AppError('confirmation_required', 'Confirm it.');
          listed = inState('queued');
          return listed;
        },
      },
    });
    await user.click(await screen.findByRole('rowheader', { name: 'Grace Hopper' }));
    const drawer = await dialogOf('Notification');
    const mail = within(drawer.getByRole('region', { name: 'E-mail' }));
    await user.click(mail.getByRole('button', { name: 'Send again' }));
    expect(await mail.findByRole('alert')).toHaveTextContent('This was sent already.');
    isRefused = false;
    await user.click(mail.getByRole('button', { name: 'Send again' }));
    // Main may know of production where this window does not.
    const question = await dialogOf('Send it again?');
    await waitFor(() => expect(question.getByRole('button', { name: 'Cancel' })).toHaveFocus());
    await user.click(question.getByRole('button', { name: /^Send again on / }));
    await waitFor(() => expect(mail.queryByRole('button', { name: 'Send again' })).toBeNull());
    // Its button is gone.
    expect(screen.getByRole('dialog', { name: 'Notification' })).toContainElement(
      document.activeElement as HTMLElement,
    );
  });

  it('asks before it sends to a customer of production; Esc leaves the drawer open', async () => {
    const { user, bridge } = open({
      production: true,
      path: '/alerts?tab=log&state=failed',
      handlers: { 'alerts.sendAgain': async () => failed },
    });
    await user.click(await screen.findByText('Not sent', { selector: '[data-tone]' }));
    const drawer = await dialogOf('Notification');
    await user.click(drawer.getByRole('button', { name: 'Send again' }));
    expect((await dialogOf('Send it again?')).getByText(/Grace Hopper/)).toBeVisible();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog', { name: /Send it again/ })).toBeNull());
    expect(bridge.callsOf('alerts.sendAgain')).toEqual([]);
    await user.click(drawer.getByRole('button', { name: 'Send again' }));
    const question = await dialogOf('Send it again?');
    await user.click(question.getByRole('button', { name: 'Send again on Acme' }));
    await waitFor(() =>
      expect(bridge.callsOf('alerts.sendAgain')).toMatchObject([{ confirmedProduction: true }]),
    );
  });

  it('is only read by a role that may not administer, and says so', async () => {
    const { user } = open({ abilities: ['setAlerts'], path: '/alerts?tab=log&state=failed' });
    await user.click(await screen.findByText('Not sent', { selector: '[data-tone]' }));
    const drawer = await dialogOf('Notification');
    expect(drawer.getByText(/Your role may read this/)).toBeVisible();
    expect(drawer.queryByRole('button', { name: 'Send again' })).toBeNull();
  });
});

describe('the alerts of a customer', () => {
  function openCustomer(
    options: Options & { alerts?: Partial<CustomerAlertsData>; handlers?: FakeHandlers } = {},
  ) {
    let alerts = someCustomerAlerts(options.alerts);
    return render(<CustomerAlerts customerId="user_1" email="ada@example.com" />, {
      session: sessionOf(options),
      handlers: {
        'alerts.customer': async () => alerts,
        'alerts.setThreshold': async ({ threshold }) => {
          alerts = {
            ...alerts,
            threshold: threshold ?? 10,
            thresholdFrom: threshold === null ? 'workspace' : 'customer',
          };
          return alerts;
        },
        'alerts.suppressEmails': async ({ reason }) => {
          alerts = {
            ...alerts,
            emailSuppression:
              reason === null
                ? null
                : {
                    reason,
                    byMailServer: false,
                    createdAt: '2026-11-22T08:00:00.000Z',
                    createdBy: 'ada',
                  },
          };
          return alerts;
        },
        ...options.handlers,
      },
    });
  }

  it('say which threshold holds, and what was told last', async () => {
    openCustomer({
      alerts: {
        level: 'low',
        thresholdFrom: 'plan',
        notifications: [aNotification({ deliveries: [] })],
      },
    });
    expect(await screen.findByText(/Low below 10 credits, as the plan says\./)).toBeVisible();
    const list = within(screen.getByRole('list', { name: 'Latest notifications' }));
    expect(list.getByText('7 left, threshold 10')).toBeVisible();
    expect(list.getByText('No channel was on')).toBeVisible();
    expect(screen.getByRole('link', { name: 'All notifications' })).toHaveAttribute(
      'href',
      '#/alerts?tab=log&customer=user_1',
    );
  });

  it('take a threshold of the customer’s own, zero included, and give it up again', async () => {
    const { user, bridge } = openCustomer();
    await user.click(await screen.findByRole('button', { name: 'Change threshold…' }));
    let form = await dialogOf('Change the threshold');
    await user.click(form.getByRole('radio', { name: 'A number for this customer' }));
    const save = form.getByRole('button', { name: 'Save threshold' });
    await user.type(form.getByLabelText('Threshold, in credits'), '1.5');
    await user.click(save);
    expect(form.getByLabelText('Threshold, in credits')).toHaveAccessibleDescription(
      /Use whole credits/,
    );
    await user.clear(form.getByLabelText('Threshold, in credits'));
    await user.type(form.getByLabelText('Threshold, in credits'), '0');
    await user.click(save);
    await noDialog();
    expect(textOnPage(/Never low, only empty; set for this customer\./)).toBeVisible();

    await user.click(screen.getByRole('button', { name: 'Change threshold…' }));
    form = await dialogOf('Change the threshold');
    expect(form.getByLabelText('Threshold, in credits')).toHaveValue('0');
    await user.click(form.getByRole('radio', { name: 'As the plan or the workspace says' }));
    await user.click(form.getByRole('button', { name: 'Save threshold' }));
    await noDialog();
    expect(textOnPage(/as the workspace says\./)).toBeVisible();
    expect(bridge.callsOf('alerts.setThreshold').map(({ threshold }) => threshold)).toEqual([
      0,
      null,
    ]);
  });

  it('suppress e-mails for a reason, and allow them again; production is confirmed', async () => {
    const { user, bridge } = openCustomer({ production: true });
    await user.click(await screen.findByRole('button', { name: 'Suppress e-mails…' }));
    let form = await dialogOf('Suppress e-mails');
    await user.type(form.getByLabelText('Reason'), 'Asked us to');
    expect(form.getByRole('button', { name: 'Suppress e-mails' })).toBeDisabled();
    await user.click(form.getByRole('checkbox', { name: 'Yes, for Acme, which is production' }));
    await user.click(form.getByRole('button', { name: 'Suppress e-mails' }));
    expect(await screen.findByText('Asked us to')).toBeVisible();
    expect(screen.getByText('E-mails suppressed')).toBeVisible();

    await user.click(screen.getByRole('button', { name: 'Allow e-mails…' }));
    form = await dialogOf('Allow e-mails again');
    await user.click(form.getByRole('checkbox', { name: /which is production/ }));
    await user.click(form.getByRole('button', { name: 'Allow e-mails' }));
    expect(await screen.findByText('E-mails are not suppressed for this customer.')).toBeVisible();
    expect(bridge.callsOf('alerts.suppressEmails')).toEqual([
      { customerId: 'user_1', reason: 'Asked us to', confirmedProduction: true },
      { customerId: 'user_1', reason: null, confirmedProduction: true },
    ]);
  });

  it('tell when the mail server refused the address, and what kept a change from being saved', async () => {
    const { user } = openCustomer({
      alerts: {
        emailSuppression: {
          reason: '550 no such user',
          byMailServer: true,
          createdAt: '2026-11-22T08:00:00.000Z',
          createdBy: 'console',
        },
      },
      handlers: {
        'alerts.suppressEmails': async () => {
          throw new AppError('not_permitted', 'The role may not do this.');
        },
      },
    });
    expect(await screen.findByText(/refused the address: 550 no such user/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Allow e-mails…' }));
    const form = await dialogOf('Allow e-mails again');
    expect(form.getByText(/refuse the address once more/)).toBeVisible();
    await user.click(form.getByRole('button', { name: 'Allow e-mails' }));
    expect(await form.findByRole('alert')).toHaveTextContent('The role may not do this.');
  });

  it('are only read by a role that may not set them', async () => {
    openCustomer({ abilities: ['grant'] });
    expect(await screen.findByText(/Low below 10 credits/)).toBeVisible();
    expect(screen.queryByRole('button')).toBeNull();
  });
});
