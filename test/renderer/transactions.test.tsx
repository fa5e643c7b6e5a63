import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { TransactionsPage } from '#renderer/features/transactions/TransactionsPage.tsx';
import { AppError } from '#shared/errors.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';
import type { TransactionFilter } from '#shared/ipc/transactions.ts';
import { aReport, type FakeHandlers } from '#test/support/fake-bridge.ts';
import { currentPath, render, WithForms } from '#test/support/render.tsx';

type Row = HandlerOutput<Contract['transactions.list']>['rows'][number];
type Details = HandlerOutput<Contract['transactions.get']>;

function aRow(id: number, changes: Partial<Row> = {}): Row {
  return {
    id: String(id),
    customerId: 'cus_1',
    customerName: 'Ada Lovelace',
    customerEmail: 'ada@example.com',
    amount: -25,
    balanceAfter: 975,
    type: 'usage',
    description: `Answer ${id}`,
    feature: 'chat',
    stripePaymentId: null,
    idempotencyKey: null,
    reversesId: null,
    reversed: 0,
    actor: 'service',
    reasonCode: null,
    caseLink: null,
    createdAt: '2026-11-22T07:30:00.000Z',
    ...changes,
  };
}

const threeRows = [
  aRow(3, { amount: 1_000, type: 'bonus', description: 'Goodwill', feature: null }),
  aRow(2),
  aRow(1, { amount: -1_500, customerId: 'cus_2', customerName: null, customerEmail: null }),
];

function detailsOf(transaction: Row, changes: Partial<Details> = {}): Details {
  return {
    transaction,
    metadata: {},
    consumptions: [],
    grants: [],
    reversals: [],
    reversible: Math.abs(transaction.amount),
    ...changes,
  };
}

function handlersWith(rows: Row[], more: FakeHandlers = {}): FakeHandlers {
  return {
    'transactions.list': async () => ({ rows, nextCursor: null }),
    'transactions.count': async () => ({ count: rows.length, capped: false }),
    'transactions.facets': async () => ({
      features: ['chat', 'images'],
      actors: ['ada', 'service'],
    }),
    ...more,
  };
}

function open(
  options: {
    rows?: Row[];
    handlers?: FakeHandlers;
    query?: string;
    session?: NonNullable<Parameters<typeof render>[1]>['session'];
  } = {},
) {
  return render(<TransactionsPage />, {
    handlers: handlersWith(options.rows ?? threeRows, options.handlers),
    path: `/transactions${options.query ?? ''}`,
    within: WithForms,
    ...(options.session && { session: options.session }),
  });
}

const rowOf = (id: number) =>
  screen.findByRole('checkbox', { name: `Select transaction ${id}` }).then((box) => {
    const row = box.closest('[role="row"]');
    if (!(row instanceof HTMLElement)) throw new Error('the checkbox stands in no row');
    return row;
  });

describe('the log', () => {
  it('shows the newest rows with signed amounts, the balance after, and the zone of its times', async () => {
    open({ session: { timeZone: 'Europe/Berlin' } });
    const row = await rowOf(3);
    expect(row).toHaveTextContent('22 Nov 2026, 08:30');
    expect(row).toHaveTextContent('+1,000');
    expect(row).toHaveTextContent('Bonus');
    expect(await rowOf(1)).toHaveTextContent('\u22121,500');
    expect(await rowOf(1)).toHaveTextContent('cus_2');
    expect(screen.getByRole('columnheader', { name: 'Time (Europe/Berlin)' })).toBeVisible();
  });

  it('tells a count that was stopped as "1,000+"', async () => {
    open({ handlers: { 'transactions.count': async () => ({ count: 1_000, capped: true }) } });
    expect(await screen.findByText('1,000+')).toBeVisible();
    expect(screen.getByRole('grid')).toHaveAttribute('aria-rowcount', '-1');
  });

  it('asks for the next page where the one before ended', async () => {
    const first = Array.from({ length: 5 }, (_, index) => aRow(10 - index));
    const { bridge } = open({
      handlers: {
        'transactions.list': async ({ cursor }) =>
          cursor === null
            ? { rows: first, nextCursor: 'after-6' }
            : { rows: [aRow(5)], nextCursor: null },
      },
    });
    await rowOf(5);
    expect(bridge.callsOf('transactions.list').map(({ cursor }) => cursor)).toEqual([
      null,
      'after-6',
    ]);
  });

  it('says what failed and tries again', async () => {
    const { bridge, user } = open({
      handlers: {
        'transactions.list': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    expect(await screen.findByText('The database does not answer.')).toBeVisible();
    bridge.use(handlersWith(threeRows));
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await rowOf(3)).toBeVisible();
  });

  it('offers to clear a filter that nothing matches', async () => {
    const { user } = open({ rows: [], query: '?text=nothing' });
    await user.click(await screen.findByRole('button', { name: 'Clear the filter' }));
    expect(currentPath()).toBe('/transactions');
    expect(await screen.findByText(/There are no transactions yet/)).toBeVisible();
  });
});

describe('the filter of the log', () => {
  const lastFilter = (calls: ReadonlyArray<{ filter: unknown }>) =>
    calls.at(-1)?.filter as TransactionFilter | undefined;

  it('comes from the address, and each chip takes its part away', async () => {
    const { bridge, user } = open({
      query:
        '?customer=cus_1&types=usage,bonus&feature=chat&actor=ada&min=10&max=2000&from=2026-11-01&to=2026-11-02&text=100%25+sure',
    });
    await rowOf(3);
    expect(lastFilter(bridge.callsOf('transactions.list'))).toEqual({
      types: ['bonus', 'usage'],
      feature: 'chat',
      actor: 'ada',
      amountMin: 10,
      amountMax: 2_000,
      from: '2026-11-01T00:00:00.000Z',
      to: '2026-11-03T00:00:00.000Z',
      text: '100% sure',
      customerId: 'cus_1',
    });
    expect(screen.getByText('10 to 2,000')).toBeVisible();
    for (const name of [
      'Customer: cus_1',
      'Type: Bonus',
      'Type: Usage',
      'Feature: chat',
      'Actor: ada',
      'Amount: 10 to 2,000',
      'Time: 1 Nov 2026 – 2 Nov 2026',
      'Text: 100% sure',
    ]) {
      await user.click(screen.getByRole('button', { name: `Remove filter ${name}` }));
    }
    expect(currentPath()).toBe('/transactions');
    await waitFor(() => expect(lastFilter(bridge.callsOf('transactions.list'))).toEqual({}));
  });

  it('never sends what is malformed in the address', async () => {
    const { bridge } = open({
      query: '?types=DROP&min=1e3&max=-1&from=2026-02-30&to=x&text=%00&customer=%0A&range=ever',
    });
    await rowOf(3);
    expect(bridge.callsOf('transactions.list').map(({ filter }) => filter)).toEqual([{}]);
    expect(bridge.callsOf('transactions.count').map(({ filter }) => filter)).toEqual([{}]);
    expect(screen.queryByRole('button', { name: /^Remove filter/ })).not.toBeInTheDocument();
  });

  it('goes into the address as it is chosen, and Back undoes it', async () => {
    const { bridge, user } = open();
    await rowOf(3);
    await user.click(screen.getByRole('combobox', { name: 'Type' }));
    await user.click(await screen.findByRole('option', { name: 'Usage' }));
    expect(currentPath()).toBe('/transactions?types=usage');
    await user.click(screen.getByRole('button', { name: 'Feature' }));
    await user.click(await screen.findByRole('option', { name: 'images' }));
    expect(currentPath()).toBe('/transactions?types=usage&feature=images');
    await waitFor(() =>
      expect(lastFilter(bridge.callsOf('transactions.list'))).toEqual({
        types: ['usage'],
        feature: 'images',
      }),
    );
    act(() => window.history.back());
    await waitFor(() => expect(currentPath()).toBe('/transactions?types=usage'));
    await waitFor(() =>
      expect(screen.queryByRole('button', { name: /Remove filter Feature/ })).toBeNull(),
    );
  });

  it('takes typed text and shows what is in force after it was cleared', async () => {
    const { user } = open();
    const field = await screen.findByRole('searchbox', { name: /Text in the description/ });
    await user.type(field, 'goodwill & more');
    await waitFor(() => expect(currentPath()).toBe('/transactions?text=goodwill+%26+more'));
    await user.click(screen.getByRole('button', { name: 'Clear all' }));
    expect(field).toHaveValue('');
    expect(currentPath()).toBe('/transactions');
  });

  it('refuses an amount that could be misread, and applies bounds that are clear', async () => {
    const { user } = open();
    await rowOf(3);
    await user.click(screen.getByRole('button', { name: 'Amount' }));
    const least = await screen.findByRole('textbox', { name: 'At least' });
    await user.type(least, '1.5{Enter}');
    expect(screen.getByText(/Use whole credits/)).toBeVisible();
    expect(currentPath()).toBe('/transactions');
    await user.clear(least);
    await user.type(least, '1,000');
    await user.type(screen.getByRole('textbox', { name: 'At most' }), '999{Enter}');
    expect(screen.getByText('This is less than the lower bound.')).toBeVisible();
    await user.clear(screen.getByRole('textbox', { name: 'At most' }));
    await user.click(screen.getByRole('button', { name: 'Apply' }));
    expect(currentPath()).toBe('/transactions?min=1000');
  });
});

describe('selected rows', () => {
  it('show their sum, and are let go when the filter changes', async () => {
    const { user } = open();
    (await rowOf(3)).focus();
    await user.keyboard(' {ArrowDown}{ArrowDown} ');
    const bar = screen.getByRole('region', { name: 'Selected transactions' });
    expect(bar).toHaveTextContent('2 transactions selected, sum \u2212500');
    expect(bar).toHaveTextContent('in 1,000, out 1,500');
    await user.click(screen.getByRole('combobox', { name: 'Type' }));
    await user.click(await screen.findByRole('option', { name: 'Usage' }));
    expect(screen.queryByRole('region', { name: 'Selected transactions' })).toBeNull();
  });
});

describe('the details of a transaction', () => {
  const usage = aRow(2, { idempotencyKey: 'req-12345678', reversed: 5 });
  const details = detailsOf(usage, {
    metadata: { model: 'large', tokens: { in: 3 } },
    consumptions: [
      {
        grantId: '71',
        source: 'purchase',
        description: 'Pack of 1,000',
        amount: 25,
        expiresAt: '2027-01-31T00:00:00.000Z',
      },
    ],
    reversals: [
      {
        transactionId: '9',
        amount: 5,
        description: 'Empty answer',
        actor: 'ada',
        createdAt: '2026-11-22T07:40:00.000Z',
      },
    ],
    reversible: 20,
  });
  const handlers: FakeHandlers = { 'transactions.get': async () => details };

  it('open with Enter, stay beside the list, and close with Esc back to the row', async () => {
    const { bridge, user } = open({ handlers });
    const row = await rowOf(2);
    row.focus();
    await user.keyboard('{Enter}');
    const panel = await screen.findByRole('complementary', { name: 'Transaction details' });
    expect(await within(panel).findByText('Paid by these grants')).toBeVisible();
    expect(panel).toHaveTextContent('Pack of 1,000 · expires 31 Jan 2027');
    expect(panel).toHaveTextContent('Reversed by 1 transaction');
    expect(panel).toHaveTextContent('tokens{"in":3}');
    expect(panel).toHaveTextContent('20 of it can still be reversed.');
    expect(within(panel).getByRole('link', { name: 'Ada Lovelace' })).toHaveAttribute(
      'href',
      '#/customers/cus_1',
    );
    expect(bridge.callsOf('transactions.get')).toEqual([
      { customerId: 'cus_1', transactionId: '2' },
    ]);
    expect(row).toHaveFocus();
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('complementary')).not.toBeInTheDocument();
    expect(row).toHaveFocus();
  });

  it('lead on to the reversal of a transaction', async () => {
    const { bridge, user } = open({ handlers });
    await user.click(await screen.findByText('Answer 2'));
    await user.click(await screen.findByRole('button', { name: 'Show' }));
    await waitFor(() =>
      expect(bridge.callsOf('transactions.get').at(-1)).toEqual({
        customerId: 'cus_1',
        transactionId: '9',
      }),
    );
  });

  it('offer a reversal where one is left to make', async () => {
    const { user } = open({ handlers });
    await user.click(await screen.findByText('Answer 2'));
    await user.click(await screen.findByRole('button', { name: 'Reverse…' }));
    expect(await screen.findByRole('dialog')).toHaveTextContent(/revers/i);
  });

  it('offer no reversal where nothing is left of it', async () => {
    const { user } = open({
      handlers: { 'transactions.get': async () => ({ ...details, reversible: 0 }) },
    });
    await user.click(await screen.findByText('Answer 2'));
    expect(await screen.findByText('Nothing of it is left to reverse.')).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Reverse…' })).not.toBeInTheDocument();
  });

  it('of a use that a meter counted say what was reported, and that nothing can be reversed', async () => {
    const metered = detailsOf(
      { ...usage, amount: 0, reversed: 0 },
      { metadata: { quantity: 3, meter: 'api_calls' }, reversible: 0 },
    );
    const { user } = open({ handlers: { 'transactions.get': async () => metered } });
    await user.click(await screen.findByText('Answer 2'));
    expect(
      await screen.findByText('3 units reported to meter api_calls, no credits deducted'),
    ).toBeVisible();
    expect(screen.getByText('It moved no credits: there is nothing to reverse.')).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Reverse…' })).not.toBeInTheDocument();
  });

  it('of a feature that costs nothing claim no report', async () => {
    const free = detailsOf(
      { ...usage, amount: 0, reversed: 0 },
      { metadata: { quantity: 3, unit_cost: 0, meter: 'gas' }, reversible: 0 },
    );
    const { user } = open({ handlers: { 'transactions.get': async () => free } });
    await user.click(await screen.findByText('Answer 2'));
    expect(await screen.findByText('gas')).toBeVisible();
    expect(screen.queryByText(/reported to meter/)).not.toBeInTheDocument();
  });

  it('offer no reversal to a role that may not reverse', async () => {
    const { user } = open({
      handlers,
      session: { database: { status: 'ready', report: aReport({ abilities: ['export'] }) } },
    });
    await user.click(await screen.findByText('Answer 2'));
    expect(await screen.findByText('20 of it can still be reversed.')).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Reverse…' })).not.toBeInTheDocument();
  });
});

describe('the export', () => {
  type Outcome = HandlerOutput<Contract['transactions.export']>;

  /** An export that ends when the test says so. */
  function anExport() {
    let end = {
      resolve: (_: Outcome) => {},
      reject: (_: AppError) => {},
    };
    const running = new Promise<Outcome>((resolve, reject) => {
      end = { resolve, reject };
    });
    const handlers: FakeHandlers = {
      'transactions.export': () => running,
      'transactions.cancelExport': async () => {
        end.reject(new AppError('cancelled', 'The work was cancelled.'));
        return {};
      },
      'settings.showExport': async () => ({}),
    };
    return { ...end, handlers };
  }

  it('writes the current filter, shows the rows so far, and then where the file is', async () => {
    const run = anExport();
    const { bridge, user } = open({ handlers: run.handlers, query: '?types=usage' });
    await user.click(await screen.findByRole('button', { name: 'Export CSV' }));
    const [sent] = bridge.callsOf('transactions.export');
    expect(sent).toMatchObject({ filter: { types: ['usage'] }, timeZone: 'UTC' });
    const exportId = sent?.exportId ?? '';
    expect(screen.getByRole('button', { name: 'Export CSV' })).toBeDisabled();
    act(() => bridge.emit({ type: 'export.progress', exportId, rows: 12_000 }));
    expect(await screen.findByText('Exporting: 12,000 rows so far.')).toBeVisible();
    act(() => bridge.emit({ type: 'export.progress', exportId: 'another', rows: 7 }));
    expect(screen.getByText('Exporting: 12,000 rows so far.')).toBeVisible();
    run.resolve({ outcome: 'written', path: '/home/ada/log.csv', rows: 12_345 });
    expect(await screen.findByText(/Exported 12,345 rows to/)).toHaveTextContent(
      '/home/ada/log.csv',
    );
    await user.click(screen.getByRole('button', { name: 'Show in folder' }));
    expect(bridge.callsOf('settings.showExport')).toEqual([{ exportId }]);
    await user.click(screen.getByRole('button', { name: 'Dismiss' }));
    expect(screen.queryByText(/Exported/)).not.toBeInTheDocument();
  });

  it('can be cancelled', async () => {
    const run = anExport();
    const { bridge, user } = open({ handlers: run.handlers });
    await user.click(await screen.findByRole('button', { name: 'Export CSV' }));
    await user.click(await screen.findByRole('button', { name: 'Cancel export' }));
    expect(await screen.findByText(/The export was cancelled/)).toBeVisible();
    expect(bridge.callsOf('transactions.cancelExport')).toEqual([
      { exportId: bridge.callsOf('transactions.export')[0]?.exportId },
    ]);
    expect(screen.getByRole('button', { name: 'Export CSV' })).toBeEnabled();
  });

  it('leaves no trace when no place was chosen', async () => {
    const run = anExport();
    const { user } = open({ handlers: run.handlers });
    await user.click(await screen.findByRole('button', { name: 'Export CSV' }));
    await screen.findByText('Exporting: 0 rows so far.');
    run.resolve({ outcome: 'dismissed' });
    await waitFor(() => expect(screen.queryByText(/Export(ing|ed)/)).not.toBeInTheDocument());
    expect(screen.getByRole('button', { name: 'Export CSV' })).toBeEnabled();
  });

  it('says why it failed', async () => {
    const run = anExport();
    const { user } = open({ handlers: run.handlers });
    await user.click(await screen.findByRole('button', { name: 'Export CSV' }));
    run.reject(new AppError('disk_full', 'The disk is full.'));
    expect(await screen.findByText('The disk is full.')).toBeVisible();
  });

  it('is not offered to a role that may not export', async () => {
    open({
      session: { database: { status: 'ready', report: aReport({ abilities: ['reverse'] }) } },
    });
    await rowOf(3);
    expect(screen.queryByRole('button', { name: 'Export CSV' })).not.toBeInTheDocument();
  });
});
