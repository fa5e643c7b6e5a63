import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { BillingTab } from '#renderer/features/billing/billing.tsx';
import { AppError } from '#shared/errors.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import {
  aBilling,
  aCatalog,
  aCheckout,
  aMoneyBack,
  aPayment,
  aRefundRequest,
  aStripeStatus,
  type BillingData,
} from '#test/support/billing-rows.ts';
import { aReport, aSession, type FakeHandlers } from '#test/support/fake-bridge.ts';
import { render, WithForms } from '#test/support/render.tsx';
import { aCustomer } from '#test/support/sample-rows.ts';

function renderTab(
  billing: Partial<BillingData> = {},
  options: { handlers?: FakeHandlers; abilities?: readonly Ability[]; production?: boolean } = {},
) {
  const opened: string[] = [];
  const view = render(
    <BillingTab customerId="user_1" onOpenTransaction={(id) => void opened.push(id)} />,
    {
      within: WithForms,
      session: {
        ...(options.abilities !== undefined && {
          database: { status: 'ready', report: aReport({ abilities: [...options.abilities] }) },
        }),
        ...(options.production && {
          connection: { ...aSession().connection, name: 'Team', environment: 'production' },
        }),
      },
      handlers: {
        'billing.customer': async () => aBilling(billing),
        'stripe.status': async () => aStripeStatus(),
        'catalog.list': async () => aCatalog(),
        'customers.get': async () => aCustomer(),
        ...options.handlers,
      },
    },
  );
  return { ...view, opened };
}

describe('the Billing tab', () => {
  it('says of every list that it is empty, and which Stripe it is about', async () => {
    renderTab();
    expect(await screen.findByText('No payment link is under way.')).toBeVisible();
    expect(screen.getByText(/Nothing was paid yet\./)).toBeVisible();
    expect(screen.getByText('No refund and no dispute.')).toBeVisible();
    expect(screen.getByText('No subscription.')).toBeVisible();
    expect(screen.getByText(/built-in Stripe simulator: no real money moves/)).toBeVisible();
    expect(screen.getByRole('button', { name: 'Copy Stripe customer id cus_ada' })).toBeVisible();
    expect(screen.queryByRole('region', { name: 'Refunds not confirmed' })).toBeNull();
  });

  it('leads to the settings where no Stripe is connected, and offers no sale', async () => {
    renderTab(
      { stripeCustomerId: null, payments: [aPayment()] },
      {
        handlers: {
          'stripe.status': async () =>
            aStripeStatus({ mode: 'none', accountId: null, accountName: null }),
        },
      },
    );
    expect(await screen.findByText(/No Stripe account is connected/)).toBeVisible();
    expect(screen.getByRole('link', { name: 'Settings, Stripe' })).toHaveAttribute(
      'href',
      '#/settings/stripe',
    );
    expect(screen.queryByRole('button', { name: 'New payment link…' })).toBeNull();
    // What is known from before is shown all the same.
    expect(screen.getByRole('table', { name: 'Payments' })).toBeVisible();
  });

  it('says what went wrong when it could not be read, and tries again', async () => {
    let fails = true;
    const { user } = renderTab(
      {},
      {
        handlers: {
          'billing.customer': async () => {
            if (fails) throw new AppError('database_unavailable', 'The database does not answer.');
            return aBilling();
          },
        },
      },
    );
    expect(await screen.findByText('The database does not answer.')).toBeVisible();
    fails = false;
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('No subscription.')).toBeVisible();
  });

  it('shows what was paid, what went back, and how the credits of it stand', async () => {
    const { user, opened } = renderTab({
      payments: [
        aPayment({
          refundedMinor: 1_000,
          requestedMinor: 500,
          disputedMinor: 200,
          recovered: 125,
          unrecovered: 30,
        }),
        aPayment({
          stripePaymentId: 'in_7',
          transactionId: '90',
          type: 'subscription_allocation',
          description: 'Pro, November',
          currency: 'jpy',
          paidMinor: 2_000,
          refundableMinor: 0,
        }),
        aPayment({
          stripePaymentId: 'ch_old',
          transactionId: '80',
          description: 'Imported',
          known: false,
          currency: null,
          paidMinor: null,
          refundableMinor: 0,
        }),
      ],
    });
    const table = await screen.findByRole('table', { name: 'Payments' });
    const [, first, second, third] = within(table).getAllByRole('row');
    if (first === undefined || second === undefined || third === undefined) throw new Error();
    expect(within(first).getByText('$39.99')).toBeVisible();
    expect(within(first).getByText('$10.00')).toBeVisible();
    expect(first).toHaveTextContent(/\$5\.00.*not confirmed/);
    expect(first).toHaveTextContent(/\$2\.00.*in dispute/);
    expect(within(first).getByText('125')).toBeVisible();
    expect(within(first).getByText('30')).toBeVisible();
    expect(within(second).getByText('¥2,000')).toBeVisible();
    expect(within(third).getByText('Not known')).toBeVisible();
    // Only what can be refunded offers it.
    expect(
      within(table)
        .getAllByRole('button', { name: /^Refund / })
        .map((button) => button.getAttribute('aria-label')),
    ).toEqual(['Refund 500 credits']);
    await user.click(within(second).getByRole('button', { name: /Pro, November/ }));
    expect(opened).toEqual(['90']);
  });

  it('hides selling and refunding from a role that may not', async () => {
    renderTab(
      { checkouts: [aCheckout()], payments: [aPayment()], refundRequests: [aRefundRequest()] },
      { abilities: [] },
    );
    await screen.findByRole('table', { name: 'Payments' });
    for (const name of [
      /^New payment link/,
      /^Sell/,
      /^Refund /,
      /^Try again/,
      /^Check now/,
      /^Close link/,
    ]) {
      expect(screen.queryByRole('button', { name })).toBeNull();
    }
    // The link itself may be sent on.
    expect(screen.getByRole('button', { name: 'Copy link for 500 credits' })).toBeVisible();
  });

  it('shows refunds and disputes with policy and state in words, and what they did to credits', async () => {
    renderTab({
      moneyBack: [
        aMoneyBack(),
        aMoneyBack({
          id: 'dp_1',
          kind: 'dispute',
          status: 'needs_response',
          reason: 'fraudulent',
          policy: 'debt',
          held: 250,
          unrecovered: 0,
        }),
      ],
      subscriptions: [
        {
          id: 'sub_1',
          status: 'past_due',
          planTier: 'pro',
          currentPeriodStart: '2026-11-01T00:00:00.000Z',
          currentPeriodEnd: '2026-12-01T00:00:00.000Z',
          cancelAtPeriodEnd: true,
        },
      ],
    });
    const table = await screen.findByRole('table', { name: 'Refunds and disputes' });
    const [, refund, dispute] = within(table).getAllByRole('row');
    expect(refund).toHaveTextContent(/Refund requested by customer.*Refunded.*Take what is left/);
    expect(dispute).toHaveTextContent(/Dispute fraudulent.*Open: needs a response.*Take all/);
    const subscriptions = screen.getByRole('table', { name: 'Subscriptions' });
    expect(within(subscriptions).getByText('Payment overdue')).toBeVisible();
    expect(within(subscriptions).getByText('1 Nov 2026 to 1 Dec 2026')).toBeVisible();
    expect(within(subscriptions).getByText('Ends with the period')).toBeVisible();
  });

  it('follows what main tells of this customer', async () => {
    let billing = aBilling({ checkouts: [aCheckout()] });
    const { bridge } = renderTab({}, { handlers: { 'billing.customer': async () => billing } });
    await screen.findByText('Waiting for payment');
    billing = aBilling({ checkouts: [aCheckout({ state: 'paid', url: null })] });
    bridge.emit({ type: 'billing.changed', customerId: 'user_1' });
    expect(await screen.findByText('No payment link is under way.')).toBeVisible();
  });
});

describe('a payment link', () => {
  it('is opened, asked about and closed, each time for itself', async () => {
    const checkout = aCheckout();
    const { bridge, user } = renderTab(
      { checkouts: [checkout] },
      {
        handlers: {
          'billing.openCheckout': async () => ({}),
          'billing.refreshCheckout': async () => aCheckout({ state: 'processing' }),
          'billing.closeCheckout': async () => aCheckout({ state: 'expired', url: null }),
        },
      },
    );
    const list = await screen.findByRole('list', { name: 'Payment links under way' });
    expect(within(list).getByText(checkout.url ?? '')).toBeVisible();
    await user.click(within(list).getByRole('button', { name: /^Open link for 500 credits/ }));
    await waitFor(() =>
      expect(bridge.callsOf('billing.openCheckout')).toEqual([{ id: checkout.id }]),
    );
    await user.click(within(list).getByRole('button', { name: /^Check now/ }));
    await waitFor(() =>
      expect(bridge.callsOf('billing.refreshCheckout')).toEqual([{ id: checkout.id }]),
    );

    await user.click(within(list).getByRole('button', { name: 'Close link for 500 credits' }));
    const question = await screen.findByRole('dialog', { name: /Close the link/ });
    expect(within(question).getByRole('button', { name: 'Keep it open' })).toHaveFocus();
    expect(bridge.callsOf('billing.closeCheckout')).toEqual([]);
    await user.click(within(question).getByRole('button', { name: 'Close link' }));
    await waitFor(() =>
      expect(bridge.callsOf('billing.closeCheckout')).toEqual([
        { id: checkout.id, confirmedProduction: false },
      ]),
    );
  });

  it('names the production connection before it is closed there', async () => {
    const { bridge, user } = renderTab(
      { checkouts: [aCheckout()] },
      {
        production: true,
        handlers: { 'billing.closeCheckout': async () => aCheckout({ state: 'expired' }) },
      },
    );
    await user.click(await screen.findByRole('button', { name: 'Close link for 500 credits' }));
    expect(await screen.findByText('PRODUCTION')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Close link on Team' }));
    await waitFor(() =>
      expect(bridge.callsOf('billing.closeCheckout')).toMatchObject([
        { confirmedProduction: true },
      ]),
    );
  });

  it('says why Stripe could not be asked', async () => {
    const { user } = renderTab(
      { checkouts: [aCheckout()] },
      {
        handlers: {
          'billing.refreshCheckout': async () => {
            throw new AppError('stripe_unavailable', 'Stripe did not answer.');
          },
        },
      },
    );
    await user.click(await screen.findByRole('button', { name: /^Check now/ }));
    expect(await screen.findByRole('alert')).toHaveTextContent(
      /Stripe did not answer\. Nothing was lost\./,
    );
  });

  it('that came to nothing is shown when asked for, with its reason', async () => {
    const { user } = renderTab({
      checkouts: [
        aCheckout({ state: 'refused', url: null, error: 'The currency is not supported.' }),
        aCheckout({ id: '1f14e45f-ceea-467f-9c3e-2f6a3b1f0c12', state: 'paid', url: null }),
      ],
    });
    const toggle = await screen.findByRole('button', { name: 'Show 1 link that was not paid' });
    await user.click(toggle);
    expect(screen.getByText(/The currency is not supported\./)).toBeVisible();
  });
});

describe('a refund that Stripe has not confirmed', () => {
  it('says that nothing is lost, and is tried again under its own id', async () => {
    const request = aRefundRequest({ error: 'Stripe did not answer.' });
    const { bridge, user } = renderTab(
      { refundRequests: [request, aRefundRequest({ id: crypto.randomUUID(), state: 'refunded' })] },
      {
        handlers: {
          'billing.finishRefund': async () => ({ request: { ...request, state: 'refunded' } }),
        },
      },
    );
    const list = await screen.findByRole('list', { name: 'Refunds not confirmed' });
    expect(within(list).getAllByRole('listitem')).toHaveLength(1);
    expect(within(list).getByText(/nothing is lost, and it is finished by itself/)).toBeVisible();
    await user.click(within(list).getByRole('button', { name: 'Try again: refund of $19.99' }));
    await waitFor(() =>
      expect(bridge.callsOf('billing.finishRefund')).toEqual([{ id: request.id }]),
    );
  });
});
