import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { StripeEventsPage } from '#renderer/features/stripe-events/StripeEventsPage.tsx';
import { AppError } from '#shared/errors.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { aReport, aSession, type FakeHandlers } from '#test/support/fake-bridge.ts';
import { render } from '#test/support/render.tsx';
import { aTransaction } from '#test/support/sample-rows.ts';

type EventData = HandlerOutput<Contract['stripe.events']>['rows'][number];

function anEvent(changes: Partial<EventData> = {}): EventData {
  return {
    id: 'evt_1',
    type: 'checkout.session.completed',
    objectId: 'cs_1',
    livemode: false,
    createdAt: '2026-11-22T08:00:00.000Z',
    receivedAt: '2026-11-22T08:00:03.000Z',
    receivedBy: 'poll',
    state: 'handled',
    attempts: 1,
    nextAttemptAt: null,
    errorCode: null,
    error: null,
    outcome: 'Granted 500 credits.',
    handledAt: '2026-11-22T08:00:03.000Z',
    ...changes,
  };
}

const refused = anEvent({
  id: 'evt_2',
  type: 'invoice.paid',
  objectId: 'in_1',
  state: 'refused',
  errorCode: 'stripe_metadata',
  error: 'The invoice names no plan.',
  outcome: null,
  handledAt: null,
});
const failed = anEvent({
  id: 'evt_3',
  type: 'charge.refunded',
  state: 'failed',
  attempts: 3,
  nextAttemptAt: '2099-01-01T00:00:00.000Z',
  errorCode: 'stripe_unavailable',
  error: 'Stripe does not answer.',
  outcome: null,
  receivedBy: 'webhook',
});

function open(
  options: {
    rows?: EventData[];
    handlers?: FakeHandlers;
    abilities?: readonly Ability[];
    production?: boolean;
  } = {},
) {
  const rows = options.rows ?? [anEvent(), refused, failed];
  return render(<StripeEventsPage />, {
    session: {
      ...(options.abilities !== undefined && {
        database: { status: 'ready', report: aReport({ abilities: [...options.abilities] }) },
      }),
      ...(options.production && {
        connection: { ...aSession().connection, name: 'Acme', environment: 'production' },
      }),
    },
    handlers: {
      'stripe.events': async ({ filter }) => {
        const found = rows.filter(
          ({ id, state, type }) =>
            (filter.states?.includes(state) ?? true) &&
            (filter.types?.includes(type) ?? true) &&
            id.includes(filter.search ?? ''),
        );
        return { rows: found, nextCursor: null, count: { count: found.length, capped: false } };
      },
      'stripe.eventTypes': async () => ({ types: rows.map(({ type }) => type) }),
      'stripe.event': async ({ id }) => ({
        event: rows.find((row) => row.id === id) ?? anEvent(),
        payload: `{\n  "id": "${id}"\n}`,
        transactions: id === 'evt_1' ? [aTransaction({ type: 'purchase' })] : [],
      }),
      ...options.handlers,
    },
  });
}

const rowsOf = () => within(screen.getByRole('grid')).getAllByRole('row').slice(1);
const openRow = async (user: ReturnType<typeof open>['user'], type: string) => {
  await user.click(await screen.findByRole('rowheader', { name: type }));
  return within(await screen.findByRole('dialog', { name: 'Stripe event' }));
};

describe('the inbox', () => {
  it('says of each event in words how it stands and what came of it', async () => {
    open();
    await screen.findByRole('rowheader', { name: 'invoice.paid' });
    const [first, second, third] = rowsOf();
    expect(first).toHaveTextContent(/checkout\.session\.completed.*Handled.*Granted 500 credits/);
    expect(second).toHaveTextContent(/invoice\.paid.*Needs a person.*names no plan/);
    expect(third).toHaveTextContent(/Tried again later.*Stripe does not answer.*Webhook/);
    expect(screen.getByText('3')).toBeVisible();
  });

  it('is filtered by state, type and search', async () => {
    const { user, bridge } = open();
    await screen.findByRole('rowheader', { name: 'invoice.paid' });
    await user.click(screen.getByRole('radio', { name: 'Needs a person' }));
    await waitFor(() => expect(rowsOf()).toHaveLength(1));
    await user.click(screen.getByRole('radio', { name: 'Waiting' }));
    await waitFor(() => expect(rowsOf()[0]).toHaveTextContent('charge.refunded'));
    expect(bridge.callsOf('stripe.events').at(-1)?.filter).toEqual({
      states: ['received', 'failed'],
    });
    await user.click(screen.getByRole('radio', { name: 'All' }));
    await user.click(screen.getByRole('combobox', { name: 'Types of events' }));
    await user.click(await screen.findByRole('option', { name: 'invoice.paid' }));
    await waitFor(() => expect(rowsOf()).toHaveLength(1));
    await user.keyboard('{Backspace}');
    await waitFor(() => expect(rowsOf()).toHaveLength(3));
    await user.type(screen.getByRole('textbox', { name: 'Search events' }), 'evt_9');
    expect(await screen.findByText('No event matches this filter.')).toBeVisible();
  });

  it('reads again when main says that it changed', async () => {
    const { bridge } = open({ rows: [] });
    expect(await screen.findByText(/No events yet/)).toBeVisible();
    bridge.use({
      'stripe.events': async () => ({
        rows: [anEvent()],
        nextCursor: null,
        count: { count: 1, capped: false },
      }),
    });
    act(() => bridge.emit({ type: 'stripe.changed' }));
    expect(
      await screen.findByRole('rowheader', { name: 'checkout.session.completed' }),
    ).toBeVisible();
  });

  it('says so where it cannot be read, and asks again', async () => {
    const { user, bridge } = open({
      handlers: {
        'stripe.events': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('The database does not answer.');
    bridge.use({
      'stripe.events': async () => ({
        rows: [refused],
        nextCursor: null,
        count: { count: 1, capped: false },
      }),
    });
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await screen.findByRole('rowheader', { name: 'invoice.paid' });
  });
});

describe('an event', () => {
  it('shows how it was handled, the ledger’s rows that came of it, and itself', async () => {
    const { user } = open();
    const drawer = await openRow(user, 'checkout.session.completed');
    expect(await drawer.findByText('Granted 500 credits.')).toBeVisible();
    const effects = within(drawer.getByRole('region', { name: 'In the ledger' }));
    expect(effects.getByRole('link', { name: 'Ada Lovelace' })).toHaveAttribute(
      'href',
      '#/customers/user_1?tab=transactions',
    );
    expect(effects.getByText('+500')).toBeVisible();
    expect(drawer.getByText(/"id": "evt_1"/)).toBeVisible();
    expect(drawer.getByRole('button', { name: 'Copy Event id evt_1' })).toBeVisible();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });

  it('that failed says why, how often, and when it is tried again', async () => {
    const { user } = open();
    const drawer = await openRow(user, 'charge.refunded');
    expect(await drawer.findByText('Stripe does not answer.')).toBeVisible();
    expect(drawer.getByText('Next try')).toBeVisible();
    expect(drawer.getByText('3')).toBeVisible();
    expect(drawer.getByText(/It wrote nothing/)).toBeVisible();
  });

  it('is handled again by hand, and shows what came of it', async () => {
    let event = refused;
    const { user, bridge } = open({
      handlers: {
        'stripe.event': async () => ({ event, payload: '{}', transactions: [] }),
        'stripe.replayEvent': async () => {
          event = { ...refused, state: 'handled', error: null, outcome: 'Allocated 100 credits.' };
          return { event };
        },
      },
    });
    const drawer = await openRow(user, 'invoice.paid');
    await user.click(await drawer.findByRole('button', { name: 'Handle again' }));
    expect(await drawer.findByText('Allocated 100 credits.')).toBeVisible();
    await waitFor(() => expect(drawer.getByRole('button', { name: 'Handle again' })).toHaveFocus());
    expect(bridge.callsOf('stripe.replayEvent')).toEqual([
      { id: 'evt_2', confirmedProduction: false },
    ]);
  });

  it('of production is asked about; Esc leaves the event in sight', async () => {
    const { user, bridge } = open({
      production: true,
      handlers: { 'stripe.replayEvent': async () => ({ event: anEvent() }) },
    });
    const drawer = await openRow(user, 'invoice.paid');
    await user.click(await drawer.findByRole('button', { name: 'Handle again' }));
    await screen.findByRole('dialog', { name: 'Handle this event again?' });
    await user.keyboard('{Escape}');
    await waitFor(() =>
      expect(screen.queryByRole('dialog', { name: 'Handle this event again?' })).toBeNull(),
    );
    expect(screen.getByRole('dialog', { name: 'Stripe event' })).toBeVisible();
    await user.click(drawer.getByRole('button', { name: 'Handle again' }));
    const question = within(
      await screen.findByRole('dialog', { name: 'Handle this event again?' }),
    );
    await user.click(question.getByRole('button', { name: 'Handle again on Acme' }));
    await waitFor(() =>
      expect(bridge.callsOf('stripe.replayEvent')).toEqual([
        { id: 'evt_2', confirmedProduction: true },
      ]),
    );
  });

  it('says what kept it from being handled again, and offers it only to who may', async () => {
    const { user, unmount } = open({
      handlers: {
        'stripe.replayEvent': async () => {
          throw new AppError('stripe_not_connected', 'No Stripe account is connected.');
        },
      },
    });
    const drawer = await openRow(user, 'invoice.paid');
    await user.click(await drawer.findByRole('button', { name: 'Handle again' }));
    expect(await drawer.findByRole('alert')).toHaveTextContent('No Stripe account is connected.');
    unmount();
    const reader = open({ abilities: ['export'] });
    const readOnly = await openRow(reader.user, 'invoice.paid');
    await readOnly.findByText('The invoice names no plan.');
    expect(readOnly.queryByRole('button', { name: 'Handle again' })).toBeNull();
  });
});
