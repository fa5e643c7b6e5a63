import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { CustomerPage } from '#renderer/features/customers/CustomerPage.tsx';
import { mergeTimeline } from '#renderer/features/customers/timeline.ts';
import { AppError } from '#shared/errors.ts';
import { contract } from '#shared/ipc/contract.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { addDays, dayOf } from '#shared/time.ts';
import { someCustomerAlerts } from '#test/support/alert-rows.ts';
import { aReport, type FakeHandlers } from '#test/support/fake-bridge.ts';
import { currentPath, render, WithForms } from '#test/support/render.tsx';
import {
  aBalance,
  aCustomer,
  aGrant,
  aHold,
  aTransaction,
  aTransactionDetail,
  type CreditsData,
} from '#test/support/sample-rows.ts';

function someCredits(changes: Partial<CreditsData> = {}): CreditsData {
  return {
    balance: aBalance(),
    openGrants: [
      aGrant({ id: '11', description: 'Welcome gift', remaining: 200, granted: 500 }),
      aGrant({
        id: '12',
        transactionId: '90',
        source: 'purchase',
        description: 'Pack of 1,000',
        remaining: 1_000,
        granted: 1_000,
        isPaid: true,
        expiresAt: null,
      }),
    ],
    closedGrants: [],
    holds: [],
    debt: 0,
    ...changes,
  };
}

function renderCustomer(
  options: { handlers?: FakeHandlers; path?: string; abilities?: readonly Ability[] } = {},
) {
  return render(<CustomerPage customerId="user_1" />, {
    within: WithForms,
    path: options.path ?? '/customers/user_1',
    ...(options.abilities !== undefined && {
      session: {
        database: { status: 'ready', report: aReport({ abilities: [...options.abilities] }) },
      },
    }),
    handlers: {
      'customers.get': async () => aCustomer(),
      'customers.transactions': async () => ({ rows: [aTransaction()], nextCursor: null }),
      'customers.grantChanges': async () => ({ rows: [] }),
      'customers.credits': async () => someCredits(),
      'alerts.customer': async () => someCustomerAlerts({ level: 'low', threshold: 2_000 }),
      ...options.handlers,
    },
  });
}

describe('the page of a customer', () => {
  it('shows who it is and what is available, with ids to copy', async () => {
    renderCustomer({
      handlers: {
        'customers.get': async () =>
          aCustomer({
            balance: aBalance({
              balance: 9_007_199_254_740_991,
              available: 9_007_199_254_740_991,
              held: 40,
              nextExpiry: { expiresAt: '2099-01-01T00:00:00.000Z', amount: 300 },
            }),
          }),
      },
    });
    expect(await screen.findByRole('heading', { level: 1, name: 'Ada Lovelace' })).toBeVisible();
    expect(screen.getAllByText('9,007,199,254,740,991')).not.toEqual([]);
    expect(screen.getByText(/1 Jan 2099/)).toBeVisible();
    expect(screen.getByRole('button', { name: 'Copy Customer id user_1' })).toBeVisible();
    expect(screen.getAllByRole('button', { name: 'Copy Stripe id cus_ada' })).not.toEqual([]);
  });

  it('says beside what is available that it is low, and below which threshold', async () => {
    renderCustomer();
    const record = within(await screen.findByRole('complementary', { name: 'Customer record' }));
    expect(
      await record.findByText(/Low below 2,000 credits, as the workspace says\./),
    ).toBeVisible();
    expect(screen.getAllByText('Low')).toHaveLength(2);
  });

  it('hides what the role may not do', async () => {
    renderCustomer({
      abilities: [],
      path: '/customers/user_1?tab=credits',
      handlers: { 'customers.credits': async () => someCredits({ holds: [aHold()] }) },
    });
    await screen.findByRole('table', { name: 'Open grants in burn order' });
    for (const name of [/^Grant$/, /Adjust/, /Extend/, /Reverse/, /Release/, /Add note/]) {
      expect(screen.queryByRole('button', { name })).toBeNull();
    }
    expect(screen.queryByRole('textbox', { name: 'New note' })).toBeNull();
  });

  it('opens the grant form by its key, and not while a note is written', async () => {
    const { user } = renderCustomer();
    await screen.findByRole('heading', { level: 1 });
    await user.click(screen.getByRole('textbox', { name: 'New note' }));
    await user.keyboard('c');
    expect(screen.queryByRole('dialog')).toBeNull();
    await user.tab({ shift: true });
    await user.keyboard('c');
    expect(await screen.findByRole('dialog', { name: 'Grant credits' })).toBeVisible();
  });

  it('keeps its tab in the address', async () => {
    const { user } = renderCustomer();
    await user.click(await screen.findByRole('tab', { name: 'Credits' }));
    expect(currentPath()).toBe('/customers/user_1?tab=credits');
    expect(await screen.findByRole('region', { name: 'How the balance adds up' })).toBeVisible();
  });

  it('says that there is no such customer', async () => {
    renderCustomer({
      handlers: {
        'customers.get': async () => {
          throw new AppError('not_found', 'There is no customer user_1.');
        },
      },
    });
    expect(await screen.findByText('There is no customer user_1.')).toBeVisible();
    expect(screen.getByRole('link', { name: 'All customers' })).toHaveAttribute(
      'href',
      '#/customers',
    );
  });

  it('adds a note once, and keeps what was written when it could not be saved', async () => {
    let fails = true;
    const { bridge, user } = renderCustomer({
      handlers: {
        'customers.addNote': async ({ text }) => {
          if (fails) throw new AppError('database_unavailable', 'The database does not answer.');
          return { id: '1', text, actor: 'ada', createdAt: '2026-11-22T08:00:00.000Z' };
        },
      },
    });
    const field = await screen.findByRole('textbox', { name: 'New note' });
    await user.type(field, 'Called back');
    await user.click(screen.getByRole('button', { name: 'Add note' }));
    expect(await screen.findByText(/The note was not saved/)).toBeVisible();
    expect(field).toHaveValue('Called back');
    fails = false;
    await user.click(screen.getByRole('button', { name: 'Add note' }));
    await waitFor(() => expect(field).toHaveValue(''));
    expect(bridge.callsOf('customers.addNote').at(-1)).toEqual({
      customerId: 'user_1',
      text: 'Called back',
    });
    expect(bridge.callsOf('customers.addNote')).toHaveLength(2);
  });

  it('shows markup in names, notes and descriptions as the text it is', async () => {
    const markup = '<script>alert(1)</script>';
    renderCustomer({
      handlers: {
        'customers.get': async () =>
          aCustomer({
            name: markup,
            notes: [
              { id: '1', text: markup, actor: markup, createdAt: '2026-11-22T08:00:00.000Z' },
            ],
          }),
        'customers.transactions': async () => ({
          rows: [aTransaction({ description: markup })],
          nextCursor: null,
        }),
      },
    });
    expect(await screen.findByRole('heading', { level: 1, name: markup })).toBeVisible();
    expect(await screen.findByRole('button', { name: markup })).toBeVisible();
    expect(document.querySelector('script')).toBeNull();
  });
});

describe('the balance explained', () => {
  const path = '/customers/user_1?tab=credits';

  it('adds up exactly, with what is held and due', async () => {
    renderCustomer({
      path,
      handlers: {
        'customers.credits': async () =>
          someCredits({
            balance: aBalance({ balance: 1_200, held: 40, available: 1_060 }),
            holds: [aHold()],
          }),
      },
    });
    const equation = await screen.findByRole('region', { name: 'How the balance adds up' });
    expect(equation).toHaveTextContent(
      'Balance 1,200 minus held 40 minus due to expire 100 is 1,060 credits available.',
    );
    expect(screen.getByRole('table', { name: 'Open holds' })).toHaveTextContent(
      'Rendering of scene 7',
    );
  });

  it('tells a debt', async () => {
    renderCustomer({
      path,
      handlers: {
        'customers.credits': async () =>
          someCredits({
            balance: aBalance({ balance: -300, available: -300 }),
            openGrants: [],
            debt: 300,
          }),
      },
    });
    expect(await screen.findByText(/Debt: 300 credits\./)).toBeVisible();
    expect(screen.getByText('No credits are left: there is no open grant.')).toBeVisible();
  });

  it('lists the debits that a chosen grant paid', async () => {
    const { bridge, user } = renderCustomer({
      path,
      handlers: {
        'customers.grantDebits': async () => ({
          rows: [
            {
              transactionId: '150',
              type: 'usage',
              description: 'Scene 7',
              feature: 'render',
              amount: 300,
              createdAt: '2026-11-21T08:00:00.000Z',
            },
          ],
          nextCursor: null,
        }),
      },
    });
    const grants = await screen.findByRole('table', { name: 'Open grants in burn order' });
    await user.click(within(grants).getByRole('button', { name: 'Bonus Welcome gift' }));
    const debits = await screen.findByRole('table', { name: 'Debits this grant paid' });
    expect(debits).toHaveTextContent('Scene 7');
    expect(debits).toHaveTextContent('−300');
    expect(bridge.callsOf('customers.grantDebits')).toMatchObject([{ grantId: '11' }]);
    await user.click(screen.getByRole('button', { name: /Remove filter Grant/ }));
    expect(await screen.findByRole('heading', { name: 'Newest debits' })).toBeVisible();
    expect(within(grants).getByRole('button', { name: 'Bonus Welcome gift' })).toHaveAttribute(
      'aria-pressed',
      'false',
    );
  });

  it('marks the grants that paid a chosen debit, with how much', async () => {
    const { user } = renderCustomer({
      path,
      handlers: {
        'customers.transactions': async () => ({
          rows: [
            aTransaction({ id: '150', type: 'usage', amount: -350, description: 'Scene 7' }),
            aTransaction(),
          ],
          nextCursor: null,
        }),
        'transactions.get': async () =>
          aTransactionDetail({
            transaction: aTransaction({ id: '150', type: 'usage', amount: -350 }),
            consumptions: [
              {
                grantId: '11',
                source: 'bonus',
                description: 'Welcome gift',
                amount: 300,
                expiresAt: null,
              },
              {
                grantId: '9',
                source: 'bonus',
                description: 'Old gift',
                amount: 50,
                expiresAt: null,
              },
            ],
          }),
        'customers.credits': async () =>
          someCredits({
            closedGrants: [aGrant({ id: '9', description: 'Old gift', remaining: 0 })],
          }),
      },
    });
    const debits = await screen.findByRole('table', { name: 'Newest debits' });
    await user.click(within(debits).getByRole('button', { name: 'Usage Scene 7' }));
    expect(await screen.findByText('2 grants paid 350 credits of it.')).toBeVisible();
    const open = screen.getByRole('table', { name: 'Open grants in burn order' });
    const [marked] = within(open)
      .getAllByRole('row')
      .filter((row) => row.hasAttribute('data-marked'));
    expect(marked).toHaveTextContent('Welcome gift');
    expect(marked).toHaveTextContent('300');
    // A closed grant that paid a part of it is shown without being asked for.
    expect(screen.getByRole('table', { name: 'Closed grants, newest first' })).toHaveTextContent(
      'Old gift',
    );
  });
});

describe('the transactions of a customer', () => {
  it('open in their details by key, and can be reversed from there', async () => {
    const { user } = renderCustomer({
      path: '/customers/user_1?tab=transactions',
      handlers: {
        'transactions.get': async () =>
          aTransactionDetail({ metadata: { batch: 'b-7' }, reversible: 500 }),
        'ledger.preview': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    const row = await screen.findByRole('row', { name: /Sorry for the outage/ });
    row.focus();
    await user.keyboard('{Enter}');
    const details = await screen.findByRole('dialog', { name: 'Transaction' });
    expect(await within(details).findByText('b-7')).toBeVisible();
    expect(details).toHaveTextContent('All of it can still be reversed.');
    await user.click(within(details).getByRole('button', { name: 'Reverse…' }));
    expect(await screen.findByRole('dialog', { name: 'Reverse a transaction' })).toBeVisible();
    expect(await screen.findByText('All that is left of it: 500 credits')).toBeVisible();
  });
});

describe('the timeline', () => {
  const parse = (transactions: ReturnType<typeof aTransaction>[]) =>
    contract['customers.transactions'].output.parse({ rows: transactions, nextCursor: null }).rows;
  const note = (id: string, createdAt: string) => ({ id, text: 'Called', actor: 'ada', createdAt });

  it('merges movements, notes and expiry changes, newest first', () => {
    const changes = contract['customers.grantChanges'].output.parse({
      rows: [
        {
          grantId: '11',
          expiresAtBefore: '2026-12-01T00:00:00.000Z',
          expiresAtAfter: '2027-01-01T00:00:00.000Z',
          reason: 'Goodwill',
          actor: 'ada',
          createdAt: '2026-11-20T09:00:00.000Z',
        },
      ],
    }).rows;
    const keys = mergeTimeline({
      transactions: parse([
        aTransaction({ id: '3', createdAt: '2026-11-21T08:00:00.000Z' }),
        aTransaction({ id: '2', createdAt: '2026-11-20T08:00:00.000Z' }),
        aTransaction({ id: '1', createdAt: '2026-11-20T08:00:00.000Z' }),
      ]),
      hasOlderTransactions: false,
      notes: [note('8', '2026-11-22T08:00:00.000Z'), note('7', '2026-11-01T08:00:00.000Z')],
      changes,
    }).map((entry) => entry.key);
    expect(keys).toEqual([
      'note 8',
      'transaction 3',
      'expiry 11 2026-11-20T09:00:00.000Z',
      'transaction 2',
      'transaction 1',
      'note 7',
    ]);
  });

  it('lets older notes wait until the transactions before them are loaded', () => {
    const entries = mergeTimeline({
      transactions: parse([aTransaction({ id: '3', createdAt: '2026-11-21T08:00:00.000Z' })]),
      hasOlderTransactions: true,
      notes: [note('8', '2026-11-22T08:00:00.000Z'), note('7', '2026-11-01T08:00:00.000Z')],
      changes: [],
    });
    expect(entries.map((entry) => entry.key)).toEqual(['note 8', 'transaction 3']);
  });

  it('says where notes and expiry changes end, and says nothing where they are whole', async () => {
    const notes = (count: number) =>
      Array.from({ length: count }, (_, index) =>
        note(`n${index}`, `2026-11-19T08:00:00.${String(index).padStart(3, '0')}Z`),
      );
    const cut = renderCustomer({
      handlers: { 'customers.get': async () => aCustomer({ notes: notes(100) }) },
    });
    expect(await screen.findByText('Only the newest 100 notes are shown here.')).toBeVisible();
    cut.unmount();
    renderCustomer({
      handlers: { 'customers.get': async () => aCustomer({ notes: notes(99) }) },
    });
    expect(await screen.findByText('Sorry for the outage')).toBeVisible();
    expect(screen.queryByText(/Only the newest/)).toBeNull();
  });
});

describe('the usage of a customer', () => {
  const today = dayOf(new Date(), 'UTC');

  it('leads from a bar to the transactions of that day, those without a feature too', async () => {
    const { user } = renderCustomer({
      path: '/customers/user_1?tab=usage',
      handlers: {
        'customers.usage': async () => ({ rows: [{ day: today, feature: '', used: 30 }] }),
      },
    });
    (await screen.findByRole('slider')).focus();
    await user.keyboard('{ArrowUp}{Enter}');
    expect(currentPath()).toBe(
      `/transactions?customer=user_1&types=usage&from=${today}&to=${today}&feature=`,
    );
  });

  it('never shows the figures of other days under the chosen ones', async () => {
    const { user } = renderCustomer({
      path: '/customers/user_1?tab=usage',
      handlers: {
        'customers.usage': ({ to, from }) =>
          from < addDays(to, -30)
            ? new Promise(() => {})
            : Promise.resolve({ rows: [{ day: today, feature: 'chat', used: 30 }] }),
      },
    });
    expect(await screen.findByRole('slider')).toBeVisible();
    await user.click(screen.getByRole('button', { name: /^Time range: Last 30 days/ }));
    await user.click(await screen.findByRole('button', { name: 'Last 90 days' }));
    expect(screen.queryByRole('slider')).toBeNull();
    expect(screen.getByText('Loading usage')).toBeInTheDocument();
  });
});
