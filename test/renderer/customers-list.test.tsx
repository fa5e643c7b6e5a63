import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { useLocation } from 'wouter';
import { CustomersPage } from '#renderer/features/customers/CustomersPage.tsx';
import {
  formatCustomerView,
  parseCustomerView,
  WHOLE_LIST,
} from '#renderer/features/customers/customer-filter.ts';
import { AppError } from '#shared/errors.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { aReport, type FakeHandlers } from '#test/support/fake-bridge.ts';
import { currentPath, render } from '#test/support/render.tsx';
import { aCustomerRow, type CustomerRowData } from '#test/support/sample-rows.ts';

const people = [
  aCustomerRow({ id: 'user_1', name: 'Ada Lovelace', balance: 1_234_567 }),
  aCustomerRow({ id: 'user_2', name: 'Grace Hopper', email: 'grace@example.com', balance: -120 }),
  aCustomerRow({ id: 'user_3', name: null, email: null, balance: 0, lastActivityAt: null }),
];

function renderList(
  options: {
    rows?: readonly CustomerRowData[];
    handlers?: FakeHandlers;
    path?: string;
    abilities?: readonly Ability[];
  } = {},
) {
  return render(<Routed />, {
    path: options.path ?? '/customers',
    ...(options.abilities !== undefined && {
      session: {
        database: { status: 'ready', report: aReport({ abilities: [...options.abilities] }) },
      },
    }),
    handlers: {
      'customers.plans': async () => ({ plans: ['free', 'pro'] }),
      'customers.list': async ({ filter }) => {
        const rows = (options.rows ?? people).filter(
          (row) =>
            filter.search === undefined ||
            (row.name ?? '').toLowerCase().includes(filter.search.toLowerCase()),
        );
        return {
          rows: [...rows],
          nextCursor: null,
          total: { count: rows.length, capped: false },
        };
      },
      ...options.handlers,
    },
  });
}

/** The list at its own address; another page is only told by its address. */
function Routed() {
  const [path] = useLocation();
  return path === '/customers' ? <CustomersPage /> : <p>Another page</p>;
}

const rowOf = async (name: RegExp) => screen.findByRole('row', { name });

describe('the list of customers', () => {
  it('shows exact, grouped balances, and says in words what lies below zero', async () => {
    renderList();
    expect(await rowOf(/Ada Lovelace/)).toHaveTextContent('1,234,567');
    const negative = await rowOf(/Grace Hopper/);
    expect(negative).toHaveTextContent('Negative');
    expect(negative).toHaveTextContent('−120');
    expect(negative).toHaveTextContent('minus 120 credits');
    expect(await rowOf(/No name/)).toHaveTextContent('Never');
    expect(screen.getByLabelText('3 customers')).toHaveTextContent('3');
  });

  it('tells a count that was stopped at its cap', async () => {
    renderList({
      handlers: {
        // The second page brings one whom the first one had: the order moved meanwhile.
        'customers.list': async ({ cursor }) => ({
          rows: people,
          nextCursor: cursor === null ? 'next' : null,
          total: cursor === null ? { count: 1_000, capped: true } : null,
        }),
      },
    });
    expect(await screen.findByText('1,000+')).toBeVisible();
    const grid = screen.getByRole('grid');
    expect(grid).toHaveAttribute('aria-rowcount', '-1');
    expect(within(grid).getAllByText('Ada Lovelace')).toHaveLength(1);
  });

  it('searches as one types and keeps the words in the address', async () => {
    const { bridge, user } = renderList();
    await rowOf(/Ada Lovelace/);
    await user.type(screen.getByRole('searchbox', { name: 'Search customers' }), 'grace');
    await waitFor(() => expect(screen.queryByText('Ada Lovelace')).toBeNull());
    expect(currentPath()).toBe('/customers?q=grace');
    expect(bridge.callsOf('customers.list').at(-1)?.filter.search).toBe('grace');
  });

  it('is reached by key alone: / to search, arrow to the rows, Enter to open', async () => {
    const { user } = renderList();
    await rowOf(/Ada Lovelace/);
    await user.keyboard('/');
    expect(screen.getByRole('searchbox')).toHaveFocus();
    await user.keyboard('{ArrowDown}');
    expect(await rowOf(/Ada Lovelace/)).toHaveFocus();
    await user.keyboard('{ArrowDown}');
    expect(await rowOf(/Grace Hopper/)).toHaveFocus();
    await user.keyboard('{Enter}');
    expect(currentPath()).toBe('/customers/user_2');
  });

  it('opens the first customer found on Enter in the search', async () => {
    const { user } = renderList();
    await rowOf(/Ada Lovelace/);
    await user.type(screen.getByRole('searchbox'), 'grace');
    await waitFor(() => expect(screen.queryByText('Ada Lovelace')).toBeNull());
    await user.keyboard('{Enter}');
    await waitFor(() => expect(currentPath()).toBe('/customers/user_2'));
  });

  it('filters by balance with a chip that can be taken off again', async () => {
    const { bridge, user } = renderList();
    await rowOf(/Ada Lovelace/);
    const chip = screen.getByRole('checkbox', { name: 'Negative balance' });
    await user.click(chip);
    await waitFor(() => expect(currentPath()).toBe('/customers?balance=negative'));
    await waitFor(() =>
      expect(bridge.callsOf('customers.list').at(-1)?.filter).toEqual({ balance: 'negative' }),
    );
    await user.click(screen.getByRole('checkbox', { name: 'Negative balance' }));
    await waitFor(() => expect(currentPath()).toBe('/customers'));
  });

  it('sorts by its headers, largest balance first, in the database', async () => {
    const { bridge, user } = renderList();
    await rowOf(/Ada Lovelace/);
    await user.click(screen.getByRole('button', { name: 'Balance' }));
    await waitFor(() =>
      expect(bridge.callsOf('customers.list').at(-1)).toMatchObject({
        sort: 'balance',
        descending: true,
      }),
    );
    expect(screen.getByRole('columnheader', { name: 'Balance' })).toHaveAttribute(
      'aria-sort',
      'descending',
    );
    expect(currentPath()).toBe('/customers?sort=balance&order=desc');
  });

  it('offers to clear search and filters where nothing is found', async () => {
    const { user } = renderList({ path: '/customers?q=nobody&balance=low' });
    expect(await screen.findByText('No customer matches.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Clear search and filters' }));
    expect(await rowOf(/Ada Lovelace/)).toBeVisible();
    expect(currentPath()).toBe('/customers');
    expect(screen.getByRole('searchbox')).toHaveValue('');
  });

  it('offers a new customer where there is none, to whoever may add one', async () => {
    const { unmount } = renderList({ rows: [] });
    expect(await screen.findByText(/There are no customers yet/)).toBeVisible();
    expect(screen.getAllByRole('button', { name: 'New customer' })).not.toEqual([]);
    unmount();

    renderList({ rows: [], abilities: [] });
    expect(await screen.findByText(/There are no customers yet/)).toBeVisible();
    expect(screen.queryByRole('button', { name: 'New customer' })).toBeNull();
  });

  it('says what went wrong and tries again', async () => {
    let fails = true;
    const { user } = renderList({
      handlers: {
        'customers.list': async () => {
          if (fails) throw new AppError('database_unavailable', 'The database does not answer.');
          return { rows: people, nextCursor: null, total: { count: 3, capped: false } };
        },
      },
    });
    expect(await screen.findByText('The database does not answer.')).toBeVisible();
    fails = false;
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await rowOf(/Ada Lovelace/)).toBeVisible();
  });

  it('shows markup in names as the text it is', async () => {
    renderList({ rows: [aCustomerRow({ name: '<img src=x onerror=alert(1)>' })] });
    expect(await screen.findByText('<img src=x onerror=alert(1)>')).toBeVisible();
    expect(document.querySelector('img')).toBeNull();
  });
});

describe('a new customer', () => {
  it('is added under the id of the product and opened', async () => {
    const { bridge, user } = renderList({
      handlers: { 'customers.ensure': async ({ id }) => ({ id }) },
    });
    await user.click(await screen.findByRole('button', { name: 'New customer' }));
    const dialog = await screen.findByRole('dialog', { name: 'New customer' });
    const id = within(dialog).getByRole('textbox', { name: 'Id' });
    await waitFor(() => expect(id).toHaveFocus());
    await user.click(within(dialog).getByRole('button', { name: 'Add customer' }));
    expect(id).toHaveAccessibleDescription(/Enter the product’s own user id\./);
    expect(bridge.callsOf('customers.ensure')).toEqual([]);

    await user.type(id, 'user 9/x?');
    await user.type(within(dialog).getByRole('textbox', { name: /Name/ }), 'Alan Turing');
    await user.click(within(dialog).getByRole('button', { name: 'Add customer' }));
    await waitFor(() => expect(currentPath()).toBe('/customers/user%209%2Fx%3F'));
    expect(bridge.callsOf('customers.ensure')).toMatchObject([
      { id: 'user 9/x?', name: 'Alan Turing' },
    ]);
  });

  it('stays in its form when the database refuses it', async () => {
    const { user } = renderList({
      handlers: {
        'customers.ensure': async () => {
          throw new AppError('already_processed', 'This Stripe id belongs to another customer.', {
            fields: { stripeCustomerId: 'Belongs to user_2.' },
          });
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'New customer' }));
    const dialog = await screen.findByRole('dialog', { name: 'New customer' });
    await user.type(within(dialog).getByRole('textbox', { name: 'Id' }), 'user_9');
    await user.click(within(dialog).getByRole('button', { name: 'Add customer' }));
    expect(
      await within(dialog).findByText('This Stripe id belongs to another customer.'),
    ).toBeVisible();
    expect(within(dialog).getByRole('textbox', { name: /Stripe id/ })).toHaveAccessibleDescription(
      'Belongs to user_2.',
    );
    expect(within(dialog).getByRole('textbox', { name: 'Id' })).toHaveValue('user_9');
  });
});

describe('the view in the address', () => {
  it('comes back as it was written', () => {
    const view = {
      search: 'a & b=c',
      balance: 'zero',
      plan: 'pro+',
      sort: 'name',
      descending: false,
    } as const;
    expect(parseCustomerView(formatCustomerView(view))).toEqual(view);
    expect(formatCustomerView(WHOLE_LIST)).toBe('');
  });

  it('ignores what is malformed', () => {
    expect(parseCustomerView(`balance=all&sort=id&order=x&plan=${'p'.repeat(101)}`)).toEqual(
      WHOLE_LIST,
    );
    expect(parseCustomerView(`q=${'x'.repeat(300)}`).search).toHaveLength(200);
  });
});
