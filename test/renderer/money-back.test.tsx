import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { MoneyBackPage } from '#renderer/features/money-back/MoneyBackPage.tsx';
import { AppError } from '#shared/errors.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { aMoneyBack, aRefundRequest, type MoneyBackData } from '#test/support/billing-rows.ts';
import { aReport, type FakeHandlers } from '#test/support/fake-bridge.ts';
import { render } from '#test/support/render.tsx';

type Totals = HandlerOutput<Contract['billing.moneyBack']>['totals'];

const dispute = aMoneyBack({
  id: 'dp_1',
  kind: 'dispute',
  status: 'needs_response',
  reason: 'fraudulent',
  customerId: null,
  customerName: null,
  purchaseTransactionId: null,
  stripePaymentId: null,
  paymentIntentId: 'pi_9',
  price: { amountMinor: 500, currency: 'jpy' },
  asked: 100,
  recovered: 0,
  unrecovered: 0,
  held: 100,
});
const totals: Totals = {
  count: 2,
  asked: 350,
  recovered: 200,
  unrecovered: 50,
  held: 100,
  money: [
    { amountMinor: 1_999, currency: 'usd' },
    { amountMinor: 500, currency: 'jpy' },
  ],
};

function open(
  options: { rows?: MoneyBackData[]; handlers?: FakeHandlers; abilities?: readonly Ability[] } = {},
) {
  const rows = options.rows ?? [aMoneyBack(), dispute];
  return render(<MoneyBackPage />, {
    session: {
      ...(options.abilities !== undefined && {
        database: { status: 'ready', report: aReport({ abilities: [...options.abilities] }) },
      }),
    },
    handlers: {
      'billing.moneyBack': async ({ filter }) => ({
        rows: rows.filter(({ kind }) => filter.kind === undefined || filter.kind === kind),
        nextCursor: null,
        totals,
      }),
      'billing.openRefunds': async () => ({ requests: [] }),
      ...options.handlers,
    },
  });
}

describe('refunds and disputes', () => {
  it('say of each what went back and what was taken for it, with sums over all', async () => {
    open();
    const grid = within(await screen.findByRole('grid', { name: 'Refunds and disputes' }));
    const [, refund, second] = await waitFor(() => {
      const rows = grid.getAllByRole('row');
      expect(rows).toHaveLength(3);
      return rows;
    });
    expect(refund).toHaveTextContent(/Refund.*Ada Lovelace.*Refunded.*\$19\.99.*250.*200.*50/);
    expect(grid.getByRole('link', { name: 'Ada Lovelace' })).toHaveAttribute(
      'href',
      '#/customers/user_1?tab=billing',
    );
    expect(second).toHaveTextContent(/Dispute.*Not a purchase of the ledger.*Open.*¥500/);
    const sums = within(screen.getByRole('region', { name: 'Sums over everything listed' }));
    expect(sums.getByText('$19.99 + ¥500')).toBeVisible();
    expect(sums.getByText('Not recovered').parentElement).toHaveTextContent('50');
  });

  it('are filtered by kind, by what needs a look, and by time, which can be taken off again', async () => {
    const { user, bridge } = open();
    await screen.findByRole('link', { name: 'Ada Lovelace' });
    const filter = () => bridge.callsOf('billing.moneyBack').at(-1)?.filter;
    await user.click(screen.getByRole('radio', { name: 'Disputes' }));
    await user.click(screen.getByRole('radio', { name: 'With loss' }));
    await waitFor(() => expect(filter()).toEqual({ kind: 'dispute', show: 'unrecovered' }));
    await user.click(screen.getByRole('button', { name: 'Time range: Any time' }));
    await user.click(await screen.findByRole('button', { name: 'Last 7 days' }));
    await waitFor(() =>
      expect(filter()).toMatchObject({
        createdSince: expect.stringMatching(/T00:00:00\.000Z$/),
        createdBefore: expect.stringMatching(/T00:00:00\.000Z$/),
      }),
    );
    await user.click(screen.getByRole('button', { name: /Remove filter Time/ }));
    expect(screen.getByRole('button', { name: 'Time range: Any time' })).toBeVisible();
    expect(screen.queryByRole('button', { name: /Remove filter/ })).toBeNull();
  });

  it('say that there are none, or none that match', async () => {
    const { user } = open({ rows: [] });
    expect(await screen.findByText(/No money went back yet/)).toBeVisible();
    await user.click(screen.getByRole('radio', { name: 'Open disputes' }));
    expect(await screen.findByText('Nothing matches this filter.')).toBeVisible();
  });

  it('say so where they cannot be read', async () => {
    open({
      handlers: {
        'billing.moneyBack': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('The database does not answer.');
  });
});

describe('refunds that Stripe has not confirmed', () => {
  it('stand above, and can be tried again under their own key', async () => {
    const { user, bridge } = open({
      handlers: {
        'billing.openRefunds': async () => ({
          requests: [aRefundRequest({ error: 'Stripe does not answer.' })],
        }),
        'billing.finishRefund': async () => ({
          request: aRefundRequest({ state: 'refunded', refundId: 're_1' }),
        }),
      },
    });
    const section = within(
      await screen.findByRole('region', { name: 'Refunds that Stripe has not confirmed' }),
    );
    expect(section.getByRole('listitem')).toHaveTextContent(
      /\$19\.99 to user_1.*Stripe does not answer\./,
    );
    bridge.use({ 'billing.openRefunds': async () => ({ requests: [] }) });
    await user.click(section.getByRole('button', { name: 'Try now: refund of $19.99 to user_1' }));
    await waitFor(() => expect(screen.queryByText(/has not confirmed these refunds/)).toBeNull());
    expect(bridge.callsOf('billing.finishRefund')).toEqual([{ id: aRefundRequest().id }]);
  });

  it('say what still stands in the way', async () => {
    const { user } = open({
      handlers: {
        'billing.openRefunds': async () => ({ requests: [aRefundRequest()] }),
        'billing.finishRefund': async () => {
          throw new AppError('stripe_unavailable', 'Stripe does not answer.');
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: /^Try now/ }));
    expect(await screen.findByRole('alert')).toHaveTextContent('Stripe does not answer.');
  });

  it('are only shown to a role that may not refund', async () => {
    open({
      abilities: ['export'],
      handlers: { 'billing.openRefunds': async () => ({ requests: [aRefundRequest()] }) },
    });
    await screen.findByText(/has not confirmed these refunds/);
    expect(screen.queryByRole('button', { name: /Try now/ })).toBeNull();
  });
});
