import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { CustomerPage } from '#renderer/features/customers/CustomerPage.tsx';
import { MeteredTab } from '#renderer/features/metered-usage/metered-usage.tsx';
import { AppError } from '#shared/errors.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { aStripeStatus } from '#test/support/billing-rows.ts';
import { aReport, aSession, type FakeHandlers } from '#test/support/fake-bridge.ts';
import {
  aCustomerMetering,
  anItem,
  aPosition,
  aProjectedInvoice,
  aStripeUsage,
  aSubscription,
  aUsageRow,
  type CustomerMeteringData,
  PLAN_ITEM,
} from '#test/support/metered-usage-rows.ts';
import {
  aBacklog,
  aListedPrice,
  aMeterEvent,
  aMeteringCatalog,
} from '#test/support/metering-rows.ts';
import { render, WithForms } from '#test/support/render.tsx';
import { aCustomer } from '#test/support/sample-rows.ts';

function renderTab(
  metering: Partial<CustomerMeteringData> = {},
  options: { handlers?: FakeHandlers; abilities?: readonly Ability[]; production?: boolean } = {},
) {
  return render(<MeteredTab customerId="user_1" />, {
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
      'metering.customer': async () => aCustomerMetering(metering),
      'metering.catalog': async () => aMeteringCatalog(),
      'metering.usage': async () => aStripeUsage(),
      'metering.projectedInvoice': async () => aProjectedInvoice(),
      'metering.events': async () => ({ rows: [], nextCursor: null, backlog: aBacklog() }),
      'stripe.status': async () => aStripeStatus(),
      'customers.get': async () => aCustomer(),
      ...options.handlers,
    },
  });
}

const HYBRID = aSubscription({ items: [PLAN_ITEM, anItem()] });
const panel = () => screen.findByRole('region', { name: 'API calls' });
/** A figure with its name; the legend of the chart below uses the same words. */
const figure = (usage: HTMLElement, label: string) =>
  within(usage).getAllByText(label)[0]?.parentElement as HTMLElement;

describe('the Metered tab', () => {
  it('shows what is reported, what Stripe has, and where the difference comes from', async () => {
    renderTab();
    const usage = await panel();
    expect(await within(usage).findByText('11,850')).toBeVisible();
    expect(figure(usage, 'Reported')).toHaveTextContent('Reported12,00011,850 taken by Stripe');
    expect(figure(usage, 'Difference')).toHaveTextContent(/^Difference150/);
    const causes = within(usage).getByRole('list', { name: 'Causes of the difference' });
    expect(
      within(causes)
        .getAllByRole('listitem')
        .map((each) => each.textContent),
    ).toEqual(['120 not sent yet', '30 rejected by Stripe']);
    expect(usage).toHaveTextContent(
      'api_calls · sum · on API calls, graduated, 1 Nov 2026 to 1 Dec 2026',
    );
  });

  it('says that Stripe has everything', async () => {
    renderTab(
      {},
      {
        handlers: {
          'metering.usage': async () =>
            aStripeUsage({ summary: 12_000, difference: 0, causes: [] }),
        },
      },
    );
    expect(await screen.findByText('Stripe has everything')).toBeVisible();
  });

  it('shows the days as a chart, and the same numbers as a table', async () => {
    const { user } = renderTab();
    const chart = await screen.findByRole('slider', { name: 'API calls by day: day' });
    expect(chart).toHaveAttribute(
      'aria-valuetext',
      '21 Nov 2026: 5,000 units reported, 4,850 in Stripe',
    );
    chart.focus();
    await user.keyboard('{ArrowLeft}');
    expect(chart).toHaveAttribute(
      'aria-valuetext',
      '20 Nov 2026: 7,000 units reported, 7,000 in Stripe',
    );
    await user.click(screen.getByRole('radio', { name: 'Table' }));
    const table = screen.getByRole('table', { name: 'API calls by day' });
    const rows = within(table).getAllByRole('row');
    expect(rows.map((row) => row.textContent)).toEqual([
      'DayReportedIn Stripe',
      '21 Nov 20265,0004,850',
      '20 Nov 20267,0007,000',
      'Total12,00011,850',
    ]);
  });

  it('adds up no days of a meter that takes the newest value', async () => {
    const { user } = renderTab({ usage: [aUsageRow({ formula: 'last' })] });
    await user.click(await screen.findByRole('radio', { name: 'Table' }));
    const table = screen.getByRole('table', { name: 'API calls by day' });
    expect(within(table).getByRole('row', { name: /^21 Nov 2026/ })).toBeVisible();
    expect(within(table).queryByText('Total')).toBeNull();
  });

  it('shows the next invoice, and that the console’s own arithmetic agrees with it', async () => {
    renderTab();
    const invoice = await screen.findByRole('table', { name: 'Lines of the next invoice' });
    expect(within(invoice).getByRole('row', { name: /Tier 3\)\s+1,850/ })).toHaveTextContent(
      '$0.0002',
    );
    expect(within(invoice).getByRole('row', { name: /^Total/ })).toHaveTextContent('$555.37');
    expect(
      await screen.findByText(/11,850 units of API calls, graduated cost \$555\.37\./),
    ).toHaveTextContent(/^Agrees:/);
    const tiers = screen.getByRole('list', { name: /by tier$/ });
    expect(within(tiers).getAllByRole('listitem').at(-1)).toHaveTextContent(
      '10,001 and beyond: 1,850 × $0.0002 = $0.37, and $5.00 for reaching it',
    );
  });

  it('shows one invoice for a subscription, and at each of its meters whether it agrees', async () => {
    const tokens = anItem({
      id: 'si_tokens',
      priceId: 'price_tokens',
      name: 'Tokens',
      meteredPriceId: 'tokens_usd',
      eventName: 'tokens',
    });
    const { bridge } = renderTab(
      {
        subscriptions: [aSubscription({ items: [anItem(), tokens] })],
        usage: [
          aUsageRow(),
          aUsageRow({
            eventName: 'tokens',
            meterName: 'Tokens used',
            itemId: 'si_tokens',
            meteredPriceId: 'tokens_usd',
          }),
        ],
      },
      {
        handlers: {
          'metering.catalog': async () =>
            aMeteringCatalog({
              prices: [
                aListedPrice(),
                aListedPrice({ id: 'tokens_usd', name: 'Tokens', eventName: 'tokens' }),
              ],
            }),
        },
      },
    );
    expect(await within(await panel()).findByText('Agrees:')).toBeVisible();
    const other = screen.getByRole('region', { name: 'Tokens used' });
    // The invoice has no line of its price.
    expect(await within(other).findByText('Differs:')).toBeVisible();
    expect(screen.getAllByRole('table', { name: 'Lines of the next invoice' })).toHaveLength(1);
    expect(
      screen.getByRole('region', { name: /^Next invoice of API calls, graduated and Tokens/ }),
    ).toBeVisible();
    expect(bridge.callsOf('metering.projectedInvoice')).toHaveLength(1);
  });

  it('rounds no day of what others sent to Stripe', async () => {
    const { user } = renderTab(
      {},
      {
        handlers: {
          'metering.usage': async () =>
            aStripeUsage({ days: [{ day: '2026-11-21', reported: 1, summary: 1.5 }] }),
        },
      },
    );
    expect(await screen.findByRole('slider', { name: 'API calls by day: day' })).toHaveAttribute(
      'aria-valuetext',
      '21 Nov 2026: 1 unit reported, 1.5 in Stripe',
    );
    await user.click(screen.getByRole('radio', { name: 'Table' }));
    const table = screen.getByRole('table', { name: 'API calls by day' });
    expect(within(table).getByRole('row', { name: /^Total/ })).toHaveTextContent('Total11.5');
  });

  it('shows what is known here, not what Stripe said before it stopped answering', async () => {
    let later = false;
    const { user } = renderTab(
      {},
      {
        handlers: {
          'metering.customer': async () =>
            aCustomerMetering(
              later
                ? {
                    usage: [aUsageRow({ position: aPosition({ reported: 12_500, waiting: 620 }) })],
                  }
                : {},
            ),
          'metering.usage': async () => {
            if (later) throw new AppError('stripe_unavailable', 'Stripe did not answer.');
            return aStripeUsage();
          },
          'metering.cancelSubscription': async () => aCustomerMetering(),
        },
      },
    );
    const usage = await panel();
    await waitFor(() => expect(figure(usage, 'In Stripe')).toHaveTextContent('11,850'));
    later = true;
    // Any act has everything read again.
    await user.click(screen.getByRole('button', { name: /^Cancel at period end/ }));
    await user.click(await screen.findByRole('button', { name: 'Cancel at period end' }));
    expect(await within(usage).findByText('Stripe did not answer.')).toBeVisible();
    expect(figure(usage, 'Reported')).toHaveTextContent('12,500');
    expect(figure(usage, 'In Stripe')).toHaveTextContent('Not known');
    expect(figure(usage, 'Difference')).toHaveTextContent('620 not sent yet');
  });

  it('says that the invoice differs from the console’s own arithmetic', async () => {
    const invoice = aProjectedInvoice();
    renderTab(
      {},
      {
        handlers: {
          'metering.projectedInvoice': async () => ({
            ...invoice,
            lines: invoice.lines.slice(0, 3),
          }),
        },
      },
    );
    expect(await screen.findByText(/the invoice has \$550\.37/)).toHaveTextContent(
      /^Differs: .* cost \$555\.37/,
    );
  });

  it('shows what is known here when Stripe does not answer, and asks again', async () => {
    let fails = true;
    const { user } = renderTab(
      {},
      {
        handlers: {
          'metering.usage': async () => {
            if (fails) throw new AppError('stripe_unavailable', 'Stripe did not answer.');
            return aStripeUsage();
          },
        },
      },
    );
    const usage = await panel();
    expect(await within(usage).findByText('Stripe did not answer.')).toBeVisible();
    expect(figure(usage, 'Reported')).toHaveTextContent('12,000');
    expect(figure(usage, 'In Stripe')).toHaveTextContent('Not known');
    expect(figure(usage, 'Difference')).toHaveTextContent('120 not sent yet30 rejected by Stripe');
    // The invoice does not wait for the summary.
    expect(screen.getByRole('table', { name: 'Lines of the next invoice' })).toBeVisible();
    fails = false;
    await user.click(within(usage).getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(figure(usage, 'In Stripe')).toHaveTextContent('11,850'));
  });

  it('asks Stripe again for summary and invoice, which change without a word', async () => {
    let summary = 11_850;
    const { bridge, user } = renderTab(
      {},
      {
        handlers: {
          'metering.usage': async () =>
            aStripeUsage(summary === 12_000 ? { summary, difference: 0, causes: [] } : { summary }),
        },
      },
    );
    const usage = await panel();
    await waitFor(() => expect(figure(usage, 'In Stripe')).toHaveTextContent('11,850'));
    await screen.findByRole('table', { name: 'Lines of the next invoice' });
    summary = 12_000;
    await user.click(
      within(usage).getByRole('button', { name: 'Ask again: Stripe’s summary of API calls' }),
    );
    expect(await within(usage).findByText('Stripe has everything')).toBeVisible();
    await waitFor(() => expect(bridge.callsOf('metering.projectedInvoice')).toHaveLength(2));
  });

  it('asks nothing of Stripe where none is connected', async () => {
    const { bridge } = renderTab(
      {},
      { handlers: { 'stripe.status': async () => aStripeStatus({ mode: 'none' }) } },
    );
    const usage = await panel();
    await screen.findByText(/No Stripe account is connected/);
    expect(figure(usage, 'Reported')).toHaveTextContent('12,000');
    expect(usage).toHaveTextContent('Stripe cannot be asked.');
    expect(bridge.callsOf('metering.usage')).toEqual([]);
    expect(bridge.callsOf('metering.projectedInvoice')).toEqual([]);
    expect(screen.queryByRole('button', { name: 'Subscribe to a metered price…' })).toBeNull();
    expect(screen.queryByRole('button', { name: /^Cancel now/ })).toBeNull();
    // Usage is kept here and sent later.
    expect(screen.getByRole('button', { name: 'Add usage…' })).toBeVisible();
  });

  it('says so of a customer who is not in Stripe, and leads to meters where there is nothing', async () => {
    renderTab({ stripeCustomerId: null, subscriptions: [], usage: [] });
    expect(await screen.findByText(/Not a Stripe customer yet/)).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Add usage…' })).toBeNull();
    expect(screen.getByRole('link', { name: 'Meters and metered prices' })).toHaveAttribute(
      'href',
      '#/metering',
    );
    expect(screen.queryByRole('region', { name: 'Subscriptions' })).toBeNull();
  });

  it('can be read without the right to change it', async () => {
    renderTab({ subscriptions: [HYBRID] }, { abilities: ['grant', 'sell'] });
    expect(await panel()).toBeVisible();
    expect(screen.getByText(/takes the right to manage Stripe/)).toBeVisible();
    for (const name of [/^Subscribe/, /^Add usage/, /^Cancel/, /^Keep/]) {
      expect(screen.queryByRole('button', { name })).toBeNull();
    }
  });

  it('says what went wrong when it could not be read, and tries again', async () => {
    let fails = true;
    const { user } = renderTab(
      {},
      {
        handlers: {
          'metering.customer': async () => {
            if (fails) throw new AppError('database_unavailable', 'The database does not answer.');
            return aCustomerMetering();
          },
        },
      },
    );
    expect(await screen.findByText('The database does not answer.')).toBeVisible();
    fails = false;
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await panel()).toBeVisible();
  });

  it('names the last 30 days where no subscription bills the usage, and asks for no invoice', async () => {
    const { bridge } = renderTab({
      subscriptions: [],
      usage: [aUsageRow({ subscriptionId: null, itemId: null, meteredPriceId: null })],
    });
    expect(await panel()).toHaveTextContent('on no subscription, the last 30 days');
    await waitFor(() =>
      expect(bridge.callsOf('metering.usage')).toEqual([
        { customerId: 'user_1', eventName: 'api_calls', itemId: null },
      ]),
    );
    expect(bridge.callsOf('metering.projectedInvoice')).toEqual([]);
  });
});

describe('the page of a customer', () => {
  it('has the metered usage as a tab of its own, after the billing', async () => {
    render(<CustomerPage customerId="user_1" />, {
      within: WithForms,
      path: '/customers/user_1?tab=metered',
      handlers: {
        'customers.get': async () => aCustomer(),
        'metering.customer': async () => aCustomerMetering({ subscriptions: [], usage: [] }),
        'metering.events': async () => ({ rows: [], nextCursor: null, backlog: aBacklog() }),
        'stripe.status': async () => aStripeStatus(),
      },
    });
    expect(await screen.findByText(/no subscription and no usage to be billed/)).toBeVisible();
    const names = screen.getAllByRole('tab').map((tab) => tab.textContent);
    expect(names.indexOf('Metered')).toBe(names.indexOf('Billing') + 1);
    expect(screen.getByRole('tab', { name: 'Metered' })).toHaveAttribute('aria-selected', 'true');
  });
});

describe('the subscriptions of a customer', () => {
  it('show status, items with their periods, and when they end', async () => {
    const { user } = renderTab({
      subscriptions: [
        { ...HYBRID, status: 'past_due', cancelAtPeriodEnd: true },
        aSubscription({ id: 'sub_old', status: 'canceled', items: [PLAN_ITEM] }),
      ],
    });
    const running = await screen.findByRole('list', { name: 'Running subscriptions' });
    expect(within(running).getByText('Pro and API calls, graduated')).toBeVisible();
    expect(within(running).getByText('Payment overdue')).toBeVisible();
    expect(within(running).getByText('Cancels on 1 Dec 2026')).toBeVisible();
    const items = within(running).getByRole('list', { name: /^Items of/ });
    expect(
      within(items)
        .getAllByRole('listitem')
        .map((each) => each.textContent),
    ).toEqual([
      'Pro plan · 1 Nov 2026 to 1 Dec 2026',
      'API calls, graduated by use, api_calls · 1 Nov 2026 to 1 Dec 2026',
    ]);
    expect(screen.queryByRole('list', { name: 'Ended subscriptions' })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Show 1 ended subscription' }));
    const ended = screen.getByRole('list', { name: 'Ended subscriptions' });
    expect(within(ended).getByText('Ended')).toBeVisible();
    expect(within(ended).queryByRole('button', { name: /Cancel|Keep/ })).toBeNull();
  });

  it('are cancelled at once after a question that says what is billed and what would not be', async () => {
    const { bridge, user } = renderTab(
      {},
      {
        handlers: {
          'metering.cancelSubscription': async () =>
            aCustomerMetering({ subscriptions: [aSubscription({ status: 'canceled' })] }),
        },
      },
    );
    await user.click(
      await screen.findByRole('button', { name: 'Cancel now…: API calls, graduated' }),
    );
    const question = await screen.findByRole('dialog', { name: /now\?$/ });
    expect(question).toHaveTextContent('the usage so far is billed at once');
    expect(question).toHaveTextContent('billed only if sent before: 120 units of API calls.');
    expect(within(question).getByRole('button', { name: 'Keep it' })).toHaveFocus();
    expect(bridge.callsOf('metering.cancelSubscription')).toEqual([]);
    await user.click(within(question).getByRole('button', { name: 'Cancel now' }));
    await waitFor(() =>
      expect(bridge.callsOf('metering.cancelSubscription')).toEqual([
        {
          customerId: 'user_1',
          subscriptionId: 'sub_1',
          when: 'now',
          confirmedProduction: false,
        },
      ]),
    );
    // What is shown is read again.
    await waitFor(() => expect(bridge.callsOf('metering.customer')).toHaveLength(2));
  });

  it('end with their period, and a cancellation is taken back', async () => {
    let isEnding = false;
    const metering = () =>
      aCustomerMetering({ subscriptions: [aSubscription({ cancelAtPeriodEnd: isEnding })] });
    const { bridge, user } = renderTab(
      {},
      {
        handlers: {
          'metering.customer': async () => metering(),
          'metering.cancelSubscription': async ({ when }) => {
            isEnding = when === 'period_end';
            return metering();
          },
        },
      },
    );
    await user.click(await screen.findByRole('button', { name: /^Cancel at period end/ }));
    await user.click(await screen.findByRole('button', { name: 'Cancel at period end' }));
    expect(await screen.findByText('Cancels on 1 Dec 2026')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Keep: API calls, graduated' }));
    await waitFor(() => expect(screen.queryByText('Cancels on 1 Dec 2026')).toBeNull());
    expect(bridge.callsOf('metering.cancelSubscription').map(({ when }) => when)).toEqual([
      'period_end',
      'keep',
    ]);
  });

  it('are kept only after a question on a production connection', async () => {
    const { bridge, user } = renderTab(
      { subscriptions: [aSubscription({ cancelAtPeriodEnd: true })] },
      {
        production: true,
        handlers: { 'metering.cancelSubscription': async () => aCustomerMetering() },
      },
    );
    await user.click(await screen.findByRole('button', { name: /^Keep/ }));
    const question = await screen.findByRole('dialog', { name: /^Keep/ });
    expect(question).toHaveTextContent('PRODUCTION');
    expect(bridge.callsOf('metering.cancelSubscription')).toEqual([]);
    await user.click(within(question).getByRole('button', { name: 'Keep subscription on Team' }));
    await waitFor(() =>
      expect(bridge.callsOf('metering.cancelSubscription')).toMatchObject([
        { when: 'keep', confirmedProduction: true },
      ]),
    );
  });

  it('say why Stripe refused', async () => {
    const { user } = renderTab(
      {},
      {
        handlers: {
          'metering.cancelSubscription': async () => {
            throw new AppError('stripe_refused', 'Stripe refused: it is not active.');
          },
        },
      },
    );
    await user.click(await screen.findByRole('button', { name: /^Cancel now/ }));
    await user.click(await screen.findByRole('button', { name: 'Cancel now' }));
    expect(await screen.findByText('Stripe refused: it is not active.')).toBeVisible();
  });
});

describe('the meter events of a customer', () => {
  it('are asked for this customer alone, page by page, and open with what can be done', async () => {
    const { bridge, user } = renderTab(
      {},
      {
        handlers: {
          'metering.events': async ({ cursor }) =>
            cursor === null
              ? {
                  rows: [aMeterEvent({ state: 'rejected', error: 'The customer was deleted.' })],
                  nextCursor: 'next',
                  backlog: aBacklog(),
                }
              : {
                  rows: [aMeterEvent({ id: '0cc175b9-c0f1-46b6-831c-399e26977266', value: 7 })],
                  nextCursor: null,
                  backlog: aBacklog(),
                },
          'metering.settleEvent': async () => ({ event: aMeterEvent({ state: 'queued' }) }),
        },
      },
    );
    const table = await screen.findByRole('table', { name: 'Meter events' });
    expect(within(table).getByText('The customer was deleted.')).toBeVisible();
    expect(bridge.callsOf('metering.events')).toMatchObject([
      { filter: { customerId: 'user_1', show: 'all' }, cursor: null },
    ]);
    await user.click(screen.getByRole('button', { name: 'Show older events' }));
    await waitFor(() => expect(within(table).getAllByRole('row')).toHaveLength(3));
    expect(screen.queryByRole('button', { name: 'Show older events' })).toBeNull();

    const [opener] = within(table).getAllByRole('button');
    if (opener === undefined) throw new Error('no event can be opened');
    await user.click(opener);
    const drawer = await screen.findByRole('dialog', { name: 'Meter event' });
    await user.click(within(drawer).getByRole('button', { name: 'Send again' }));
    await waitFor(() =>
      expect(bridge.callsOf('metering.settleEvent')).toMatchObject([{ as: 'send_again' }]),
    );
  });

  it('say that there are none', async () => {
    renderTab({ usage: [aUsageRow({ position: aPosition({ reported: 0 }) })] });
    expect(await screen.findByText(/No event carries usage of this customer yet/)).toBeVisible();
  });
});
