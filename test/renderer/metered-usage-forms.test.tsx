import { notifications } from '@mantine/notifications';
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import { MeteredTab } from '#renderer/features/metered-usage/metered-usage.tsx';
import { AppError } from '#shared/errors.ts';
import { aBilling, aCatalog, aStripeStatus } from '#test/support/billing-rows.ts';
import { aSession, type FakeHandlers, type Session } from '#test/support/fake-bridge.ts';
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
import { aBacklog, aListedPrice, aMeter, aMeteringCatalog } from '#test/support/metering-rows.ts';
import { render, WithForms } from '#test/support/render.tsx';
import { aCustomer } from '#test/support/sample-rows.ts';

// The notices outlive what shows them.
afterEach(() => {
  notifications.cleanQueue();
  notifications.clean();
});

/** A period that lasts: what is added now lies in it. */
const LASTING = aPosition({
  periodStart: '2000-01-01T00:00:00.000Z',
  periodEnd: '2099-01-01T00:00:00.000Z',
  reported: 9_990,
});
const PLAN_ALONE = aSubscription({ id: 'sub_pro', items: [PLAN_ITEM] });

function renderTab(
  metering: Partial<CustomerMeteringData> = {},
  options: { handlers?: FakeHandlers; session?: Partial<Session> } = {},
) {
  return render(<MeteredTab customerId="user_1" />, {
    within: WithForms,
    ...(options.session !== undefined && { session: options.session }),
    handlers: {
      'metering.customer': async () => aCustomerMetering(metering),
      'metering.catalog': async () => aMeteringCatalog(),
      'metering.usage': async () => aStripeUsage(),
      'metering.projectedInvoice': async () => aProjectedInvoice(),
      'metering.events': async () => ({ rows: [], nextCursor: null, backlog: aBacklog() }),
      'stripe.status': async () => aStripeStatus(),
      'catalog.list': async () => aCatalog(),
      'billing.customer': async () => aBilling(),
      'customers.get': async () => aCustomer(),
      ...options.handlers,
    },
  });
}

const button = (name: string | RegExp) => screen.getByRole('button', { name });
const NOTHING = { subscriptions: [], usage: [] };

describe('subscribing to a metered price', () => {
  async function openForm(view: ReturnType<typeof renderTab>) {
    await view.user.click(
      await screen.findByRole('button', { name: 'Subscribe to a metered price…' }),
    );
    const drawer = await screen.findByRole('dialog', { name: 'Subscribe to a metered price' });
    await within(drawer).findByRole('radiogroup', { name: 'Metered price' });
    return drawer;
  }

  it('offers what is sold, shows its tiers, and makes one subscription on a double click', async () => {
    const view = renderTab(NOTHING, {
      handlers: {
        'metering.catalog': async () =>
          aMeteringCatalog({
            prices: [
              aListedPrice(),
              aListedPrice({ id: 'old', name: 'Old', active: false }),
              aListedPrice({
                id: 'unlinked',
                name: 'Unlinked',
                link: { state: 'unlinked', stripeId: null, stripeUrl: null },
              }),
            ],
          }),
        'metering.subscribe': async () => aCustomerMetering(),
      },
    });
    const drawer = await openForm(view);
    const prices = within(drawer).getByRole('radiogroup', { name: 'Metered price' });
    expect(within(prices).getAllByRole('radio')).toHaveLength(1);
    await view.user.click(within(drawer).getByRole('button', { name: 'Subscribe' }));
    expect(within(drawer).getByText('Choose a price.')).toBeVisible();
    expect(view.bridge.callsOf('metering.subscribe')).toEqual([]);

    await view.user.click(within(drawer).getByRole('radio', { name: /^API calls, graduated/ }));
    expect(within(drawer).getByRole('table', { name: 'Tiers' })).toHaveTextContent('$0.0002');
    await view.user.dblClick(button('Subscribe to API calls, graduated'));
    expect(
      await screen.findByText('Subscribed Ada Lovelace to API calls, graduated'),
    ).toBeVisible();
    expect(screen.queryByRole('dialog')).toBeNull();
    const [sent, ...more] = view.bridge.callsOf('metering.subscribe');
    expect(more).toEqual([]);
    expect(sent).toMatchObject({
      customerId: 'user_1',
      meteredPriceId: 'api_calls_usd',
      subscriptionId: null,
      collection: 'charge_automatically',
      confirmedProduction: false,
    });
    await waitFor(() => expect(view.bridge.callsOf('metering.customer')).toHaveLength(2));
  });

  it('puts it on a running subscription, whose way of paying holds', async () => {
    const view = renderTab(
      {
        subscriptions: [
          PLAN_ALONE,
          aSubscription({ id: 'sub_old', status: 'canceled', items: [PLAN_ITEM] }),
        ],
        usage: [],
      },
      { handlers: { 'metering.subscribe': async () => aCustomerMetering() } },
    );
    const drawer = await openForm(view);
    await view.user.click(within(drawer).getByRole('radio', { name: /^API calls, graduated/ }));
    await view.user.click(
      within(drawer).getByRole('radio', { name: 'Send an invoice, due in 30 days' }),
    );
    expect(within(drawer).queryByRole('radio', { name: /sub_old/ })).toBeNull();
    await view.user.click(within(drawer).getByRole('radio', { name: /^On Pro \(active, sub_pro/ }));
    expect(within(drawer).queryByRole('radiogroup', { name: 'How it is paid' })).toBeNull();
    await view.user.click(button('Subscribe to API calls, graduated'));
    await waitFor(() =>
      expect(view.bridge.callsOf('metering.subscribe')).toMatchObject([
        { subscriptionId: 'sub_pro' },
      ]),
    );
  });

  it('offers no second price of a meter that is billed already', async () => {
    const view = renderTab();
    const drawer = await openForm(view);
    const price = within(drawer).getByRole('radio', { name: /^API calls, graduated/ });
    expect(price).toBeDisabled();
    expect(drawer).toHaveTextContent('api_calls is billed by API calls, graduated already');
    expect(within(drawer).getByRole('button', { name: 'Subscribe' })).toBeDisabled();
  });

  it('says at the subscription why it does not take the price', async () => {
    const view = renderTab(
      { subscriptions: [PLAN_ALONE], usage: [] },
      {
        handlers: {
          'metering.subscribe': async () => {
            throw new AppError('invalid_argument', 'sub_pro is in EUR. Nothing was changed.', {
              fields: { subscriptionId: 'is in EUR' },
            });
          },
        },
      },
    );
    const drawer = await openForm(view);
    await view.user.click(within(drawer).getByRole('radio', { name: /^API calls, graduated/ }));
    await view.user.click(within(drawer).getByRole('radio', { name: /^On Pro/ }));
    await view.user.click(button('Subscribe to API calls, graduated'));
    expect(await within(drawer).findByText('is in EUR')).toBeVisible();
  });

  it('repeats with the same key when the answer was lost', async () => {
    let answers = 0;
    const view = renderTab(NOTHING, {
      handlers: {
        'metering.subscribe': async () => {
          answers += 1;
          if (answers < 2) throw new AppError('stripe_unavailable', 'Stripe did not answer.');
          return aCustomerMetering();
        },
      },
    });
    const drawer = await openForm(view);
    await view.user.click(within(drawer).getByRole('radio', { name: /^API calls, graduated/ }));
    await view.user.click(button('Subscribe to API calls, graduated'));
    expect(await screen.findByText('The outcome is not known yet.')).toBeVisible();
    await view.user.keyboard('{Escape}');
    await view.user.click(await screen.findByRole('button', { name: 'Close for now' }));
    await view.user.click(await screen.findByRole('button', { name: 'Return to it' }));
    await view.user.click(await screen.findByRole('button', { name: 'Check again' }));
    await screen.findByText('Subscribed Ada Lovelace to API calls, graduated');
    const [first, second] = view.bridge.callsOf('metering.subscribe');
    expect(second).toEqual(first);
  });

  it('leads to meters and prices where none is sold', async () => {
    const view = renderTab(NOTHING, {
      handlers: { 'metering.catalog': async () => aMeteringCatalog({ prices: [] }) },
    });
    await view.user.click(
      await screen.findByRole('button', { name: 'Subscribe to a metered price…' }),
    );
    const drawer = await screen.findByRole('dialog');
    expect(await within(drawer).findByText(/No metered price can be sold/)).toBeVisible();
    expect(within(drawer).getByRole('link', { name: 'Meters and metered prices' })).toBeVisible();
  });

  it('hands the price over to the sale of a plan', async () => {
    const view = renderTab(NOTHING);
    const drawer = await openForm(view);
    await view.user.click(within(drawer).getByRole('radio', { name: /^API calls, graduated/ }));
    await view.user.click(within(drawer).getByRole('button', { name: 'Sell a plan with it…' }));
    const sale = await screen.findByRole('dialog', { name: 'Sell credits' });
    await view.user.click(await within(sale).findByRole('radio', { name: /^Pro/ }));
    expect(
      within(sale).getByRole('button', {
        name: 'Create link for Pro, $20.00 a month, and API calls, graduated by use',
      }),
    ).toBeEnabled();
  });
});

describe('adding usage', () => {
  async function openForm(view: ReturnType<typeof renderTab>) {
    await view.user.click(await screen.findByRole('button', { name: 'Add usage of API calls…' }));
    const drawer = await screen.findByRole('dialog', { name: 'Add usage' });
    await within(drawer).findByRole('textbox', { name: 'Units' });
    return drawer;
  }

  async function fillIn(view: ReturnType<typeof renderTab>, drawer: HTMLElement, units: string) {
    await view.user.type(within(drawer).getByRole('textbox', { name: 'Units' }), units);
    await view.user.click(within(drawer).getByRole('combobox', { name: 'Reason' }));
    await view.user.click(await screen.findByRole('option', { name: 'Billing error' }));
    await view.user.type(within(drawer).getByRole('textbox', { name: 'Note' }), 'Left out');
  }

  it('says what it adds at the tiers that it reaches, and reports it once with its reason', async () => {
    const view = renderTab(
      { usage: [aUsageRow({ position: LASTING })] },
      { handlers: { 'metering.addUsage': async () => ({ reportId: '7' }) } },
    );
    const drawer = await openForm(view);
    await fillIn(view, drawer, '60');
    expect(within(drawer).getByRole('region', { name: 'What it adds' })).toHaveTextContent(
      'Adds $5.51 to the next invoice',
    );
    await view.user.dblClick(button('Add 60 units of API calls'));
    expect(await screen.findByText('Added 60 units of API calls for Ada Lovelace')).toBeVisible();
    const [sent, ...more] = view.bridge.callsOf('metering.addUsage');
    expect(more).toEqual([]);
    expect(sent).toMatchObject({
      customerId: 'user_1',
      eventName: 'api_calls',
      quantity: 60,
      occurredAt: null,
      reasonCode: 'billing_error',
      note: 'Left out',
      confirmedProduction: false,
    });
  });

  it('refuses what is missing or malformed before anything is sent', async () => {
    const view = renderTab();
    const drawer = await openForm(view);
    await view.user.type(within(drawer).getByRole('textbox', { name: 'Units' }), '1.5');
    await view.user.click(within(drawer).getByRole('radio', { name: 'Used earlier' }));
    await view.user.click(within(drawer).getByRole('button', { name: 'Add usage' }));
    expect(within(drawer).getByText('Use whole units, such as 1,000.')).toBeVisible();
    expect(within(drawer).getByText('Choose a day and a time.')).toBeVisible();
    expect(within(drawer).getByText('Choose a reason.')).toBeVisible();
    expect(within(drawer).getByText('Note is required.')).toBeVisible();
    expect(within(drawer).getByRole('textbox', { name: 'Units' })).toHaveFocus();
    expect(view.bridge.callsOf('metering.addUsage')).toEqual([]);
  });

  it('begins with the only meter that takes usage, and names what it does with a number', async () => {
    const view = renderTab(
      { usage: [] },
      {
        handlers: {
          'metering.catalog': async () =>
            aMeteringCatalog({ meters: [aMeter({ formula: 'count' })] }),
        },
      },
    );
    await view.user.click(await screen.findByRole('button', { name: 'Add usage…' }));
    const drawer = await screen.findByRole('dialog', { name: 'Add usage' });
    expect(await within(drawer).findByRole('combobox', { name: 'Meter' })).toHaveValue(
      'API calls (api_calls)',
    );
    await fillIn(view, drawer, '2');
    await view.user.click(within(drawer).getByRole('button', { name: 'Add usage' }));
    expect(within(drawer).getByText('This meter counts reports: each is 1.')).toBeVisible();
  });

  it('repeats the same report under the same key when the outcome is not known', async () => {
    let answers = 0;
    const view = renderTab(
      {},
      {
        handlers: {
          'metering.addUsage': async () => {
            answers += 1;
            if (answers < 2) throw new AppError('outcome_unknown', 'The database went away.');
            return { reportId: '7' };
          },
        },
      },
    );
    const drawer = await openForm(view);
    await fillIn(view, drawer, '60');
    await view.user.click(button('Add 60 units of API calls'));
    expect(await screen.findByText('The outcome is not known yet.')).toBeVisible();
    expect(within(drawer).getByRole('textbox', { name: 'Units' })).toBeDisabled();
    await view.user.click(button('Check again'));
    await screen.findByText('Added 60 units of API calls for Ada Lovelace');
    const [first, second] = view.bridge.callsOf('metering.addUsage');
    expect(second).toEqual(first);
  });

  it('leads to where an earlier try with other values is seen, which is not the ledger', async () => {
    const view = renderTab(
      {},
      {
        handlers: {
          'metering.addUsage': async () => {
            throw new AppError('idempotency_conflict', 'The key was used for another report.');
          },
        },
      },
    );
    const drawer = await openForm(view);
    await fillIn(view, drawer, '60');
    await view.user.click(button('Add 60 units of API calls'));
    const notice = await screen.findByRole('alert');
    expect(notice).toHaveTextContent('Nothing was carried out now.');
    expect(notice).toHaveTextContent('look at the customer’s Metered tab');
    expect(notice).not.toHaveTextContent('transactions');
  });

  it('says why nothing can be said of an earlier value where the newest one counts', async () => {
    const view = renderTab(
      { usage: [aUsageRow({ formula: 'last', position: LASTING })] },
      {
        handlers: {
          'metering.catalog': async () =>
            aMeteringCatalog({ meters: [aMeter({ formula: 'last' })] }),
        },
      },
    );
    const drawer = await openForm(view);
    await view.user.type(within(drawer).getByRole('textbox', { name: 'Units' }), '9');
    expect(within(drawer).getByRole('region', { name: 'What it adds' })).toHaveTextContent(
      /^Takes \$.* off the next invoice/,
    );
    await view.user.click(within(drawer).getByRole('radio', { name: 'Used earlier' }));
    const field = within(drawer).getByLabelText('Used at');
    fireEvent.change(field, { target: { value: field.getAttribute('max') } });
    expect(within(drawer).getByRole('region', { name: 'What it adds' })).toHaveTextContent(
      'where a newer one was reported, this one changes nothing',
    );
  });

  it('is asked once more on a production connection', async () => {
    const view = renderTab(
      {},
      {
        session: {
          connection: { ...aSession().connection, name: 'Team ledger', environment: 'production' },
        },
        handlers: { 'metering.addUsage': async () => ({ reportId: '7' }) },
      },
    );
    const drawer = await openForm(view);
    await fillIn(view, drawer, '60');
    await view.user.click(button('Add 60 units of API calls'));
    const question = await screen.findByRole('dialog', { name: /Team ledger/ });
    expect(view.bridge.callsOf('metering.addUsage')).toEqual([]);
    await view.user.click(
      within(question).getByRole('button', { name: 'Add 60 units of API calls on Team ledger' }),
    );
    await waitFor(() =>
      expect(view.bridge.callsOf('metering.addUsage')).toMatchObject([
        { confirmedProduction: true },
      ]),
    );
  });

  it('asks before a draft is thrown away', async () => {
    const view = renderTab({ subscriptions: [aSubscription({ items: [anItem()] })] });
    const drawer = await openForm(view);
    await view.user.type(within(drawer).getByRole('textbox', { name: 'Units' }), '60');
    await view.user.click(within(drawer).getByRole('button', { name: 'Cancel' }));
    await view.user.click(await screen.findByRole('button', { name: 'Keep editing' }));
    expect(within(drawer).getByRole('textbox', { name: 'Units' })).toHaveValue('60');
    await view.user.click(within(drawer).getByRole('button', { name: 'Cancel' }));
    await view.user.click(await screen.findByRole('button', { name: 'Discard draft' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });
});
