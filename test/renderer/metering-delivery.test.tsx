import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { MeteringPage } from '#renderer/features/metering/MeteringPage.tsx';
import { AppError } from '#shared/errors.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { aStripeStatus } from '#test/support/billing-rows.ts';
import { aReport, aSession, type FakeHandlers } from '#test/support/fake-bridge.ts';
import {
  aBacklog,
  aMeterEvent,
  aMeteringCatalog,
  type BacklogData,
  type MeterEventData,
} from '#test/support/metering-rows.ts';
import { currentPath, render } from '#test/support/render.tsx';

const SENT = '8f14e45f-ceea-467f-9c3e-2f6a3b1f0c11';
const sent = aMeterEvent({ id: SENT });
const rejected = aMeterEvent({
  id: '8f14e45f-ceea-467f-9c3e-2f6a3b1f0c12',
  customerId: 'user_2' as never,
  customerName: 'Grace Hopper',
  eventName: 'tokens',
  state: 'rejected',
  error: 'Stripe knows no such meter.',
  cancellable: false,
  cancellableUntil: null,
});
const unclear = aMeterEvent({
  id: '8f14e45f-ceea-467f-9c3e-2f6a3b1f0c13',
  customerId: 'user_3' as never,
  customerName: null,
  state: 'unclear',
  value: 7,
  cancellable: false,
  cancellableUntil: null,
});
const PROBLEMS = ['rejected', 'too_old', 'unclear'];
const WAITING = ['queued', 'cancelling'];

function open(
  options: {
    rows?: MeterEventData[];
    backlog?: Partial<BacklogData>;
    handlers?: FakeHandlers;
    abilities?: readonly Ability[];
    production?: boolean;
    path?: string;
  } = {},
) {
  const rows = options.rows ?? [sent, rejected, unclear];
  return render(<MeteringPage />, {
    path: options.path ?? '/metering?tab=delivery',
    session: {
      ...(options.abilities !== undefined && {
        database: { status: 'ready', report: aReport({ abilities: [...options.abilities] }) },
      }),
      ...(options.production && {
        connection: { ...aSession().connection, name: 'Acme', environment: 'production' },
      }),
    },
    handlers: {
      'stripe.status': async () => aStripeStatus(),
      'metering.catalog': async () => aMeteringCatalog(),
      'metering.events': async ({ filter }) => ({
        rows: rows.filter(
          ({ state, customerId }) =>
            (filter.show === 'all' ||
              (filter.show === 'problems' ? PROBLEMS : WAITING).includes(state)) &&
            (filter.customerId ?? customerId) === customerId,
        ),
        nextCursor: null,
        backlog: aBacklog(options.backlog),
      }),
      ...options.handlers,
    },
  });
}

const rowsOf = () => within(screen.getByRole('grid')).getAllByRole('row').slice(1);
const openRow = async (user: ReturnType<typeof open>['user'], customer: string) => {
  // Beside the link to the customer: the row itself.
  const name = await screen.findByRole('rowheader', { name: customer });
  await user.click(within(name.parentElement as HTMLElement).getAllByRole('gridcell')[1] as never);
  return within(await screen.findByRole('dialog', { name: 'Meter event' }));
};
const dialog = async (name: string | RegExp) => within(await screen.findByRole('dialog', { name }));

describe('the way to Stripe', () => {
  it('says how far behind it is, and what it last met', async () => {
    open({
      backlog: {
        waitingReports: 1_200,
        queued: 3,
        rejected: 2,
        unclear: 1,
        oldestAt: '2026-11-22T08:00:00.000Z',
        lastSentAt: null,
        error: 'Stripe does not answer.',
      },
    });
    const figures = within(await screen.findByRole('region', { name: 'How far behind' }));
    expect(figures.getByText('Reports waiting').parentElement).toHaveTextContent('1,200');
    expect(figures.getByText('Events to send').parentElement).toHaveTextContent('3');
    expect(figures.getByText('Problems').parentElement).toHaveTextContent(
      /3.*2 rejected, 1 unclear$/,
    );
    expect(figures.getByText('Last sent').parentElement).toHaveTextContent('Never');
    expect(figures.getByText(/Stripe does not answer\./)).toBeVisible();
  });

  it('tells of each event in words how it stands', async () => {
    open({
      rows: [sent, rejected, aMeterEvent({ id: unclear.id, state: 'duplicate' })],
    });
    await screen.findByRole('rowheader', { name: 'Grace Hopper' });
    const [first, second, third] = rowsOf();
    expect(first).toHaveTextContent(/Ada Lovelace.*api_calls.*1,250.*Sent/);
    expect(second).toHaveTextContent(/Grace Hopper.*tokens.*Rejected.*no such meter/);
    expect(third).toHaveTextContent('Sent before');
    expect(screen.getByRole('link', { name: 'Grace Hopper' })).toHaveAttribute(
      'href',
      '#/customers/user_2',
    );
  });

  it('keeps tab, filter and customer in the address', async () => {
    const { user, bridge } = open({ path: '/metering' });
    await screen.findByRole('table', { name: 'Meters' });
    await user.click(screen.getByRole('tab', { name: 'Delivery' }));
    await screen.findByRole('rowheader', { name: 'Grace Hopper' });
    await user.click(screen.getByRole('radio', { name: 'Problems' }));
    await waitFor(() => expect(rowsOf()).toHaveLength(2));
    expect(currentPath()).toBe('/metering?tab=delivery&show=problems');
    expect(bridge.callsOf('metering.events').at(-1)?.filter).toEqual({ show: 'problems' });
  });

  it('of one customer is read from the address, and left by its chip', async () => {
    const { user } = open({ path: '/metering?tab=delivery&show=problems&customer=user_2' });
    await screen.findByRole('rowheader', { name: 'Grace Hopper' });
    expect(rowsOf()).toHaveLength(1);
    await user.click(screen.getByRole('button', { name: 'Remove filter Customer: Grace Hopper' }));
    await waitFor(() => expect(rowsOf()).toHaveLength(2));
    expect(currentPath()).toBe('/metering?tab=delivery&show=problems');
  });

  it('sends everything now, and tells what keeps it from that', async () => {
    let isDown = true;
    const { user, bridge } = open({
      backlog: { queued: 2 },
      handlers: {
        'metering.sendNow': async () => {
          if (isDown) throw new AppError('stripe_unavailable', 'Stripe does not answer.');
          return aBacklog();
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Send now' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('Stripe does not answer.');
    isDown = false;
    const before = bridge.callsOf('metering.events').length;
    await user.click(screen.getByRole('button', { name: 'Send now' }));
    expect(await screen.findByText('Everything was sent.')).toBeInTheDocument();
    expect(screen.queryByRole('alert')).toBeNull();
    await waitFor(() => expect(bridge.callsOf('metering.events').length).toBeGreaterThan(before));
  });

  it('is read again when main says that it changed, and the catalog with the connection', async () => {
    const { bridge } = open({ rows: [] });
    expect(await screen.findByText(/Nothing was sent yet/)).toBeVisible();
    bridge.use({
      'metering.events': async () => ({ rows: [sent], nextCursor: null, backlog: aBacklog() }),
    });
    act(() => bridge.emit({ type: 'metering.changed', customerId: null }));
    await screen.findByRole('rowheader', { name: 'Ada Lovelace' });
    const before = bridge.callsOf('metering.events').length;
    act(() => bridge.emit({ type: 'metering.changed', customerId: 'user_1' }));
    await waitFor(() => expect(bridge.callsOf('metering.events')).toHaveLength(before + 1));
    act(() => bridge.emit({ type: 'stripe.changed' }));
    await waitFor(() => expect(bridge.callsOf('metering.events')).toHaveLength(before + 2));
  });

  it('says so where it cannot be read, and asks again', async () => {
    const { user, bridge } = open({
      handlers: {
        'metering.events': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('The database does not answer.');
    bridge.use({
      'metering.events': async () => ({ rows: [sent], nextCursor: null, backlog: aBacklog() }),
    });
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await screen.findByRole('rowheader', { name: 'Ada Lovelace' });
  });
});

describe('a meter event', () => {
  it('is cancelled with a reason, in time, and stays in sight as cancelled', async () => {
    let rows = [sent];
    const { user, bridge } = open({
      handlers: {
        'metering.events': async () => ({ rows, nextCursor: null, backlog: aBacklog() }),
        'metering.cancelEvent': async ({ reason }) => {
          rows = [];
          const cancelReason = reason;
          return {
            event: { ...sent, state: 'cancelled', cancellable: false, cancelReason },
          };
        },
      },
    });
    const drawer = await openRow(user, 'Ada Lovelace');
    expect(drawer.getByText('until 2 Jan 2099, 08:00 UTC')).toBeVisible();
    await user.click(drawer.getByRole('button', { name: 'Cancel this event…' }));
    const form = await dialog('Cancel this event');
    expect(form.getByText(/until 2 Jan 2099, 08:00 UTC/)).toHaveTextContent(
      /^1,250 units of api_calls, which 12 reports made, will not be billed\./,
    );
    expect(form.getByLabelText('Reason')).toHaveFocus();
    expect(form.getByRole('button', { name: 'Cancel the event' })).toBeDisabled();
    await user.type(form.getByLabelText('Reason'), 'Counted twice');
    await user.click(form.getByRole('button', { name: 'Cancel the event' }));
    await waitFor(() =>
      expect(screen.queryByRole('dialog', { name: 'Cancel this event' })).toBeNull(),
    );
    expect(bridge.callsOf('metering.cancelEvent')).toEqual([
      { id: SENT, reason: 'Counted twice', confirmedProduction: false },
    ]);
    // It has left the list, and is shown as it is now.
    expect(await screen.findByText(/Nothing was sent yet/)).toBeInTheDocument();
    expect(drawer.getByText('Cancelled')).toBeVisible();
    expect(drawer.getByText('Counted twice')).toBeVisible();
    expect(drawer.queryByRole('button', { name: 'Cancel this event…' })).toBeNull();
  });

  it('keeps the key where it was when its cancellation is thought better of', async () => {
    const { user } = open({
      handlers: {
        'metering.events': async () => ({ rows: [sent], nextCursor: null, backlog: aBacklog() }),
      },
    });
    const drawer = await openRow(user, 'Ada Lovelace');
    await user.click(drawer.getByRole('button', { name: 'Cancel this event…' }));
    const form = await dialog('Cancel this event');
    await waitFor(() => expect(form.getByLabelText('Reason')).toHaveFocus());
    await user.click(form.getByRole('button', { name: 'Keep it' }));
    expect(drawer.getByRole('button', { name: 'Cancel this event…' })).toHaveFocus();
  });

  it('that can no longer be cancelled says so in its form, and the form stays', async () => {
    const { user } = open({
      handlers: {
        'metering.cancelEvent': async () => {
          throw new AppError('invalid_argument', 'Stripe takes nothing back after a day.');
        },
      },
    });
    const drawer = await openRow(user, 'Ada Lovelace');
    await user.click(drawer.getByRole('button', { name: 'Cancel this event…' }));
    const form = await dialog('Cancel this event');
    await user.type(form.getByLabelText('Reason'), 'Twice');
    await user.click(form.getByRole('button', { name: 'Cancel the event' }));
    expect(await form.findByRole('alert')).toHaveTextContent('nothing back after a day');
    await user.keyboard('{Escape}');
    await waitFor(() =>
      expect(screen.queryByRole('dialog', { name: 'Cancel this event' })).toBeNull(),
    );
    expect(screen.getByRole('dialog', { name: 'Meter event' })).toBeVisible();
  });

  it('of production is cancelled only once that is confirmed', async () => {
    const { user, bridge } = open({
      production: true,
      handlers: { 'metering.cancelEvent': async () => ({ event: sent }) },
    });
    const drawer = await openRow(user, 'Ada Lovelace');
    await user.click(drawer.getByRole('button', { name: 'Cancel this event…' }));
    const form = await dialog('Cancel this event');
    await user.type(form.getByLabelText('Reason'), 'Twice');
    expect(form.getByRole('button', { name: 'Cancel the event' })).toBeDisabled();
    await user.click(form.getByRole('checkbox', { name: 'Yes, on Acme, which is production' }));
    await user.click(form.getByRole('button', { name: 'Cancel the event' }));
    await waitFor(() =>
      expect(bridge.callsOf('metering.cancelEvent')).toMatchObject([{ confirmedProduction: true }]),
    );
  });

  it('that Stripe rejected says why, and is sent again at once', async () => {
    const { user, bridge } = open({
      handlers: {
        'metering.settleEvent': async () => ({
          event: { ...rejected, state: 'queued', error: null },
        }),
      },
    });
    const drawer = await openRow(user, 'Grace Hopper');
    expect(drawer.getByText('Stripe knows no such meter.')).toBeVisible();
    expect(drawer.queryByRole('button', { name: 'Count as sent' })).toBeNull();
    await user.click(drawer.getByRole('button', { name: 'Send again' }));
    await waitFor(() =>
      expect(bridge.callsOf('metering.settleEvent')).toEqual([
        { id: rejected.id, as: 'send_again', confirmedProduction: false },
      ]),
    );
  });

  it('that Stripe does not have is written off by cancelling it', async () => {
    const { user } = open({ rows: [{ ...rejected, state: 'too_old', cancellable: true }] });
    const drawer = await openRow(user, 'Grace Hopper');
    expect(drawer.getByText('Too old')).toBeVisible();
    expect(drawer.queryByRole('button', { name: 'Send again' })).toBeNull();
    await user.click(drawer.getByRole('button', { name: 'Cancel this event…' }));
    const form = await dialog('Cancel this event');
    expect(form.getByText(/will not be billed\. Stripe does not have it\./)).toBeVisible();
  });

  it('that is unclear is decided about after a question that says what may go wrong', async () => {
    const { user, bridge } = open({
      handlers: {
        'metering.settleEvent': async ({ as }) => {
          if (as === 'send_again') throw new AppError('invalid_argument', 'It was settled.');
          return { event: { ...unclear, state: 'sent' } };
        },
      },
    });
    const drawer = await openRow(user, 'user_3');
    await user.click(drawer.getByRole('button', { name: 'Send again' }));
    const again = await dialog('Send this event again?');
    expect(again.getByText(/7 units of api_calls are billed twice/)).toBeVisible();
    expect(bridge.callsOf('metering.settleEvent')).toEqual([]);
    await user.click(again.getByRole('button', { name: 'Send again' }));
    expect(await drawer.findByRole('alert')).toHaveTextContent('It was settled.');
    await user.click(drawer.getByRole('button', { name: 'Count as sent' }));
    const count = await dialog('Count this event as sent?');
    await user.click(count.getByRole('button', { name: 'Count as sent' }));
    await waitFor(() =>
      // A question that did not name production confirms nothing about it.
      expect(bridge.callsOf('metering.settleEvent')).toEqual([
        { id: unclear.id, as: 'send_again', confirmedProduction: false },
        { id: unclear.id, as: 'sent', confirmedProduction: false },
      ]),
    );
  });

  it('is only read by a role that may not manage Stripe', async () => {
    const { user } = open({ abilities: ['sell'] });
    const drawer = await openRow(user, 'Ada Lovelace');
    expect(drawer.getByText(/take the right to manage Stripe/)).toBeVisible();
    expect(drawer.queryByRole('button', { name: /Cancel|Send|Count/ })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Send now' })).toBeNull();
  });

  it('is opened and left by key', async () => {
    const { user } = open();
    await screen.findByRole('rowheader', { name: 'Ada Lovelace' });
    (rowsOf()[0] as HTMLElement).focus();
    await user.keyboard('{ArrowDown}{Enter}');
    const drawer = await dialog('Meter event');
    expect(drawer.getByText('Grace Hopper')).toBeVisible();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(rowsOf()[1]).toHaveFocus();
  });
});
