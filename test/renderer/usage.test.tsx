import { screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UsagePage } from '#renderer/features/usage/UsagePage.tsx';
import { daysIn, rangeAsked, rangeBefore } from '#renderer/navigation/range-days.ts';
import { AppError } from '#shared/errors.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';
import type { FakeHandlers } from '#test/support/fake-bridge.ts';
import { currentPath, render } from '#test/support/render.tsx';

type Usage = HandlerOutput<Contract['analytics.usage']>;

const DAYS_MAX = 731;

const usage: Usage = {
  byDay: [
    { day: '2026-11-20', feature: 'chat', used: 800 },
    { day: '2026-11-20', feature: null, used: 30 },
    { day: '2026-11-22', feature: 'images', used: 200 },
  ],
  byFeature: [
    { feature: 'chat', used: 800, transactions: 8 },
    { feature: 'images', used: 200, transactions: 2 },
    { feature: '', used: 30, transactions: 3 },
  ],
  byType: [
    { type: 'purchase', creditsIn: 5_000, creditsOut: 0, transactions: 1 },
    { type: 'usage', creditsIn: 0, creditsOut: 1_030, transactions: 13 },
    { type: 'adjustment', creditsIn: 10, creditsOut: 40, transactions: 2 },
    { type: 'bonus', creditsIn: 0, creditsOut: 0, transactions: 0 },
  ],
};
const before: Usage = {
  byDay: [],
  byFeature: [{ feature: 'chat', used: 1_100, transactions: 4 }],
  byType: [{ type: 'usage', creditsIn: 0, creditsOut: 1_100, transactions: 4 }],
};
const handlers: FakeHandlers = {
  'analytics.usage': async ({ to }) => (to === '2026-11-22' ? usage : before),
  'analytics.topCustomers': async () => ({
    rows: [
      { customerId: 'cus_1', name: 'Ada', email: null, used: 900, transactions: 9 },
      { customerId: 'cus 2', name: null, email: null, used: 100, transactions: 1 },
    ],
    computedAt: '2026-11-22T07:55:00.000Z',
  }),
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T08:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

function open(query = '?range=7d', more: FakeHandlers = {}) {
  return render(<UsagePage />, { handlers: { ...handlers, ...more }, path: `/usage${query}` });
}

function textsOf(table: HTMLElement): string[][] {
  return within(table)
    .getAllByRole('row')
    .map((row) => [...row.children].map((cell) => cell.textContent ?? ''));
}

async function asTable(user: ReturnType<typeof open>['user'], name: string) {
  const figure = await screen.findByRole('region', { name });
  await user.click(within(figure).getByText('Table'));
  return within(figure).getByRole('table');
}

describe('the usage page', () => {
  it('asks for the days of the preset and for as many before, in the zone it names', async () => {
    const { bridge } = open();
    expect(await screen.findByText(/Days are cut in UTC/)).toBeVisible();
    await screen.findByRole('region', { name: 'Credits used by day' });
    expect(bridge.callsOf('analytics.usage')).toEqual([
      { from: '2026-11-16', to: '2026-11-22', timeZone: 'UTC' },
      { from: '2026-11-09', to: '2026-11-15', timeZone: 'UTC' },
    ]);
    expect(bridge.callsOf('analytics.topCustomers')).toEqual([
      { from: '2026-11-16', to: '2026-11-22', timeZone: 'UTC', limit: 10 },
    ]);
  });

  it('shows what was used and how that differs from the days before', async () => {
    open();
    expect(await screen.findByText('13 usage transactions')).toBeVisible();
    expect(screen.getByText('minus 70 credits')).toBeInTheDocument();
    expect(screen.getByText('1,100 used 9 Nov 2026 – 15 Nov 2026')).toBeVisible();
  });

  it('has each figure as a table whose totals add up', async () => {
    const { user } = open();
    expect(textsOf(await asTable(user, 'Credits used by day')).at(-1)).toEqual([
      'Total',
      '800',
      '200',
      '30',
      '1,030',
    ]);
    expect(textsOf(await asTable(user, 'Credits used by feature'))).toEqual([
      ['Feature', 'Credits used', 'Transactions'],
      ['chat', '800', '8'],
      ['images', '200', '2'],
      ['No feature', '30', '3'],
      ['Total', '1,030', '13'],
    ]);
    expect(textsOf(await asTable(user, 'Credits by type'))).toEqual([
      ['Type', 'In', 'Out', 'Net', 'Transactions'],
      ['Purchase', '5,000', '0', '5,000', '1'],
      ['Usage', '0', '1,030', '\u22121,030', '13'],
      ['Adjustment', '10', '40', '\u221230', '2'],
      ['Total', '5,010', '1,070', '3,940', '16'],
    ]);
    expect(textsOf(await asTable(user, 'Top customers'))).toEqual([
      ['Customer', 'Credits used', 'Transactions'],
      ['Ada', '900', '9'],
      ['cus 2', '100', '1'],
      ['These 2', '1,000', '10'],
    ]);
  });

  it('says how old the figures of the customers are', async () => {
    open();
    const figure = await screen.findByRole('region', { name: 'Top customers' });
    expect(figure).toHaveTextContent('computed 5 minutes ago');
  });

  it('leads from a number to the transactions behind it', async () => {
    open();
    const href = async (name: string) =>
      (await screen.findByRole('link', { name })).getAttribute('href');
    expect(await href('chat')).toBe('#/transactions?types=usage&feature=chat&range=7d');
    expect(await href('Purchase')).toBe('#/transactions?types=purchase&range=7d');
    expect(await href('cus 2')).toBe('#/transactions?customer=cus+2&types=usage&range=7d');
    expect(await href('No feature')).toBe('#/transactions?types=usage&feature=&range=7d');
  });

  it('leads from a bar to the transactions of that day and feature', async () => {
    const { user } = open();
    const cursor = await screen.findByRole('slider');
    cursor.focus();
    await user.keyboard('{ArrowLeft}{ArrowLeft}{ArrowUp}{Enter}');
    expect(currentPath()).toBe(
      '/transactions?types=usage&from=2026-11-20&to=2026-11-20&feature=chat',
    );
  });

  it('goes to another preset, which then stands in the address', async () => {
    const { bridge, user } = open();
    await user.click(await screen.findByRole('button', { name: /^Time range: Last 7 days/ }));
    await user.click(await screen.findByRole('button', { name: 'Last month' }));
    expect(currentPath()).toBe('/usage?range=last_month');
    await screen.findByRole('button', { name: /^Time range: Last month/ });
    expect(bridge.callsOf('analytics.topCustomers').at(-1)).toMatchObject({
      from: '2026-10-01',
      to: '2026-10-31',
    });
  });

  it('says when nothing moved, and offers a longer range', async () => {
    open('?range=7d', {
      'analytics.usage': async () => ({ byDay: [], byFeature: [], byType: [] }),
    });
    expect(
      await screen.findByText(/No credits moved from 16 Nov 2026 – 22 Nov 2026/),
    ).toBeVisible();
    expect(screen.getByRole('link', { name: 'Show 90 days' })).toHaveAttribute(
      'href',
      '#/usage?range=90d',
    );
  });

  it('keeps the other figures when the customers cannot be read', async () => {
    open('?range=7d', {
      'analytics.topCustomers': async () => {
        throw new AppError('database_unavailable', 'The database does not answer.');
      },
    });
    expect(await screen.findByText('The database does not answer.')).toBeVisible();
    expect(screen.getByRole('region', { name: 'Credits used by day' })).toBeVisible();
  });
});

describe('the days of the usage page', () => {
  it.each([
    '',
    '?range=forever',
    '?from=2026-02-30&to=2026-03-01',
    '?from=2026-03-02&to=2026-03-01',
    '?from=2000-01-01&to=2026-01-01',
    '?from=2026-03-02',
  ])('are the last 30 where the address says %j', (search) => {
    expect(rangeAsked(search, DAYS_MAX)).toBe('30d');
  });

  it('come from the address where it names days that can be drawn', () => {
    expect(rangeAsked('from=2026-03-01&to=2026-03-02', DAYS_MAX)).toEqual({
      from: '2026-03-01',
      to: '2026-03-02',
    });
    expect(rangeAsked('range=90d', DAYS_MAX)).toBe('90d');
    expect(daysIn({ from: '2024-01-01', to: '2025-12-31' })).toBe(DAYS_MAX);
    expect(rangeAsked('from=2024-01-01&to=2025-12-31', DAYS_MAX)).not.toBe('30d');
  });

  it('are compared with as many days right before them', () => {
    expect(rangeBefore({ from: '2026-03-01', to: '2026-03-31' })).toEqual({
      from: '2026-01-29',
      to: '2026-02-28',
    });
  });
});
